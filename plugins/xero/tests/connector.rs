//! The connector over recorded answers.

#[path = "connector/stage.rs"]
mod stage;

#[path = "connector/walking.rs"]
mod walking;

#[path = "connector/writing.rs"]
mod writing;

use patchbay_connector_xero::Xero;
use patchbay_sdk::{
    Auth, Case, Fetch, Position, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};
use stage::{BASE, CONTACT, HOUR, NOW, TENANT, ctx, cursor_of, read_from};

const ORDER: &str = "order=UpdatedDateUTC%20ASC";

#[test]
fn a_connection_is_the_persons_and_its_organisations_are_accounts() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json"));
    let identity = Xero::identify(&ctx()).unwrap();
    assert_eq!(identity.id, "1945aaaa-0000-4000-8000-000000000009");
    assert_eq!(identity.name, "De Molen BV and 1 more", "the organisation of this consent comes first");
    assert_eq!(identity.login.as_deref(), Some("an@demolen.example"));
    let seen: Vec<_> = identity.accounts.iter().map(|one| (one.name.as_str(), one.usable, one.selected)).collect();
    let expected = [("De Molen BV", true, true), ("Bakkerij Peeters", true, false), ("Praktijk Noord", false, true)];
    assert_eq!(seen, expected, "one of another consent may have been meant for somebody else");
    assert!(identity.accounts.iter().skip(1).all(|one| one.note.is_some()));
    assert!(identity.facts.is_empty(), "no organisation is the only one");
}

#[test]
fn the_only_organisation_need_not_be_named_in_a_target() {
    let only = json!([{ "id": "x", "tenantId": TENANT, "tenantType": "ORGANISATION", "tenantName": "De Molen BV" }]);
    let _host = TestHost::answering(&connections(&only));
    let identity = Xero::identify(&ctx()).unwrap();
    assert_eq!(identity.facts, [("organisation".to_owned(), TENANT.to_owned())]);
    assert_eq!(identity.name, "De Molen BV");
}

#[test]
fn a_login_without_organisations_has_no_accounts() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.nobody.json"));
    let identity = Xero::identify(&ctx()).unwrap();
    assert_eq!((identity.accounts.len(), identity.name.as_str()), (0, "an@demolen.example"));
}

