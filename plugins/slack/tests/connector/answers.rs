//! What an answer means, whatever its status says.

use patchbay_connector_slack::Slack;
use patchbay_sdk::{Auth, Case, Error, Fetch, Push, ReadRequest, testing::TestHost};
use serde_json::{Value, json};

use super::{API, item, plain};

fn users(answer: &Value) -> Error {
    let request = json!({ "method": "GET", "url": format!("{API}/users.list?limit=200") });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    Slack::read(&plain(), &ReadRequest::of("users")).unwrap_err()
}

/// A message that is answered so, and the steps that the host was told of as refused.
fn message(answer: &Value) -> (Error, Vec<String>) {
    let request =
        json!({ "method": "POST", "url": format!("{API}/chat.postMessage"), "effect": "write", "step": "message" });
    let host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let error = Slack::push(&plain(), &item(include_str!("../../fixtures/actions/message.json"))).unwrap_err();
    (error, host.refused_steps())
}

fn said(code: &str) -> Value {
    json!({ "body": { "ok": false, "error": code } })
}

#[test]
fn an_error_with_status_200_is_the_case_that_the_sheet_says_for_reading() {
    for (code, case) in [
        ("not_authed", Case::AuthRequired),
        ("invalid_auth", Case::AuthRequired),
        ("account_inactive", Case::AuthRequired),
        ("token_revoked", Case::AuthRequired),
        ("token_expired", Case::AuthRequired),
        ("missing_scope", Case::PermissionDenied),
        ("no_permission", Case::PermissionDenied),
        ("ekm_access_denied", Case::PermissionDenied),
        ("org_login_required", Case::PermissionDenied),
        ("enterprise_is_restricted", Case::PermissionDenied),
        ("not_allowed_token_type", Case::PermissionDenied),
        ("channel_not_found", Case::NotFound),
        ("users_not_found", Case::NotFound),
        ("user_not_found", Case::NotFound),
        ("thread_not_found", Case::NotFound),
        ("message_not_found", Case::NotFound),
        ("not_in_channel", Case::Conflict),
        ("is_archived", Case::Conflict),
        ("restricted_action", Case::Conflict),
        ("invalid_cursor", Case::CursorInvalid),
        ("invalid_arguments", Case::Other),
        ("ratelimited", Case::RateLimited),
        ("rate_limited", Case::RateLimited),
        ("internal_error", Case::Transient),
        ("fatal_error", Case::Transient),
        ("service_unavailable", Case::Transient),
        ("request_timeout", Case::Transient),
        ("team_added_to_org", Case::Transient),
        ("something_new", Case::Other),
    ] {
        assert_eq!(users(&said(code)).case(), case, "{code}");
    }
}

#[test]
fn a_write_that_slack_refuses_may_be_sent_again_and_one_in_its_trouble_is_unknown() {
    for (code, case) in [
        ("token_revoked", Case::AuthRequired),
        ("missing_scope", Case::PermissionDenied),
        ("channel_not_found", Case::NotFound),
        ("not_in_channel", Case::Conflict),
        ("is_archived", Case::Conflict),
        ("restricted_action", Case::Conflict),
        ("msg_too_long", Case::InvalidInput),
        ("no_text", Case::InvalidInput),
        ("too_many_attachments", Case::InvalidInput),
        ("invalid_arguments", Case::InvalidInput),
        ("invalid_blocks", Case::InvalidInput),
        ("invalid_json", Case::InvalidInput),
        ("rate_limited", Case::RateLimited),
    ] {
        let (error, refused) = message(&said(code));
        assert_eq!((error.case(), refused.as_slice()), (case, ["message".to_owned()].as_slice()), "{code}");
    }
    for code in ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"] {
        let (error, refused) = message(&said(code));
        assert_eq!((error.case(), refused.len()), (Case::OutcomeUnknown, 0), "{code}");
    }
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let error = users(
        &json!({ "body": { "ok": false, "error": "missing_scope", "needed": "users:read", "provided": "chat:write" } }),
    );
    assert!(format!("{error:?}").contains("users:read"), "{error:?}");
}

#[test]
fn what_slack_writes_where_its_error_is_due_reaches_nobody() {
    let error =
        users(&json!({ "body": { "ok": false, "error": "Els Janssens", "needed": "els@voorbeeld.example (canary)" } }));
    assert_eq!(error.case(), Case::Other);
    assert!(!format!("{error:?}").contains("Els") && !format!("{error:?}").contains("canary"), "{error:?}");
}

#[test]
fn how_long_to_wait_is_passed_on() {
    let limited =
        json!({ "status": 429, "headers": { "retry-after": "60" }, "body": { "ok": false, "error": "ratelimited" } });
    let error = users(&limited);
    assert_eq!(error.case(), Case::RateLimited);
    assert!(format!("{error:?}").contains("60000"), "{error:?}");
    let inside = json!({ "headers": { "retry-after": "7" }, "body": { "ok": false, "error": "rate_limited" } });
    assert!(format!("{:?}", message(&inside).0).contains("7000"));
}

#[test]
fn what_is_no_answer_is_no_success() {
    for answer in [
        json!({ "text": "<html>", "headers": { "content-type": "text/html" } }),
        json!({ "text": "" }),
        json!({ "text": "{\"ok\":true,\"members\":[" }),
        json!({ "body": { "members": [] } }),
        json!({ "body": { "ok": true } }),
        json!({ "body": { "ok": true, "members": {} } }),
        json!({ "body": { "ok": true, "members": ["W1"] } }),
    ] {
        assert_eq!(users(&answer).case(), Case::InvalidResponse, "{answer}");
    }
    for answer in [
        json!({ "text": "<html>", "headers": { "content-type": "text/html" } }),
        json!({ "text": "" }),
        json!({ "text": "{\"ok\":tr" }),
        json!({ "body": { "ok": true } }),
        json!({ "body": { "ok": true, "channel": "C012AB3CD", "ts": "soon" } }),
        json!({ "status": 503 }),
        json!({ "fails": "unknown" }),
    ] {
        let (error, refused) = message(&answer);
        assert_eq!((error.case(), refused.len()), (Case::OutcomeUnknown, 0), "{answer}");
    }
}

#[test]
fn a_status_that_is_an_error_means_what_it_says() {
    for (status, case) in [
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (409, Case::Conflict),
        (429, Case::RateLimited),
        (500, Case::Transient),
    ] {
        let error = users(&json!({ "status": status }));
        assert_eq!((error.case(), error.is_alone()), (case, status == 429), "{status}: each method has its own limit");
    }
}

#[test]
fn a_workspace_without_a_proper_id_is_refused() {
    for id in ["", "voorbeeld", "T1/../x"] {
        let answer = json!({ "body": { "ok": true, "team_id": id, "team": "Voorbeeld BV" } });
        let request = json!({ "method": "POST", "url": format!("{API}/auth.test") });
        let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
        assert_eq!(Slack::identify(&plain()).unwrap_err().case(), Case::InvalidResponse, "{id}");
    }
}
