//! The connector over recorded answers.

use patchbay_connector_silverfin::Silverfin;
use patchbay_sdk::{
    Attachment, Auth, Case, Context, Fetch, Item, Outcome, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const NOW_MS: u64 = 1_795_253_400_000;
const BASE: &str = "https://live.getsilverfin.com/api/v4/f/13827";

fn ctx() -> Context {
    Context {
        auth: "oauth".to_owned(),
        facts: vec![("firm_id".to_owned(), "13827".to_owned())],
        config: br#"{"page_size":200,"text_limit":10000,"bot_name":""}"#.to_vec(),
        ..Context::default()
    }
}

fn item(action: &str, target: Value, payload: Value) -> Item {
    Item {
        action: action.to_owned(),
        key: "k1".to_owned(),
        target: target.to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        attempt: 1,
        ..Item::default()
    }
}

fn note() -> Item {
    let payload = json!({ "title": "Jaarafsluiting", "text": "Besproken met de klant.", "date": "2026-02-10" });
    item("note", json!({ "id": "398211" }), payload)
}

fn exchange(method: &str, path: &str, answer: Value) -> Value {
    json!({ "request": { "method": method, "url": format!("{BASE}{path}") }, "answer": answer })
}

#[test]
fn the_firm_that_was_authorised_is_the_account() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = Silverfin::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("13827", "Kantoor Vermeulen & Co"));
    assert_eq!(identity.login.as_deref(), Some("an@vermeulen.example"));
    assert_eq!(identity.accounts.len(), 1);
}

