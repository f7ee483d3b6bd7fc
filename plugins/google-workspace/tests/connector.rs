//! The connector over recorded answers.
#![cfg(test)]

use patchbay_connector_google_workspace::GoogleWorkspace;
use patchbay_sdk::{
    Auth, Case, Context, Error, Fetch, Item, Outcome, PickRequest, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

const ELS: &str = "els@voorbeeld.example";
const LIST: &str =
    "https://www.googleapis.com/calendar/v3/users/me/calendarList?showDeleted=true&showHidden=true&maxResults=250";

fn ctx(auth: &str, settings: &Value) -> Context {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next()).unwrap();
    Context {
        auth: auth.to_owned(),
        account: Some(ELS.to_owned()),
        settings: settings.to_string().into_bytes(),
        config: defaults.as_bytes().to_vec(),
        ..Context::default()
    }
}

fn calendar() -> Context {
    ctx("calendar", &json!({}))
}

fn directory() -> Context {
    ctx("directory", &json!({}))
}

/// The call that a fixture says, which the native test makes itself.
fn called(fixture: &str) -> Value {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    fixture["call"].as_object().unwrap().values().next().unwrap().clone()
}

fn item(fixture: &str) -> Item {
    let call = called(fixture);
    let told = call["ext"].as_object().cloned().unwrap_or_default();
    Item {
        action: call["action"].as_str().unwrap().to_owned(),
        key: "k1".to_owned(),
        target: call["target"].to_string().into_bytes(),
        payload: call["payload"].to_string().into_bytes(),
        attempt: 1,
        ext: told.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
        ..Item::default()
    }
}

fn request(fixture: &str) -> ReadRequest {
    let call = called(fixture);
    let mut request = ReadRequest::of(call["stream"].as_str().unwrap());
    request.page_hint = call["page-hint"].as_u64().map_or(1_000, |hint| u32::try_from(hint).unwrap());
    request.cursor = call.get("cursor").map(|cursor| cursor.to_string().into_bytes());
    request
}

/// The ids of all records, and the keys that are gone.
fn read(ctx: &Context, fixture: &str) -> (Vec<String>, Vec<String>, bool) {
    let host = TestHost::answering(fixture);
    let reading = read_all::<GoogleWorkspace>(ctx, request(fixture)).unwrap();
    host.assert_done();
    let id = |row: &Value| row.get("clientId").or(row.get("id")).unwrap().as_str().unwrap().to_owned();
    let whole = matches!(reading.position, Position::Complete(_));
    (reading.records.iter().map(id).collect(), reading.deleted, whole)
}

fn push(ctx: &Context, fixture: &str) -> Result<Outcome, Error> {
    let host = TestHost::answering(fixture);
    let outcome = GoogleWorkspace::push(ctx, &item(fixture));
    host.assert_done();
    outcome
}

/// What the list of calendars says to this answer.
fn refused(status: u16, body: &Value) -> Error {
    let exchange =
        json!([{ "request": { "method": "GET", "url": LIST }, "answer": { "status": status, "body": body } }]);
    let _host = TestHost::answering(&exchange.to_string());
    GoogleWorkspace::read(&calendar(), &ReadRequest::of("calendars")).unwrap_err()
}

fn because(status: u16, reason: &str) -> Error {
    refused(
        status,
        &json!({ "error": { "code": status, "message": "els@voorbeeld.example", "errors": [{ "reason": reason }] } }),
    )
}

#[test]
fn a_person_has_calendars_the_main_one_first_and_those_of_others_wait() {
    let _host = TestHost::answering(fixture!("identify"));
    let identity = GoogleWorkspace::identify(&calendar()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("108204268033311374519", ELS));
    let accounts: Vec<_> = identity.accounts.iter().map(|one| (one.name.as_str(), one.selected)).collect();
    assert_eq!(accounts, [(ELS, true), ("Team verkoop", true), ("Feestdagen", false), ("Jan (collega)", false)]);
}

#[test]
fn without_the_box_for_the_list_there_is_the_main_calendar() {
    let _host = TestHost::answering(fixture!("identify.unticked"));
    let identity = GoogleWorkspace::identify(&calendar()).unwrap();
    assert_eq!((identity.accounts.len(), identity.accounts[0].id.as_str()), (1, "piet@mail.example"));
}

#[test]
fn a_company_is_another_connection_than_its_administrators_calendar() {
    let _host = TestHost::answering(fixture!("identify.directory"));
    let identity = GoogleWorkspace::identify(&directory()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("directory/C03az79cb", "voorbeeld.example"));
    assert_eq!(identity.login.as_deref(), Some("an@voorbeeld.example"));
}

