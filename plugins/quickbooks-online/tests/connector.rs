//! The connector over recorded answers.

#[path = "connector/stage.rs"]
mod stage;

#[path = "connector/writing.rs"]
mod writing;

use patchbay_connector_quickbooks_online::QuickbooksOnline;
use patchbay_sdk::{
    Auth, Case, Context, Fetch, Position, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};
use stage::{BASE, DAY, NOW, config, ctx, cursor_of, fault, queries, query, read_from};

const ORDER: &str = "ORDERBY MetaData.LastUpdatedTime ASC";

fn changes(entity: &str, since: &str, answer: &Value) -> String {
    let url = format!("{BASE}/cdc?entities={entity}&changedSince={}&minorversion=75", since.replace(':', "%3A"));
    json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]).to_string()
}

/// A stream whose changes are known up to a moment before now, ms.
fn known(ago: u64) -> Option<Value> {
    Some(json!({ "changed": NOW - ago, "read": 0, "under_way": null }))
}

fn row(id: &str, at: &str) -> Value {
    json!({ "Id": id, "MetaData": { "LastUpdatedTime": at } })
}

#[test]
fn a_connection_is_the_company_that_the_callback_named() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json"));
    let identity = QuickbooksOnline::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("9341450000000000", "De Molen BV"));
    assert_eq!(identity.login.as_deref(), Some("an@demolen.example"));
    assert!(identity.accounts.is_empty());
}

#[test]
fn who_connected_need_not_be_told() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.nobody.json"));
    assert_eq!(QuickbooksOnline::identify(&ctx()).unwrap().login, None);
    let nobody = Context { facts: Vec::new(), ..ctx() };
    assert_eq!(QuickbooksOnline::identify(&nobody).unwrap_err().case(), Case::AuthRequired, "no company was named");
}

#[test]
fn every_stream_is_read_over_its_pages() {
    macro_rules! streams {
        ($($name:literal),*) => {
            [$(($name, include_str!(concat!("../fixtures/streams/", $name, ".json")),
                include_str!(concat!("../fixtures/streams/", $name, ".changed.json")))),*]
        };
    }
    for (stream, whole, changed) in streams![
        "customers",
        "vendors",
        "accounts",
        "items",
        "invoices",
        "bills",
        "payments",
        "purchases",
        "deposits",
        "transfers",
        "journal_entries"
    ] {
        let host = TestHost::answering(whole).in_order();
        host.set_now_ms(NOW);
        let reading = read_from(stream, None, 2).unwrap_or_else(|error| panic!("{stream}: {error:?}"));
        assert_eq!(reading.records.len(), 5, "{stream}: the newest record of a page comes twice");
        let Position::Complete(place) = &reading.position else { panic!("{stream}: everything was met") };
        let place: Value = serde_json::from_slice(place).unwrap();
        assert_eq!(place["changed"], NOW, "{stream}: changes are asked for from the first answer on");
        drop(host);

        let host = TestHost::answering(changed);
        host.set_now_ms(NOW);
        let page =
            QuickbooksOnline::read(&ctx(), &ReadRequest { cursor: cursor_of(changed), ..ReadRequest::of(stream) });
        let page = page.unwrap_or_else(|error| panic!("{stream}: {error:?}"));
        assert_eq!(page.count, 1, "{stream}");
        assert!(matches!(page.position, Position::End(_)), "{stream}");
        let is_listed = ["customers", "vendors", "accounts", "items"].contains(&stream);
        assert_eq!(page.deleted, if is_listed { vec![] } else { vec!["141".to_owned()] }, "{stream}");
    }
}

#[test]
fn the_company_itself_is_one_record() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/company.json"));
    let page = QuickbooksOnline::read(&ctx(), &ReadRequest::of("company")).unwrap();
    assert!(page.count == 1 && matches!(page.position, Position::Complete(_)));
}

#[test]
fn a_stream_that_is_not_in_the_manifest_is_not_there() {
    let _host = TestHost::empty();
    let error = QuickbooksOnline::read(&ctx(), &ReadRequest::of("tax_codes")).unwrap_err();
    assert_eq!(error.case(), Case::Unsupported);
    let error =
        QuickbooksOnline::read(&ctx(), &ReadRequest { cursor: Some(b"7".to_vec()), ..ReadRequest::of("items") });
    assert_eq!(error.unwrap_err().case(), Case::CursorInvalid);
}

#[test]
fn nothing_new_is_no_list_at_all() {
    let fixture = include_str!("../fixtures/more/customers.none.json");
    let host = TestHost::answering(fixture);
    host.set_now_ms(NOW);
    let request = ReadRequest { cursor: cursor_of(fixture), ..ReadRequest::of("customers") };
    let reading = read_all::<QuickbooksOnline>(&ctx(), request).unwrap();
    assert!(reading.records.is_empty() && matches!(reading.position, Position::End(_)));
}

