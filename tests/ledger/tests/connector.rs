//! The connector over recorded answers.

use patchbay_sdk::{
    Auth, Case, Context, Fetch, Page, Position, ReadRequest, Result,
    testing::{TestHost, read_all},
};
use patchbay_test_ledger::Ledger;
use serde_json::{Value, json};

const ORIGIN: &str = "https://ledger.test";

/// A host that is asked for these and gives that, in this order.
fn host(exchanges: &[(&str, Value)]) -> TestHost {
    let exchanges: Vec<Value> = exchanges
        .iter()
        .map(|(asked, body)| {
            let (method, path) = asked.split_once(' ').unwrap_or(("GET", asked));
            let effect = if method == "POST" { "repeatable" } else { "read" };
            let request = json!({ "method": method, "url": format!("{ORIGIN}{path}"), "effect": effect });
            json!({ "request": request, "answer": { "body": body } })
        })
        .collect();
    TestHost::answering(&Value::Array(exchanges).to_string()).in_order()
}

fn ctx(settings: &Value) -> Context {
    Context {
        auth: "key".to_owned(),
        account: Some("a1".to_owned()),
        settings: settings.to_string().into_bytes(),
        ..Context::default()
    }
}

fn page(ids: &[(u32, &str)], next: Value) -> Value {
    let items: Vec<Value> = ids
        .iter()
        .map(|(id, at)| json!({ "id": id.to_string(), "changed_at": format!("2026-01-01T00:00:{at}Z") }))
        .collect();
    json!({ "items": items, "next": next })
}

fn from(stream: &str, cursor: &Position) -> ReadRequest {
    ReadRequest { cursor: Some(cursor.cursor().to_vec()), ..ReadRequest::of(stream) }
}

fn cursor(position: &Position) -> String {
    String::from_utf8_lossy(position.cursor()).into_owned()
}

#[test]
fn the_office_and_its_accounts_are_told() {
    let _host = host(&[
        ("GET /me", json!({ "id": "office-owner", "name": "Office", "login": "owner@ledger.test" })),
        ("GET /accounts", json!({ "items": [{ "id": "a1", "name": "Account 1" }], "next": null })),
    ]);
    let identity = Ledger::identify(&ctx(&json!({}))).unwrap();
    assert_eq!((identity.id.as_str(), identity.accounts.len()), ("office-owner", 1));
}

#[test]
fn a_page_is_followed_by_what_changed_since_its_newest_record() {
    let _host = host(&[
        ("GET /entries?page=1&size=2", page(&[(1, "01.000"), (2, "02.000")], json!("/entries?page=2&size=2"))),
        (
            "GET /entries?since=2026-01-01T00%3A00%3A02.000Z&page=1&size=2",
            page(&[(2, "02.000"), (3, "02.000")], json!("/entries?page=2&size=2&since=x")),
        ),
        (
            "GET /entries?since=2026-01-01T00%3A00%3A02.000Z&page=2&size=2",
            page(&[(4, "02.000"), (5, "05.000")], Value::Null),
        ),
    ]);
    let reading = read_all::<Ledger>(&ctx(&json!({ "page_size": 2 })), ReadRequest::of("entries")).unwrap();
    assert_eq!(reading.records.len(), 6);
    assert_eq!(cursor(&reading.position), r#"{"since":"2026-01-01T00:00:05.000Z","page":1}"#);
}

#[test]
fn by_number_only_the_providers_next_page_leads_on() {
    let _host = host(&[
        ("GET /accounts/a1/lines?page=1&size=1000", page(&[(1, "01.000")], json!("/accounts/a1/lines?page=7"))),
        ("GET /accounts/a1/lines?page=7&size=1000", page(&[(2, "02.000")], Value::Null)),
    ]);
    let reading = read_all::<Ledger>(&ctx(&json!({ "paging": "number" })), ReadRequest::of("lines")).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (2, 2));
}

