//! What lists do that the example's API does not: odd ends, circles, long pages, lists that change while they are read.

use super::support::of_stream;
use patchbay_connector_generic::Generic;
use patchbay_sdk::{
    Case, Fetch, Position, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const LIST: &str = "https://api.acme.example/v1/rows";

fn stream(more: Value) -> Value {
    let mut stream = json!({ "name": "rows", "path": "/rows", "records": "/data", "key": ["/id"] });
    if let (Some(stream), Value::Object(more)) = (stream.as_object_mut(), more) {
        stream.extend(more);
    }
    stream
}

fn answers(all: &[(&str, Value)]) -> String {
    let exchange = |(query, answer): &(&str, Value)| json!({ "request": { "method": "GET", "url": format!("{LIST}{query}") }, "answer": answer });
    Value::from(all.iter().map(exchange).collect::<Vec<_>>()).to_string()
}

fn rows(from: u32, to: u32) -> Vec<Value> {
    (from..=to).map(|id| json!({ "id": id })).collect()
}

fn page(from: u32, to: u32) -> Value {
    json!({ "body": { "data": rows(from, to) } })
}

fn read(more: Value, all: &[(&str, Value)]) -> patchbay_sdk::Result<(Vec<Value>, usize, Position)> {
    let _host = TestHost::answering(&answers(all)).in_order();
    let reading = read_all::<Generic>(&of_stream(stream(more)), ReadRequest::of("rows"))?;
    Ok((reading.records, reading.pages, reading.position))
}

#[test]
fn without_a_count_of_pages_a_short_or_empty_page_is_the_last() {
    let paging =
        json!({ "paging": { "style": "page", "page-param": "p", "first-page": 0, "size-param": "n", "size": 2 } });
    let (records, ..) = read(paging.clone(), &[("?p=0&n=2", page(1, 2)), ("?p=1&n=2", page(3, 3))]).unwrap();
    assert_eq!(records.len(), 3);
    let (records, ..) =
        read(paging, &[("?p=0&n=2", page(1, 2)), ("?p=1&n=2", json!({ "body": { "data": [] } }))]).unwrap();
    assert_eq!(records.len(), 2);
}

#[test]
fn a_page_that_is_shorter_than_asked_is_not_the_last_where_the_count_says_so() {
    let paging = json!({ "paging": { "style": "page", "page-param": "p", "size-param": "n", "size": 100, "total-pages": "/pages" } });
    let page = |from, to| json!({ "body": { "data": rows(from, to), "pages": "2" } });
    let (records, ..) = read(paging, &[("?p=1&n=100", page(1, 50)), ("?p=2&n=100", page(51, 60))]).unwrap();
    assert_eq!(records.len(), 60, "the API gives at most 50");
}

#[test]
fn an_offset_counts_what_came_and_not_what_was_asked_for() {
    let paging = json!({ "paging": { "style": "offset", "offset-param": "o", "limit-param": "n", "size": 100 } });
    let empty = json!({ "body": { "data": null } });
    let (records, ..) =
        read(paging, &[("?o=0&n=100", page(1, 50)), ("?o=50&n=100", page(51, 60)), ("?o=60&n=100", empty)]).unwrap();
    assert_eq!(records.len(), 60);
}

#[test]
fn a_token_ends_at_null_at_nothing_and_at_an_empty_text() {
    for last in [json!({ "data": [] }), json!({ "data": [], "next": null }), json!({ "data": [], "next": "" })] {
        let paging = json!({ "paging": { "style": "cursor", "param": "after", "next": "/next" } });
        let first = json!({ "body": { "data": rows(1, 1), "next": 17 } });
        let (records, ..) = read(paging, &[("", first), ("?after=17", json!({ "body": last }))]).unwrap();
        assert_eq!(records.len(), 1);
    }
}

#[test]
fn pages_that_go_in_circles_are_an_error() {
    let next = |token: &str| json!({ "body": { "data": rows(1, 1), "next": token } });
    let tokens = json!({ "paging": { "style": "cursor", "param": "after", "next": "/next" } });
    let error = read(tokens, &[("", next("a")), ("?after=a", next("a"))]).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
    let addresses = json!({ "paging": { "style": "next-url", "next": "/next" } });
    let error = read(addresses, &[("", next("?page=2")), ("?page=2", next("/v1/rows?page=2"))]).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
    let few = json!({ "max-pages": 2, "paging": { "style": "cursor", "param": "after", "next": "/next" } });
    let error = read(few, &[("", next("a")), ("?after=a", next("b"))]).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
    assert!(format!("{error:?}").contains("2 pages, and still more"), "{error:?}");
}

#[test]
fn a_next_address_elsewhere_is_not_followed() {
    for next in ["https://evil.example/v1/rows?page=2", "/v1/admin", "//evil.example/v1/rows", "/v1/rows/../admin"] {
        let paging = json!({ "paging": { "style": "next-url", "next": "/next" } });
        let error = read(paging, &[("", json!({ "body": { "data": [], "next": next } }))]).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{next}");
    }
}

#[test]
fn an_answer_of_more_rows_than_fit_is_handed_on_in_pieces() {
    let all = [("", page(1, 2_370)), ("", page(1, 2_370)), ("", page(1, 2_370))];
    let (records, pages, position) = read(json!({ "deletes": { "style": "full-compare" } }), &all).unwrap();
    assert_eq!((records.len(), pages), (2_370, 3));
    assert_eq!(records.last().unwrap()["id"], 2_370);
    assert!(matches!(position, Position::Complete(_)));
}

#[test]
fn what_a_pass_may_have_missed_is_not_gone_and_not_passed_over() {
    let shrank = || json!({ "body": { "data": [{ "id": 1, "at": 8 }, { "id": 2, "at": 9 }], "total": 3, "pages": 1 } });
    let paging = json!({ "style": "page", "page-param": "p", "total": "/total", "total-pages": "/pages" });
    let whole = json!({ "paging": paging, "deletes": { "style": "full-compare" } });
    let (.., position) = read(whole, &[("?p=1", shrank())]).unwrap();
    assert!(matches!(position, Position::End(_)), "{position:?}");
    let changes =
        json!({ "paging": paging, "cursor": { "field": "/at", "param": "since", "format": "text", "start": "5" } });
    let (.., position) = read(changes, &[("?since=5&p=1", shrank())]).unwrap();
    let cursor: Value = serde_json::from_slice(position.cursor()).unwrap();
    assert_eq!(cursor["since"], "5", "the next pass asks from the same place");
}

#[test]
fn a_numbered_list_in_which_rows_changed_meanwhile_is_asked_from_the_same_place_once_more() {
    let page = |rows: Value| json!({ "body": { "data": rows, "pages": 2 } });
    let all = || {
        let first = page(json!([{ "id": 1, "at": 1_795_000_000 }, { "id": 2, "at": 1_795_000_001 }]));
        let second = page(json!([{ "id": 4, "at": 1_795_000_003 }, { "id": 1, "at": 1_795_253_401 }]));
        answers(&[("?since=7&p=1&n=2", first), ("?since=7&p=2&n=2", second)])
    };
    let paging = json!({ "style": "page", "page-param": "p", "size-param": "n", "size": 2, "total-pages": "/pages" });
    let cursor = json!({ "field": "/at", "param": "since", "format": "unix-seconds", "start": "7" });
    let ctx = of_stream(stream(json!({ "paging": paging, "cursor": cursor })));
    let host = TestHost::answering(&all()).and(&all()).in_order();
    let since = |position: &Position| serde_json::from_slice::<Value>(position.cursor()).unwrap()["since"].clone();
    let next =
        |position: &Position| ReadRequest { cursor: Some(position.cursor().to_vec()), ..ReadRequest::of("rows") };
    host.set_now_ms(1_795_253_400_000);
    let first = Generic::read(&ctx, &ReadRequest::of("rows")).unwrap();
    // Row 1 changes while page 1 is on its way, and row 3 moves up to it.
    host.set_now_ms(1_795_253_402_000);
    let end = Generic::read(&ctx, &next(&first.position)).unwrap();
    assert_eq!(since(&end.position), "7");
    let reading = read_all::<Generic>(&ctx, next(&end.position)).unwrap();
    assert_eq!(since(&reading.position), "1795253401");
}

#[test]
fn a_long_page_that_changes_while_it_is_read_is_not_complete() {
    let all = [("", page(1, 1_500)), ("", page(2, 1_501))];
    let (records, _, position) = read(json!({ "deletes": { "style": "full-compare" } }), &all).unwrap();
    assert_eq!(records.len(), 1_500);
    assert!(matches!(position, Position::End(_)), "{position:?}");
}

#[test]
fn numbers_are_passed_on_as_they_were_written() {
    let text = r#"{"data":[{"id":1.0,"amount":45.10,"huge":12345678901234567890.123456789,"e":1E400}]}"#;
    let answer = json!({ "text": text, "headers": { "content-type": "application/json" } });
    let _host = TestHost::answering(&answers(&[("", answer)]));
    let page = Generic::read(&of_stream(stream(json!({}))), &ReadRequest::of("rows")).unwrap();
    let records = String::from_utf8(page.records).unwrap();
    assert_eq!(records, r#"[{"id":1.0,"amount":45.10,"huge":12345678901234567890.123456789,"e":1E400}]"#);
}

#[test]
fn what_is_no_list_of_rows_is_told_without_any_of_it() {
    for body in
        [json!({ "data": "canary" }), json!({ "rows": ["canary"] }), json!({ "data": ["canary"] }), json!("canary")]
    {
        let error = read(json!({}), &[("", json!({ "body": body }))]).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse);
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let deep = format!("{{\"data\":[{{\"a\":{}1{}}}]}}", "[".repeat(70), "]".repeat(70));
    let answer = json!({ "text": deep, "headers": { "content-type": "application/json" } });
    assert_eq!(read(json!({}), &[("", answer)]).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn a_moment_that_cannot_be_read_and_a_row_without_a_key_are_told() {
    let cursor = json!({ "cursor": { "field": "/at", "param": "since", "format": "rfc3339" } });
    let error =
        read(cursor.clone(), &[("", json!({ "body": { "data": [{ "id": 1, "at": "gisteren" }] } }))]).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
    assert!(!format!("{error:?}").contains("gisteren"));
    let flag = json!({ "deletes": { "style": "flag", "pointer": "/gone", "equals": 1 } });
    let error = read(flag, &[("", json!({ "body": { "data": [{ "gone": 1 }] } }))]).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
    let host =
        TestHost::answering(&answers(&[("", json!({ "body": { "data": [{ "id": 1 }, { "id": 2, "at": null }] } }))]));
    assert!(Generic::read(&of_stream(stream(cursor)), &ReadRequest::of("rows")).is_ok());
    assert!(host.logs()[0].message.contains("no row says when it changed"));
}

#[test]
fn the_host_can_ask_for_a_later_beginning() {
    let cursor = json!({ "cursor": { "field": "/at", "param": "since", "format": "date", "start": "2024-01-01" } });
    let _host = TestHost::answering(&answers(&[("?since=2026-11-20", page(1, 1)), ("?since=2024-01-01", page(1, 1))]));
    let ctx = of_stream(stream(cursor));
    let request = ReadRequest { since_ms: Some(1_795_166_999_000), ..ReadRequest::of("rows") };
    Generic::read(&ctx, &request).unwrap();
    Generic::read(&ctx, &ReadRequest::of("rows")).unwrap();
}