#[test]
fn amounts_pass_through_as_they_were_written() {
    let text = r#"{"QueryResponse":{"Invoice":[{"Id":"1","TotalAmt":121.00,"Big":12345678901234567.89,"Rate":0.1000}]},"time":"x"}"#;
    let url = query(&format!("SELECT * FROM Invoice {ORDER} STARTPOSITION 1 MAXRESULTS 500"));
    let answer = json!({ "text": text, "headers": { "content-type": "application/json" } });
    let host =
        TestHost::answering(&json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]).to_string());
    let page = QuickbooksOnline::read(&ctx(), &ReadRequest::of("invoices")).unwrap();
    let records = String::from_utf8(page.records).unwrap();
    assert_eq!(records, r#"[{"Id":"1","TotalAmt":121.00,"Big":12345678901234567.89,"Rate":0.1000}]"#);
    assert_eq!(host.logs().len(), 1, "a record without a moment is told");
}

#[test]
fn records_of_one_second_are_followed_by_their_position() {
    let at = "2026-03-02T03:30:00-08:00";
    let since = "MetaData.LastUpdatedTime >= '2026-03-02T11:30:00Z'";
    let ask =
        |wanted: &str, start: u32| format!("SELECT * FROM Bill {wanted}{ORDER} STARTPOSITION {start} MAXRESULTS 2");
    let (first, second, third) = (ask("", 1), ask(&format!("WHERE {since} "), 1), ask(&format!("WHERE {since} "), 3));
    let pages = [
        (first.as_str(), json!([row("1", at), row("2", at)])),
        (second.as_str(), json!([row("1", at), row("2", at)])),
        (third.as_str(), json!([row("3", at)])),
    ];
    let host = TestHost::answering(&queries("Bill", &pages)).in_order();
    host.set_now_ms(NOW);
    let reading = read_from("bills", None, 2).unwrap();
    assert!(reading.records.len() == 5 && matches!(reading.position, Position::Complete(_)));
}

#[test]
fn records_that_come_in_another_order_are_followed_by_their_position() {
    let ask = |start: u32| format!("SELECT * FROM Bill {ORDER} STARTPOSITION {start} MAXRESULTS 2");
    let (first, second) = (ask(1), ask(3));
    // The same evening in California and in Gent: as texts they stand the other way round.
    let rows = json!([row("1", "2026-03-02T23:00:00-08:00"), row("2", "2026-03-02T23:30:00+01:00")]);
    let pages = [(first.as_str(), rows), (second.as_str(), json!([row("3", "2026-03-01T00:00:00Z")]))];
    let host = TestHost::answering(&queries("Bill", &pages)).in_order();
    host.set_now_ms(NOW);
    assert_eq!(read_from("bills", None, 2).unwrap().records.len(), 3);
}

#[test]
fn what_changed_before_the_wanted_moment_is_not_asked_for_and_not_taken_for_gone() {
    let ask = format!(
        "SELECT * FROM Item WHERE Active IN (true, false) AND MetaData.LastUpdatedTime >= '2026-03-01T00:00:00Z' {ORDER} STARTPOSITION 1 MAXRESULTS 2"
    );
    let host = TestHost::answering(&queries("Item", &[(ask.as_str(), json!([]))]));
    host.set_now_ms(NOW);
    let since_ms = Some(1_772_323_200_000);
    let request = ReadRequest { since_ms, page_hint: 2, ..ReadRequest::of("items") };
    assert!(matches!(QuickbooksOnline::read(&ctx(), &request).unwrap().position, Position::End(_)));
}

#[test]
fn changes_are_asked_for_while_they_are_remembered_and_everything_after_that() {
    let told =
        json!({ "body": { "CDCResponse": [{ "QueryResponse": [{}] }], "time": "2026-03-12T04:10:00.000-07:00" } });
    let host = TestHost::answering(&changes("Bill", "2026-02-11T11:10:00Z", &told));
    host.set_now_ms(NOW);
    // A minute less than 29 days, and the minute of the overlap.
    assert!(matches!(read_from("bills", known(29 * DAY - 60_000), 2).unwrap().position, Position::End(_)));
    drop(host);
    let ask = format!("SELECT * FROM Bill {ORDER} STARTPOSITION 1 MAXRESULTS 2");
    let host = TestHost::answering(&queries("Bill", &[(ask.as_str(), json!([]))]));
    host.set_now_ms(NOW);
    assert!(matches!(read_from("bills", known(29 * DAY), 2).unwrap().position, Position::Complete(_)));
}

#[test]
fn so_many_changes_that_some_may_be_missing_make_everything_read_again() {
    for fixture in [
        include_str!("../fixtures/streams/invoices.again.json"),
        include_str!("../fixtures/streams/invoices.refused.json"),
        include_str!("../fixtures/streams/invoices.old.json"),
    ] {
        let host = TestHost::answering(fixture).in_order();
        host.set_now_ms(NOW);
        let ctx = Context { config: config(10).to_string().into_bytes(), ..ctx() };
        let request = ReadRequest { cursor: cursor_of(fixture), page_hint: 20, ..ReadRequest::of("invoices") };
        let reading = read_all::<QuickbooksOnline>(&ctx, request).unwrap();
        assert_eq!(reading.records.len(), 1);
        assert!(matches!(reading.position, Position::Complete(_)), "what is not met is gone");
    }
}

