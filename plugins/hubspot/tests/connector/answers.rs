//! What HubSpot's statuses, categories and policies mean.

use patchbay_connector_hubspot::Hubspot;
use patchbay_sdk::{Case, Error, Fetch, ReadRequest, testing::TestHost};
use serde_json::{Value, json};

use super::{NOW_MS, ctx, plain};

const OWNERS: &str = "https://api.hubapi.com/crm/v3/owners?limit=100&archived=false";

/// What comes of a list that is answered so.
fn answered(answer: &Value, now: u64) -> Error {
    let host =
        TestHost::answering(&json!([{ "request": { "method": "GET", "url": OWNERS }, "answer": answer }]).to_string());
    host.set_now_ms(now);
    Hubspot::read(&plain(), &ReadRequest::of("owners")).unwrap_err()
}

fn with(status: u16, body: &Value) -> Value {
    json!({ "status": status, "body": body })
}

#[test]
fn each_status_is_the_case_by_which_the_host_does_the_right_thing() {
    for (status, case) in [
        (400, Case::Other),
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (409, Case::Conflict),
        (414, Case::Other),
        (423, Case::Transient),
        (429, Case::RateLimited),
        (477, Case::Transient),
        (502, Case::Transient),
        (521, Case::Transient),
        (525, Case::Transient),
    ] {
        let error = answered(&with(status, &json!({ "message": "about els@voorbeeld.example" })), NOW_MS);
        assert_eq!((error.case(), error.status()), (case, Some(status)));
        assert!(!format!("{error:?}").contains("els@"), "{error:?}");
    }
    for text in ["<html></html>", "", "{\"results\": ["] {
        let answer = json!({ "text": text, "headers": { "content-type": "application/json" } });
        assert_eq!(answered(&answer, NOW_MS).case(), Case::InvalidResponse, "{text}");
    }
}

#[test]
fn scopes_that_are_missing_are_named() {
    let errors =
        json!([{ "message": "no", "context": { "requiredGranularScopes": ["crm.objects.owners.read", "<b>"] } }]);
    let error = answered(&with(403, &json!({ "category": "MISSING_SCOPES", "errors": errors })), NOW_MS);
    assert!(error.to_string().contains(": crm.objects.owners.read. Reconnect"), "{error}");
}

#[test]
fn how_long_to_wait_depends_on_the_policy() {
    let limited = |policy: &str, now: u64| answered(&with(429, &json!({ "policyName": policy })), now).wait_ms();
    assert_eq!(limited("TEN_SECONDLY_ROLLING", NOW_MS), Some(10_000));
    assert_eq!(limited("SECONDLY", NOW_MS), Some(1_000));
    // 11:00 in Brussels: thirteen hours to midnight, and a minute.
    assert_eq!(limited("DAILY", NOW_MS), Some((13 * 60 + 1) * 60_000));
    // Right after midnight there, when the offset may be an old one.
    assert_eq!(limited("DAILY", NOW_MS + 13 * 3_600_000 + 60_000), Some(30 * 60_000));
    let told =
        json!({ "status": 429, "headers": { "retry-after": "17" }, "body": { "policyName": "TEN_SECONDLY_ROLLING" } });
    assert_eq!(answered(&told, NOW_MS).wait_ms(), Some(17_000));
}

#[test]
fn an_account_that_is_moved_is_waited_for_as_long_as_it_says() {
    let moved = json!({ "status": 477, "headers": { "retry-after": "86400" }, "body": {} });
    assert_eq!(answered(&moved, NOW_MS).wait_ms(), Some(86_400_000));
    assert_eq!(answered(&with(477, &json!({})), NOW_MS).wait_ms(), Some(3_600_000));
    assert_eq!(answered(&with(423, &json!({})), NOW_MS).wait_ms(), Some(2_000));
}

#[test]
fn a_search_that_is_throttled_holds_up_nothing_else() {
    let url = "https://api.hubapi.com/crm/v3/objects/notes/search";
    let host = TestHost::answering(
        &json!([{ "request": { "method": "POST", "url": url }, "answer": with(429, &json!({})) }]).to_string(),
    );
    host.set_now_ms(NOW_MS);
    let cursor = json!({ "newest": NOW_MS, "archived": NOW_MS, "whole": NOW_MS, "properties": ["hs_timestamp"], "read": 0, "under_way": null });
    let request = ReadRequest { cursor: Some(cursor.to_string().into_bytes()), ..ReadRequest::of("notes") };
    let config = json!({ "properties": { "notes": ["hs_timestamp"] } });
    let error = Hubspot::read(&ctx(&json!({}), &config), &request).unwrap_err();
    assert_eq!((error.wait_ms(), error.is_alone()), (Some(1_000), true));
    drop(host);
    assert!(!answered(&with(429, &json!({})), NOW_MS).is_alone());
}
