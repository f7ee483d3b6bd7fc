//! The connector over recorded answers.
#![cfg(test)]

use patchbay_connector_brokercloud::Brokercloud;
use patchbay_sdk::{
    Attachment, Auth, Case, Context, Fetch, Item, Object, Outcome, PickRequest, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const BASE: &str = "https://secure.brokercloud.app/api/v2";
const ORDER: &str = "columns%5B0%5D%5Bdata%5D=id&order%5B0%5D%5Bcolumn%5D=0&order%5B0%5D%5Bdir%5D=asc";
const MANIFEST: &str = include_str!("../connector.toml");
const REPORT: &str = include_str!("../fixtures/actions/report.json");

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
        auth: "oauth".to_owned(),
        settings: br#"{"further":["party_files","contracts","claims","users"]}"#.to_vec(),
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

fn list(path: &str, start: u64, length: u64, answer: Value) -> Value {
    let url = format!("{BASE}{path}?start={start}&length={length}&{ORDER}");
    json!({ "request": { "method": "GET", "url": url }, "answer": answer })
}

fn rows(ids: &[u64], filtered: u64) -> Value {
    let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "office_id": 17 })).collect();
    json!({ "body": { "draw": 0, "recordsTotal": 9, "recordsFiltered": filtered, "data": rows } })
}

fn answering(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&json!(exchanges).to_string())
}

fn two(stream: &str) -> ReadRequest {
    ReadRequest { page_hint: 2, ..ReadRequest::of(stream) }
}

#[test]
fn the_office_of_the_login_is_the_account() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = Brokercloud::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("17", "Brokercloud office 17"));
    assert_eq!(identity.login.as_deref(), Some("an@kantoor.example"));
    assert_eq!(identity.accounts[0].note, None);
}

#[test]
fn a_login_that_sees_one_party_is_told_apart_and_the_party_tells_the_office() {
    let host = TestHost::answering(include_str!("../fixtures/identify.nobody.json")).in_order();
    let identity = Brokercloud::identify(&Context { config: config(&json!({ "paths_me": "" })), ..ctx() }).unwrap();
    assert_eq!((identity.id.as_str(), identity.login), ("17", None));
    assert!(identity.accounts[0].note.as_deref().is_some_and(|note| note.contains("portal")));
    assert_eq!(host.logs()[0].level, 2);
    drop(host);
    let me = json!({ "request": { "method": "GET", "url": format!("{BASE}/users/me") }, "answer": { "status": 404, "body": {} } });
    let _host = answering(&[me, list("/parties", 0, 2, rows(&[], 0))]);
    assert_eq!(Brokercloud::identify(&ctx()).unwrap().id, "office", "nothing tells the office");
}

