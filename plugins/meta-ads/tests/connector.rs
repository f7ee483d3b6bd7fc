//! The connector over its fixtures, natively: logging in, lists and refusals here and in `connector/lists.rs`, reports in
//! `connector/reports.rs` and `connector/refusals.rs`.
#![cfg(test)]

#[path = "connector/around.rs"]
mod around;
#[path = "connector/lists.rs"]
mod lists;
#[path = "connector/refusals.rs"]
mod refusals;
#[path = "connector/reports.rs"]
mod reports;

use around::{ctx, get, refusal};
use patchbay_connector_meta_ads::MetaAds;
use patchbay_sdk::{
    Auth, Case, Context, Error, Fetch, Position, ReadRequest,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

fn reading(stream: &str, fixture: &str) -> Reading {
    let _host = TestHost::answering(fixture).in_order();
    read_all::<MetaAds>(&ctx(), ReadRequest { page_hint: 2, ..ReadRequest::of(stream) }).unwrap()
}

/// What reading campaigns comes to when the first answer is this.
fn first_answer(answer: &Value) -> Error {
    let request = ReadRequest { cursor: Some(b"{}".to_vec()), ..ReadRequest::of("campaigns") };
    let _host = TestHost::answering(&json!([campaigns(None, answer)]).to_string());
    MetaAds::read(&ctx(), &request).unwrap_err()
}

/// The first page of campaigns, or that behind a place.
fn campaigns(after: Option<&str>, answer: &Value) -> Value {
    let fields = around::fields("campaigns");
    let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
    get(&format!("/act_1010101/campaigns?fields={fields}&limit=100{after}"), answer)
}

#[test]
fn a_login_reaches_many_accounts_and_only_those_that_can_be_read_can_be_chosen() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = MetaAds::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("10160000000000001", "Els Verstraete"));
    assert_eq!(identity.scopes, Some(vec!["ads_read".to_owned()]), "what was unticked is not granted");
    let told: Vec<_> = identity.accounts.iter().map(|one| (one.id.as_str(), one.usable, one.note.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("act_1010101", true, None),
            ("act_3030303", true, Some("This ad account is unsettled at Meta. It can be read.")),
            ("act_2020202", false, Some("This ad account is closed at Meta.")),
            ("act_4040404", true, None),
        ]
    );
    let minutes = |at: usize| identity.accounts[at].facts.iter().find(|(name, _)| name == "offset_minutes").cloned();
    assert_eq!(minutes(3).unwrap().1, "330", "half past five");
}

#[test]
fn the_accounts_of_a_business_are_told_once() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.business.json")).in_order();
    let business = vec![("business".to_owned(), "9001".to_owned())];
    let identity = MetaAds::identify(&Context { auth: "token".to_owned(), facts: business, ..ctx() }).unwrap();
    let ids: Vec<_> = identity.accounts.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["act_1010101", "act_5050505", "act_6060606"]);
}

#[test]
fn a_business_that_is_not_listed_says_which_permission_the_token_needs() {
    let fields = around::fields("accounts");
    let me = json!({ "body": { "id": "1", "name": "Rapportage" } });
    let granted = json!({ "body": { "data": [{ "permission": "ads_read", "status": "granted" }] } });
    let own = get(&format!("/me/adaccounts?fields={fields}&limit=100"), &json!({ "body": { "data": [] } }));
    let owned = get(&format!("/9001/owned_ad_accounts?fields={fields}&limit=100"), &refusal(403, 200, None));
    let exchanges = [get("/me?fields=id%2Cname", &me), get("/me/permissions", &granted), own, owned];
    let _host = TestHost::answering(&json!(exchanges).to_string()).in_order();
    let facts = vec![("business".to_owned(), "9001".to_owned())];
    let error = MetaAds::identify(&Context { auth: "token".to_owned(), facts, ..ctx() }).unwrap_err();
    assert_eq!(error.case(), Case::PermissionDenied);
    assert!(error.to_string().contains("business_management"), "{error}");
}

