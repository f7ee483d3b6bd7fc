//! Reports: asked for day by day, prepared by Meta, looked at, read.
//!
//! The clock stands still, and a wait is over when somebody comes back: so these tests pass half an hour in no time.

use patchbay_connector_meta_ads::MetaAds;
use patchbay_sdk::{
    Case, Context, Error, Fetch, Page, Position, ReadRequest, Result,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

use crate::around::{NOW_MS, ctx, encoded, get, post, refusal, with_settings};

const STATE: &str = "id,async_status,async_percent_completion,date_start,date_stop,error_code,error_message,error_subcode,error_user_title,error_user_msg";
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// What a stream came to: records, waits (seconds), and where it stands.
#[derive(Default)]
struct Passed {
    records: Vec<Value>,
    waits: Vec<u64>,
    position: Option<Position>,
}

/// Reads to the end, over every wait.
fn pass(ctx: &Context, cursor: Option<Vec<u8>>) -> Result<Passed> {
    let (mut passed, mut cursor) = (Passed::default(), cursor);
    loop {
        let reading = read_all::<MetaAds>(ctx, ReadRequest { cursor, page_hint: 2, ..ReadRequest::of("insights") })?;
        passed.records.extend(reading.records);
        match reading.position {
            Position::Wait(next, wait) => {
                passed.waits.push(wait / 1_000);
                cursor = Some(next);
            }
            position => {
                passed.position = Some(position);
                return Ok(passed);
            }
        }
    }
}

/// One call.
pub(crate) fn call(ctx: &Context, cursor: Option<&[u8]>) -> Result<Page> {
    MetaAds::read(ctx, &ReadRequest { cursor: cursor.map(<[u8]>::to_vec), page_hint: 2, ..ReadRequest::of("insights") })
}

pub(crate) fn cursor(position: &Position) -> Value {
    serde_json::from_slice(position.cursor()).unwrap()
}

pub(crate) fn host(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&json!(exchanges).to_string()).in_order()
}

pub(crate) fn start(run: &str) -> Value {
    post("/act_1010101/insights", &json!({ "body": { "report_run_id": run } }))
}

fn look(run: &str, answer: &Value) -> Value {
    get(&format!("/{run}?fields={}", encoded(STATE)), answer)
}

pub(crate) fn state(run: &str, status: &str, percent: u32) -> Value {
    look(run, &json!({ "body": { "id": run, "async_status": status, "async_percent_completion": percent } }))
}

pub(crate) fn rows(run: &str, rows: &Value) -> Value {
    get(&format!("/{run}/insights?limit=2"), &json!({ "body": { "data": rows } }))
}

pub(crate) fn figure(day: &str) -> Value {
    json!({ "campaign_id": "1", "adset_id": "2", "ad_id": "3", "date_start": day, "impressions": "7" })
}

/// The cursor of a pass that has one day left, and this report of it.
pub(crate) fn prepared(run: &str, tries: u32) -> Vec<u8> {
    let job =
        json!({ "day": "2026-11-21", "run": run, "tries": tries, "started_ms": NOW_MS, "looks": 1, "due_ms": NOW_MS });
    let days = json!({ "first": "2026-11-20", "next": "2026-11-22", "last": "2026-11-21" });
    json!({ "days": days, "jobs": [job], "at_ms": NOW_MS }).to_string().into_bytes()
}

#[test]
fn a_report_that_was_asked_for_is_known_to_the_host_before_anything_else_is_asked() {
    let host = host(&[start("11"), start("12")]);
    let first = call(&ctx(), None).unwrap();
    assert_eq!((host.requests().len(), first.count), (1, 0));
    assert!(matches!(first.position, Position::More(_)));
    assert_eq!(cursor(&first.position)["jobs"][0]["run"], json!("11"));
    assert_eq!(cursor(&first.position)["jobs"][0]["day"], json!("2026-11-20"));
    call(&ctx(), Some(first.position.cursor())).unwrap();
    assert_eq!(host.requests().len(), 2);
}