#[test]
fn calendars_are_read_over_an_empty_page_and_then_by_change() {
    let (ids, gone, whole) = read(&calendar(), fixture!("streams/calendars"));
    assert_eq!(
        (ids.len(), gone.as_slice(), whole),
        (3, ["c_weg@group.calendar.google.com".to_owned()].as_slice(), true)
    );
    let (ids, gone, whole) = read(&calendar(), fixture!("streams/calendars.changed"));
    assert_eq!((ids.len(), gone.len(), whole), (1, 1, false));
}

#[test]
fn events_that_went_are_deleted_by_their_key_and_a_day_left_out_of_a_series_is_a_record() {
    let (ids, gone, whole) = read(&calendar(), fixture!("streams/events"));
    assert_eq!(ids, ["7k2m1h0v3q5s", "7k2mdag", "7k2mseries0", "7k2mseries0_20261128T090000Z"]);
    assert!(gone.is_empty() && whole);
    let (ids, gone, whole) = read(&calendar(), fixture!("streams/events.changed"));
    assert_eq!(ids, ["7k2m1h0v3q5s", "7k2mnieuw"]);
    assert_eq!((gone, whole), (vec![r#"["els@voorbeeld.example","7k2mdag"]"#.to_owned()], false));
}

#[test]
fn the_days_back_are_asked_for_in_the_first_pass_only() {
    let settings = json!({ "past_days": 10 });
    assert_eq!(read(&ctx("calendar", &settings), fixture!("streams/events.since")).0.len(), 1);
    assert_eq!(read(&ctx("calendar", &settings), fixture!("streams/events.changed")).0.len(), 2);
}

#[test]
fn the_directory_is_read_whole_with_users_that_were_deleted_lately() {
    assert_eq!(read(&directory(), fixture!("streams/users")).0, ["118000", "118001", "118002", "118090"]);
    let (ids, _, whole) = read(&directory(), fixture!("streams/groups"));
    assert_eq!((ids.len(), whole), (3, true));
}

#[test]
fn members_and_apps_are_read_parent_by_parent_and_one_that_went_is_passed_over() {
    let (ids, _, whole) = read(&directory(), fixture!("streams/group_members"));
    assert_eq!((ids.len(), whole), (3, true));
    let (ids, _, whole) = read(&directory(), fixture!("streams/app_tokens"));
    assert_eq!((ids.len(), whole), (3, true));
}

#[test]
fn a_stream_that_the_login_does_not_have_ends_without_a_request_and_without_an_error() {
    for (ctx, streams) in [
        (calendar(), ["users", "groups", "group_members", "app_tokens"].as_slice()),
        (directory(), &["calendars", "events"]),
    ] {
        let _host = TestHost::empty();
        for stream in streams {
            let page = GoogleWorkspace::read(&ctx, &ReadRequest::of(*stream)).unwrap();
            assert_eq!((page.count, matches!(page.position, Position::End(_))), (0, true), "{stream}");
        }
    }
    let _host = TestHost::empty();
    assert_eq!(GoogleWorkspace::read(&calendar(), &ReadRequest::of("nothing")).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn a_refusal_with_status_403_is_told_by_its_reason() {
    for (reason, case) in [
        ("rateLimitExceeded", Case::RateLimited),
        ("userRateLimitExceeded", Case::RateLimited),
        ("quotaExceeded", Case::RateLimited),
        ("calendarUsageLimitsExceeded", Case::RateLimited),
        ("insufficientPermissions", Case::PermissionDenied),
        ("forbidden", Case::PermissionDenied),
        ("accessNotConfigured", Case::Other),
        ("somethingNew", Case::PermissionDenied),
    ] {
        let error = because(403, reason);
        assert_eq!(error.case(), case, "{reason}");
        assert!(!format!("{error:?}").contains(ELS), "{error:?}");
    }
    let unticked = refused(403, &json!({ "error": { "details": [{ "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }] } }));
    assert!(unticked.to_string().contains("tick every box"), "{unticked}");
}

#[test]
fn the_other_refusals_are_what_the_sheet_says() {
    for (status, reason, case) in [
        (400, "badRequest", Case::Other),
        (401, "authError", Case::AuthRequired),
        (404, "notFound", Case::NotFound),
        (410, "fullSyncRequired", Case::CursorInvalid),
        (410, "updatedMinTooLongAgo", Case::CursorInvalid),
        (429, "rateLimitExceeded", Case::RateLimited),
        (500, "backendError", Case::Transient),
        (503, "backendError", Case::Transient),
    ] {
        assert_eq!(because(status, reason).case(), case, "{status} {reason}");
    }
}

#[test]
fn html_and_a_list_that_is_none_are_no_answers() {
    for body in
        [json!({ "items": "no list" }), json!([]), json!({ "error": "x" }), json!({ "kind": "x", "items": [1] })]
    {
        let exchange = json!([{ "request": { "method": "GET", "url": LIST }, "answer": { "body": body } }]);
        let _host = TestHost::answering(&exchange.to_string());
        let error = GoogleWorkspace::read(&calendar(), &ReadRequest::of("calendars")).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{body}");
    }
    let page = json!([{ "request": { "method": "GET", "url": LIST },
        "answer": { "headers": { "content-type": "text/html" }, "text": "<html>" } }]);
    let _host = TestHost::answering(&page.to_string());
    let error = GoogleWorkspace::read(&calendar(), &ReadRequest::of("calendars")).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
}

#[test]
fn what_is_nearest_to_now_is_offered_first() {
    let host = TestHost::answering(fixture!("pickers/events"));
    let asked = PickRequest {
        picker: "events".to_owned(),
        query: "klant".to_owned(),
        parents: vec![("calendars".to_owned(), ELS.to_owned())],
        cursor: None,
    };
    let choices = GoogleWorkspace::pick(&calendar(), &asked).unwrap();
    host.assert_done();
    assert_eq!(choices.items[0].id, format!("{ELS}/7k2mseries0_20261121T090000Z"));
    assert_eq!(choices.items[0].hint.as_deref(), Some("2026-11-21 10:00 · Gent"));
    assert!(choices.items.len() == 2 && choices.next.is_some());
}

#[test]
fn an_event_is_made_under_an_id_of_its_own_and_a_second_time_it_is_there() {
    let made = push(&calendar(), fixture!("actions/event")).unwrap();
    let again = push(&calendar(), fixture!("actions/event.again")).unwrap();
    assert!(matches!(&made, Outcome::Created(_)) && matches!(&again, Outcome::Exists(_)));
    assert_eq!(made.object(), again.object());
    assert!(made.object().url.is_some());
    assert!(matches!(
        push(&ctx("calendar", &json!({ "send_updates": "all" })), fixture!("actions/event.days")),
        Ok(Outcome::Created(_))
    ));
    assert!(matches!(push(&calendar(), fixture!("actions/event.changed")), Ok(Outcome::Updated(_))));
}

#[test]
fn notes_reports_and_to_dos_stand_behind_what_is_there() {
    for fixture in [fixture!("actions/note"), fixture!("actions/report"), fixture!("actions/todo")] {
        assert!(matches!(push(&calendar(), fixture), Ok(Outcome::Updated(_))));
    }
    assert!(matches!(push(&calendar(), fixture!("actions/note.twice")), Ok(Outcome::Exists(_))));
}

#[test]
fn who_was_quicker_is_read_once_more() {
    assert!(matches!(push(&calendar(), fixture!("more/note.quicker")), Ok(Outcome::Updated(_))));
}

#[test]
fn a_lost_note_is_found_by_its_mark_or_is_not_there() {
    for (fixture, there) in [
        (fixture!("actions/note.found"), true),
        (fixture!("actions/note.absent"), false),
        (fixture!("actions/report.found"), true),
        (fixture!("actions/todo.absent"), false),
    ] {
        let host = TestHost::answering(fixture);
        let found = GoogleWorkspace::find(&calendar(), &item(fixture), "note", 0).unwrap();
        host.assert_done();
        assert_eq!(found.is_some(), there);
    }
}

#[test]
fn a_directory_has_no_calendar_to_write_into() {
    let _host = TestHost::empty();
    let error = GoogleWorkspace::push(&directory(), &item(fixture!("actions/note"))).unwrap_err();
    assert_eq!(error.case(), Case::PermissionDenied);
}

#[test]
fn a_target_that_is_no_event_and_an_empty_note_are_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let note = |target: &Value, payload: &Value| Item {
        action: "note".to_owned(),
        target: target.to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        ..Item::default()
    };
    for (target, payload) in [
        (json!({ "id": "a/b/../c d" }), json!({ "text": "x" })),
        (json!({ "id": "/x" }), json!({ "text": "x" })),
        (json!({ "id": "a/b" }), json!({ "text": "  " })),
    ] {
        let error = GoogleWorkspace::push(&calendar(), &note(&target, &payload)).unwrap_err();
        assert_eq!(error.case(), Case::InvalidInput, "{target} {payload}");
    }
}