#[test]
fn an_organisation_whose_id_cannot_stand_in_a_header_is_refused() {
    let odd = json!([{ "id": "x", "tenantId": "fe79\r\nx", "tenantType": "ORGANISATION" }]);
    let _host = TestHost::answering(&connections(&odd));
    assert_eq!(Xero::identify(&ctx()).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn every_stream_is_read_over_its_pages() {
    for (stream, fixture, records, whole) in [
        ("contacts", include_str!("../fixtures/streams/contacts.json"), 4, true),
        ("invoices", include_str!("../fixtures/streams/invoices.json"), 4, true),
        ("credit_notes", include_str!("../fixtures/streams/credit_notes.json"), 4, true),
        ("bank_transactions", include_str!("../fixtures/streams/bank_transactions.json"), 4, true),
        ("payments", include_str!("../fixtures/streams/payments.json"), 4, true),
        ("accounts", include_str!("../fixtures/streams/accounts.json"), 4, true),
        ("items", include_str!("../fixtures/streams/items.json"), 4, true),
        ("organisation", include_str!("../fixtures/streams/organisation.json"), 1, true),
        ("users", include_str!("../fixtures/streams/users.json"), 1, true),
        ("tax_rates", include_str!("../fixtures/streams/tax_rates.json"), 2, true),
        ("tracking_categories", include_str!("../fixtures/streams/tracking_categories.json"), 1, true),
        ("currencies", include_str!("../fixtures/streams/currencies.json"), 2, true),
        ("payments", include_str!("../fixtures/more/payments.nothing.json"), 0, false),
        ("invoices", include_str!("../fixtures/streams/invoices.voided.json"), 1, false),
        ("accounts", include_str!("../fixtures/streams/accounts.changed.json"), 1, false),
        ("items", include_str!("../fixtures/streams/items.changed.json"), 1, false),
    ] {
        let host = TestHost::answering(fixture).in_order();
        host.set_now_ms(NOW);
        let cursor = cursor_of(fixture);
        let hint = if cursor.is_some() { 1_000 } else { 2 };
        let reading = read_all::<Xero>(&ctx(), ReadRequest { cursor, page_hint: hint, ..ReadRequest::of(stream) });
        let reading = reading.unwrap_or_else(|error| panic!("{stream}: {error:?}"));
        assert_eq!(reading.records.len(), records, "{stream}: the newest record of a page comes twice");
        assert_eq!(matches!(reading.position, Position::Complete(_)), whole, "{stream}");
    }
}

#[test]
fn every_stream_of_the_manifest_is_there_and_no_other() {
    let manifest = include_str!("../connector.toml");
    for name in manifest.split("[[stream]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let host = TestHost::answering("[]");
        let error = Xero::read(&without_account(), &ReadRequest::of(name)).unwrap_err();
        assert_eq!(error.case(), Case::InvalidConfig, "{name} asks for an account");
        drop(host);
    }
    let _host = TestHost::answering("[]");
    assert_eq!(Xero::read(&ctx(), &ReadRequest::of("journals")).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn amounts_pass_through_as_they_were_written() {
    let text = format!(
        r#"{{"Invoices":[{{"InvoiceID":"{CONTACT}","Total":121.00,"CurrencyRate":1.0000000000,"LineItems":[{{"UnitAmount":0.1000}}],"Big":12345678901234567.89,"UpdatedDateUTC":"\/Date(1772445000000+0000)\/"}}]}}"#
    );
    let url = format!("{BASE}/Invoices?unitdp=4&{ORDER}&page=1&pageSize=200");
    let host = TestHost::answering(
        &json!([{ "request": { "method": "GET", "url": url }, "answer": { "text": text, "headers": { "content-type": "application/json" } } }]).to_string(),
    );
    host.set_now_ms(NOW);
    let page = Xero::read(&ctx(), &ReadRequest::of("invoices")).unwrap();
    let records = String::from_utf8(page.records).unwrap();
    for kept in ["\"Total\":121.00,", "1.0000000000", "0.1000", "12345678901234567.89"] {
        assert!(records.contains(kept), "{kept} in {records}");
    }
    assert!(records.contains(&format!("\"target_id\":\"{TENANT}/{CONTACT}\"")), "{records}");
    let cursor: Value = serde_json::from_slice(page.position.cursor()).unwrap();
    assert_eq!(cursor["newest"], 1_772_445_000_000_u64, "an escaped solidus is a solidus");
}

#[test]
fn records_of_one_moment_are_followed_by_the_number_of_the_page() {
    let at = "/Date(1772445000000+0000)/";
    let row = |id: &str| json!({ "PaymentID": id, "UpdatedDateUTC": at });
    let host = TestHost::answering(
        &json!([
            payments(1, None, json!({ "pageCount": 2 }), json!([row("a"), row("b")])),
            payments(2, None, json!({ "pageCount": 2 }), json!([row("c")])),
        ])
        .to_string(),
    )
    .in_order();
    host.set_now_ms(NOW);
    let reading = read_from("payments", None, 2).unwrap();
    assert_eq!(reading.records.len(), 3);
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn records_that_come_in_another_order_are_followed_by_the_number_of_the_page() {
    let row = |id: &str, at: &str| json!({ "PaymentID": id, "UpdatedDateUTC": format!("2026-03-{at}T00:00:00") });
    let rows = json!([row("a", "01"), row("b", "05"), row("c", "03")]);
    let rest = json!([{ "PaymentID": "d" }]);
    let pages = [payments_of(3, 1, json!({ "pageCount": 2 }), rows), payments_of(3, 2, Value::Null, rest)];
    let host = TestHost::answering(&json!(pages).to_string()).in_order();
    host.set_now_ms(NOW);
    let reading = read_from("payments", None, 3).unwrap();
    assert_eq!(reading.records.len(), 4, "a short page is the last where nothing else says so");
    assert!(host.requests().iter().all(|sent| sent.headers.iter().all(|(name, _)| name != "if-modified-since")));
    assert_eq!(host.logs().len(), 1, "a record without a moment is told");
}

#[test]
fn a_record_of_the_future_does_not_hide_what_changes_until_then() {
    let rows = json!([{ "PaymentID": "a", "UpdatedDateUTC": "2031-01-01T00:00:00" }]);
    let host = TestHost::answering(&json!([payments(1, None, Value::Null, rows)]).to_string());
    host.set_now_ms(NOW);
    let reading = read_from("payments", None, 2).unwrap();
    let cursor: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
    assert_eq!(cursor["newest"], NOW);
}

#[test]
fn what_changed_before_the_wanted_moment_is_not_asked_for_and_not_taken_for_gone() {
    let host =
        TestHost::answering(&json!([payments(1, Some("2026-03-01T00:00:00"), Value::Null, json!([]))]).to_string());
    host.set_now_ms(NOW);
    let since_ms = Some(1_772_323_200_000);
    let page = Xero::read(&ctx(), &ReadRequest { since_ms, page_hint: 2, ..ReadRequest::of("payments") }).unwrap();
    assert!(matches!(page.position, Position::End(_)));
}

#[test]
fn accounts_are_read_whole_once_a_day_to_find_what_is_gone() {
    let list = |since: Option<&str>| {
        let headers = since.map_or(json!({}), |since| json!({ "if-modified-since": since }));
        json!([{ "request": { "method": "GET", "url": format!("{BASE}/Accounts?{ORDER}"), "headers": headers }, "answer": { "body": { "Accounts": [] } } }]).to_string()
    };
    let cursor =
        |whole: u64| Some(json!({ "newest": 1_772_445_000_000_u64, "whole": whole, "read": 1, "under_way": null }));
    let host = TestHost::answering(&list(Some("2026-03-02T09:49:58")));
    host.set_now_ms(NOW);
    assert!(matches!(read_from("accounts", cursor(NOW - 23 * HOUR), 100).unwrap().position, Position::End(_)));
    drop(host);
    let host = TestHost::answering(&list(None));
    host.set_now_ms(NOW);
    let reading = read_from("accounts", cursor(NOW - 24 * HOUR), 100).unwrap();
    let Position::Complete(place) = reading.position else { panic!("the whole list was read") };
    let place: Value = serde_json::from_slice(&place).unwrap();
    assert_eq!((&place["whole"], &place["newest"]), (&json!(NOW), &json!(1_772_445_000_000_u64)));
    assert!(!host.requests()[0].headers.iter().any(|(name, _)| name == "if-modified-since"));
}

#[test]
fn a_list_that_comes_at_once_is_handed_over_in_pieces() {
    let at = "/Date(1772445000000+0000)/";
    let rows: Vec<Value> = (0..5).map(|id| json!({ "ItemID": id.to_string(), "UpdatedDateUTC": at })).collect();
    let url = format!("{BASE}/Items?unitdp=4&{ORDER}");
    let once = json!({ "request": { "method": "GET", "url": url }, "answer": { "body": { "Items": rows } } });
    let host = TestHost::answering(&json!([once, once, once]).to_string());
    host.set_now_ms(NOW);
    let reading = read_from("items", None, 2).unwrap();
    let ids: Vec<&str> = reading.records.iter().filter_map(|row| row["ItemID"].as_str()).collect();
    assert_eq!((ids, reading.pages), (vec!["0", "1", "2", "3", "4"], 3));
}

#[test]
fn a_page_that_is_too_long_is_asked_for_again_with_fewer_rows() {
    let long = "x".repeat(2_900_000);
    let rows: Vec<Value> = (0..3).map(|id| json!({ "PaymentID": id.to_string(), "Reference": long })).collect();
    let again = json!([{ "PaymentID": "0" }]);
    let host = TestHost::answering(
        &json!([payments_of(20, 1, Value::Null, json!(rows)), payments_of(5, 1, Value::Null, again)]).to_string(),
    )
    .in_order();
    host.set_now_ms(NOW);
    assert_eq!(read_from("payments", None, 20).unwrap().records.len(), 1);
}

#[test]
fn a_cursor_of_another_shape_starts_the_stream_afresh() {
    let _host = TestHost::answering("[]");
    let request = ReadRequest { cursor: Some(b"17".to_vec()), ..ReadRequest::of("contacts") };
    assert_eq!(Xero::read(&ctx(), &request).unwrap_err().case(), Case::CursorInvalid);
}

#[test]
fn each_refusal_is_told_by_what_xero_means() {
    let detail = |detail: &str| json!({ "Type": null, "Title": "x", "Detail": detail, "Extensions": {} });
    for (status, headers, body, case, wait) in [
        (401, json!({}), detail("TokenExpired: token expired at 03/10/2026 10:00:00"), Case::AuthRequired, None),
        (401, json!({}), detail("AuthorizationUnsuccessful"), Case::PermissionDenied, None),
        (403, json!({}), detail("AuthenticationUnsuccessful"), Case::PermissionDenied, None),
        (400, json!({}), json!({ "ErrorNumber": 16, "Type": "QueryParseException" }), Case::Other, None),
        (404, json!({}), json!("no"), Case::NotFound, None),
        (412, json!({}), json!(null), Case::Other, None),
        (
            429,
            json!({ "retry-after": "31", "x-rate-limit-problem": "minute" }),
            json!(null),
            Case::RateLimited,
            Some(31_000),
        ),
        (
            429,
            json!({ "retry-after": "40000", "x-rate-limit-problem": "day" }),
            json!(null),
            Case::RateLimited,
            Some(40_000_000),
        ),
        (429, json!({ "x-rate-limit-problem": "day" }), json!(null), Case::RateLimited, Some(3_600_000)),
        (
            429,
            json!({ "retry-after": "31", "x-rate-limit-problem": "appminute" }),
            json!(null),
            Case::RateLimited,
            Some(31_000),
        ),
        (500, json!({}), json!(null), Case::Transient, None),
        (501, json!({}), json!(null), Case::Other, None),
        (503, json!({ "content-type": "text/html" }), json!("<html>"), Case::Transient, None),
    ] {
        let mut headers = headers;
        let limit = headers.get("x-rate-limit-problem").and_then(Value::as_str);
        let alone = limit.is_some_and(|limit| limit != "appminute");
        headers["xero-correlation-id"] = json!("0c5e0000-0000-4000-8000-000000000001\r\n<script>");
        let answer = json!({ "status": status, "headers": headers, "body": body });
        let url = format!("{BASE}/Users");
        let host =
            TestHost::answering(&json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]).to_string());
        let error = Xero::read(&ctx(), &ReadRequest::of("users")).unwrap_err();
        assert_eq!((error.case(), error.wait_ms()), (case, wait), "{status} {error:?}");
        assert_eq!(error.is_alone(), alone, "{status} {error:?}");
        let told = &host.logs()[0];
        assert_eq!(told.fields[1].1, "0c5e0000-0000-4000-8000-000000000001c", "only what an id is made of");
    }
}

#[test]
fn a_page_of_html_cut_json_or_a_list_that_is_missing_is_no_answer() {
    for answer in [
        json!({ "text": "<html>", "headers": { "content-type": "text/html" } }),
        json!({ "text": "{\"Users\":[{", "headers": { "content-type": "application/json" } }),
        json!({ "body": { "Contacts": [] } }),
        json!({ "body": { "Users": {} } }),
        json!({ "body": { "Users": [1] } }),
        json!({ "text": "" }),
    ] {
        let url = format!("{BASE}/Users");
        let _host =
            TestHost::answering(&json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]).to_string());
        let error = Xero::read(&ctx(), &ReadRequest::of("users")).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{answer}");
    }
}

fn connections(body: &Value) -> String {
    json!([{ "request": { "method": "GET", "url": "https://api.xero.com/connections" }, "answer": { "body": body } }])
        .to_string()
}

fn payments(page: u32, since: Option<&str>, pagination: Value, rows: Value) -> Value {
    asked_payments(2, page, since, pagination, rows)
}

fn payments_of(size: u32, page: u32, pagination: Value, rows: Value) -> Value {
    asked_payments(size, page, None, pagination, rows)
}

fn asked_payments(size: u32, page: u32, since: Option<&str>, pagination: Value, rows: Value) -> Value {
    let url = format!("{BASE}/Payments?{ORDER}&page={page}&pageSize={size}");
    let headers = match since {
        Some(since) => json!({ "xero-tenant-id": TENANT, "accept": "application/json", "if-modified-since": since }),
        None => json!({ "xero-tenant-id": TENANT, "accept": "application/json" }),
    };
    json!({
        "request": { "method": "GET", "url": url, "headers": headers },
        "answer": { "body": { "Payments": rows, "pagination": pagination } }
    })
}

fn without_account() -> patchbay_sdk::Context {
    patchbay_sdk::Context { account: None, ..ctx() }
}
