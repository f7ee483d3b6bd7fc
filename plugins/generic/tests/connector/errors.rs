//! The error table of the sheet, row by row, for reads and writes.

use super::support::{BASE, ctx, item};
use patchbay_connector_generic::Generic;
use patchbay_sdk::{Auth, Case, Context, Error, Fetch, Push, ReadRequest, testing::TestHost};
use serde_json::{Value, json};

/// The error of the stream `bookings_all` when it is answered so.
fn reading(ctx: &Context, answer: Value) -> Error {
    let request = json!({ "method": "GET", "url": format!("{BASE}/all/bookings") });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    Generic::read(ctx, &ReadRequest::of("bookings_all")).unwrap_err()
}

/// The error of the action `message` when it is answered so.
fn writing(answer: Value) -> Error {
    let request = json!({ "method": "POST", "url": format!("{BASE}/messages"), "effect": "write", "step": "send" });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    Generic::push(&ctx(), &item("message", "{}", r#"{"text":"x"}"#)).unwrap_err()
}

/// A connection whose definition is corrected so.
fn corrected(pointer: &str, value: Value) -> Context {
    let mut config: Value = serde_json::from_slice(&ctx().config).unwrap();
    *config.pointer_mut(pointer).unwrap() = value;
    Context { config: config.to_string().into_bytes(), ..ctx() }
}

fn status(status: u16) -> Value {
    json!({ "status": status, "body": { "error": { "code": "c", "message": "m" } } })
}

#[test]
fn each_status_means_what_the_table_says() {
    for (statuses, read, write) in [
        (&[400, 405, 406, 411, 413, 414, 415, 422][..], Case::Other, Case::InvalidInput),
        (&[401], Case::AuthRequired, Case::AuthRequired),
        (&[402, 403], Case::PermissionDenied, Case::PermissionDenied),
        (&[404, 410], Case::NotFound, Case::NotFound),
        (&[409, 412, 423], Case::Conflict, Case::Conflict),
        (&[429], Case::RateLimited, Case::RateLimited),
        (&[408, 500, 502, 503, 504, 520, 529], Case::Transient, Case::OutcomeUnknown),
        (&[425], Case::Transient, Case::Transient),
        (&[418], Case::Other, Case::OutcomeUnknown),
    ] {
        for code in statuses {
            assert_eq!(reading(&ctx(), status(*code)).case(), read, "read {code}");
            assert_eq!(writing(status(*code)).case(), write, "write {code}");
        }
    }
}

#[test]
fn a_page_for_people_is_an_outage_and_nothing_or_half_of_it_cannot_be_read() {
    let html = json!({ "text": "<html>canary</html>", "headers": { "content-type": "text/html" } });
    assert_eq!(reading(&ctx(), html.clone()).case(), Case::Transient);
    assert_eq!(writing(html.clone()).case(), Case::OutcomeUnknown);
    assert!(!format!("{:?}", reading(&ctx(), html)).contains("canary"));
    for unreadable in
        [json!({ "text": "" }), json!({ "text": "{\"id\":", "headers": { "content-type": "application/json" } })]
    {
        assert_eq!(reading(&ctx(), unreadable.clone()).case(), Case::InvalidResponse);
        assert_eq!(writing(unreadable).case(), Case::OutcomeUnknown);
    }
    assert_eq!(writing(json!({ "fails": "unknown" })).case(), Case::OutcomeUnknown);
    assert_eq!(reading(&ctx(), json!({ "fails": "too-large" })).case(), Case::InvalidResponse);
}

#[test]
fn an_answer_without_the_id_that_is_defined_leaves_the_outcome_unknown() {
    assert_eq!(writing(json!({ "body": { "ok": true } })).case(), Case::OutcomeUnknown);
}

#[test]
fn every_way_to_say_not_now_says_for_how_long() {
    let with = |status: u16, headers: Value| json!({ "status": status, "headers": headers, "body": {} });
    for (answer, wait) in [
        (with(429, json!({ "retry-after": "17" })), Some(17_000)),
        (with(429, json!({ "retry-after": "Sat, 21 Nov 2026 09:30:05 GMT" })), Some(5_000)),
        (with(503, json!({ "retry-after": "17" })), Some(17_000)),
        (with(429, json!({ "x-ratelimit-reset": "30" })), Some(30_000)),
        (with(429, json!({ "ratelimit-reset": "1795253460" })), Some(60_000)),
        (with(429, json!({ "x-ratelimit-reset": "1795253460000" })), Some(60_000)),
        (with(429, json!({})), None),
        (with(403, json!({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795253460" })), Some(60_000)),
    ] {
        let error = reading(&ctx(), answer.clone());
        assert_eq!((error.case(), error.wait_ms()), (Case::RateLimited, wait), "{answer}");
    }
    let left = with(403, json!({ "x-ratelimit-remaining": "12" }));
    assert_eq!(reading(&ctx(), left).case(), Case::PermissionDenied);
    let write = with(503, json!({ "retry-after": "17" }));
    assert_eq!(writing(write).case(), Case::OutcomeUnknown, "a write may have been done all the same");
}

#[test]
fn a_place_that_is_gone_starts_the_stream_afresh() {
    let request = json!({ "method": "GET", "url": format!("{BASE}/link/bookings?revision=7") });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": { "status": 410 } }]).to_string());
    let cursor = Some(br#"{"since":"7"}"#.to_vec());
    let error = Generic::read(&ctx(), &ReadRequest { cursor, ..ReadRequest::of("bookings_link") }).unwrap_err();
    assert_eq!(error.case(), Case::CursorInvalid);
}

#[test]
fn not_changed_means_no_rows() {
    let request = json!({ "method": "GET", "url": format!("{BASE}/link/bookings?revision=7") });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": { "status": 304 } }]).to_string());
    let cursor = Some(br#"{"since":"7"}"#.to_vec());
    let page = Generic::read(&ctx(), &ReadRequest { cursor, ..ReadRequest::of("bookings_link") }).unwrap();
    assert_eq!((page.count, page.position.cursor().starts_with(br#"{"since":"7""#)), (0, true));
}

#[test]
fn a_redirect_is_followed_within_the_api_and_nowhere_else() {
    let ask = |url: &str, answer: Value| json!({ "request": { "method": "GET", "url": url }, "answer": answer });
    let to = |location: &str| json!({ "status": 302, "headers": { "location": location } });
    let start = format!("{BASE}/all/bookings");
    let _host = TestHost::answering(
        &json!([
            ask(&start, to("/api/v1/all/bookings-2")),
            ask(&format!("{BASE}/all/bookings-2"), json!({ "body": [] })),
        ])
        .to_string(),
    );
    assert!(Generic::read(&ctx(), &ReadRequest::of("bookings_all")).is_ok());
    drop(_host);
    for elsewhere in
        ["https://elsewhere.example/api/v1/all/bookings", "/admin", "http://acme.boekingen.example/api/v1/x"]
    {
        assert_eq!(reading(&ctx(), to(elsewhere)).case(), Case::InvalidConfig, "{elsewhere}");
    }
    assert_eq!(writing(to("https://elsewhere.example/")).case(), Case::OutcomeUnknown);
    let circle: Vec<Value> = (0..4).map(|_| ask(&start, to("/api/v1/all/bookings"))).collect();
    let _host = TestHost::answering(&Value::from(circle).to_string());
    let error = Generic::read(&ctx(), &ReadRequest::of("bookings_all")).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
}

#[test]
fn a_map_changes_what_a_status_means() {
    let map = |rules: Value| corrected("/errors", json!({ "map": rules }));
    let empty = map(json!([{ "status": 404, "as": "empty" }]));
    let request = json!({ "method": "GET", "url": format!("{BASE}/all/bookings") });
    let host = TestHost::answering(&json!([{ "request": request, "answer": status(404) }]).to_string());
    assert_eq!(Generic::read(&empty, &ReadRequest::of("bookings_all")).unwrap().count, 0);
    drop(host);
    let by_code = map(json!([
        { "status": 400, "pointer": "/error/code", "equals": "expired", "as": "credentials-invalid" },
        { "status": 400, "pointer": "/error/busy", "as": "throttled" },
        { "status": 200, "pointer": "/state", "equals": 3, "as": "precondition" },
    ]));
    let body = |status: u16, body: Value| json!({ "status": status, "body": body });
    assert_eq!(reading(&by_code, body(400, json!({ "error": { "code": "expired" } }))).case(), Case::AuthRequired);
    assert_eq!(reading(&by_code, body(400, json!({ "error": { "busy": true } }))).case(), Case::RateLimited);
    assert_eq!(reading(&by_code, body(400, json!({ "error": { "busy": false } }))).case(), Case::Other);
    assert_eq!(reading(&by_code, body(200, json!({ "state": 3 }))).case(), Case::Conflict);
}

#[test]
fn what_the_api_says_to_people_is_shown_from_where_the_definition_points_and_else_nothing() {
    let own = reading(
        &ctx(),
        json!({ "status": 403, "body": { "error": { "code": "no_plan", "message": "<b>Your</b>\nplan has no API" } } }),
    );
    assert!(own.to_string().ends_with("The API says: Your plan has no API"), "{own}");
    assert!(format!("{own:?}").contains("code no_plan"));
    let details = json!({ "status": 403, "body": { "title": "No access", "status": 403, "detail": "Your plan has no API" },
        "headers": { "content-type": "application/problem+json" } });
    assert!(reading(&ctx(), details).to_string().ends_with("Your plan has no API"));
    for other in [json!({ "message": "canary" }), json!(["canary"]), json!("canary")] {
        assert!(!format!("{:?}", reading(&ctx(), json!({ "status": 500, "body": other }))).contains("canary"));
    }
}

#[test]
fn wrong_fields_are_told_by_their_names() {
    let error =
        writing(json!({ "status": 422, "body": { "message": "No", "errors": { "text": ["is required"], "a/b": 7 } } }));
    let said = format!("{error:?}");
    assert!(said.contains("/text: is required") && said.contains("/a~1b: The API refuses this value."), "{said}");
}

#[test]
fn a_ping_that_is_refused_asks_for_another_login_and_one_without_an_id_makes_one() {
    let ask = |answer: Value| {
        json!([{ "request": { "method": "GET", "url": format!("{BASE}/me") }, "answer": answer }]).to_string()
    };
    let host = TestHost::answering(&ask(status(401)));
    assert_eq!(Generic::identify(&ctx()).unwrap_err().case(), Case::AuthRequired);
    drop(host);
    let host = TestHost::answering(&ask(json!({ "body": { "data": {} } })));
    assert_eq!(Generic::identify(&ctx()).unwrap_err().case(), Case::InvalidResponse);
    drop(host);
    let mut config: Value = serde_json::from_slice(&ctx().config).unwrap();
    config["ping"] = json!({ "path": "/me" });
    config.as_object_mut().unwrap().remove("accounts");
    let of = |subdomain: &str| Context {
        config: config.to_string().into_bytes(),
        facts: vec![("subdomain".to_owned(), subdomain.to_owned())],
        ..ctx()
    };
    let ids = ["acme", "acme", "other"].map(|subdomain| {
        let url = format!("https://{subdomain}.boekingen.example/api/v1/me");
        let _host = TestHost::answering(
            &json!([{ "request": { "method": "GET", "url": url }, "answer": { "status": 204 } }]).to_string(),
        );
        Generic::identify(&of(subdomain)).unwrap().id
    });
    assert!(ids[0] == ids[1] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn without_a_login_no_credential_is_named() {
    let ctx = Context { auth: "none".to_owned(), ..ctx() };
    let request = json!({ "method": "GET", "url": format!("{BASE}/all/bookings"), "credential": "nothing" });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": { "body": [] } }]).to_string());
    assert!(Generic::read(&ctx, &ReadRequest::of("bookings_all")).is_ok());
}
