//! The connector over recorded answers.
#![cfg(test)]

use patchbay_connector_adminpulse::Adminpulse;
use patchbay_sdk::{
    Attachment, Auth, Case, Context, Fetch, Item, Outcome, PickRequest, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const BASE: &str = "https://api.adminpulse.be";
const MANIFEST: &str = include_str!("../connector.toml");

/// The manifest's own defaults, with these corrections.
fn config(corrections: &Value) -> Vec<u8> {
    let (_, after) = MANIFEST.split_once("defaults = '''").unwrap();
    let (text, _) = after.split_once("'''").unwrap();
    let mut config: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    config.extend(corrections.as_object().cloned().unwrap_or_default());
    Value::Object(config).to_string().into_bytes()
}

fn ctx() -> Context {
    Context {
        auth: "key".to_owned(),
        facts: vec![("proof".to_owned(), "/companies".to_owned()), ("key_ends".to_owned(), "2027-06-30".to_owned())],
        config: config(&json!({})),
        ..Context::default()
    }
}

/// The item of a fixture, as the host would give it.
fn item(fixture: &str) -> Item {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let call = fixture["call"].get("push").or(fixture["call"].get("find")).unwrap();
    let file = |file: &Value| Attachment {
        blob: "b1".to_owned(),
        name: file["name"].as_str().unwrap().to_owned(),
        media_type: file["media-type"].as_str().unwrap().to_owned(),
        size: 9,
        sha256: String::new(),
    };
    Item {
        action: call["action"].as_str().unwrap().to_owned(),
        key: call["key"].as_str().unwrap().to_owned(),
        target: call["target"].to_string().into_bytes(),
        payload: call["payload"].to_string().into_bytes(),
        attachments: call["attachments"].as_array().map(|files| files.iter().map(file).collect()).unwrap_or_default(),
        attempt: 1,
        ..Item::default()
    }
}

fn exchange(path: &str, answer: Value) -> Value {
    json!({ "request": { "method": "GET", "url": format!("{BASE}{path}") }, "answer": answer })
}

fn answering(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&json!(exchanges).to_string())
}

fn read(stream: &str) -> ReadRequest {
    ReadRequest { page_hint: 2, ..ReadRequest::of(stream) }
}

fn relations() -> ReadRequest {
    ReadRequest::of("relations")
}

const RELATIONS: &str = "/relations?page=0&pageSize=400";

#[test]
fn the_offices_own_companies_tell_whose_credential_it_is() {
    let _host = TestHost::answering(include_str!("../fixtures/more/identify-office.json")).in_order();
    let identity = Adminpulse::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("c-17", "Kantoor Peeters"));
    assert_eq!(
        identity.accounts.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["Kantoor Peeters", "Peeters Advies"]
    );
    assert_eq!(identity.facts, [("proof".to_owned(), "/companies".to_owned())]);
    // 2027-06-30T23:59:59Z: the day that the person entered.
    assert_eq!(identity.credential_ends_ms, Some(1_814_399_999_000));
}

#[test]
fn a_key_that_may_not_read_companies_is_a_limited_one() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = Adminpulse::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.accounts.len()), ("limited", 0));
    assert_eq!(identity.facts, [("proof".to_owned(), "/users".to_owned())]);
}

#[test]
fn a_key_that_may_only_read_tasks_is_a_limited_one() {
    let refused = || json!({ "status": 401, "body": {} });
    let host = answering(&[
        exchange("/companies", refused()),
        exchange("/users?page=0&pageSize=1", refused()),
        exchange("/tasks?page=0&pageSize=1", json!({ "body": { "results": [], "pageCount": 0 } })),
    ])
    .in_order();
    let identity = Adminpulse::identify(&ctx()).unwrap();
    assert_eq!(identity.name, "AdminPulse (limited key)");
    assert_eq!(identity.facts, [("proof".to_owned(), "/tasks".to_owned())]);
    assert_eq!(host.logs().len(), 1);
}

#[test]
fn a_key_that_reads_nothing_is_refused() {
    let refused = || json!({ "status": 401, "body": {} });
    let _host = answering(&[
        exchange("/companies", refused()),
        exchange("/users?page=0&pageSize=1", refused()),
        exchange("/tasks?page=0&pageSize=1", refused()),
        exchange("/relations?page=0&pageSize=1", refused()),
    ]);
    assert_eq!(Adminpulse::identify(&ctx()).unwrap_err().case(), Case::AuthRequired);
}

