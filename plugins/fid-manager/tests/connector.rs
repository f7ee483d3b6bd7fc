//! The connector over recorded answers.

use patchbay_connector_fid_manager::FidManager;
use patchbay_sdk::{
    Attachment, Auth, Case, Context, Fetch, Item, Outcome, PickRequest, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const NOW_MS: u64 = 1_795_253_400_000;
const BASE: &str = "https://kantoorvoorbeeld.fid-manager.be/api/v1";
const KEY: &str = "pb-document222222222222222222";

/// The defaults of the manifest, with some of them corrected.
fn config(corrected: &[(&str, Value)]) -> Vec<u8> {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next());
    let mut config: Value = serde_json::from_str(defaults.unwrap_or_default()).unwrap_or_default();
    for (pointer, value) in corrected {
        let default = config.pointer_mut(pointer);
        assert!(default.is_some(), "{pointer} has no default");
        default.into_iter().for_each(|default| *default = value.clone());
    }
    config.to_string().into_bytes()
}

fn ctx() -> Context {
    Context {
        auth: "keys".to_owned(),
        facts: [("base_url", "https://kantoorvoorbeeld.fid-manager.be"), ("user", "partner-kantoorvoorbeeld")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        settings: br#"{"partner_code":"CT-REPORT"}"#.to_vec(),
        config: config(&[]),
        ..Context::default()
    }
}

fn report() -> Item {
    let pdf = Attachment {
        blob: "b1".to_owned(),
        name: "verslag.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 15,
        sha256: "0".repeat(64),
    };
    let payload = json!({ "title": "Verslag 21/11/2026", "date": "2026-11-21" });
    Item {
        action: "report_document".to_owned(),
        key: "k1".to_owned(),
        target: json!({ "id": "3117", "folder": "51" }).to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        attachments: vec![pdf],
        attempt: 1,
        ..Item::default()
    }
}

fn exchange(method: &str, path: &str, answer: Value) -> Value {
    json!({ "request": { "method": method, "url": format!("{BASE}{path}") }, "answer": answer })
}

fn host(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&json!(exchanges).to_string())
}

/// The answer to a push.
fn put(answer: Value) -> Value {
    let request =
        json!({ "method": "POST", "url": format!("{BASE}/documents"), "effect": "write", "step": "document" });
    json!({ "request": request, "answer": answer })
}

fn list(rows: &[Value]) -> Value {
    json!({ "body": { "data": rows, "page": 1, "per_page": 100, "total": rows.len() } })
}

/// The lists of documents, empty but for one.
fn documents(row: &Value) -> TestHost {
    let of = |status: &str, rows: &[Value]| {
        exchange("GET", &format!("/documents?status={status}&page=1&per_page=100"), list(rows))
    };
    host(&[of("pending", std::slice::from_ref(row)), of("validated", &[]), of("refused", &[])])
}

#[test]
fn the_office_is_known_by_its_host() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json"));
    let identity = FidManager::identify(&ctx()).unwrap();
    assert_eq!(
        (identity.id.as_str(), identity.name.as_str()),
        ("kantoorvoorbeeld.fid-manager.be", "Kantoor Voorbeeld")
    );
    assert_eq!(identity.login.as_deref(), Some("partner-kantoorvoorbeeld"));
}

#[test]
fn an_office_that_does_not_tell_its_name_is_called_as_its_address() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.nameless.json")).in_order();
    assert_eq!(FidManager::identify(&ctx()).unwrap().name, "kantoorvoorbeeld");
}

#[test]
fn no_other_address_than_an_offices_is_asked() {
    let _host = TestHost::empty();
    for base in ["https://evil.example", "https://fid-manager.be.evil.example", "https://.fid-manager.be"] {
        let ctx = Context { facts: vec![("base_url".to_owned(), base.to_owned())], ..ctx() };
        let error = FidManager::identify(&ctx).unwrap_err();
        assert_eq!(error.case(), Case::InvalidConfig, "{base}");
        assert!(format!("{error:?}").contains("/base_url"), "{error:?}");
    }
}

