//! Reports that are refused, or not all of which can be had, and accounts that asked too much.

use patchbay_sdk::{Case, Position};
use serde_json::{Value, json};

use crate::{
    around::{NOW_MS, ctx, get, post, refusal, with_settings},
    reports::{HOUR_MS, call, cursor, figure, host, prepared, rows, start, state},
};

#[test]
fn breakdowns_that_do_not_go_together_name_the_setting() {
    let refused = || post("/act_1010101/insights", &refusal(400, 100, None));
    let both = with_settings(&json!({ "breakdowns": ["region", "age"] }));
    let _host = host(&[refused()]);
    let error = call(&both, None).unwrap_err();
    assert_eq!(error.case(), Case::InvalidConfig);
    assert!(error.to_string().contains("age, region"), "{error}");
    assert!(format!("{error:?}").contains("/breakdowns"), "{error:?}");
    drop(_host);
    let _host = host(&[refused()]);
    assert_eq!(call(&ctx(), None).unwrap_err().case(), Case::Other, "without them it is something else");
}

#[test]
fn a_place_in_a_report_that_is_not_taken_any_more_costs_that_day_only() {
    let at = |after: Value| {
        let report = json!({ "day": "2026-11-21", "run": "11", "tries": 1, "after": after });
        let days = json!({ "first": "2026-11-20", "next": "2026-11-22", "last": "2026-11-21" });
        json!({ "days": days, "report": report, "at_ms": NOW_MS }).to_string()
    };
    let _host = host(&[get("/11/insights?limit=2&after=MA", &refusal(400, 100, None)), start("12")]);
    let page = call(&ctx(), Some(at(json!("MA")).as_bytes())).unwrap();
    let now = cursor(&page.position);
    assert_eq!((&now["jobs"][0]["run"], &now["jobs"][0]["tries"]), (&json!("12"), &json!(2)));
    drop(_host);
    let _host = host(&[get("/11/insights?limit=2", &refusal(400, 100, None))]);
    assert_eq!(call(&ctx(), Some(at(Value::Null).as_bytes())).unwrap_err().case(), Case::Other);
}

#[test]
fn a_page_of_a_report_that_is_too_much_is_asked_for_smaller() {
    let text = "Please reduce the amount of data you're asking for";
    let refused = json!({ "status": 500, "body": { "error": { "message": text, "code": 1 } } });
    let _host = host(&[
        state("11", "Job Completed", 100),
        get("/11/insights?limit=2", &refused),
        get("/11/insights?limit=1", &json!({ "body": { "data": [figure("2026-11-21")] } })),
    ]);
    assert_eq!(call(&ctx(), Some(&prepared("11", 1))).unwrap().count, 1);
}

#[test]
fn a_state_that_is_none_of_the_six_stands_in_no_log() {
    let host = host(&[state("11", "Els said so", 0), start("12")]);
    host.set_now_ms(NOW_MS + HOUR_MS);
    call(&ctx(), Some(&prepared("11", 1))).unwrap();
    let logs = format!("{:?}", host.logs());
    assert!(logs.contains("not known") && !logs.contains("Els"), "{logs}");
}

#[test]
fn what_lists_used_up_does_not_hold_back_reports() {
    for (kind, rests) in [("ads_management", false), ("ads_insights", true)] {
        let mut used = start("11");
        let usage = format!(r#"{{"1010101":[{{"type":"{kind}","call_count":100}}]}}"#);
        used["answer"]["headers"] = json!({ "x-business-use-case-usage": usage });
        let _host = host(&[used]);
        let page = call(&ctx(), None).unwrap();
        assert_eq!(cursor(&page.position).get("rest_until").is_some(), rests, "{kind}");
    }
}

#[test]
fn an_account_that_asked_too_much_waits_alone_and_loses_nothing() {
    let _host = host(&[post("/act_1010101/insights", &refusal(400, 80_000, None))]);
    let error = call(&ctx(), None).unwrap_err();
    assert_eq!((error.case(), error.wait_ms(), error.is_alone()), (Case::RateLimited, Some(300_000), true));
    drop(_host);
    let _host = host(&[post("/act_1010101/insights", &refusal(400, 4, None))]);
    assert!(!call(&ctx(), None).unwrap_err().is_alone(), "what the whole application asked too much, all wait for");
    drop(_host);
    let mut used = start("11");
    used["answer"]["headers"] = json!({ "x-fb-ads-insights-throttle": r#"{"acc_id_util_pct":100}"# });
    let _host = host(&[used]);
    let page = call(&ctx(), None).unwrap();
    assert_eq!(cursor(&page.position)["jobs"][0]["run"], json!("11"), "what was asked for is kept");
    let error = call(&ctx(), Some(page.position.cursor())).unwrap_err();
    assert_eq!((error.case(), error.is_alone()), (Case::RateLimited, true));
}

#[test]
fn an_account_that_is_slowed_down_gets_on_all_the_same() {
    let slow = |mut exchange: Value| {
        exchange["answer"]["headers"] = json!({ "x-fb-ads-insights-throttle": r#"{"acc_id_util_pct":80}"# });
        exchange
    };
    let host = host(&[slow(state("11", "Job Completed", 100)), slow(rows("11", &json!([figure("2026-11-21")])))]);
    let (mut at, mut now, mut read) = (prepared("11", 1), NOW_MS, 0);
    for _ in 0..10 {
        match call(&ctx(), Some(&at)) {
            Ok(page) => {
                read += page.count;
                at = page.position.cursor().to_vec();
                if matches!(page.position, Position::End(_)) {
                    break;
                }
            }
            Err(error) => {
                now += error.wait_ms().unwrap();
                host.set_now_ms(now);
            }
        }
    }
    assert_eq!(read, 1);
}