#[test]
fn every_list_is_read_page_by_page_from_zero_and_then_complete() {
    for (stream, fixture) in [
        ("relations", include_str!("../fixtures/streams/relations.json")),
        ("tasks", include_str!("../fixtures/streams/tasks.json")),
        ("users", include_str!("../fixtures/streams/users.json")),
        ("invoices", include_str!("../fixtures/streams/invoices.json")),
        ("registrations", include_str!("../fixtures/streams/registrations.json")),
    ] {
        let host = TestHost::answering(fixture).in_order();
        let reading = read_all::<Adminpulse>(&ctx(), read(stream)).unwrap();
        assert_eq!((reading.records.len(), reading.pages), (3, 2), "{stream}");
        assert_eq!(reading.position, Position::Complete(b"{}".to_vec()), "{stream}");
        assert_eq!(host.progress(), Some((3, None)), "{stream}");
    }
}

#[test]
fn companies_come_as_a_bare_array() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/companies.json"));
    let reading = read_all::<Adminpulse>(&ctx(), read("companies")).unwrap();
    assert_eq!((reading.records.len(), reading.position), (2, Position::Complete(b"{}".to_vec())));
}

#[test]
fn a_list_may_be_a_bare_array_with_pages_or_without() {
    let rows = |from: u64| json!({ "body": [{ "id": from }, { "id": from + 1 }] });
    let paged = [
        exchange("/relations?page=0&pageSize=2", rows(1)),
        exchange("/relations?page=1&pageSize=2", rows(3)),
        exchange("/relations?page=2&pageSize=2", json!({ "body": [] })),
    ];
    {
        let _host = answering(&paged).in_order();
        assert_eq!(read_all::<Adminpulse>(&ctx(), read("relations")).unwrap().records.len(), 4);
    }
    let whole = [exchange("/relations?page=0&pageSize=2", rows(1)), exchange("/relations?page=1&pageSize=2", rows(1))];
    let _host = answering(&whole).in_order();
    let reading = read_all::<Adminpulse>(&ctx(), read("relations")).unwrap();
    assert_eq!(reading.records.len(), 2, "a list that takes no notice of the page is whole at once");
    assert!(matches!(reading.position, Position::Complete(_)));
}

/// A page of the list of relations, in pages of two.
fn page(at: u64, ids: &[u64], pages: u64) -> Value {
    let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    exchange(&format!("/relations?page={at}&pageSize=2"), json!({ "body": { "results": rows, "pageCount": pages } }))
}

#[test]
fn a_list_whose_pages_change_while_it_is_read_is_not_complete() {
    // The last page is looked at first; then a row goes away: as many pages as before, fewer, or another one in its place.
    for (last, rest) in [
        (page(2, &[5, 6], 3), vec![page(1, &[4, 5], 3), page(2, &[6], 3)]),
        (page(2, &[5], 3), vec![page(1, &[4, 5], 2)]),
        (page(2, &[5, 6], 3), vec![page(1, &[4, 5], 3), page(2, &[6, 7], 3)]),
    ] {
        let exchanges: Vec<Value> = [page(0, &[1, 2], 3), last].into_iter().chain(rest).collect();
        let host = answering(&exchanges).in_order();
        let reading = read_all::<Adminpulse>(&ctx(), read("relations")).unwrap();
        assert_eq!(reading.position, Position::End(b"{}".to_vec()), "{exchanges:?}");
        assert_eq!(host.logs()[0].level, 2);
    }
}