#[test]
fn an_operator_may_let_other_addresses_in() {
    let clients = json!({ "method": "GET", "url": "https://fid.kantoor.example/api/v1/clients?page=1&per_page=1" });
    let me = json!({ "method": "GET", "url": "https://fid.kantoor.example/api/v1/me" });
    let answered = |request: Value, answer: Value| json!({ "request": request, "answer": answer });
    let _host = host(&[answered(clients, list(&[])), answered(me, json!({ "body": {} }))]);
    let facts = [("base_url", "https://fid.kantoor.example"), ("user", "u")];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let ctx = Context { facts, config: config(&[("/host_suffix", json!(""))]), ..ctx() };
    assert_eq!(FidManager::identify(&ctx).unwrap().name, "fid");
}

#[test]
fn wrong_keys_and_a_wrong_address_say_what_to_check() {
    for (answer, case, said) in [
        (json!({ "status": 401, "body": {} }), Case::AuthRequired, "not your own login"),
        (
            json!({ "status": 401, "headers": { "content-type": "text/html" }, "text": "<html>" }),
            Case::AuthRequired,
            "e-mail",
        ),
        (json!({ "fails": "not-sent" }), Case::Transient, "Check the base URL"),
        (json!({ "status": 404, "body": {} }), Case::NotFound, "Check the base URL"),
        (json!({ "status": 403, "body": {} }), Case::PermissionDenied, "External software settings"),
    ] {
        let _host = host(&[exchange("GET", "/clients?page=1&per_page=1", answer)]);
        let error = FidManager::identify(&ctx()).unwrap_err();
        assert_eq!(error.case(), case);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn clients_are_read_page_by_page_and_those_that_left_are_gone() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/clients.json")).in_order();
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("clients") };
    let reading = read_all::<FidManager>(&ctx(), request).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (2, 2));
    assert_eq!(reading.deleted, ["3119"]);
    assert_eq!(reading.position, Position::End(br#"{"since":"2026-11-05T10:00:00Z"}"#.to_vec()));
}

#[test]
fn the_next_run_asks_for_what_changed_since() {
    let changed = json!({ "id": 3117, "active": true, "updated_at": "2026-11-05T12:00:00+02:00" });
    let path = "/clients?updated_since=2026-11-05T10%3A00%3A00Z&page=1&per_page=100";
    let _host = host(&[exchange("GET", path, list(&[changed]))]);
    let cursor = Some(br#"{"since":"2026-11-05T10:00:00Z"}"#.to_vec());
    let reading = read_all::<FidManager>(&ctx(), ReadRequest { cursor, ..ReadRequest::of("clients") }).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":"2026-11-05T10:00:00Z"}"#.to_vec()), "another offset");
}

#[test]
fn a_client_of_the_future_does_not_hide_those_until_then() {
    let late = json!({ "id": 1, "updated_at": "2031-01-01T00:00:00Z" });
    let _host = host(&[exchange("GET", "/clients?page=1&per_page=100", list(&[late]))]);
    let reading = read_all::<FidManager>(&ctx(), ReadRequest::of("clients")).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":"2026-11-21T09:30:00Z"}"#.to_vec()));
}

#[test]
fn a_list_of_clients_that_shrank_while_it_was_read_is_asked_again() {
    let row = |id: u64| json!({ "id": id, "updated_at": "2026-11-05T10:00:00Z" });
    let page = |number: u64, rows: Value, total: u64| {
        let body = json!({ "data": rows, "page": number, "per_page": 1, "total": total });
        exchange("GET", &format!("/clients?page={number}&per_page=1"), json!({ "body": body }))
    };
    let host = host(&[page(1, json!([row(1)]), 3), page(2, json!([row(3)]), 2)]);
    let request = ReadRequest { page_hint: 1, ..ReadRequest::of("clients") };
    let reading = read_all::<FidManager>(&ctx(), request).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":null}"#.to_vec()));
    assert_eq!(host.logs()[0].level, 2);
}

#[test]
fn names_that_the_operator_corrects_are_the_ones_that_are_asked_and_read() {
    let url = "https://kantoorvoorbeeld.fid-manager.be/rest/dossiers/?nr=1&n=10";
    let row = json!({ "ref": "A-7", "label": "Bakkerij", "open": true });
    let body = json!({ "items": [row], "count": 1 });
    let _host = host(&[json!({ "request": { "method": "GET", "url": url }, "answer": { "body": body } })]);
    let config = config(&[
        ("/paths/clients", json!("/rest/dossiers/")),
        ("/page/page_param", json!("nr")),
        ("/page/size_param", json!("n")),
        ("/page/since_param", json!("")),
        ("/page/max", json!(10)),
        ("/page/rows", json!("items")),
        ("/page/total", json!("count")),
        ("/fields/client/id", json!("ref")),
        ("/fields/client/name", json!("label")),
    ]);
    let reading = read_all::<FidManager>(&Context { config, ..ctx() }, ReadRequest::of("clients")).unwrap();
    assert_eq!((&reading.records[0]["id"], &reading.records[0]["name"]), (&json!("A-7"), &json!("Bakkerij")));
    assert!(matches!(reading.position, Position::Complete(_)), "what cannot be asked by change is read whole");
}

#[test]
fn folders_know_their_client_and_a_hidden_client_is_passed_over() {
    let host = TestHost::answering(include_str!("../fixtures/streams/folders.json")).in_order();
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("folders") };
    let reading = read_all::<FidManager>(&ctx(), request).unwrap();
    let ids: Vec<(&Value, &Value)> = reading.records.iter().map(|one| (&one["client_id"], &one["id"])).collect();
    let client = json!("3117");
    assert_eq!(ids, [(&client, &json!(51)), (&client, &json!(52)), (&client, &json!(53))]);
    assert!(matches!(reading.position, Position::Complete(_)));
    assert!(reading.pages > 1);
    assert_eq!(host.logs()[0].fields, [("client".to_owned(), "3118".to_owned())]);
}

#[test]
fn a_walk_that_is_stopped_goes_on_where_it_was() {
    let host = TestHost::answering(include_str!("../fixtures/streams/folders.json")).in_order();
    host.stop_after(1);
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("folders") };
    let reading = read_all::<FidManager>(&ctx(), request).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (3, 6), "one request a page, and one to see the end");
}

