//! Reading: whole, by change, behind what a search reaches, and what was archived.

use patchbay_connector_hubspot::Hubspot;
use patchbay_sdk::{
    Case, Fetch, Position, ReadRequest,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

use super::{NOW_MS, called, ctx, fixture, host, plain};

/// 2026-11-20T16:00:00Z.
const AT: u64 = 1_795_190_400_000;

fn read(fixture: &str) -> (Reading, TestHost) {
    let (call, host) = (called(fixture), host(fixture));
    let cursor = Some(&call["cursor"]).filter(|cursor| !cursor.is_null()).map(|cursor| cursor.to_string().into_bytes());
    let hint = u32::try_from(call["page-hint"].as_u64().unwrap_or(1_000)).unwrap();
    let request = ReadRequest { cursor, page_hint: hint, ..ReadRequest::of(call["stream"].as_str().unwrap()) };
    (read_all::<Hubspot>(&plain(), request).unwrap(), host)
}

fn cursor_of(position: &Position) -> Value {
    serde_json::from_slice(position.cursor()).unwrap()
}

#[test]
fn every_type_is_read_whole_at_first_and_by_change_then() {
    for (whole, changed) in [
        (fixture!("streams/contacts"), fixture!("streams/contacts.changed")),
        (fixture!("streams/companies"), fixture!("streams/companies.changed")),
        (fixture!("streams/deals"), fixture!("streams/deals.changed")),
        (fixture!("streams/notes"), fixture!("streams/notes.changed")),
        (fixture!("streams/tasks"), fixture!("streams/tasks.changed")),
    ] {
        let (reading, host) = read(whole);
        assert_eq!(reading.records.len(), 3);
        assert!(matches!(reading.position, Position::Complete(_)), "what was not met is gone");
        assert_eq!(
            cursor_of(&reading.position)["newest"],
            json!(AT - 3_355_000),
            "15:04:05, which was on the first page"
        );
        drop(host);
        let (reading, _host) = read(changed);
        assert_eq!(reading.records.len(), 6, "the newest row of a page comes twice");
        assert!(matches!(reading.position, Position::End(_)));
        assert_eq!(reading.deleted, ["160", "171"], "what was archived long ago was told then");
        assert_eq!(cursor_of(&reading.position)["newest"], json!(AT + 3_600_000));
    }
}

#[test]
fn what_can_be_written_to_says_how_it_is_named_in_a_target() {
    let (reading, _host) = read(fixture!("streams/contacts"));
    assert_eq!(reading.records[0]["target_id"], "contacts/151");
    assert_eq!(reading.records[0]["label"], "Els Janssens");
    assert_eq!(reading.records[0]["properties"]["phone"], Value::Null, "nothing else of it is touched");
}

#[test]
fn owners_who_were_deactivated_come_last_and_properties_know_their_type() {
    let (reading, host) = read(fixture!("streams/owners"));
    assert_eq!(
        reading.records.iter().map(|one| one["archived"] == json!(true)).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    assert!(matches!(reading.position, Position::Complete(_)));
    drop(host);
    let (reading, _host) = read(fixture!("streams/properties"));
    assert_eq!(reading.records.len(), 15);
    assert_eq!(reading.records[14]["object_type"], "tasks");
}

/// An answer with rows that changed at these moments, and whether there are more.
fn rows(kind: &str, since: u64, after: u32, moments: &[u64], next: Option<&str>) -> Value {
    let row = |(at, ms): (usize, &u64)| {
        let moment = patchbay_sdk::time::rfc3339(*ms).replace('Z', &format!(".{:03}Z", ms % 1_000));
        json!({ "id": format!("{}{at}", ms % 1_000_000), "updatedAt": moment, "archived": false,
            "properties": { "hs_lastmodifieddate": moment } })
    };
    let mut body = json!({ "total": 9, "results": moments.iter().enumerate().map(row).collect::<Vec<_>>() });
    if let Some(next) = next {
        body["paging"] = json!({ "next": { "after": next } });
    }
    let by = "hs_lastmodifieddate";
    let asked = json!({ "filterGroups": [{ "filters": [{ "propertyName": by, "operator": "GTE", "value": since.to_string() }] }],
        "sorts": [{ "propertyName": by, "direction": "ASCENDING" }], "properties": ["hs_timestamp"], "limit": 2, "after": after.to_string() });
    json!({ "request": { "method": "POST", "url": format!("https://api.hubapi.com/crm/v3/objects/{kind}/search"), "body": asked },
        "answer": { "body": body } })
}

fn archived() -> Value {
    json!({ "request": { "method": "GET", "url": "https://api.hubapi.com/crm/v3/objects/notes?limit=100&archived=true" },
        "answer": { "body": { "results": [] } } })
}

fn whole() -> Value {
    json!({ "request": { "method": "GET", "url": "https://api.hubapi.com/crm/v3/objects/notes?limit=2&properties=hs_timestamp&archived=false" },
        "answer": { "body": { "results": [] } } })
}

/// Notes from a moment on, of which only one property is read, with a search that reaches six rows.
fn notes(exchanges: &[Value], newest: Option<u64>, since: Option<u64>) -> patchbay_sdk::Result<Reading> {
    let host = TestHost::answering(&json!(exchanges).to_string()).in_order();
    host.set_now_ms(NOW_MS);
    let config = json!({ "properties": { "notes": ["hs_timestamp"] }, "search_reach": 6, "look_back_seconds": 0 });
    let cursor = newest.map(|newest| {
        json!({ "newest": newest, "archived": NOW_MS, "whole": NOW_MS - 1, "properties": ["hs_timestamp"], "read": 0, "under_way": null })
            .to_string()
            .into_bytes()
    });
    read_all::<Hubspot>(
        &ctx(&json!({}), &config),
        ReadRequest { cursor, page_hint: 2, since_ms: since, ..ReadRequest::of("notes") },
    )
}

#[test]
fn a_search_never_pages_further_than_rows_of_one_moment() {
    let reading = notes(
        &[
            rows("notes", AT, 0, &[AT + 1, AT + 2], Some("2")),
            // The same moment twice: its second page is asked for, and then what is later.
            rows("notes", AT + 2, 0, &[AT + 2, AT + 2], Some("2")),
            rows("notes", AT + 2, 2, &[AT + 2, AT + 5], Some("4")),
            rows("notes", AT + 5, 0, &[AT + 5], None),
            archived(),
        ],
        Some(AT),
        None,
    );
    let reading = reading.unwrap();
    assert_eq!(reading.records.len(), 7);
    assert_eq!(cursor_of(&reading.position)["newest"], json!(AT + 5));
}

#[test]
fn more_rows_of_one_moment_than_a_search_reaches_are_read_from_the_list() {
    let same = |after: u32, next: &str| rows("notes", AT, after, &[AT, AT], Some(next));
    let reading = notes(&[same(0, "2"), same(2, "4"), same(4, "6")], Some(AT), None).unwrap();
    let Position::Wait(cursor, 5_000) = reading.position else { panic!("in a run of its own") };
    let host = TestHost::answering(&json!([whole()]).to_string()).in_order();
    host.set_now_ms(NOW_MS);
    let request = ReadRequest { cursor: Some(cursor), page_hint: 2, ..ReadRequest::of("notes") };
    let config = json!({ "properties": { "notes": ["hs_timestamp"] } });
    let reading = read_all::<Hubspot>(&ctx(&json!({}), &config), request).unwrap();
    assert!(matches!(reading.position, Position::Complete(_)));
    assert_eq!(cursor_of(&reading.position)["newest"], json!(AT));
}

#[test]
fn rows_out_of_order_are_followed_page_by_page() {
    let pages = [rows("notes", AT, 0, &[AT + 9, AT + 3], Some("2")), rows("notes", AT, 2, &[AT + 4], None), archived()];
    assert_eq!(notes(&pages, Some(AT), None).unwrap().records.len(), 3);
}

#[test]
fn a_record_of_tomorrow_does_not_move_the_place_past_now() {
    let reading = notes(&[rows("notes", AT, 0, &[NOW_MS + 86_400_000], None), archived()], Some(AT), None).unwrap();
    assert_eq!(cursor_of(&reading.position)["newest"], json!(NOW_MS));
}

#[test]
fn where_only_what_is_new_is_wanted_nothing_is_said_to_be_gone() {
    let reading = notes(&[rows("notes", AT, 0, &[AT + 1], None), archived()], None, Some(AT)).unwrap();
    assert!(matches!(reading.position, Position::End(_)));
}

#[test]
fn other_properties_and_a_week_make_it_read_everything_again() {
    let again = |properties: &[&str], whole_at: u64| {
        let host = TestHost::answering(&json!([whole()]).to_string()).in_order();
        host.set_now_ms(NOW_MS);
        let config = json!({ "properties": { "notes": ["hs_timestamp"] } });
        let cursor = json!({ "newest": AT, "archived": AT, "whole": whole_at, "properties": properties, "read": 0, "under_way": null });
        let cursor = Some(cursor.to_string().into_bytes());
        let request = ReadRequest { cursor, page_hint: 2, ..ReadRequest::of("notes") };
        read_all::<Hubspot>(&ctx(&json!({}), &config), request).unwrap().position
    };
    assert!(matches!(again(&["hs_note_body"], NOW_MS), Position::Complete(_)));
    let position = again(&["hs_timestamp"], NOW_MS - 7 * 86_400_000);
    assert!(matches!(position, Position::Complete(_)));
    assert_eq!(cursor_of(&position)["whole"], json!(NOW_MS));
}

#[test]
fn a_list_that_goes_in_circles_is_refused() {
    let page = |after: &str| {
        json!({ "request": { "method": "GET", "url": format!("https://api.hubapi.com/crm/v3/owners?limit=100{after}&archived=false") },
        "answer": { "body": { "results": [], "paging": { "next": { "after": "7" } } } } })
    };
    let _host = TestHost::answering(&json!([page(""), page("&after=7")]).to_string()).in_order();
    let error = read_all::<Hubspot>(&plain(), ReadRequest::of("owners")).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
}

#[test]
fn a_version_with_a_date_stands_behind_its_word() {
    let url = "https://api.hubapi.com/crm/owners/2026-03?limit=100&archived=true";
    let _host = TestHost::answering(
        &json!([{ "request": { "method": "GET", "url": url }, "answer": { "body": { "results": [] } } }]).to_string(),
    );
    let cursor = Some(json!({ "archived": true, "after": null }).to_string().into_bytes());
    let request = ReadRequest { cursor, ..ReadRequest::of("owners") };
    assert!(Hubspot::read(&ctx(&json!({}), &json!({ "crm_version": "2026-03" })), &request).is_ok());
}

#[test]
fn a_stream_that_is_none_and_a_cursor_of_another_release_are_told() {
    let _host = TestHost::empty();
    let case = |request: &ReadRequest| Hubspot::read(&plain(), request).unwrap_err().case();
    assert_eq!(case(&ReadRequest::of("tickets")), Case::Unsupported);
    assert_eq!(case(&ReadRequest { cursor: Some(b"7".to_vec()), ..ReadRequest::of("deals") }), Case::CursorInvalid);
}