#[test]
fn a_run_that_was_stopped_looks_at_the_same_reports_and_asks_for_none_again() {
    let waiting = {
        let _host = host(&[start("11"), start("12")]);
        let first = call(&ctx(), None).unwrap();
        let second = call(&ctx(), Some(first.position.cursor())).unwrap();
        call(&ctx(), Some(second.position.cursor())).unwrap()
    };
    let Position::Wait(cursor, 10_000) = waiting.position else { panic!("{:?}", waiting.position) };
    let host = host(&[state("11", "Job Running", 50), state("12", "Job Not Started", 0)]);
    host.set_now_ms(NOW_MS + HOUR_MS / 60);
    let page = call(&ctx(), Some(&cursor)).unwrap();
    assert!(matches!(page.position, Position::Wait(_, 20_000)), "{:?}", page.position);
    assert_eq!(host.progress(), Some((0, Some(2))), "people see how many days are read");
}

#[test]
fn a_pass_reads_every_day_and_the_next_one_only_what_may_have_changed() {
    let first = {
        let _host = TestHost::answering(include_str!("../../fixtures/streams/insights.json")).in_order();
        pass(&ctx(), None).unwrap()
    };
    let days: Vec<_> = first.records.iter().map(|one| one["date_start"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-11-20"; 3]);
    assert_eq!(first.records[0]["breakdown"], json!(""));
    assert_eq!(first.records[0]["spend"], json!("12.40"), "figures are left as they came");
    let Some(Position::Complete(end)) = first.position else { panic!("the first pass reads everything") };
    let _host = host(&[
        start("21"),
        start("22"),
        state("21", "Job Completed", 100),
        rows("21", &json!([figure("2026-11-20")])),
        state("22", "Job Completed", 100),
        rows("22", &json!([])),
    ]);
    let second = pass(&ctx(), Some(end)).unwrap();
    assert_eq!(second.records.len(), 1);
    assert!(matches!(second.position, Some(Position::End(_))), "what it did not ask for is not gone");
}

#[test]
fn a_later_pass_goes_back_as_far_as_the_settings_say_or_to_where_the_last_one_ended() {
    for (settings, through, from) in [
        (json!({}), "2026-11-20", "2026-10-24"),
        (json!({ "look_back_days": 7 }), "2026-11-20", "2026-11-14"),
        (json!({ "look_back_days": 1 }), "2026-11-21", "2026-11-20"),
        (json!({ "look_back_days": 1 }), "2026-11-02", "2026-11-02"),
        (json!({ "look_back_days": 1 }), "2020-01-01", "2023-10-21"),
    ] {
        let _host = host(&[start("11")]);
        let end = json!({ "through": through, "at_ms": NOW_MS }).to_string();
        let page = call(&with_settings(&settings), Some(end.as_bytes())).unwrap();
        assert_eq!(cursor(&page.position)["jobs"][0]["day"], json!(from), "{settings} {through}");
    }
}

#[test]
fn settings_that_go_further_back_make_the_next_pass_read_it_and_only_that_one() {
    let days = |history: u64, cursor: &Value| {
        let _host = host(&[start("11")]);
        let settings = with_settings(&json!({ "look_back_days": 1, "history_days": history }));
        let page = call(&settings, Some(cursor.to_string().as_bytes())).unwrap();
        let now = self::cursor(&page.position);
        (now["jobs"][0]["day"].as_str().unwrap().to_owned(), now["from"].as_str().unwrap().to_owned())
    };
    let end = |from: &str| json!({ "from": from, "through": "2026-11-20" });
    let told = |day: &str, from: &str| (day.to_owned(), from.to_owned());
    assert_eq!(days(90, &end("2026-08-20")), told("2026-11-20", "2026-08-20"), "it was read before");
    assert_eq!(days(365, &end("2026-08-20")), told("2025-11-21", "2025-11-21"), "a year was not");
    assert_eq!(days(365, &end("2025-11-21")), told("2026-11-20", "2025-11-21"), "and is not read twice");
    assert_eq!(days(9, &end("2026-08-20")), told("2026-11-20", "2026-08-20"), "less changes nothing");
}

#[test]
fn settings_that_go_less_far_back_shorten_a_first_pass_that_is_under_way() {
    let ctx = with_settings(&json!({}));
    let first = {
        let _host = host(&[start("11")]);
        call(&ctx, None).unwrap()
    };
    assert_eq!(cursor(&first.position)["jobs"][0]["day"], json!("2026-08-23"));
    let _host = host(&[start("12")]);
    let shorter = with_settings(&json!({ "history_days": 6 }));
    let second = call(&shorter, Some(first.position.cursor())).unwrap();
    assert_eq!(cursor(&second.position)["jobs"][1]["day"], json!("2026-11-15"));
}

#[test]
fn nothing_is_asked_for_that_is_not_kept_any_more_whoever_asks() {
    for (settings, since, from) in [
        (json!({}), None, "2026-08-23"),
        (json!({ "history_days": 1_127 }), None, "2023-10-21"),
        (json!({}), Some(0), "2023-10-21"),
        (json!({}), Some(NOW_MS - 48 * HOUR_MS), "2026-11-19"),
    ] {
        let _host = host(&[start("11")]);
        let request = ReadRequest { since_ms: since, ..ReadRequest::of("insights") };
        let page = MetaAds::read(&with_settings(&settings), &request).unwrap();
        assert_eq!(cursor(&page.position)["jobs"][0]["day"], json!(from), "{settings} {since:?}");
    }
}

#[test]
fn the_last_day_is_the_accounts_own_and_never_in_its_future() {
    // Half past nine in the morning, by UTC.
    for (offset, today) in [("60", "2026-11-21"), ("-660", "2026-11-20"), ("840", "2026-11-21"), ("", "2026-11-21")] {
        let _host = host(&[start("11")]);
        let ctx = Context { account_facts: vec![("offset_minutes".to_owned(), offset.to_owned())], ..ctx() };
        let page = call(&ctx, None).unwrap();
        assert_eq!(cursor(&page.position)["days"]["last"], json!(today), "{offset}");
    }
    let host = host(&[start("11")]);
    host.set_now_ms(NOW_MS + 14 * HOUR_MS); // 00:30 at the account
    assert_eq!(cursor(&call(&ctx(), None).unwrap().position)["days"]["last"], json!("2026-11-21"), "an hour's margin");
}

#[test]
fn no_more_reports_are_prepared_at_once_than_the_operator_lets() {
    let ctx = with_settings(&json!({ "history_days": 8 }));
    let starts: Vec<Value> = ["11", "12", "13", "14", "15"].map(start).into();
    let _host = host(&starts);
    let reading = read_all::<MetaAds>(&ctx, ReadRequest::of("insights")).unwrap();
    assert!(matches!(reading.position, Position::Wait(_, 10_000)));
    assert_eq!(cursor(&reading.position)["jobs"].as_array().unwrap().len(), 5);
    assert_eq!(cursor(&reading.position)["days"]["next"], json!("2026-11-18"));
}

#[test]
fn waits_double_up_to_five_minutes_and_a_slow_report_is_given_up_after_half_an_hour() {
    let mut exchanges: Vec<Value> = (0..10).map(|_| state("11", "Job Running", 40)).collect();
    exchanges.extend([start("12"), state("12", "Job Completed", 100), rows("12", &json!([figure("2026-11-21")]))]);
    let _host = host(&exchanges);
    let passed = pass(&ctx(), Some(prepared("11", 1))).unwrap();
    assert_eq!(passed.waits, [20, 40, 80, 160, 300, 300, 300, 300, 300, 10]);
    assert_eq!(passed.records.len(), 1);
}

#[test]
fn a_report_that_stands_still_at_nothing_is_given_up_after_five_minutes() {
    let mut exchanges: Vec<Value> = (0..4).map(|_| state("11", "Job Started", 0)).collect();
    exchanges.push(state("11", "Job Not Started", 0));
    exchanges.extend([start("12"), state("12", "Job Completed", 100), rows("12", &json!([]))]);
    let _host = host(&exchanges);
    let passed = pass(&ctx(), Some(prepared("11", 1))).unwrap();
    assert_eq!(passed.waits, [20, 40, 80, 160, 10]);
}

#[test]
fn completed_is_both_the_word_and_all_of_it() {
    let _host = host(&[
        state("11", "Job Running", 100),
        state("11", "Job Completed", 99),
        state("11", "Job Completed", 100),
        rows("11", &json!([figure("2026-11-21")])),
    ]);
    let passed = pass(&ctx(), Some(prepared("11", 1))).unwrap();
    assert_eq!((passed.waits.len(), passed.records.len()), (2, 1));
}

#[test]
fn a_report_that_failed_is_asked_for_five_times_and_then_the_day_is_named() {
    let failed = |run: &str| {
        let body = json!({ "id": run, "async_status": "Job Failed", "async_percent_completion": 12, "error_code": 2, "error_message": "Els" });
        look(run, &json!({ "body": body }))
    };
    let mut exchanges = vec![failed("1")];
    for run in ["2", "3", "4", "5"] {
        exchanges.extend([start(run), if run == "3" { state(run, "Job Skipped", 0) } else { failed(run) }]);
    }
    let host = host(&exchanges);
    let mut at = prepared("1", 1);
    let error: Error = loop {
        match call(&ctx(), Some(&at)) {
            Ok(page) => at = page.position.cursor().to_vec(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.case(), Case::Other);
    assert!(error.to_string().contains("2026-11-21"), "{error}");
    assert!(!format!("{:?} {error:?}", host.logs()).contains("Els"), "Meta's words are not repeated");
    drop(host);
    let again = call(&ctx(), Some(&at)).unwrap_err();
    assert_eq!(again.case(), Case::Other, "it stays so for a while");
    let host = TestHost::answering(&json!([start("6")]).to_string());
    host.set_now_ms(NOW_MS + 6 * HOUR_MS);
    let page = call(&ctx(), Some(&at)).unwrap();
    assert_eq!(cursor(&page.position)["jobs"][0]["tries"], json!(1), "a later run asks afresh");
}

#[test]
fn one_day_that_is_never_prepared_holds_up_no_other() {
    let both = json!({
        "days": { "first": "2026-11-20", "next": "2026-11-22", "last": "2026-11-21" },
        "jobs": [
            { "day": "2026-11-20", "run": "1", "tries": 5, "started_ms": NOW_MS, "looks": 1, "due_ms": NOW_MS },
            { "day": "2026-11-21", "run": "2", "tries": 1, "started_ms": NOW_MS, "looks": 1, "due_ms": NOW_MS },
        ],
        "at_ms": NOW_MS,
    });
    let _host = host(&[
        state("1", "Job Failed", 0),
        state("2", "Job Completed", 100),
        rows("2", &json!([figure("2026-11-21")])),
    ]);
    let page = call(&ctx(), Some(both.to_string().as_bytes())).unwrap();
    assert_eq!((page.count, &cursor(&page.position)["missed"]), (1, &json!(["2026-11-20"])));
    assert!(call(&ctx(), Some(page.position.cursor())).is_err(), "and the person is told");
}

#[test]
fn a_day_that_was_missed_is_asked_for_again_even_when_it_is_long_over() {
    let at = json!({ "days": { "first": "2026-09-01", "next": "2026-10-02", "last": "2026-10-01" }, "missed": ["2026-09-01"], "at_ms": NOW_MS - 301_000 });
    let _host = host(&[start("11")]);
    let page = call(&ctx(), Some(at.to_string().as_bytes())).unwrap();
    let now = cursor(&page.position);
    assert_eq!(now["jobs"][0]["day"], json!("2026-09-01"));
    assert_eq!(
        now["days"],
        json!({ "first": "2026-10-01", "next": "2026-10-01", "last": "2026-11-21" }),
        "and what came since"
    );
}

#[test]
fn a_report_that_is_not_known_yet_is_waited_for_and_one_that_is_forgotten_is_asked_for_again() {
    let unknown = || look("11", &refusal(400, 100, Some(33)));
    let exchanges = [unknown(), unknown(), unknown(), unknown(), unknown(), start("12")];
    let _host = host(&exchanges);
    let mut at = prepared("11", 1);
    let mut waits = Vec::new();
    loop {
        let page = call(&ctx(), Some(&at)).unwrap();
        at = page.position.cursor().to_vec();
        match page.position {
            Position::Wait(_, wait) => waits.push(wait / 1_000),
            _ => break,
        }
    }
    assert_eq!(waits, [20, 40, 80, 160], "five minutes in all");
    assert_eq!(cursor(&Position::End(at))["jobs"][0]["run"], json!("12"));
}

#[test]
fn figures_of_a_report_that_was_kept_too_long_are_asked_for_again() {
    let at = json!({
        "days": { "first": "2026-11-20", "next": "2026-11-22", "last": "2026-11-21" },
        "report": { "day": "2026-11-21", "run": "11", "after": "MA" },
        "at_ms": NOW_MS,
    });
    let gone = get("/11/insights?limit=2&after=MA", &refusal(400, 100, Some(33)));
    let _host = host(&[gone, start("12")]);
    let page = call(&ctx(), Some(at.to_string().as_bytes())).unwrap();
    assert_eq!(cursor(&page.position)["jobs"][0]["run"], json!("12"));
}

#[test]
fn what_figures_are_broken_down_by_is_a_part_of_their_key() {
    let ctx = with_settings(&json!({ "look_back_days": 1, "history_days": 1, "breakdowns": ["gender", "age"] }));
    let _host = TestHost::answering(include_str!("../../fixtures/streams/insights.breakdown.json")).in_order();
    let passed = pass(&ctx, None).unwrap();
    let by: Vec<_> = passed.records.iter().map(|one| one["breakdown"].as_str().unwrap()).collect();
    assert_eq!(by, ["age=25-34,gender=female", "age=35-44,gender=male", "age=25-34,gender=female"]);
}

#[test]
fn another_breakdown_reads_all_figures_afresh() {
    let broken_down = with_settings(&json!({ "breakdowns": ["age"] }));
    let end = json!({ "by": [], "through": "2026-11-20" }).to_string();
    let _host = TestHost::empty();
    assert_eq!(call(&broken_down, Some(end.as_bytes())).unwrap_err().case(), Case::CursorInvalid);
}

#[test]
fn a_pass_that_waits_more_often_than_the_host_lets_is_not_over_and_goes_on_when_its_reports_are_due() {
    let mut at: Value = serde_json::from_slice(&prepared("11", 1)).unwrap();
    at["waits"] = json!(179);
    let host = host(&[
        state("11", "Job Running", 10),
        state("11", "Job Running", 20),
        state("11", "Job Completed", 100),
        rows("11", &json!([figure("2026-11-21")])),
    ]);
    let page = call(&ctx(), Some(at.to_string().as_bytes())).unwrap();
    let Position::Wait(last, wait) = page.position else { panic!("one more is let: {:?}", page.position) };
    host.set_now_ms(NOW_MS + wait);
    let page = call(&ctx(), Some(&last)).unwrap();
    assert!(matches!(page.position, Position::More(_)), "it is neither over nor a wait: {:?}", page.position);
    let at = page.position.cursor().to_vec();
    let error = call(&ctx(), Some(&at)).unwrap_err();
    assert_eq!((error.case(), error.wait_ms(), error.is_alone()), (Case::RateLimited, Some(40_000), true));
    assert_eq!(host.requests().len(), 2, "nothing is asked before it is due");
    host.set_now_ms(NOW_MS + wait + 40_000);
    assert_eq!(call(&ctx(), Some(&at)).unwrap().count, 1);
}

#[test]
fn waits_are_counted_as_the_host_does_which_forgets_them_only_at_an_end() {
    let at = json!({ "days": { "first": "2026-11-20", "next": "2026-11-22", "last": "2026-11-21" }, "waits": 170,
        "missed": ["2026-11-20"], "at_ms": NOW_MS - 301_000 });
    let _host = host(&[start("11")]);
    let page = call(&ctx(), Some(at.to_string().as_bytes())).unwrap();
    assert_eq!(cursor(&page.position)["waits"], json!(170), "a day that was missed is no end");
}

#[test]
fn an_id_that_is_no_number_never_becomes_a_part_of_an_address() {
    for run in ["", "../7", "1?x", "me"] {
        let _host = host(&[start(run)]);
        assert_eq!(call(&ctx(), None).unwrap_err().case(), Case::InvalidResponse, "{run}");
    }
}