#[test]
fn document_types_that_are_off_are_not_there() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/document_types.json")).in_order();
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("document_types") };
    let reading = read_all::<FidManager>(&Context { settings: Vec::from("{}"), ..ctx() }, request).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (2, 2));
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn the_code_of_the_settings_chooses_its_document_type() {
    let _host = host(&[exchange("GET", "/document-types?partner_code=CT-REPORT&page=1&per_page=100", list(&[]))]);
    read_all::<FidManager>(&ctx(), ReadRequest::of("document_types")).unwrap();
}

#[test]
fn a_whole_list_that_shrank_while_it_was_read_is_not_complete() {
    for (second, total) in [(json!([]), 2), (json!([{ "id": 3 }]), 2)] {
        let page = |number: u64, rows: &Value, total: u64| {
            let body = json!({ "data": rows, "page": number, "per_page": 1, "total": total });
            let path = format!("/document-types?partner_code=CT-REPORT&page={number}&per_page=1");
            exchange("GET", &path, json!({ "body": body }))
        };
        let _host = host(&[page(1, &json!([{ "id": 1 }]), 3), page(2, &second, total)]);
        let request = ReadRequest { page_hint: 1, ..ReadRequest::of("document_types") };
        let reading = read_all::<FidManager>(&ctx(), request).unwrap();
        assert!(matches!(reading.position, Position::End(_)), "{second}");
    }
}

/// A page that does not say how long it is.
fn silent(path: &str, rows: std::ops::Range<u64>, total: u64) -> Value {
    let row = |id| json!({ "id": id, "updated_at": "2026-11-05T10:00:00Z", "external_id": format!("other-{id}") });
    let rows: Vec<Value> = rows.map(row).collect();
    exchange("GET", path, json!({ "body": { "data": rows, "total": total } }))
}

