//! Streams: changes, rows of one moment, what was deleted.

use patchbay_connector_zoho_crm::ZohoCrm;
use patchbay_sdk::{
    Case, Context, Fetch, Position, ReadRequest,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

use super::{called, ctx, plain};

fn read(ctx: &Context, fixture: &str) -> Reading {
    let _host = TestHost::answering(fixture).in_order();
    let call = called(fixture);
    let hint = call["page-hint"].as_u64().and_then(|hint| u32::try_from(hint).ok()).unwrap_or(1_000);
    let cursor = call.get("cursor").map(|cursor| cursor.to_string().into_bytes());
    let request = ReadRequest { page_hint: hint, cursor, ..ReadRequest::of(call["stream"].as_str().unwrap()) };
    read_all::<ZohoCrm>(ctx, request).unwrap()
}

#[test]
fn own_modules_are_discovered_and_what_has_no_interface_is_not() {
    let _host = TestHost::answering(include_str!("../../fixtures/discover.json")).in_order();
    let names: Vec<String> = ZohoCrm::discover(&plain()).unwrap().into_iter().map(|stream| stream.name).collect();
    assert_eq!(names, ["events", "contacts", "accounts", "leads", "deals", "tasks", "notes", "module_Dossiers"]);
}

#[test]
fn every_stream_reads_over_two_pages_and_its_first_pass_is_complete() {
    for fixture in [
        include_str!("../../fixtures/streams/contacts.json"),
        include_str!("../../fixtures/streams/accounts.json"),
        include_str!("../../fixtures/streams/leads.json"),
        include_str!("../../fixtures/streams/deals.json"),
        include_str!("../../fixtures/streams/tasks.json"),
        include_str!("../../fixtures/streams/notes.json"),
        include_str!("../../fixtures/streams/module_Dossiers.json"),
    ] {
        let reading = read(&plain(), fixture);
        let ids: Vec<&Value> = reading.records.iter().map(|record| &record["id"]).collect();
        assert_eq!(ids.len(), 4, "the row of the last moment comes once more: {ids:?}");
        assert_eq!((reading.pages, ids[1]), (2, ids[2]));
        assert!(matches!(reading.position, Position::Complete(_)), "{:?}", reading.position);
    }
}

#[test]
fn rows_of_one_moment_are_followed_by_number_and_later_ones_by_change() {
    let reading = read(&plain(), include_str!("../../fixtures/streams/events.json"));
    assert_eq!((reading.records.len(), reading.pages), (6, 3));
    assert_eq!(reading.records[0]["$se_module"], "Accounts");
}

#[test]
fn behind_two_thousand_rows_of_one_moment_zohos_token_is_followed() {
    let reading = read(&plain(), include_str!("../../fixtures/streams/tasks.token.json"));
    assert_eq!((reading.records.len(), reading.pages), (3, 3));
}

#[test]
fn a_second_run_asks_for_what_changed_and_for_what_was_deleted() {
    let reading = read(&plain(), include_str!("../../fixtures/streams/events.changed.json"));
    assert_eq!((reading.records.len(), reading.deleted.as_slice()), (2, ["5543210000000301002".to_owned()].as_slice()));
    let Position::End(cursor) = reading.position else { panic!("an end, and no pass: what did not change is kept") };
    let cursor: Value = serde_json::from_slice(&cursor).unwrap();
    assert_eq!(cursor["newest"], 1_795_248_000_000_u64, "2026-11-21T09:00:00+01:00");
}

#[test]
fn nothing_new_and_an_empty_module_are_no_rows_and_no_error() {
    let quiet = read(&plain(), include_str!("../../fixtures/more/events.quiet.json"));
    assert!(quiet.records.is_empty() && matches!(quiet.position, Position::End(_)));
    let empty = read(&plain(), include_str!("../../fixtures/more/leads.empty.json"));
    assert!(empty.records.is_empty() && matches!(empty.position, Position::Complete(_)));
}

#[test]
fn own_fields_are_read_where_the_settings_ask_for_them() {
    let own = ctx(&json!({ "own_fields": true }));
    assert_eq!(read(&own, include_str!("../../fixtures/more/accounts.own.json")).records.len(), 1);
}

#[test]
fn a_clock_that_is_ahead_does_not_move_the_cursor_past_now() {
    let fixture = include_str!("../../fixtures/streams/events.changed.json")
        .replace("2026-11-21T09:00:00+01:00", "2031-01-01T00:00:00+01:00");
    let Position::End(cursor) = read(&plain(), &fixture).position else { panic!("an end") };
    let cursor: Value = serde_json::from_slice(&cursor).unwrap();
    assert_eq!(cursor["newest"], 1_795_253_400_000_u64, "the clock of the host");
}

#[test]
fn a_page_token_that_zoho_takes_no_longer_begins_afresh() {
    let mut fixture: Value = serde_json::from_str(include_str!("../../fixtures/streams/tasks.token.json")).unwrap();
    let refusal =
        json!({ "status": 400, "body": { "code": "INVALID_DATA", "details": {}, "message": "x", "status": "error" } });
    fixture["exchanges"][1]["answer"] = refusal;
    fixture["exchanges"].as_array_mut().unwrap().pop();
    let _host = TestHost::answering(&fixture.to_string());
    let cursor = Some(called(&fixture.to_string())["cursor"].to_string().into_bytes());
    let error = read_all::<ZohoCrm>(&plain(), ReadRequest { cursor, ..ReadRequest::of("tasks") }).unwrap_err();
    assert_eq!(error.case(), Case::CursorInvalid);
}

#[test]
fn a_cursor_that_cannot_be_read_begins_afresh_and_a_stream_that_is_not_there_is_said_so() {
    let _host = TestHost::empty();
    let case = |request: ReadRequest| ZohoCrm::read(&plain(), &request).unwrap_err().case();
    assert_eq!(case(ReadRequest { cursor: Some(b"7".to_vec()), ..ReadRequest::of("events") }), Case::CursorInvalid);
    for stream in ["calls", "module_", "module_a/b", "module_.."] {
        assert_eq!(case(ReadRequest::of(stream)), Case::Unsupported, "{stream}");
    }
}

#[test]
fn rows_that_come_in_another_order_than_was_asked_for_are_followed_page_by_page() {
    let mut fixture: Value = serde_json::from_str(include_str!("../../fixtures/streams/contacts.json")).unwrap();
    let data = &mut fixture["exchanges"][0]["answer"]["body"]["data"];
    data.as_array_mut().unwrap().reverse();
    let url = fixture["exchanges"][0]["request"]["url"].as_str().unwrap().replace("&page=1", "&page=2");
    fixture["exchanges"][1]["request"] = json!({ "method": "GET", "url": url });
    let host = TestHost::answering(&fixture.to_string()).in_order();
    let request = ReadRequest { page_hint: 2, ..ReadRequest::of("contacts") };
    assert_eq!(read_all::<ZohoCrm>(&plain(), request).unwrap().pages, 2);
    let asked: Vec<bool> =
        host.requests().iter().map(|sent| sent.headers.iter().any(|(name, _)| name == "if-modified-since")).collect();
    assert_eq!(asked, [false, false]);
}