#[test]
fn a_question_about_the_last_day_is_not_refused_for_its_age() {
    let refused = json!({ "status": 400, "body": fault("4001") });
    let host = TestHost::answering(&changes("Bill", "2026-03-12T09:09:00Z", &refused));
    host.set_now_ms(NOW);
    assert_eq!(read_from("bills", known(7_200_000), 2).unwrap_err().case(), Case::Other);
}

#[test]
fn a_clock_that_is_ahead_does_not_hide_what_changes_until_then() {
    for (time, until) in [
        ("2031-01-01T00:00:00Z", NOW),
        ("2026-03-12T03:10:00-07:00", NOW - 3_600_000),
        ("2020-01-01T00:00:00Z", NOW - 7_200_000),
        ("x", NOW - 7_200_000),
    ] {
        let told = json!({ "body": { "CDCResponse": [{ "QueryResponse": [{}] }], "time": time } });
        let host = TestHost::answering(&changes("Bill", "2026-03-12T09:09:00Z", &told));
        host.set_now_ms(NOW);
        let reading = read_from("bills", known(7_200_000), 2).unwrap();
        let place: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
        assert_eq!(place["changed"], until, "{time}");
    }
}

#[test]
fn an_answer_about_changes_that_is_none_deletes_nothing() {
    for body in [
        json!({ "time": "x" }),
        json!({ "CDCResponse": [{ "QueryResponse": [{ "Bill": { "Id": "1" } }] }] }),
        json!({ "CDCResponse": [{ "QueryResponse": [{ "Bill": [{ "status": "Deleted" }] }] }] }),
        json!({ "CDCResponse": [{ "QueryResponse": [{ "Bill": [7] }] }] }),
    ] {
        let host = TestHost::answering(&changes("Bill", "2026-03-12T09:09:00Z", &json!({ "body": body })));
        host.set_now_ms(NOW);
        let error = read_from("bills", known(7_200_000), 2).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{body}");
    }
}

#[test]
fn a_fault_is_found_wherever_it_stands() {
    let inner = |fault: &Value| fault["Fault"].clone();
    let dead = fault("3200");
    for body in [
        dead.clone(),
        json!({ "fault": { "error": [{ "code": "003200" }], "type": "AUTHENTICATION" } }),
        json!({ "CDCResponse": [{ "Fault": inner(&dead) }] }),
        json!({ "CDCResponse": [{ "QueryResponse": [{ "Fault": inner(&dead) }] }] }),
    ] {
        let host = TestHost::answering(&changes("Bill", "2026-03-12T09:09:00Z", &json!({ "body": body })));
        host.set_now_ms(NOW);
        let error = read_from("bills", known(7_200_000), 2).unwrap_err();
        assert_eq!(error.case(), Case::AuthRequired, "{body}");
    }
}

#[test]
fn a_fault_is_told_by_its_code() {
    for (status, code, case) in [
        (200, "3200", Case::AuthRequired),
        (401, "3200", Case::AuthRequired),
        (400, "120", Case::AuthRequired),
        (401, "120", Case::AuthRequired),
        (403, "3100", Case::AuthRequired),
        (400, "6190", Case::PermissionDenied),
        (200, "6190", Case::PermissionDenied),
        (403, "1", Case::PermissionDenied),
        (400, "610", Case::NotFound),
        (404, "1", Case::NotFound),
        (429, "1", Case::RateLimited),
        (400, "003001", Case::RateLimited),
        (200, "3001", Case::RateLimited),
        (400, "4000", Case::Other),
        (400, "2170", Case::Other),
        (200, "nonsense", Case::Other),
        (500, "10000", Case::Transient),
    ] {
        let url = query(&format!("SELECT * FROM Bill {ORDER} STARTPOSITION 1 MAXRESULTS 2"));
        let answer = json!({ "status": status, "body": fault(code), "headers": { "intuit_tid": "1-abc<x>" } });
        let host =
            TestHost::answering(&json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]).to_string());
        let error = read_from("bills", None, 2).unwrap_err();
        assert_eq!(error.case(), case, "{status} {code}");
        assert!(!format!("{error:?}").contains("Verstraete"), "an error holds nothing of the answer: {error:?}");
        let logs = format!("{:?}", host.logs());
        assert!(logs.contains("1-abc") && !logs.contains('<') && !logs.contains("Verstraete"), "{logs}");
        if case == Case::RateLimited {
            assert!((60_000..75_000).contains(&error.wait_ms().unwrap()), "{error:?}");
        }
    }
}