#[test]
fn a_server_that_gives_smaller_pages_in_silence_is_told_of_and_nothing_is_skipped() {
    let capped = |path: &str| host(&[silent(path, 0..50, 120)]);
    let types = "/document-types?partner_code=CT-REPORT&page=1&per_page=100";
    let clients = "/clients?page=1&per_page=100";
    for (stream, path) in [("clients", clients), ("folders", clients), ("document_types", types)] {
        let _host = capped(path);
        let error = read_all::<FidManager>(&ctx(), ReadRequest::of(stream)).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{stream}");
        assert!(error.to_string().contains("page.max"), "{error}");
    }
    let _host = capped("/documents?status=pending&page=1&per_page=100");
    let error = FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse, "never said to be absent");
}

#[test]
fn only_the_rows_that_were_read_decide_where_a_list_with_a_total_ends() {
    let config = config(&[("/page/max", json!(50))]);
    let page = |number: u64, rows| silent(&format!("/clients?page={number}&per_page=50"), rows, 120);
    {
        let _host = host(&[page(1, 0..50), page(2, 50..100), page(3, 100..120)]);
        let reading = read_all::<FidManager>(&Context { config, ..ctx() }, ReadRequest::of("clients")).unwrap();
        assert_eq!(reading.records.len(), 120);
    }
    let told = |number: u64, rows: std::ops::Range<u64>| {
        let mut page = silent(&format!("/clients?page={number}&per_page=100"), rows, 120);
        page["answer"]["body"]["per_page"] = json!(50);
        page
    };
    let _host = host(&[told(1, 0..50), told(2, 50..100), told(3, 100..120)]);
    let reading = read_all::<FidManager>(&ctx(), ReadRequest::of("clients")).unwrap();
    assert_eq!(reading.records.len(), 120, "the size that the server says is the one that counts");
}

#[test]
fn a_list_of_documents_that_ends_before_its_total_says_nothing_about_ours() {
    let page = |number: u64, rows| silent(&format!("/documents?status=pending&page={number}&per_page=100"), rows, 150);
    let _host = host(&[page(1, 0..100), page(2, 0..0)]);
    let error = FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap_err();
    assert_eq!(error.case(), Case::Transient);
}

#[test]
fn a_client_that_slips_through_while_folders_are_read_is_not_taken_for_gone() {
    let clients = |number: u64, rows: Value, total: u64| {
        let body = json!({ "data": rows, "page": number, "per_page": 1, "total": total });
        exchange("GET", &format!("/clients?page={number}&per_page=1"), json!({ "body": body }))
    };
    let folders = |client: u64| {
        let body = json!({ "data": [{ "id": 1 }], "page": 1, "per_page": 1, "total": 1 });
        exchange("GET", &format!("/clients/{client}/folders?page=1&per_page=1"), json!({ "body": body }))
    };
    let (first, third) = (clients(1, json!([{ "id": 1 }]), 3), clients(2, json!([{ "id": 3 }]), 2));
    let _host = host(&[first, folders(1), third, folders(3)]);
    let request = ReadRequest { page_hint: 1, ..ReadRequest::of("folders") };
    let reading = read_all::<FidManager>(&ctx(), request).unwrap();
    assert!(matches!(reading.position, Position::End(_)), "the second one moved to the page that was read");
}