#[test]
fn a_page_that_comes_again_is_no_answer() {
    let _host = answering(&[page(0, &[1, 2], 3), page(2, &[5], 3), page(1, &[1, 2], 3)]);
    assert_eq!(read_all::<Adminpulse>(&ctx(), read("relations")).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn tasks_are_asked_for_in_the_language_and_from_the_day_of_the_settings() {
    let settings = br#"{"language":"fr","tasks_from":"2026-03-01"}"#.to_vec();
    let path = "/tasks?languageCode=fr&deadlineFrom=01032026&page=0&pageSize=400";
    let _host = answering(&[exchange(path, json!({ "body": { "results": [], "pageCount": 0 } }))]);
    let reading = read_all::<Adminpulse>(&Context { settings, ..ctx() }, ReadRequest::of("tasks")).unwrap();
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn emails_go_on_a_day_before_the_day_on_which_the_last_pass_began() {
    let cursor = {
        let _host = TestHost::answering(include_str!("../fixtures/streams/emails.json")).in_order();
        let reading = read_all::<Adminpulse>(&ctx(), read("emails")).unwrap();
        assert_eq!((reading.records.len(), reading.pages), (3, 2));
        reading.position
    };
    assert_eq!(cursor, Position::End(br#"{"since":"2026-11-21"}"#.to_vec()));
    let _host = TestHost::answering(include_str!("../fixtures/streams/emails.later.json"));
    let request = ReadRequest { cursor: Some(br#"{"since":"2026-11-18"}"#.to_vec()), ..read("emails") };
    let reading = read_all::<Adminpulse>(&ctx(), request).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":"2026-11-21"}"#.to_vec()));
}

#[test]
fn a_pass_goes_on_from_each_cursor() {
    let fixture = include_str!("../fixtures/streams/emails.json");
    let cursor = {
        let first: Value = serde_json::from_str(fixture).unwrap();
        let _host = answering(&[first["exchanges"][0].clone(), first["exchanges"][1].clone()]);
        Adminpulse::read(&ctx(), &read("emails")).unwrap().position.cursor().to_vec()
    };
    let second: Value = serde_json::from_str(fixture).unwrap();
    let host = answering(&[second["exchanges"][2].clone()]);
    // Another size and another day do not matter in the middle of a pass.
    host.set_now_ms(1_895_253_400_000);
    let request = ReadRequest { cursor: Some(cursor), page_hint: 7, ..ReadRequest::of("emails") };
    let page = Adminpulse::read(&ctx(), &request).unwrap();
    assert_eq!(page.position, Position::End(br#"{"since":"2026-11-21"}"#.to_vec()));
}

#[test]
fn a_cursor_that_cannot_be_read_starts_afresh() {
    let _host = TestHost::empty();
    for cursor in ["17", r#"{"page":1,"size":2,"from":"soon"}"#] {
        let request = ReadRequest { cursor: Some(cursor.as_bytes().to_vec()), ..read("emails") };
        assert_eq!(Adminpulse::read(&ctx(), &request).unwrap_err().case(), Case::CursorInvalid, "{cursor}");
    }
}

#[test]
fn relations_are_searched_by_name_or_by_company_number() {
    let pick =
        |query: &str| PickRequest { picker: "relations".to_owned(), query: query.to_owned(), ..PickRequest::default() };
    {
        let _host = TestHost::answering(include_str!("../fixtures/pickers/relations.json"));
        let choices = Adminpulse::pick(&ctx(), &pick("koren")).unwrap();
        let [choice] = choices.items.as_slice() else { panic!("one choice") };
        assert_eq!((choice.id.as_str(), choice.label.as_str()), ("APR000111", "Bakkerij De Korenaar BV"));
        assert_eq!(choice.hint.as_deref(), Some("K-0042 · 0712345678"));
        assert_eq!(choices.next, None);
    }
    {
        let _host = TestHost::answering(include_str!("../fixtures/more/pick-number.json"));
        assert_eq!(Adminpulse::pick(&ctx(), &pick(" BE 0712.345.678")).unwrap().items.len(), 1);
    }
    let page = json!({ "body": { "results": [{ "id": "1", "name": "Zonder" }], "pageCount": 2 } });
    let _host = answering(&[exchange("/relations?page=0&pageSize=25", page)]);
    let choices = Adminpulse::pick(&ctx(), &pick("")).unwrap();
    assert_eq!((choices.items.len(), choices.next), (0, Some(br#"{"page":1}"#.to_vec())), "nothing to write to");
    assert_eq!(Adminpulse::pick(&ctx(), &PickRequest::default()).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn a_meeting_is_written_as_documents_tasks_and_then_the_interaction_that_names_them() {
    let fixture = include_str!("../fixtures/actions/interaction.json");
    let host = TestHost::answering(fixture).in_order();
    let Outcome::Created(object) = Adminpulse::push(&ctx(), &item(fixture)).unwrap() else { panic!("created") };
    assert_eq!(object.id, "i-1");
    let steps: Vec<String> = host.requests().into_iter().filter_map(|sent| sent.step).collect();
    assert_eq!(steps, ["document-1", "document-2", "todo-1", "todo-2", "interaction"]);
}

#[test]
fn a_meeting_without_a_date_is_the_same_on_every_day() {
    let made = json!([{ "request": { "method": "POST", "url": format!("{BASE}/interactions"), "effect": "write",
        "step": "interaction", "body": { "relationIdentifier": "APR000111", "subject": "Meeting", "description": "",
        "type": "meeting", "documentIds": [], "taskIds": [], "externalReference": "pb:interaction222222222222222" } },
        "answer": { "body": { "id": 7 } } }]);
    let _host = TestHost::answering(&made.to_string());
    let plain = Item {
        payload: b"{}".to_vec(),
        attachments: Vec::new(),
        ..item(include_str!("../fixtures/actions/interaction.json"))
    };
    assert_eq!(Adminpulse::push(&ctx(), &plain).unwrap().object().id, "7");
}

#[test]
fn files_are_refused_before_anything_is_written_where_only_addresses_are_taken() {
    let _host = TestHost::empty();
    let ctx = Context { config: config(&json!({ "documents_upload_mode": "url" })), ..ctx() };
    let error = Adminpulse::push(&ctx, &item(include_str!("../fixtures/actions/interaction.json"))).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
}

#[test]
fn what_is_assumed_is_corrected_by_the_configuration_alone() {
    let corrections = json!({ "paths_tasks_create": "/v2/todos", "task_relation": "relation", "task_name": "title",
        "task_body": "text", "task_deadline": "due", "task_status": "", "external_reference": "", "answer_id": "/task/id" });
    let made = json!([{ "request": { "method": "POST", "url": format!("{BASE}/v2/todos"), "effect": "write", "step": "task",
        "body": { "relation": "APR000111", "title": "Bel de klant", "due": "2026-12-05T00:00:00",
            "text": "Bel de klant\nover de kassa\n\nOverleg 2026-11-21" } },
        "answer": { "body": { "task": { "id": "x-1" } } } }]);
    let _host = TestHost::answering(&made.to_string());
    let ctx = Context { config: config(&corrections), ..ctx() };
    assert_eq!(
        Adminpulse::push(&ctx, &item(include_str!("../fixtures/actions/todo.json"))).unwrap().object().id,
        "x-1"
    );
}

#[test]
fn a_todo_becomes_a_task_of_the_relation() {
    let fixture = include_str!("../fixtures/actions/todo.json");
    let _host = TestHost::answering(fixture).in_order();
    assert_eq!(Adminpulse::push(&ctx(), &item(fixture)).unwrap(), Outcome::Created(patchbay_sdk::Object::of("t-1")));
}

#[test]
fn a_lost_todo_is_found_by_its_reference_and_absent_only_without_a_namesake() {
    let find = |fixture: &str| {
        let _host = TestHost::answering(fixture).in_order();
        Adminpulse::find(&ctx(), &item(include_str!("../fixtures/actions/todo.json")), "task", 0)
    };
    assert_eq!(find(include_str!("../fixtures/actions/todo.found.json")).unwrap().unwrap().id, "t-8");
    assert_eq!(find(include_str!("../fixtures/actions/todo.absent.json")).unwrap(), None);
    let undecided = find(include_str!("../fixtures/more/find-undecided.json")).unwrap_err();
    assert_eq!(undecided.case(), Case::Other, "a task of the same name may be ours");
    let _host = TestHost::empty();
    let meeting = item(include_str!("../fixtures/actions/interaction.json"));
    assert_eq!(Adminpulse::find(&ctx(), &meeting, "document-1", 0).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn statuses_mean_what_the_sheet_says() {
    for (status, case) in [
        (400, Case::Other),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (429, Case::RateLimited),
        (500, Case::Transient),
    ] {
        let _host = answering(&[exchange(RELATIONS, json!({ "status": status, "body": { "message": "x" } }))]);
        let error = Adminpulse::read(&ctx(), &relations()).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(error.wait_ms(), (status == 429).then_some(60_000), "{status}");
    }
}

#[test]
fn a_401_is_a_missing_scope_while_the_credential_reads_something_else() {
    for (proof, case) in [(200, Case::PermissionDenied), (401, Case::AuthRequired), (500, Case::Transient)] {
        let _host = answering(&[
            exchange(RELATIONS, json!({ "status": 401, "body": {} })),
            exchange("/companies", json!({ "status": proof, "body": [] })),
        ])
        .in_order();
        assert_eq!(Adminpulse::read(&ctx(), &relations()).unwrap_err().case(), case, "{proof}");
    }
    let _host = answering(&[exchange(RELATIONS, json!({ "status": 401, "body": {} }))]);
    let unknown = Context { facts: Vec::new(), ..ctx() };
    assert_eq!(Adminpulse::read(&unknown, &relations()).unwrap_err().case(), Case::AuthRequired);
}

#[test]
fn html_nothing_and_cut_json_are_no_answers() {
    for answer in [
        json!({ "text": "<!doctype html>", "headers": { "content-type": "text/html" } }),
        json!({ "text": "" }),
        json!({ "text": "{\"results\":[{\"id\":", "headers": { "content-type": "application/json" } }),
        json!({ "body": { "pageCount": 1 } }),
        json!({ "body": { "results": [7], "pageCount": 1 } }),
    ] {
        let _host = answering(&[exchange(RELATIONS, answer.clone())]);
        assert_eq!(Adminpulse::read(&ctx(), &relations()).unwrap_err().case(), Case::InvalidResponse, "{answer}");
    }
    let unreadable = json!([{ "request": { "method": "POST", "url": format!("{BASE}/tasks"), "effect": "write", "step": "task" },
        "answer": { "body": { "ok": true } } }]);
    let _host = TestHost::answering(&unreadable.to_string());
    let error = Adminpulse::push(&ctx(), &item(include_str!("../fixtures/actions/todo.json"))).unwrap_err();
    assert_eq!(error.case(), Case::OutcomeUnknown);
}
