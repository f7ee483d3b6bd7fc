//! The example of everything over its recorded answers: each style of paging, each way to write.
#![cfg(test)]

#[path = "connector/errors.rs"]
mod errors;
#[path = "connector/pages.rs"]
mod pages;
#[path = "connector/support.rs"]
mod support;

use patchbay_connector_generic::Generic;
use patchbay_sdk::{
    Auth, Case, Context, Fetch, Outcome, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};
use support::{BASE, ctx, exchange, item, with};

fn read(stream: &str, fixture: &str, hint: u32) -> (Vec<Value>, Vec<String>, Position) {
    let _host = TestHost::answering(fixture).in_order();
    let request = ReadRequest { page_hint: hint, ..ReadRequest::of(stream) };
    let reading = read_all::<Generic>(&ctx(), request).unwrap();
    (reading.records, reading.deleted, reading.position)
}

fn since(position: &Position) -> Value {
    let cursor: Value = serde_json::from_slice(position.cursor()).unwrap();
    cursor["since"].clone()
}

#[test]
fn the_ping_says_whose_it_is_and_a_closed_location_cannot_be_chosen() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = Generic::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("acme", "Acme Boekingen"));
    assert_eq!(identity.login.as_deref(), Some("els@acme.example"));
    let usable: Vec<(&str, bool)> = identity.accounts.iter().map(|one| (one.id.as_str(), one.usable)).collect();
    assert_eq!(usable, [("gent", true), ("oostende", false)]);
}

#[test]
fn numbered_pages_are_read_to_the_last_and_a_flag_says_what_is_gone() {
    let (records, deleted, position) = read("bookings", include_str!("../fixtures/streams/bookings.json"), 2);
    assert_eq!(records.len(), 3);
    assert_eq!(deleted, ["b-1004"]);
    assert!(matches!(position, Position::End(_)));
    assert_eq!(since(&position), "2026-11-14T08:30:00Z", "what is gone changed last");
}

#[test]
fn an_offset_ends_at_the_total_and_what_was_not_met_is_gone() {
    let (records, _, position) = read("bookings_offset", include_str!("../fixtures/streams/bookings_offset.json"), 2);
    assert_eq!(records.len(), 3);
    assert!(matches!(position, Position::Complete(_)));
}

#[test]
fn a_token_goes_through_the_query_and_another_list_says_what_is_gone() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/bookings_cursor.json")).in_order();
    let cursor = Some(br#"{"since":"1794299460"}"#.to_vec());
    let request = ReadRequest { page_hint: 2, cursor, ..ReadRequest::of("bookings_cursor") };
    let reading = read_all::<Generic>(&ctx(), request).unwrap();
    assert_eq!((reading.records.len(), reading.deleted), (3, vec!["b-0999".to_owned()]));
    assert_eq!(since(&reading.position), "1794558600");
}

#[test]
fn a_token_goes_through_the_body_of_a_search() {
    let (records, _, position) = read("bookings_search", include_str!("../fixtures/streams/bookings_search.json"), 2);
    assert_eq!((records.len(), since(&position)), (3, json!("1794558600000")));
}