#[test]
fn folders_of_the_chosen_client_are_searched_as_they_are_now() {
    let _host = TestHost::answering(include_str!("../fixtures/pickers/folders.json"));
    let mut request = PickRequest {
        picker: "folders".to_owned(),
        query: "versl".to_owned(),
        parents: vec![("clients".to_owned(), "3117".to_owned())],
        ..PickRequest::default()
    };
    let choices = FidManager::pick(&ctx(), &request).unwrap();
    let labels: Vec<(&str, Option<&str>)> =
        choices.items.iter().map(|one| (one.label.as_str(), one.hint.as_deref())).collect();
    let wanted = [("Verslagen", Some("Permanent dossier")), ("Verslagen & nota's", Some("Jaardossier 2026"))];
    assert_eq!((labels.as_slice(), choices.next), (wanted.as_slice(), None));
    request.parents.clear();
    assert_eq!(FidManager::pick(&ctx(), &request).unwrap_err().case(), Case::InvalidInput);
    request.picker = "clients".to_owned();
    assert_eq!(FidManager::pick(&ctx(), &request).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn a_report_becomes_a_document_that_waits() {
    let host = TestHost::answering(include_str!("../fixtures/actions/report_document.json"));
    let Outcome::Created(object) = FidManager::push(&ctx(), &report()).unwrap() else { panic!("created") };
    assert_eq!(object.id, "90021");
    assert_eq!(host.requests()[0].step.as_deref(), Some("document"));
}

#[test]
fn a_text_without_a_file_is_sent_as_well() {
    let answer = json!({ "status": 201, "body": { "id": "D-1" } });
    let _host = host(&[put(answer)]);
    let payload = json!({ "title": "Verslag", "text": "Besproken met de klant." }).to_string().into_bytes();
    let outcome = FidManager::push(&ctx(), &Item { payload, attachments: Vec::new(), ..report() }).unwrap();
    assert_eq!(outcome.object().id, "D-1");
}

#[test]
fn the_folder_of_the_settings_is_looked_up_at_the_client() {
    let folders = list(&[json!({ "id": 51, "name": "Verslagen" }), json!({ "id": 52, "name": "Statuten" })]);
    let settings = |name: &str| json!({ "partner_code": "C", "default_folder": name }).to_string().into_bytes();
    let item = Item { target: br#"{"id":"3117"}"#.to_vec(), ..report() };
    let asked = exchange("GET", "/clients/3117/folders?page=1&per_page=100", folders);
    {
        let _host = host(&[asked.clone(), put(json!({ "status": 201, "body": { "id": 1 } }))]);
        FidManager::push(&Context { settings: settings(" verslagen"), ..ctx() }, &item).unwrap();
    }
    let _host = host(&[asked]);
    let error = FidManager::push(&Context { settings: settings("Nota's"), ..ctx() }, &item).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
    assert!(error.to_string().contains("no folder called Nota's"), "{error}");
}

#[test]
fn what_is_there_already_is_not_a_failure() {
    let conflict = json!({ "status": 409, "body": { "error": { "code": "duplicate", "document_id": 90021 } } });
    for answer in [json!({ "body": { "id": 90021 } }), conflict] {
        let _host = host(&[put(answer)]);
        let Outcome::Exists(object) = FidManager::push(&ctx(), &report()).unwrap() else { panic!("exists") };
        assert_eq!(object.id, "90021");
    }
    let _host = host(&[put(json!({ "status": 409, "body": { "error": { "code": "busy" } } }))]);
    assert_eq!(FidManager::push(&ctx(), &report()).unwrap_err().case(), Case::Conflict);
}

#[test]
fn a_code_that_is_not_mapped_names_the_screen_where_it_is() {
    let fields =
        |fields: Value| json!({ "status": 422, "body": { "error": { "code": "validation", "fields": fields } } });
    {
        let _host = host(&[put(fields(json!({ "partner_code": "unknown" })))]);
        let error = FidManager::push(&ctx(), &report()).unwrap_err();
        assert_eq!(error.case(), Case::InvalidConfig);
        assert!(error.to_string().contains("External software settings"), "{error}");
    }
    let _host = host(&[put(fields(json!({ "folder_id": "unknown", "other": "x" })))]);
    let error = FidManager::push(&ctx(), &report()).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
    assert!(format!("{error:?}").contains("/folder: This is no folder"), "{error:?}");
}

#[test]
fn a_lost_answer_is_found_wherever_the_document_went() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/report_document.found.json")).in_order();
    assert_eq!(FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap().unwrap().id, "90021");
}

#[test]
fn what_was_never_written_is_surely_not_there() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/report_document.absent.json")).in_order();
    assert_eq!(FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap(), None);
}

#[test]
fn a_twin_without_a_key_cannot_be_told_from_ours() {
    let row = |title: &str, at: &str| json!({ "id": 1, "client_id": 3117, "title": title, "external_id": null, "created_at": at });
    {
        let _host = documents(&row("Verslag 21/11/2026", "2026-11-21T09:29:00Z"));
        let error = FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap_err();
        assert_eq!(error.case(), Case::Other);
    }
    for other in [row("Iets anders", "2026-11-21T09:29:00Z"), row("Verslag 21/11/2026", "2026-11-20T09:29:00Z")] {
        let _host = documents(&other);
        assert_eq!(FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap(), None, "{other}");
    }
}

#[test]
fn statuses_mean_what_the_sheet_says() {
    for (status, read, written) in [
        (400, Case::Other, Case::InvalidInput),
        (401, Case::AuthRequired, Case::AuthRequired),
        (403, Case::PermissionDenied, Case::PermissionDenied),
        (404, Case::NotFound, Case::NotFound),
        (413, Case::Other, Case::InvalidInput),
        (415, Case::Other, Case::InvalidInput),
        (429, Case::RateLimited, Case::RateLimited),
        (503, Case::Transient, Case::OutcomeUnknown),
    ] {
        let answer = json!({ "status": status, "headers": { "retry-after": "3" }, "body": {} });
        let _host = host(&[exchange("GET", "/clients?page=1&per_page=100", answer.clone()), put(answer)]);
        let error = FidManager::read(&ctx(), &ReadRequest::of("clients")).unwrap_err();
        assert_eq!(error.case(), read, "{status}");
        assert_eq!(error.wait_ms().is_some(), matches!(status, 429 | 503), "{status}");
        assert_eq!(FidManager::push(&ctx(), &report()).unwrap_err().case(), written, "{status}");
    }
}

#[test]
fn what_is_no_list_is_no_answer() {
    let answers = [
        json!({ "headers": { "content-type": "text/html" }, "text": "<!doctype html>" }),
        json!({ "text": "" }),
        json!({ "text": "{\"data\":[{\"id\":" }),
        json!({ "body": { "rows": [] } }),
        json!({ "body": { "data": {} } }),
        json!({ "body": { "data": [7] } }),
        json!({ "body": { "data": [{ "id": 1 }] } }),
    ];
    for answer in answers {
        let _host = host(&[exchange("GET", "/clients?page=1&per_page=100", answer.clone())]);
        let error = FidManager::read(&ctx(), &ReadRequest::of("clients")).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{answer}");
    }
    let _host = host(&[put(json!({ "status": 201, "body": { "status": "pending" } }))]);
    assert_eq!(FidManager::push(&ctx(), &report()).unwrap_err().case(), Case::OutcomeUnknown);
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let case = |ctx: &Context, item: &Item| FidManager::push(ctx, item).unwrap_err().case();
    let without_code = Context { settings: Vec::from("{}"), ..ctx() };
    assert_eq!(case(&without_code, &report()), Case::InvalidConfig);
    assert_eq!(case(&ctx(), &Item { attachments: Vec::new(), ..report() }), Case::InvalidInput);
    assert_eq!(case(&ctx(), &Item { action: "note".to_owned(), ..report() }), Case::Unsupported);
    let two = Item { attachments: [report().attachments, report().attachments].concat(), ..report() };
    assert_eq!(case(&ctx(), &two), Case::InvalidInput);
    let request = ReadRequest::of("invoices");
    assert_eq!(FidManager::read(&ctx(), &request).unwrap_err().case(), Case::Unsupported);
    let old = ReadRequest { cursor: Some(b"17".to_vec()), ..ReadRequest::of("clients") };
    assert_eq!(FidManager::read(&ctx(), &old).unwrap_err().case(), Case::CursorInvalid);
}

#[test]
fn the_key_of_a_document_is_the_hosts() {
    let row = json!({ "id": 7, "client_id": 1, "title": "x", "external_id": KEY });
    let pending = exchange("GET", "/documents?status=pending&page=1&per_page=100", list(&[row]));
    let _host = host(&[pending]);
    assert_eq!(FidManager::find(&ctx(), &report(), "document", NOW_MS).unwrap().unwrap().id, "7");
}