#[test]
fn a_person_is_asked_for_nothing_but_to_read_ads() {
    let manifest = include_str!("../connector.toml");
    let scopes: Vec<_> = manifest.split("[[auth.scope]]").skip(1).filter_map(|rest| rest.lines().nth(1)).collect();
    assert_eq!(scopes, [r#"name = "ads_read""#]);
    let told = around::defaults()["fields"]["accounts"].to_string();
    assert!(!told.contains("business") && !told.contains("amount_spent"), "nothing is asked for that is not used");
}

#[test]
fn half_a_list_of_accounts_is_never_told() {
    let me = json!({ "body": { "id": "1", "name": "Els" } });
    let granted = json!({ "body": { "data": [{ "permission": "ads_read", "status": "granted" }] } });
    let more = json!({ "body": { "data": [], "paging": { "cursors": { "after": "QQ" }, "next": "x" } } });
    let accounts = format!("/me/adaccounts?fields={}&limit=100", around::fields("accounts"));
    let exchanges = [get("/me?fields=id%2Cname", &me), get("/me/permissions", &granted), get(&accounts, &more)];
    let host = TestHost::answering(&json!(exchanges).to_string());
    host.stop_after(3);
    assert_eq!(MetaAds::identify(&ctx()).unwrap_err().case(), Case::Transient);
}

#[test]
fn a_login_that_may_not_read_ads_is_told_what_to_leave_ticked() {
    let declined = json!({ "data": [{ "permission": "ads_read", "status": "declined" }] });
    let me = json!({ "body": { "id": "1", "name": "Els" } });
    let _host = TestHost::answering(
        &json!([get("/me?fields=id%2Cname", &me), get("/me/permissions", &json!({ "body": declined }))]).to_string(),
    );
    let error = MetaAds::identify(&ctx()).unwrap_err();
    assert_eq!(error.case(), Case::PermissionDenied);
    assert!(error.to_string().contains("ads_read"), "{error}");
}

#[test]
fn an_account_or_a_business_that_is_none_never_becomes_a_part_of_an_address() {
    let _host = TestHost::empty();
    for id in ["1010101", "act_", "act_1/../2", "act_1?x", ""] {
        let ctx = Context { account: Some(id.to_owned()), ..ctx() };
        for stream in ["campaigns", "insights"] {
            assert_eq!(MetaAds::read(&ctx, &ReadRequest::of(stream)).unwrap_err().case(), Case::InvalidConfig, "{id}");
        }
    }
}

#[test]
fn what_was_archived_stays_and_what_was_deleted_goes() {
    for (stream, fixture, gone) in [
        ("campaigns", include_str!("../fixtures/streams/campaigns.json"), "23850041"),
        ("ad_sets", include_str!("../fixtures/streams/ad_sets.json"), "23850142"),
        ("ads", include_str!("../fixtures/streams/ads.json"), "23850243"),
    ] {
        let reading = reading(stream, fixture);
        let states: Vec<_> = reading.records.iter().map(|one| one["effective_status"].as_str().unwrap()).collect();
        assert_eq!(states, ["ACTIVE", "PAUSED", "ACTIVE", "ARCHIVED"], "{stream}");
        assert_eq!((reading.deleted.as_slice(), reading.pages), ([gone.to_owned()].as_slice(), 3), "{stream}");
        assert!(matches!(reading.position, Position::Complete(_)), "{stream}: all of it was read");
    }
}

#[test]
fn a_later_pass_asks_for_what_changed_and_takes_nothing_else_for_gone() {
    let first = reading("campaigns", include_str!("../fixtures/streams/campaigns.json"));
    let cursor: Value = serde_json::from_slice(first.position.cursor()).unwrap();
    // 2026-11-21T10:30:00+0100, the newest change.
    assert_eq!(cursor, json!({ "since": 1_795_253_400, "whole": around::NOW_MS / 1_000 }));
    let _host = TestHost::answering(include_str!("../fixtures/more/campaigns.changed.json")).in_order();
    let since =
        serde_json::to_vec(&json!({ "since": 1_795_132_800, "whole": around::NOW_MS / 1_000 - 3_600 })).unwrap();
    let request = ReadRequest { page_hint: 2, cursor: Some(since), ..ReadRequest::of("campaigns") };
    let second = read_all::<MetaAds>(&ctx(), request).unwrap();
    assert_eq!((second.records.len(), second.deleted.as_slice()), (1, ["23850011".to_owned()].as_slice()));
    assert!(matches!(second.position, Position::End(_)));
}

#[test]
fn what_changes_while_a_pass_is_read_is_read_by_the_next() {
    let late = json!({ "id": "1", "updated_time": "2026-11-21T23:00:00+0100" });
    let page = |rows: Value| json!({ "body": { "data": rows } });
    let fields = around::fields("campaigns");
    let gone =
        around::encoded(r#"[{"field":"campaign.effective_status","operator":"IN","value":["ARCHIVED","DELETED"]}]"#);
    let _host = TestHost::answering(
        &json!([
            campaigns(None, &page(json!([late]))),
            get(&format!("/act_1010101/campaigns?fields={fields}&limit=100&filtering={gone}"), &page(json!([]))),
        ])
        .to_string(),
    );
    let reading = read_all::<MetaAds>(&ctx(), ReadRequest::of("campaigns")).unwrap();
    let cursor: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
    assert_eq!(cursor["since"], json!(1_795_253_400_u64), "when the pass began, not the future");
}

#[test]
fn creatives_are_read_whole_each_time() {
    let reading = reading("ad_creatives", include_str!("../fixtures/streams/ad_creatives.json"));
    assert_eq!((reading.records.len(), reading.pages), (3, 2));
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn a_list_goes_on_where_next_says_so_and_never_by_its_address() {
    let row = json!({ "id": "1", "updated_time": "2026-11-20T14:03:11+0100" });
    let next = "https://elsewhere.example/?access_token=x";
    let short = json!({ "body": { "data": [row], "paging": { "cursors": { "after": "QQ" }, "next": next } } });
    let _host = TestHost::answering(&json!([campaigns(None, &short)]).to_string());
    let page = MetaAds::read(&ctx(), &ReadRequest::of("campaigns")).unwrap();
    let Position::More(cursor) = page.position else { panic!("a short page is not the last") };
    let cursor: Value = serde_json::from_slice(&cursor).unwrap();
    assert_eq!((&cursor["after"], &cursor["gone"]), (&json!("QQ"), &Value::Null));
}

#[test]
fn a_list_that_stands_still_or_loses_its_place_is_no_answer() {
    for paging in [json!({ "next": "x" }), json!({ "next": "x", "cursors": { "after": "QQ" } })] {
        let answer = json!({ "body": { "data": [], "paging": paging } });
        let _host = TestHost::answering(&json!([campaigns(Some("QQ"), &answer)]).to_string());
        let cursor = serde_json::to_vec(&json!({ "after": "QQ" })).unwrap();
        let request = ReadRequest { cursor: Some(cursor), ..ReadRequest::of("campaigns") };
        assert_eq!(MetaAds::read(&ctx(), &request).unwrap_err().case(), Case::InvalidResponse);
    }
}

#[test]
fn codes_mean_what_the_sheet_says_whatever_the_status() {
    for (status, code, subcode, case) in [
        (400, 190, Some(463), Case::AuthRequired),
        (400, 102, None, Case::AuthRequired),
        (400, 368, None, Case::AuthRequired),
        (403, 10, None, Case::PermissionDenied),
        (400, 200, None, Case::PermissionDenied),
        (400, 294, None, Case::PermissionDenied),
        (400, 3, None, Case::PermissionDenied),
        (400, 100, Some(33), Case::NotFound),
        (400, 100, None, Case::Other),
        (500, 1, None, Case::Transient),
        (400, 2, None, Case::Transient),
        (400, 999, Some(99), Case::Transient),
        (503, 999, None, Case::Transient),
        (400, 4, None, Case::RateLimited),
        (400, 17, None, Case::RateLimited),
        (403, 17, Some(2_446_079), Case::RateLimited),
        (400, 32, None, Case::RateLimited),
        (400, 341, None, Case::RateLimited),
        (400, 613, Some(1_487_742), Case::RateLimited),
        (400, 80_000, None, Case::RateLimited),
        (400, 80_014, None, Case::RateLimited),
        (400, 2_635, None, Case::Other),
        (400, 2_500, None, Case::Other),
    ] {
        let error = first_answer(&refusal(status, code, subcode));
        assert_eq!(error.case(), case, "{code}/{subcode:?}");
        assert!(!format!("{error:?}").contains("Els"), "{code}: what Meta wrote is not repeated");
        assert_eq!(error.wait_ms().is_some(), case == Case::RateLimited, "{code}");
        let alone = matches!(code, 613 | 80_000..) || subcode == Some(2_446_079);
        assert_eq!(error.is_alone(), alone, "{code}/{subcode:?}: one ad account, or whoever asks for this login");
    }
    let transient = json!({ "status": 400, "body": { "error": { "code": 999, "is_transient": true } } });
    assert_eq!(first_answer(&transient).case(), Case::Transient);
}

#[test]
fn statuses_without_a_code_mean_what_they_say() {
    for (status, case) in [
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (429, Case::RateLimited),
        (503, Case::Transient),
    ] {
        assert_eq!(first_answer(&json!({ "status": status, "body": {} })).case(), case, "{status}");
    }
    assert_eq!(first_answer(&json!({ "text": "<html>" })).case(), Case::InvalidResponse);
}

#[test]
fn a_refusal_waits_as_long_as_the_usage_says_and_five_minutes_where_it_says_nothing() {
    let mut refused = refusal(400, 80_000, None);
    assert_eq!(first_answer(&refused).wait_ms(), Some(300_000));
    let used = r#"{"1010101":[{"type":"ads_insights","call_count":100,"estimated_time_to_regain_access":60},
        {"type":"ads_management","call_count":100,"estimated_time_to_regain_access":17}]}"#
        .replace('\n', " ");
    refused["headers"] = json!({ "x-business-use-case-usage": used });
    assert_eq!(first_answer(&refused).wait_ms(), Some(17 * 60_000));
    refused["headers"] = json!({ "x-business-use-case-usage": "no JSON", "x-app-usage": "[]" });
    assert_eq!(first_answer(&refused).wait_ms(), Some(300_000));
}

#[test]
fn an_account_that_used_up_most_is_left_alone_after_the_page_it_gave() {
    for (header, figures, wait) in [
        (
            "x-business-use-case-usage",
            r#"{"1":[{"call_count":95,"estimated_time_to_regain_access":2}]}"#,
            Some(120_000),
        ),
        ("x-business-use-case-usage", r#"{"1":[{"call_count":10,"total_time":80}]}"#, Some(30_000)),
        ("x-business-use-case-usage", r#"{"1":[{"call_count":75,"total_time":75}]}"#, None),
        ("x-business-use-case-usage", r#"{"1":[{"type":"ads_management","call_count":80}]}"#, Some(30_000)),
        ("x-business-use-case-usage", r#"{"1":[{"type":"ads_insights","call_count":100}]}"#, None),
        ("x-ad-account-usage", r#"{"acc_id_util_pct":90.5,"reset_time_duration":100}"#, Some(100_000)),
        ("x-ad-account-usage", r#"{"acc_id_util_pct":9.67,"reset_time_duration":100}"#, None),
        ("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":99}"#, Some(300_000)),
        ("x-fb-ads-insights-throttle", r#"{"app_id_util_pct":1,"acc_id_util_pct":78}"#, Some(30_000)),
    ] {
        let row = json!({ "id": "1", "updated_time": "2026-11-20T14:03:11+0100" });
        let body = json!({ "data": [row], "paging": { "cursors": { "after": "QQ" }, "next": "x" } });
        let answer = json!({ "headers": { header: figures }, "body": body });
        let host = TestHost::answering(&json!([campaigns(None, &answer)]).to_string());
        let page = MetaAds::read(&ctx(), &ReadRequest::of("campaigns")).unwrap();
        assert_eq!(page.count, 1, "what was read is kept");
        let Some(wait) = wait else {
            let cursor: Value = serde_json::from_slice(page.position.cursor()).unwrap();
            assert_eq!(cursor.get("rest_until"), None, "{figures}");
            continue;
        };
        let on = ReadRequest { cursor: Some(page.position.cursor().to_vec()), ..ReadRequest::of("campaigns") };
        let error = MetaAds::read(&ctx(), &on).unwrap_err();
        assert_eq!((error.case(), error.wait_ms()), (Case::RateLimited, Some(wait)), "{figures}");
        assert_eq!(host.requests().len(), 1, "nothing is asked meanwhile");
        let host = host.and(&json!([campaigns(Some("QQ"), &json!({ "body": { "data": [] } }))]).to_string());
        host.set_now_ms(around::NOW_MS + wait);
        assert!(MetaAds::read(&ctx(), &on).is_ok(), "and then it goes on");
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let _host = TestHost::empty();
    assert_eq!(MetaAds::read(&ctx(), &ReadRequest::of("pixels")).unwrap_err().case(), Case::Unsupported);
    let request = ReadRequest { cursor: Some(b"7".to_vec()), ..ReadRequest::of("campaigns") };
    assert_eq!(MetaAds::read(&ctx(), &request).unwrap_err().case(), Case::CursorInvalid);
}