#[test]
fn another_firm_than_the_authorised_one_is_refused() {
    let answer = json!({ "body": { "id": 1, "name": "Andere" } });
    let _host = TestHost::answering(&json!([exchange("GET", "/user/firm", answer)]).to_string());
    assert_eq!(Silverfin::identify(&ctx()).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn companies_are_read_page_by_page_and_then_complete() {
    let host = TestHost::answering(include_str!("../fixtures/streams/companies.json")).in_order();
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("companies") };
    let reading = read_all::<Silverfin>(&ctx(), request).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (3, 2));
    assert_eq!(reading.records[0]["file_code"], "C0042");
    assert_eq!(reading.position, Position::Complete(br#"{"page":1,"per_page":2,"read":0}"#.to_vec()));
    assert_eq!(host.progress(), Some((3, Some(3))));
}

#[test]
fn a_pass_goes_on_from_the_cursor_that_ended_the_last_one() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/companies.json"));
    let cursor = Some(br#"{"page":1,"per_page":2,"read":0}"#.to_vec());
    let request = ReadRequest { cursor, ..ReadRequest::of("companies") };
    assert_eq!(read_all::<Silverfin>(&ctx(), request).unwrap().records.len(), 3);
}

#[test]
fn a_list_that_shrank_while_it_was_read_is_not_complete() {
    let answer = json!({ "headers": { "total": "3", "per-page": "200" }, "body": [{ "id": 1 }, { "id": 2 }] });
    let host = TestHost::answering(&json!([exchange("GET", "/companies?page=1&per_page=200", answer)]).to_string());
    let page = Silverfin::read(&ctx(), &ReadRequest::of("companies")).unwrap();
    assert!(matches!(page.position, Position::End(_)), "{:?}", page.position);
    assert_eq!(host.logs()[0].level, 2);
}

#[test]
fn periods_know_their_company_and_a_hidden_company_is_passed_over() {
    let host = TestHost::answering(include_str!("../fixtures/streams/periods.json")).in_order();
    let reading = read_all::<Silverfin>(&ctx(), ReadRequest::of("periods")).unwrap();
    let ids: Vec<(&Value, &Value)> = reading.records.iter().map(|one| (&one["company_id"], &one["id"])).collect();
    assert_eq!(ids, [(&json!("398211"), &json!(771_203)), (&json!("398211"), &json!(771_204))]);
    assert!(matches!(reading.position, Position::Complete(_)));
    assert_eq!(reading.pages, 1, "several requests make one page");
    assert_eq!(host.logs()[0].fields, [("company".to_owned(), "398212".to_owned())]);
}

#[test]
fn a_walk_that_is_stopped_goes_on_where_it_was() {
    let host = TestHost::answering(include_str!("../fixtures/streams/remarks.json")).in_order();
    host.stop_after(1);
    let reading = read_all::<Silverfin>(&ctx(), ReadRequest::of("remarks")).unwrap();
    assert_eq!(reading.pages, 7, "one request a page");
    let [remark] = reading.records.as_slice() else { panic!("one remark") };
    assert_eq!((&remark["company_id"], &remark["period_id"]), (&json!("398211"), &json!("771203")));
    assert_eq!(remark["text"], "Verslag besproken");
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn a_note_goes_to_the_period_of_its_date() {
    let host = TestHost::answering(include_str!("../fixtures/actions/note.json")).in_order();
    let Outcome::Created(object) = Silverfin::push(&ctx(), &note()).unwrap() else { panic!("created") };
    assert_eq!(object.id, "90412");
    assert_eq!(host.requests().last().unwrap().step.as_deref(), Some("remark"));
}

#[test]
fn a_todo_goes_to_the_period_that_was_named() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/todo.json")).in_order();
    let todo = item("todo", json!({ "id": "398211", "period": "771204" }), json!({ "text": "Bel de klant" }));
    let Outcome::Created(object) = Silverfin::push(&ctx(), &todo).unwrap() else { panic!("created") };
    assert_eq!(object.id, "90413");
}

#[test]
fn a_remark_that_is_there_already_is_not_posted_again() {
    let list = "/companies/398211/periods/7/remarks?page=1&per_page=200";
    let answer = json!({ "body": [{ "id": 5, "text": "Bel\n\n[pb:remark222222]" }] });
    let _host = TestHost::answering(&json!([exchange("GET", list, answer)]).to_string());
    let todo = item("todo", json!({ "id": "398211", "period": "7" }), json!({ "text": "Bel" }));
    let Outcome::Exists(object) = Silverfin::push(&ctx(), &todo).unwrap() else { panic!("exists") };
    assert_eq!(object.id, "5");
}

#[test]
fn a_lost_answer_is_found_in_whichever_period_it_went_to() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/note.found.json")).in_order();
    let undated = item("note", json!({ "id": "398211" }), json!({ "text": "Besproken met de klant." }));
    assert_eq!(Silverfin::find(&ctx(), &undated, "remark", NOW_MS).unwrap().unwrap().id, "90412");
}

#[test]
fn what_was_never_written_is_surely_not_there() {
    let list = "/companies/398211/periods/7/remarks?page=1&per_page=200";
    let answer = json!({ "body": [{ "id": 5, "text": "Iets anders [pb:andere222222]" }] });
    let _host = TestHost::answering(&json!([exchange("GET", list, answer)]).to_string());
    let todo = item("todo", json!({ "id": "398211", "period": "7" }), json!({ "text": "Bel" }));
    assert_eq!(Silverfin::find(&ctx(), &todo, "remark", NOW_MS).unwrap(), None);
}

#[test]
fn a_company_without_periods_tells_what_to_do() {
    let answer = json!({ "body": [] });
    let list = "/companies/398211/periods?page=1&per_page=200";
    let _host = TestHost::answering(&json!([exchange("GET", list, answer)]).to_string());
    let error = Silverfin::push(&ctx(), &note()).unwrap_err();
    assert_eq!(error.case(), Case::Conflict);
    assert!(error.to_string().contains("Create a period"), "{error}");
}

#[test]
fn statuses_mean_what_the_sheet_says() {
    for (status, case) in [
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (429, Case::RateLimited),
        (503, Case::Transient),
    ] {
        let answer = json!({ "status": status, "headers": { "retry-after": "3" }, "body": {} });
        let _host =
            TestHost::answering(&json!([exchange("GET", "/companies?page=1&per_page=200", answer)]).to_string());
        let error = Silverfin::read(&ctx(), &ReadRequest::of("companies")).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(error.wait_ms().is_some(), matches!(status, 429 | 503), "{status}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let case = |item: &Item| Silverfin::push(&ctx(), item).unwrap_err().case();
    for id in ["", "..", "12/3", "x", "1 2"] {
        assert_eq!(case(&item("note", json!({ "id": id }), json!({ "text": "x" }))), Case::InvalidInput, "{id}");
    }
    let long = json!({ "text": "x".repeat(10_000) });
    assert_eq!(case(&item("note", json!({ "id": "1" }), long)), Case::InvalidInput);
    assert_eq!(
        case(&item("report", json!({ "id": "1" }), json!({ "title": "x" }))),
        Case::InvalidInput,
        "nothing in it"
    );
    assert_eq!(case(&item("file", json!({ "id": "1" }), json!({}))), Case::InvalidInput, "no file");
    assert_eq!(case(&item("file", json!({ "id": "1", "folder": ".." }), json!({}))), Case::InvalidInput);
    assert_eq!(case(&item("letter", json!({ "id": "1" }), json!({}))), Case::Unsupported);
    let unauthorised = Context { facts: Vec::new(), ..ctx() };
    assert_eq!(Silverfin::identify(&unauthorised).unwrap_err().case(), Case::AuthRequired);
}

/// With a file of five bytes.
fn with_file(item: Item) -> Item {
    let file = Attachment {
        blob: "blob-1".to_owned(),
        name: "verslag.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 5,
        sha256: "0".repeat(64),
    };
    Item { attachments: vec![file], ..item }
}

fn posts(path: &str, step: &str) -> Value {
    json!({
        "request": { "method": "POST", "url": format!("{BASE}{path}"), "effect": "write", "step": step },
        "answer": { "status": 201, "body": { "id": 90_414 } },
    })
}

const REMARKS: &str = "/companies/398211/periods/7/remarks";

fn empty_list() -> Value {
    exchange("GET", &format!("{REMARKS}?page=1&per_page=200"), json!({ "body": [] }))
}

#[test]
fn a_report_goes_as_a_note_with_its_files() {
    let host = TestHost::answering(&json!([empty_list(), posts(REMARKS, "remark")]).to_string()).in_order();
    let target = json!({ "id": "398211", "period": "7" });
    let report = with_file(item("report", target, json!({ "title": "Jaarafsluiting", "text": "Besproken." })));
    let Outcome::Created(object) = Silverfin::push(&ctx(), &report).unwrap() else { panic!("created") };
    assert_eq!(object.id, "90414");
    assert_eq!(host.requests().last().unwrap().json, None, "a form");
}

#[test]
fn the_text_of_a_report_that_is_too_long_for_a_note_becomes_a_file() {
    let host = TestHost::answering(&json!([empty_list(), posts(REMARKS, "remark")]).to_string()).in_order();
    let target = json!({ "id": "398211", "period": "7" });
    let report = item("report", target, json!({ "title": "Jaarafsluiting", "text": "x".repeat(10_000) }));
    assert!(matches!(Silverfin::push(&ctx(), &report).unwrap(), Outcome::Created(_)));
    assert_eq!(host.requests().last().unwrap().json, None, "a form");
}

#[test]
fn a_file_is_kept_in_the_companys_folders() {
    let path = "/companies/398211/permanent_documents";
    let host = TestHost::answering(&json!([posts(path, "document")]).to_string()).in_order();
    let file = with_file(item("file", json!({ "id": "398211" }), json!({})));
    assert!(matches!(Silverfin::push(&ctx(), &file).unwrap(), Outcome::Created(_)));
    assert_eq!(host.requests().last().unwrap().step.as_deref(), Some("document"));
}

#[test]
fn working_papers_know_their_company_and_period() {
    let list =
        |path: &str, body: Value| exchange("GET", &format!("{path}?page=1&per_page=200"), json!({ "body": body }));
    let paper = json!({ "id": 88_120, "name": "Vaste activa", "handle": "fixed_assets", "starred": true });
    let _host = TestHost::answering(
        &json!([
            list("/companies", json!([{ "id": 398_211 }])),
            list("/companies/398211/periods", json!([{ "id": 7 }])),
            list("/companies/398211/periods/7/reconciliations", json!([paper])),
        ])
        .to_string(),
    )
    .in_order();
    let reading = read_all::<Silverfin>(&ctx(), ReadRequest::of("reconciliations")).unwrap();
    let [paper] = reading.records.as_slice() else { panic!("one working paper") };
    assert_eq!(
        (&paper["company_id"], &paper["period_id"], &paper["starred"]),
        (&json!("398211"), &json!("7"), &json!(true))
    );
}