#[test]
fn changes_are_asked_for_in_a_body_by_a_number_and_with_the_overlap() {
    let body = json!({ "filter": { "currency": "EUR", "since_ms": 1_794_558_540_000_u64 }, "page": { "size": 100 } });
    let request =
        json!({ "method": "POST", "url": format!("{BASE}/search/bookings"), "effect": "repeatable", "body": body });
    let answer = json!({ "body": { "result": { "rows": [], "token": "" } } });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let cursor = Some(br#"{"since":"1794558600000"}"#.to_vec());
    let reading = read_all::<Generic>(&ctx(), ReadRequest { cursor, ..ReadRequest::of("bookings_search") }).unwrap();
    assert_eq!(since(&reading.position), "1794558600000", "nothing new leaves the place where it is");
}

#[test]
fn a_next_address_is_followed_without_the_key_that_it_holds() {
    let (records, _, position) = read("bookings_next", include_str!("../fixtures/streams/bookings_next.json"), 2);
    assert_eq!((records.len(), since(&position)), (3, json!("2026-11-13")));
}

#[test]
fn a_link_header_leads_to_the_next_page() {
    let (records, _, position) = read("bookings_link", include_str!("../fixtures/streams/bookings_link.json"), 2);
    assert_eq!((records.len(), since(&position)), (3, json!("00000003")));
}

#[test]
fn a_list_without_pages_is_whole_and_an_account_stands_in_the_path() {
    let (records, _, position) = read("bookings_all", include_str!("../fixtures/streams/bookings_all.json"), 2);
    assert_eq!(records.len(), 2);
    assert!(matches!(position, Position::Complete(_)));
    let host = TestHost::answering(include_str!("../fixtures/streams/rooms.json"));
    let ctx = Context { account: Some("gent".to_owned()), ..ctx() };
    assert_eq!(read_all::<Generic>(&ctx, ReadRequest::of("rooms")).unwrap().records.len(), 2);
    drop(host);
    let _host = TestHost::empty();
    let error = Generic::read(&support::ctx(), &ReadRequest::of("rooms")).unwrap_err();
    assert_eq!(error.case(), Case::InvalidConfig);
    let ctx = Context { account: Some("../admin".to_owned()), ..support::ctx() };
    assert!(Generic::read(&ctx, &ReadRequest::of("rooms")).is_err());
}

#[test]
fn a_stream_that_is_not_defined_and_a_cursor_of_another_shape_are_told() {
    let _host = TestHost::empty();
    assert_eq!(Generic::read(&ctx(), &ReadRequest::of("guests")).unwrap_err().case(), Case::Unsupported);
    let request = ReadRequest { cursor: Some(b"7".to_vec()), ..ReadRequest::of("bookings") };
    assert_eq!(Generic::read(&ctx(), &request).unwrap_err().case(), Case::CursorInvalid);
}

#[test]
fn a_note_goes_with_its_key_and_its_values_keep_their_types() {
    let host = TestHost::answering(include_str!("../fixtures/actions/note.json"));
    let payload = r#"{"text":"Besproken met de klant.","importance":2.5,"tags":["klant"]}"#;
    let Outcome::Created(object) = Generic::push(&ctx(), &item("note", r#"{"id":"c-7"}"#, payload)).unwrap() else {
        panic!("created")
    };
    assert_eq!((object.id.as_str(), object.url.as_deref()), ("n-1", Some("https://acme.boekingen.example/notes/n-1")));
    let sent = host.requests();
    let key = sent[0].headers.iter().find(|(name, _)| name == "Idempotency-Key").map(|(_, value)| value.as_str());
    assert!(key.is_some_and(|key| key.len() == 26), "{key:?}");
    assert_eq!(sent[0].step.as_deref(), Some("send"));
}

#[test]
fn an_item_has_no_say_in_where_requests_go_and_in_what_all_of_them_say() {
    // The schema of an action may let further members through.
    let host = TestHost::answering(include_str!("../fixtures/actions/task.json"));
    let payload = r#"{"title":"Bel de klant","due":"2026-12-05","subdomain":"evil","partner_code":"P-8"}"#;
    assert!(Generic::push(&ctx(), &item("task", "{}", payload)).is_ok());
    let sent = host.requests();
    assert!(sent[0].url.starts_with(BASE), "{}", sent[0].url);
    let header =
        |wanted: &str| sent[0].headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(header("x-partner"), Some("P-7"));
    drop(host);
    // Also where the connection has none.
    let mut fixture: Value = serde_json::from_str(include_str!("../fixtures/actions/task.json")).unwrap();
    fixture["exchanges"][0]["request"]["headers"] = json!({ "accept": "application/json" });
    let host = TestHost::answering(&fixture.to_string());
    assert!(Generic::push(&Context { settings: b"{}".to_vec(), ..ctx() }, &item("task", "{}", payload)).is_ok());
    assert!(host.requests()[0].headers.iter().all(|(_, value)| value != "P-8"));
}

#[test]
fn a_key_can_stand_in_the_body() {
    let host = TestHost::answering(include_str!("../fixtures/actions/task.json"));
    assert!(Generic::push(&ctx(), &item("task", "{}", r#"{"title":"Bel de klant","due":"2026-12-05"}"#)).is_ok());
    let body = host.requests()[0].json.clone().unwrap();
    assert_eq!((&body["title"], body["client_ref"].as_str().map(str::len)), (&json!("Bel de klant"), Some(26)));
}

#[test]
fn a_refusal_inside_a_success_is_told_to_the_host() {
    let answer =
        json!({ "body": { "ok": false, "error": { "code": "blocked", "message": "This text is not allowed" } } });
    let host = TestHost::answering(
        &json!([exchange("POST", "/messages", json!({ "effect": "write", "step": "send" }), answer)]).to_string(),
    );
    let error = Generic::push(&ctx(), &item("message", "{}", r#"{"text":"x"}"#)).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
    assert!(error.to_string().ends_with("The API says: This text is not allowed"), "{error}");
    assert_eq!(host.refused_steps(), ["send"]);
}

#[test]
fn what_is_repeatable_names_what_it_writes_in_an_address_that_is_encoded() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/tag.json"));
    let Outcome::Created(tag) =
        Generic::push(&ctx(), &item("tag", "{}", r#"{"reference":"vip 2026","label":"VIP"}"#)).unwrap()
    else {
        panic!("created")
    };
    assert_eq!(tag.id, "t-2");
    let error = Generic::push(&ctx(), &item("tag", "{}", r#"{"reference":"../admin","label":"VIP"}"#)).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
}

#[test]
fn a_file_goes_as_a_part_or_as_base64() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/file.json"))
        .and(include_str!("../fixtures/actions/document.json"));
    let file = with(item("file", r#"{"id":"c-7"}"#, r#"{"title":"Verslag"}"#), "verslag.pdf");
    assert_eq!(Generic::push(&ctx(), &file).unwrap().object().id, "f-1");
    let document = with(item("document", "{}", "{}"), "verslag.pdf");
    assert_eq!(Generic::push(&ctx(), &document).unwrap().object().id, "d-1");
}

#[test]
fn what_is_there_already_is_a_success_with_its_id() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/subscription.json"));
    let item = item("subscription", "{}", r#"{"email":"els@acme.example","list":"klanten"}"#);
    let Outcome::Exists(object) = Generic::push(&ctx(), &item).unwrap() else { panic!("exists") };
    assert_eq!(object.id, "s-1");
}

#[test]
fn a_definition_that_is_wrong_is_refused_before_anything_is_asked() {
    let _host = TestHost::empty();
    let mut config: Value = serde_json::from_slice(&ctx().config).unwrap();
    config["stream"][0]["paging"]["style"] = json!("sheet");
    config["base-url"] = json!("http://acme.example");
    let ctx = Context { config: config.to_string().into_bytes(), ..ctx() };
    let error = Generic::identify(&ctx).unwrap_err();
    assert_eq!(error.case(), Case::InvalidConfig);
    let said = format!("{error:?}");
    assert!(said.contains("/stream/0/paging/style: \"sheet\" is none of the words"), "{said}");
    assert_eq!(Generic::identify(&Context::default()).unwrap_err().case(), Case::InvalidConfig);
}