#[test]
fn every_list_is_read_with_the_last_row_of_each_page_again_and_then_complete() {
    for (stream, fixture) in [
        ("parties", include_str!("../fixtures/streams/parties.json")),
        ("contracts", include_str!("../fixtures/streams/contracts.json")),
        ("claims", include_str!("../fixtures/streams/claims.json")),
        ("users", include_str!("../fixtures/streams/users.json")),
    ] {
        let host = TestHost::answering(fixture).in_order();
        let reading = read_all::<Brokercloud>(&ctx(), two(stream)).unwrap();
        assert_eq!((reading.records.len(), reading.pages), (3, 2), "{stream}");
        assert_eq!(reading.position, Position::Complete(br#"{"read":0}"#.to_vec()), "{stream}");
        assert_eq!(host.progress(), Some((3, Some(3))), "{stream}");
    }
}

#[test]
fn what_was_not_chosen_is_not_read_and_nothing_is_taken_for_gone() {
    let _host = TestHost::empty();
    for stream in ["party_files", "contracts", "claims", "users"] {
        let page = Brokercloud::read(&Context { settings: Vec::new(), ..ctx() }, &two(stream)).unwrap();
        assert!(page.count == 0 && matches!(page.position, Position::End(_)), "{stream}");
    }
    assert_eq!(Brokercloud::read(&ctx(), &two("folders")).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn what_is_chosen_later_begins_at_its_start() {
    let cursor = {
        let _host = TestHost::empty();
        let without = Context { settings: Vec::new(), ..ctx() };
        Brokercloud::read(&without, &two("party_files")).unwrap().position.cursor().to_vec()
    };
    let _host = TestHost::answering(include_str!("../fixtures/streams/party_files.json")).in_order();
    let request = ReadRequest { cursor: Some(cursor), page_hint: 100, ..two("party_files") };
    assert_eq!(read_all::<Brokercloud>(&ctx(), request).unwrap().records.len(), 131);
}

#[test]
fn a_row_that_goes_away_meanwhile_shifts_the_pages_and_nothing_is_taken_for_gone() {
    let host = answering(&[
        list("/parties", 0, 2, rows(&[1, 2], 4)),
        // 1 went away: 3 stands where 2 stood.
        list("/parties", 1, 3, rows(&[3, 4], 3)),
    ]);
    let reading = read_all::<Brokercloud>(&ctx(), two("parties")).unwrap();
    assert_eq!(reading.records.len(), 4);
    assert_eq!(reading.position, Position::End(br#"{"read":0}"#.to_vec()));
    assert_eq!(host.logs()[0].level, 2);
}

#[test]
fn a_page_on_which_nothing_new_comes_ends_the_reading() {
    let _host = answering(&[list("/parties", 0, 2, rows(&[1, 2], 9)), list("/parties", 1, 3, rows(&[2], 9))]);
    let reading = read_all::<Brokercloud>(&ctx(), two("parties")).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"read":0}"#.to_vec()));
}

#[test]
fn what_is_assumed_may_have_texts_as_ids() {
    let page = |ids: &[&str]| {
        let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        json!({ "body": { "recordsFiltered": 3, "data": rows } })
    };
    let _host = answering(&[list("/claims", 0, 2, page(&["b", "A"])), list("/claims", 1, 3, page(&["A", "c"]))]);
    let reading = read_all::<Brokercloud>(&ctx(), two("claims")).unwrap();
    assert_eq!((reading.records.len(), reading.position), (3, Position::Complete(br#"{"read":0}"#.to_vec())));
}

#[test]
fn files_are_read_party_by_party_and_a_hidden_party_is_passed_over() {
    let host = TestHost::answering(include_str!("../fixtures/streams/party_files.json")).in_order();
    host.stop_after(1);
    let reading = read_all::<Brokercloud>(&ctx(), ReadRequest { page_hint: 100, ..two("party_files") }).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (131, 5), "one request a page");
    assert!(matches!(reading.position, Position::Complete(_)));
    assert_eq!(host.logs()[0].fields, [("party".to_owned(), "5022".to_owned())]);
}

#[test]
fn a_path_of_files_that_no_party_has_is_an_error_and_not_an_empty_list() {
    let missing = || json!({ "status": 404, "body": {} });
    let _host = answering(&[list("/parties", 0, 100, rows(&[1], 1)), list("/parties/1/files", 0, 100, missing())]);
    assert_eq!(Brokercloud::read(&ctx(), &ReadRequest::of("party_files")).unwrap_err().case(), Case::NotFound);
}

#[test]
fn parties_are_searched_and_shown_with_their_reference() {
    let pick =
        |query: &str| PickRequest { picker: "parties".to_owned(), query: query.to_owned(), ..PickRequest::default() };
    {
        let _host = TestHost::answering(include_str!("../fixtures/pickers/parties.json"));
        let choices = Brokercloud::pick(&ctx(), &pick("janss ")).unwrap();
        let [choice] = choices.items.as_slice() else { panic!("one choice") };
        assert_eq!((choice.id.as_str(), choice.label.as_str()), ("5021", "Janssens Els (A21/1)"));
        assert_eq!((choice.hint.as_deref(), choices.next), (Some("p1@voorbeeld.example"), None));
    }
    let url = format!("{BASE}/parties?start=0&length=20&{}", ORDER.replace("=id", "=name"));
    let page = json!({ "request": { "method": "GET", "url": url }, "answer": rows(&[7], 2) });
    let _host = answering(&[page]);
    let choices = Brokercloud::pick(&ctx(), &pick("")).unwrap();
    assert_eq!((choices.items[0].label.as_str(), choices.next), ("7", Some(br#"{"start":1}"#.to_vec())));
}

#[test]
fn a_report_is_put_with_the_party_file_by_file_and_its_text_as_one_more() {
    let host = TestHost::answering(REPORT).in_order();
    assert_eq!(Brokercloud::push(&ctx(), &item(REPORT)).unwrap(), Outcome::Created(Object::of(90_311)));
    let steps: Vec<String> = host.requests().into_iter().filter_map(|sent| sent.step).collect();
    assert_eq!(steps, ["file-1", "text"]);
}

#[test]
fn the_configuration_sends_files_as_base64_instead() {
    let fixture = include_str!("../fixtures/actions/report.encoded.json");
    let _host = TestHost::answering(fixture).in_order();
    let ctx = Context { config: config(&json!({ "files_mode": "json_base64" })), ..ctx() };
    assert_eq!(Brokercloud::push(&ctx, &item(fixture)).unwrap().object().id, "90311");
}

#[test]
fn a_file_that_was_found_is_not_sent_again() {
    let text = json!([{ "request": { "method": "POST", "url": format!("{BASE}/parties/5021/files"), "effect": "write",
        "step": "text" }, "answer": { "status": 201, "body": { "id": 2 } } }]);
    let _host = TestHost::answering(&text.to_string());
    let found = Item { ext: vec![("step.file-1".to_owned(), "90311".to_owned())], ..item(REPORT) };
    assert_eq!(Brokercloud::push(&ctx(), &found).unwrap().object().id, "90311");
}

#[test]
fn a_lost_file_is_found_by_name_size_and_moment() {
    let find = |fixture: &str| {
        let _host = TestHost::answering(fixture).in_order();
        // 2026-11-21T09:00:00Z
        Brokercloud::find(&ctx(), &item(REPORT), "file-1", 1_795_251_600_000)
    };
    assert_eq!(find(include_str!("../fixtures/actions/report.found.json")).unwrap(), Some(Object::of(90_311)));
    assert_eq!(find(include_str!("../fixtures/actions/report.absent.json")).unwrap(), None);
    assert_eq!(
        find(include_str!("../fixtures/more/find-marked.json")).unwrap(),
        Some(Object::of(3)),
        "the mark decides"
    );
    assert_eq!(find(include_str!("../fixtures/more/find-unmarked.json")).unwrap(), None);
    let dropped = find(include_str!("../fixtures/more/find-dropped.json")).unwrap();
    assert_eq!(dropped, Some(Object::of(2)), "the description was not kept");
    for doubtful in
        [include_str!("../fixtures/more/find-undecided.json"), include_str!("../fixtures/more/find-unsized.json")]
    {
        assert_eq!(find(doubtful).unwrap_err().case(), Case::Other, "a file without date or size may be ours");
    }
    let _host = TestHost::empty();
    assert_eq!(Brokercloud::find(&ctx(), &item(REPORT), "file-9", 0).unwrap_err().case(), Case::Other);
}

#[test]
fn files_that_cannot_be_listed_leave_it_open() {
    let missing = json!({ "status": 404, "body": {} });
    let _host = answering(&[list("/parties/5021/files", 0, 100, missing)]);
    assert_eq!(Brokercloud::find(&ctx(), &item(REPORT), "file-1", 0).unwrap_err().case(), Case::NotFound);
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let case = |item: &Item| Brokercloud::push(&ctx(), item).unwrap_err().case();
    let nothing = Item { payload: br#"{"title":"x","text":" "}"#.to_vec(), attachments: Vec::new(), ..item(REPORT) };
    assert_eq!(case(&nothing), Case::InvalidInput);
    assert_eq!(case(&Item { target: br#"{"id":"../1"}"#.to_vec(), ..item(REPORT) }), Case::InvalidInput);
    assert_eq!(case(&Item { action: "note".to_owned(), ..item(REPORT) }), Case::Unsupported);
}

#[test]
fn statuses_mean_what_the_sheet_says() {
    for (status, case) in [
        (400, Case::Other),
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (429, Case::RateLimited),
        (503, Case::Transient),
    ] {
        let answer = json!({ "status": status, "headers": { "retry-after": "60" }, "body": {} });
        let _host = answering(&[list("/parties", 0, 100, answer)]);
        let error = Brokercloud::read(&ctx(), &ReadRequest::of("parties")).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(error.wait_ms().is_some(), matches!(status, 429 | 503), "{status}");
    }
    for (status, case) in [(413, Case::InvalidInput), (422, Case::InvalidInput), (500, Case::OutcomeUnknown)] {
        let refused = json!([{ "request": { "method": "POST", "url": format!("{BASE}/parties/5021/files"), "effect": "write",
            "step": "file-1" }, "answer": { "status": status, "body": { "errors": { "file": ["x"] } } } }]);
        let _host = TestHost::answering(&refused.to_string());
        assert_eq!(Brokercloud::push(&ctx(), &item(REPORT)).unwrap_err().case(), case, "{status}");
    }
}

#[test]
fn html_nothing_and_cut_json_are_no_answers() {
    for answer in [
        json!({ "text": "<!doctype html>", "headers": { "content-type": "text/html" } }),
        json!({ "text": "" }),
        json!({ "text": "{\"data\":[{\"id\":", "headers": { "content-type": "application/json" } }),
        json!({ "body": { "recordsFiltered": 1 } }),
        json!({ "body": { "recordsFiltered": 1, "data": [{ "name": "no id" }] } }),
    ] {
        let _host = answering(&[list("/parties", 0, 100, answer.clone())]);
        let error = Brokercloud::read(&ctx(), &ReadRequest::of("parties")).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{answer}");
    }
    let unreadable = json!([{ "request": { "method": "POST", "url": format!("{BASE}/parties/5021/files"), "effect": "write",
        "step": "file-1" }, "answer": { "status": 201, "body": { "ok": true } } }]);
    let _host = TestHost::answering(&unreadable.to_string());
    assert_eq!(Brokercloud::push(&ctx(), &item(REPORT)).unwrap_err().case(), Case::OutcomeUnknown);
}
