//! What a schedule promises.

mod reference;

use std::time::Duration;

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Schedule, phase_of};
use crate::{ConnectionId, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn cron(cron: &str, zone: &str, jitter: u64) -> Schedule {
    Schedule::Cron { cron: cron.to_owned(), zone: zone.to_owned(), jitter: seconds(jitter) }
}

#[test]
fn a_schedule_is_read_in_each_of_its_forms_and_written_in_one() {
    for (written, schedule, text) in [
        ("15m", Schedule::Every(seconds(900)), r#"{"every":"15m"}"#),
        (r#" {"every":"900s"} "#, Schedule::Every(seconds(900)), r#"{"every":"15m"}"#),
        ("366d", Schedule::Every(seconds(366 * 86_400)), r#"{"every":"366d"}"#),
        (
            r#"{"cron":"30 2 * * *","zone":"Europe/Brussels","jitter":"60s"}"#,
            cron("30 2 * * *", "Europe/Brussels", 60),
            r#"{"cron":"30 2 * * *","zone":"Europe/Brussels","jitter":"1m"}"#,
        ),
        (
            r#"{"cron":" */5  * * * mon ","zone":"europe/brussels","jitter":"0s"}"#,
            cron("*/5 * * * mon", "Europe/Brussels", 0),
            r#"{"cron":"*/5 * * * mon","zone":"Europe/Brussels","jitter":"0s"}"#,
        ),
        (
            r#"{"cron":"0 0 29 2 *"}"#,
            cron("0 0 29 2 *", "UTC", 60),
            r#"{"cron":"0 0 29 2 *","zone":"UTC","jitter":"1m"}"#,
        ),
    ] {
        assert_eq!(Schedule::parse(written).as_ref(), Ok(&schedule), "{written}");
        assert_eq!(schedule.text(), text);
        assert_eq!(Schedule::parse(text), Ok(schedule.clone()));
        assert_eq!(serde_json::to_string(&schedule).expect("json"), text);
        assert_eq!(serde_json::from_str::<Schedule>(text).expect("itself"), schedule);
    }
    assert_eq!(serde_json::from_str::<Schedule>(r#""6h""#).expect("text"), Schedule::Every(seconds(21_600)));
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_with_a_remedy() {
    for (written, wrong, remedy) in [
        ("", "no length of time", "15m"),
        ("often", "no length of time", "15m"),
        ("9s", "too often", "10s"),
        ("367d", "longer", "366 days"),
        (r#"{"every":"1s"}"#, "too often", "10s"),
        ("{}", "says not when", "every"),
        ("{", "no schedule", r#"{"every":"15m"}"#),
        (r#"{"evry":"1m"}"#, "evry", "every"),
        (r#"{"every":"15m","cron":"* * * * *"}"#, "two different", "one of them"),
        (r#"{"every":"15m","zone":"UTC"}"#, "go with cron", "leave them out"),
        (r#"{"every":15}"#, "no schedule", "15m"),
        (r#"{"cron":"0 30 2 * * *"}"#, "6 fields", "five fields"),
        (r#"{"cron":"0 30 2 * * * 2027"}"#, "7 fields", "five fields"),
        (r#"{"cron":"30 2 * *"}"#, "no cron", "five fields"),
        (r#"{"cron":"61 2 * * *"}"#, "the minute \"61\"", "0 to 59"),
        (r#"{"cron":"@daily"}"#, "no cron", "five fields"),
        (r#"{"cron":"30 25 * * *"}"#, "the hour \"25\"", "0 to 23"),
        (r#"{"cron":"30 2 * 13 *"}"#, "the month \"13\"", "JAN to DEC"),
        (r#"{"cron":"30 2 * * 1-MOX"}"#, "the day of the week \"1-MOX\"", "SUN to SAT"),
        (r#"{"cron":"a b c d e"}"#, "the minute \"a\"", "0 to 59"),
        (r#"{"cron":"0 0 30 2 *"}"#, "never due", "a day that a month has"),
        (r#"{"cron":"0 0 31 4,6,9,11 *"}"#, "never due", "a day that a month has"),
        (r#"{"cron":"0 0 * * *","zone":"Europe/Bruxelles"}"#, "no time zone", "Europe/Brussels"),
        (r#"{"cron":"0 0 * * *","zone":"Etc/Unknown"}"#, "no time zone", "Europe/Brussels"),
        (r#"{"cron":"0 0 * * *","zone":"../../etc/passwd"}"#, "no time zone", "Europe/Brussels"),
        (r#"{"cron":"0 0 * * *","zone":""}"#, "no time zone", "Europe/Brussels"),
        (r#"{"cron":"0 0 * * *","jitter":"61m"}"#, "too wide", "1h"),
        (r#"{"cron":"0 0 * * *","jitter":"a bit"}"#, "no length of time", "15m"),
    ] {
        let error = Schedule::parse(written).expect_err(written);
        assert!(error.contains(wrong) && error.contains(remedy), "{written}: {error}");
    }
}

#[test]
fn an_interval_keeps_its_slots_over_a_restart_and_a_missed_time_is_one_slot() {
    let schedule = Schedule::Every(seconds(900));
    let phase = 77_000_000_000_123;
    let first = schedule.next(at("2026-11-22T00:00:00Z"), phase);
    let second = schedule.next(first, phase);
    assert_eq!(second.since(first), seconds(900));
    // Asked again from anywhere between the two, as after a restart: the same slot.
    assert_eq!(schedule.next(first.plus(seconds(600)), phase), second);
    // After a day without the host: one slot, and it is on the same grid.
    let late = schedule.next(first.plus(seconds(86_400 + 1)), phase);
    assert_eq!(late, first.plus(seconds(86_400 + 900)));
}

#[test]
fn a_thousand_connections_do_not_start_together() {
    let after = at("2026-11-22T00:00:00Z");
    let clock = crate::ManualClock::at(after);
    let random = crate::SeededRandom::new(7);
    let schedule = Schedule::Every(seconds(300));
    let mut minutes = [0; 5];
    for _ in 0..1_000 {
        let connection = ConnectionId::fresh(&clock, &random);
        let slot = schedule.next(after, phase_of(&connection, "", "invoices"));
        let minute = usize::try_from((slot.since(after).as_micros() - 1) / 60_000_000).expect("small");
        minutes[minute] += 1;
    }
    assert!(minutes.iter().all(|count| (130..270).contains(count)), "{minutes:?}");
}

#[test]
fn a_phase_is_the_same_in_every_version() {
    let connection: ConnectionId = "con_0123456789abcdefghijklmnop".parse().expect("an id");
    assert_eq!(phase_of(&connection, "acc", "invoices"), GOLDEN);
    assert_ne!(phase_of(&connection, "a", "ccinvoices"), GOLDEN);
    assert_ne!(phase_of(&connection, "acc", "invoice"), GOLDEN);
}

/// Never to be changed: every connection's slots would move.
const GOLDEN: u64 = 15_638_546_733_232_019_642;

#[test]
fn a_daily_time_in_the_gap_runs_right_after_it_and_one_in_the_overlap_once() {
    for (written, zone, after, slots) in [
        // New York 2027: clocks go from 02:00 to 03:00 on 14 March, from 02:00 to 01:00 on 7 November.
        ("30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", ["2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"]),
        ("30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", ["2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"]),
        // Lord Howe: half an hour, from 02:00 to 02:30 on 3 October 2027.
        ("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z", ["2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z"]),
        // Every half an hour, the repeated hour counts twice and in order.
        ("30 * * * *", "America/New_York", "2027-11-07T05:00:00Z", ["2027-11-07T05:30:00Z", "2027-11-07T06:30:00Z"]),
    ] {
        let found = cron(written, zone, 0).upcoming(at(after), 99, 2);
        assert_eq!(found, slots.map(at), "{written} {zone}");
    }
}

#[test]
fn a_jitter_shifts_every_slot_by_the_same_and_never_gives_one_twice() {
    let plain = cron("30 2 * * *", "Europe/Brussels", 0);
    let spread = cron("30 2 * * *", "Europe/Brussels", 60);
    let (after, phase) = (at("2026-11-22T00:00:00Z"), 23_000_000 + 60_000_000 * 9);
    let shifted: Vec<_> = plain.upcoming(after, phase, 5).into_iter().map(|slot| slot.plus(seconds(23))).collect();
    assert_eq!(spread.upcoming(after, phase, 5), shifted);
    // Asked in the middle of the jitter, before the shifted slot is due, it is still to come; and not again after.
    assert_eq!(spread.next(at("2026-11-22T01:30:10Z"), phase), at("2026-11-22T01:30:23Z"));
    assert_eq!(spread.next(at("2026-11-22T01:30:23Z"), phase), at("2026-11-23T01:30:23Z"));
}

#[test]
fn what_could_not_have_been_read_is_due_nevertheless() {
    let after = at("2026-11-22T00:00:00Z");
    assert_eq!(cron("nonsense", "UTC", 0).next(after, 0), after.plus(seconds(86_400)));
    assert_eq!(cron("0 1 * * *", "Nowhere/Land", 0).next(after, 0), at("2026-11-22T01:00:00Z"));
    assert_eq!(Schedule::Every(Duration::ZERO).next(after, 0), after.plus(seconds(1)));
    for end in [i64::MIN, i64::MAX] {
        let end = Timestamp::from_micros(end);
        assert!(cron("0 1 * * *", "UTC", 0).next(end, 0) >= end);
        assert!(Schedule::Every(seconds(60)).next(end, 0) >= end);
    }
}

#[test]
fn a_typical_gap_is_the_interval_or_the_distance_of_the_next_two_slots() {
    let after = at("2026-11-22T00:00:00Z");
    assert_eq!(Schedule::Every(seconds(900)).typical_gap(after), seconds(900));
    assert_eq!(cron("30 2 * * *", "UTC", 3_600).typical_gap(after), seconds(86_400));
    assert_eq!(cron("0 */6 * * *", "UTC", 0).typical_gap(after), seconds(6 * 3_600));
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let crons = ["30 2 * * *", "*/15 * * * *", "0 0 1 * *", "15 1-3 * * 1-5", "0 12 L * *", "59 23 * * 0", "* * * * *"];
    let zones = ["UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago"];
    prop_oneof![
        (10_u64..400_000).prop_map(|every| Schedule::Every(seconds(every))),
        (0..crons.len(), 0..zones.len(), 0_u64..=3_600).prop_map(move |(pattern, zone, jitter)| cron(
            crons[pattern],
            zones[zone],
            jitter
        )),
    ]
}

proptest! {
    #[test]
    fn slots_come_in_order_and_from_anywhere_between_two_the_later_one_is_next(
        schedule in any_schedule(),
        after in 1_700_000_000_000_000_i64..2_000_000_000_000_000,
        phase in any::<u64>(),
        part in 0_u64..1_000,
    ) {
        let after = Timestamp::from_micros(after);
        prop_assert_eq!(Schedule::parse(&schedule.text()), Ok(schedule.clone()));
        let slots = schedule.upcoming(after, phase, 6);
        prop_assert!(slots[0] > after);
        for pair in slots.windows(2) {
            prop_assert!(pair[0] < pair[1], "{:?}", slots);
            let between = pair[0].plus(pair[1].since(pair[0]).mul_f64(part as f64 / 1_000.0));
            prop_assert_eq!(schedule.next(between.min(pair[1].minus(Duration::from_micros(1))), phase), pair[1]);
        }
    }

    #[test]
    fn any_expression_is_read_or_refused_without_breaking(
        fields in "([*]|[*]/[1-9]|[0-5]?[0-9]|[0-9]-1[0-9]/3|1,2,5) ([*]|2[0-9]|[*]/5|1-5,7) ([*]|L|LW|3?[01]|1?[1-9]W|[?]) ([*]|1?[0-9]|2,4|FEB) ([*]|[0-8]|[1-5]#[1-6]|5L|mon-fri|[?])",
        text in ".{0,30}",
        after in any::<i64>(),
    ) {
        for expression in [&fields, &text] {
            let json = serde_json::json!({"cron": expression, "zone": "America/Santiago"}).to_string();
            if let Ok(schedule) = Schedule::parse(&json) {
                prop_assert!(schedule.next(Timestamp::from_micros(after / 1_000), 7) > Timestamp::from_micros(after / 1_000));
            }
            let _ = Schedule::parse(expression);
        }
    }

    #[test]
    fn no_slot_of_an_interval_is_missed_or_doubled(every in 10_u64..400_000, phase in any::<u64>(), start in 0_i64..4_000_000_000) {
        let schedule = Schedule::Every(seconds(every));
        let slots = schedule.upcoming(Timestamp::from_micros(start * 1_000_000), phase, 20);
        for pair in slots.windows(2) {
            prop_assert_eq!(pair[1].since(pair[0]), seconds(every));
        }
        let interval = i64::try_from(every * 1_000_000).expect("small");
        let wanted = i64::try_from(phase % (every * 1_000_000)).expect("small");
        prop_assert_eq!(slots[0].as_micros().rem_euclid(interval), wanted);
    }
}