#[test]
fn a_moment_that_the_host_wrote_in_its_own_way_is_compared_as_a_moment() {
    let _host = host(&[(
        "GET /entries?since=2026-01-01T01%3A00%3A02%2B01%3A00&page=1&size=1000",
        page(&[(2, "02.000")], json!("/entries?page=2")),
    )]);
    let request = ReadRequest {
        cursor: Some(br#"{"since":"2026-01-01T01:00:02+01:00"}"#.to_vec()),
        ..ReadRequest::of("entries")
    };
    let page = Ledger::read(&ctx(&json!({})), &request).unwrap();
    assert_eq!(cursor(&page.position), r#"{"since":"2026-01-01T01:00:02+01:00","page":2}"#);
}

#[test]
fn what_is_gone_is_read_before_what_is_there() {
    let gone = json!({ "items": [{ "id": "9", "deleted_at": "2026-01-02T00:00:00.000Z" }], "next": null });
    let _host = host(&[
        ("GET /deleted?page=1&size=1000", gone),
        ("GET /removals?page=1&size=1000", page(&[(1, "01.000")], Value::Null)),
        ("GET /deleted?since=2026-01-02T00%3A00%3A00.000Z&page=1&size=1000", page(&[], Value::Null)),
    ]);
    let reading = read_all::<Ledger>(&ctx(&json!({})), ReadRequest::of("removals")).unwrap();
    assert_eq!((reading.deleted, reading.records.len()), (vec!["9".to_owned()], 1));
    let next = Ledger::read(&ctx(&json!({})), &from("removals", &reading.position)).unwrap();
    assert!(cursor(&next.position).contains(r#""kept":{"since":"2026-01-01T00:00:01.000Z","page":1}"#));
}

#[test]
fn everything_is_complete_and_very_many_are_not() {
    let _host = host(&[
        ("GET /snapshot?page=1&size=1000", page(&[(1, "01.000")], json!("/snapshot?page=2&size=1000"))),
        ("GET /snapshot?page=2&size=1000", page(&[(2, "02.000")], Value::Null)),
        ("GET /bulk?page=1&size=1000", json!({ "items": [{ "id": "1" }], "next": 2 })),
        ("GET /bulk?page=2&size=1000", json!({ "items": [{ "id": "2" }], "next": null })),
        ("GET /tick", json!({ "items": [{ "id": "0" }], "next": null })),
    ]);
    let all = |stream: &str| read_all::<Ledger>(&ctx(&json!({})), ReadRequest::of(stream)).unwrap().position;
    assert_eq!(all("snapshot"), Position::Complete(br#"{"page":1}"#.to_vec()));
    assert_eq!(all("bulk"), Position::End(br#"{"page":1}"#.to_vec()));
    assert!(matches!(all("tick"), Position::End(_)));
}

#[test]
fn a_report_is_waited_for_and_then_read() {
    let _host = host(&[
        ("POST /reports", json!({ "id": "7", "status": "running" })),
        ("GET /reports/7", json!({ "id": "7", "status": "running" })),
        ("GET /reports/7", json!({ "id": "7", "status": "ready" })),
        ("GET /reports/7/rows?page=1&size=1000", page(&[(1, "01.000")], json!("/reports/7/rows?page=2"))),
        ("GET /reports/7/rows?page=2&size=1000", page(&[(2, "02.000")], Value::Null)),
    ]);
    let ctx = ctx(&json!({ "wait_ms": 20 }));
    let read = |request: &ReadRequest| -> Result<Page> { Ledger::read(&ctx, request) };
    let asked = read(&ReadRequest::of("reports")).unwrap().position;
    assert!(matches!(asked, Position::Wait(_, 20)), "{asked:?}");
    let looked = read(&from("reports", &asked)).unwrap().position;
    assert!(matches!(looked, Position::Wait(_, 20)) && looked == asked, "the same place, the same cursor");
    let rest = read_all::<Ledger>(&ctx, from("reports", &looked)).unwrap();
    assert_eq!(
        (rest.records.len(), rest.pages, cursor(&rest.position)),
        (2, 3, r#"{"report":null,"page":null}"#.to_owned())
    );
}

#[test]
fn unchecked_a_list_passes_through_whatever_is_in_it() {
    let body = json!({ "items": [7, { "id": "1" }, null], "next": null });
    let _host = host(&[("GET /entries?page=1&size=1000", body.clone()), ("GET /snapshot?page=1&size=1000", body)]);
    for stream in ["entries", "snapshot"] {
        let page = Ledger::read(&ctx(&json!({ "unchecked": true })), &ReadRequest::of(stream)).unwrap();
        assert_eq!((page.count, page.records.as_slice()), (3, br#"[7,{"id":"1"},null]"#.as_slice()));
    }
}

#[test]
fn poison_passes_through_where_it_is_an_object_and_what_cannot_be_read_is_refused() {
    let read = |body: Value| {
        let _host = host(&[("GET /entries?page=1&size=1000", body)]);
        Ledger::read(&ctx(&json!({})), &ReadRequest::of("entries"))
    };
    let poison = json!({ "items": [{ "n": 1 }, { "id": null }, { "id": "3", "changed_at": "2026-01-01T00:00:03Z" }], "next": null });
    let page = read(poison).unwrap();
    assert_eq!((page.count, cursor(&page.position).contains("00:00:03Z")), (3, true));
    for body in [json!(null), json!({ "items": 7, "next": null }), json!({ "items": ["3"], "next": null }), json!([])] {
        assert_eq!(read(body).unwrap_err().case(), Case::InvalidResponse);
    }
}
