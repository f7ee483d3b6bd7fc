//! Lists by change: when everything is read again, and what becomes of pages that cannot be had.

use patchbay_connector_meta_ads::MetaAds;
use patchbay_sdk::{
    Case, Fetch, Page, Position, ReadRequest, Result,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

use crate::{
    around::{self, NOW_MS, ctx, encoded, get, refusal},
    campaigns,
};

const NOW: u64 = NOW_MS / 1_000;
const HOUR: u64 = 3_600;

/// A call of `read` from a place.
fn call(at: &Value) -> Result<Page> {
    let cursor = Some(at.to_string().into_bytes());
    MetaAds::read(&ctx(), &ReadRequest { cursor, ..ReadRequest::of("campaigns") })
}

fn place(page: &Page) -> Value {
    serde_json::from_slice(page.position.cursor()).unwrap()
}

fn row(id: &str) -> Value {
    json!({ "id": id, "updated_time": "2026-11-20T14:03:11+0100" })
}

/// A page of this size, with what is filtered.
fn sized(size: u32, filters: &str, answer: &Value) -> Value {
    let filters = if filters.is_empty() { String::new() } else { format!("&filtering={}", encoded(filters)) };
    let fields = around::fields("campaigns");
    get(&format!("/act_1010101/campaigns?fields={fields}&limit={size}{filters}"), answer)
}

/// What Meta answers to whom asks for more than it can answer.
fn too_much(code: i64) -> Value {
    let text = "Please reduce the amount of data you're asking for, then retry your request";
    json!({ "status": 500, "body": { "error": { "message": text, "code": code, "error_subcode": 99 } } })
}

#[test]
fn once_a_day_everything_is_read_since_budgets_and_states_change_without_a_word() {
    let rows = json!({ "body": { "data": [row("1")] } });
    let since = r#"[{"field":"campaign.updated_time","operator":"GREATER_THAN","value":1795132800}]"#;
    for (hours_ago, filters) in [(1, since), (22, since), (23, ""), (1_000, "")] {
        let _host = TestHost::answering(&json!([sized(100, filters, &rows)]).to_string());
        let at = json!({ "since": 1_795_132_800_u64, "whole": NOW - hours_ago * HOUR });
        let page = call(&at).unwrap();
        assert_eq!(place(&page)["all"] == json!(true), filters.is_empty(), "{hours_ago}");
    }
    let _host = TestHost::answering(&json!([sized(100, "", &rows)]).to_string());
    call(&json!({ "since": 1_795_132_800_u64 })).expect("what was stored before this was known is read whole at once");
}

#[test]
fn a_pass_over_everything_says_so_and_is_followed_by_one_over_changes() {
    let rows = json!({ "body": { "data": [row("1")] } });
    let gone = r#"[{"field":"campaign.effective_status","operator":"IN","value":["ARCHIVED","DELETED"]}]"#;
    let _host = TestHost::answering(
        &json!([sized(100, "", &rows), sized(100, gone, &json!({ "body": { "data": [] } }))]).to_string(),
    )
    .in_order();
    let cursor = json!({ "since": NOW - HOUR, "whole": NOW - 24 * HOUR }).to_string().into_bytes();
    let request = ReadRequest { cursor: Some(cursor), ..ReadRequest::of("campaigns") };
    let reading = read_all::<MetaAds>(&ctx(), request).unwrap();
    let Position::Complete(end) = reading.position else { panic!("what it does not meet is gone") };
    let end: Value = serde_json::from_slice(&end).unwrap();
    assert_eq!(end, json!({ "since": NOW - HOUR, "whole": NOW }), "it does not go back behind what was read");
}

#[test]
fn who_asks_for_what_changed_since_a_day_gets_that_and_everything_only_later() {
    let since = format!(r#"[{{"field":"campaign.updated_time","operator":"GREATER_THAN","value":{}}}]"#, NOW - HOUR);
    let answer = json!({ "body": { "data": [], "paging": { "next": "x", "cursors": { "after": "QQ" } } } });
    let _host = TestHost::answering(&json!([sized(100, &since, &answer)]).to_string());
    let since_ms = Some(NOW_MS - HOUR * 1_000);
    let page = MetaAds::read(&ctx(), &ReadRequest { since_ms, ..ReadRequest::of("campaigns") }).unwrap();
    assert_eq!(place(&page)["all"], Value::Null);
}

#[test]
fn a_place_that_is_not_taken_any_more_makes_the_list_begin_afresh() {
    let _host = TestHost::answering(&json!([campaigns(Some("QQ"), &refusal(400, 100, None))]).to_string());
    assert_eq!(call(&json!({ "after": "QQ" })).unwrap_err().case(), Case::CursorInvalid);
    drop(_host);
    // That the account is gone is something else, and so is a question that is wrong from the beginning.
    let _host = TestHost::answering(&json!([campaigns(Some("QQ"), &refusal(400, 100, Some(33)))]).to_string());
    assert_eq!(call(&json!({ "after": "QQ" })).unwrap_err().case(), Case::NotFound);
    drop(_host);
    let _host = TestHost::answering(&json!([campaigns(None, &refusal(400, 100, None))]).to_string());
    assert_eq!(call(&json!({})).unwrap_err().case(), Case::Other);
}

#[test]
fn a_page_that_is_too_much_is_asked_for_smaller_until_it_is_one_row() {
    for code in [1, 100] {
        let mut at = json!({});
        for (size, next) in [(100, 25), (25, 6), (6, 1)] {
            let _host = TestHost::answering(&json!([sized(size, "", &too_much(code))]).to_string());
            let page = call(&at).unwrap();
            assert!(matches!(page.position, Position::More(_)) && page.count == 0);
            at = place(&page);
            assert_eq!(at["size"], json!(next), "{code}");
        }
        let _host = TestHost::answering(&json!([sized(1, "", &too_much(code))]).to_string());
        assert!(call(&at).is_err(), "less than one row there is not");
        drop(_host);
        let answer = json!({ "body": { "data": [row("1")] } });
        let _host = TestHost::answering(&json!([sized(1, "", &answer)]).to_string());
        assert_eq!(place(&call(&at).unwrap())["size"], Value::Null, "the next list is tried as usual");
    }
}
