use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

fn rule(kind: CursorKind, look_back: Option<&str>, zone: Option<&str>) -> CursorRule {
    let owned = |text: &str| text.to_owned();
    CursorRule { pointer: "/since".to_owned(), kind, zone: zone.map(owned), look_back: look_back.map(owned) }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

const NOW: &str = "2026-03-12T12:00:00Z";

#[test]
fn a_run_begins_a_little_earlier_in_the_same_spelling() {
    use CursorKind::{Time, UnixMillis, UnixSeconds};
    for (kind, stored, begins) in [
        (Time, r#"{"since":"2026-03-12T11:20:05Z"}"#, r#"{"since":"2026-03-12T11:10:05Z"}"#),
        (Time, r#"{"since":"2026-03-12T00:05:00.000+01:00"}"#, r#"{"since":"2026-03-11T23:55:00.000+01:00"}"#),
        (Time, r#"{"since":"2026-03-12 11:20:05.1234567z"}"#, r#"{"since":"2026-03-12 11:10:05.1234567z"}"#),
        (Time, r#"{"since":"2026-03-12T11:20-0330"}"#, r#"{"since":"2026-03-12T11:10-0330"}"#),
        (
            Time,
            r#"{ "page" : 2.50, "since": "2024-03-01T00:00:00+00:00", "x":[] }"#,
            r#"{ "page" : 2.50, "since": "2024-02-29T23:50:00+00:00", "x":[] }"#,
        ),
        (UnixSeconds, r#"{"since":1773314405}"#, r#"{"since":1773313805}"#),
        (UnixSeconds, r#"{"since":"1773314405.25"}"#, r#"{"since":"1773313805.25"}"#),
        (UnixSeconds, r#"{"since":100}"#, r#"{"since":-500}"#),
        (UnixSeconds, r#"{"since":"0000000700"}"#, r#"{"since":"0000000100"}"#),
        (UnixMillis, r#"{"since":1773314405123}"#, r#"{"since":1773313805123}"#),
        (UnixMillis, r#"{"since":"1773314405123"}"#, r#"{"since":"1773313805123"}"#),
    ] {
        let rule = rule(kind, Some("10m"), None);
        assert_eq!(text(&resume(&rule, stored.as_bytes())), begins);
    }
}

#[test]
fn a_cursor_that_is_not_understood_is_given_back_as_it_is() {
    let rule = rule(CursorKind::Time, Some("10m"), None);
    for stored in [
        "",
        "opaque",
        r#"{"page":3}"#,
        r#"{"since":null}"#,
        r#"{"since":{"at":"2026-03-12T11:20:05Z"}}"#,
        r#"{"since":"yesterday"}"#,
        r#"{"since":"2026-03-12T11:20:05"}"#,
        r#"{"since":1773314405}"#,
        r#"{"since":"2026-03-12T11:20:05Z"} and more"#,
    ] {
        assert_eq!(text(&resume(&rule, stored.as_bytes())), stored);
    }
    assert_eq!(resume(&rule, b"\xff\xfe"), b"\xff\xfe");
}

#[test]
fn a_number_and_a_rule_without_look_back_are_not_taken_back() {
    let stored = br#"{"since":7}"#;
    assert_eq!(resume(&rule(CursorKind::Number, None, None), stored), stored);
    assert_eq!(resume(&rule(CursorKind::Number, Some("10m"), None), stored), stored);
    assert_eq!(resume(&rule(CursorKind::UnixSeconds, None, None), stored), stored);
}

#[test]
fn the_whole_cursor_may_be_the_value() {
    let whole = CursorRule { pointer: String::new(), ..rule(CursorKind::UnixSeconds, Some("1m"), None) };
    assert_eq!(resume(&whole, b"1000"), b"940");
    assert_eq!(resume(&whole, b" \"1000\" "), b" \"940\" ");
    assert!(check(&whole, Some(b"1000"), b"900", at(NOW)).is_err());
}

#[test]
fn a_place_that_goes_back_is_refused() {
    for (kind, start, next) in [
        (CursorKind::Time, r#""2026-03-12T11:20:05Z""#, r#""2026-03-12T11:20:04.999Z""#),
        (CursorKind::Time, r#""2026-03-12T11:20:05Z""#, r#""2026-03-12T12:20:04+01:00""#),
        (CursorKind::UnixSeconds, "1773314405", "\"1773314404\""),
        (CursorKind::UnixMillis, "1773314405123", "1773314405122.9"),
        (CursorKind::Number, "18446744073709551616", "18446744073709551615"),
        (CursorKind::Number, "-1.5", "-1.6"),
    ] {
        let rule = rule(kind, None, None);
        let [start, next] = [start, next].map(|value| format!(r#"{{"since":{value}}}"#));
        let error = check(&rule, Some(start.as_bytes()), next.as_bytes(), at(NOW)).expect_err(&next);
        assert!(error.contains("/since went back"), "{error}");
        assert_eq!(check(&rule, Some(start.as_bytes()), start.as_bytes(), at(NOW)), Ok(Checked::Fine), "it may stay");
        assert_eq!(check(&rule, Some(next.as_bytes()), start.as_bytes(), at(NOW)), Ok(Checked::Fine));
        assert_eq!(check(&rule, None, next.as_bytes(), at(NOW)), Ok(Checked::Fine));
    }
}

#[test]
fn a_connector_that_returns_what_it_was_given_does_not_drift_back() {
    let rule = rule(CursorKind::Time, Some("10m"), None);
    let stored = br#"{"since":"2026-03-12T11:20:05Z","page":1}"#;
    let given = resume(&rule, stored);
    let kept = Checked::Earlier(stored.to_vec());
    assert_eq!(check(&rule, Some(stored), &given, at(NOW)), Ok(kept));
    // On its way through what is read again, what else the cursor carries is kept.
    let next = br#"{"since":"2026-03-12T11:15:00Z","job":"abc"}"#;
    let kept = Checked::Earlier(br#"{"since":"2026-03-12T11:20:05Z","job":"abc"}"#.to_vec());
    assert_eq!(check(&rule, Some(stored), next, at(NOW)), Ok(kept));
    let before = br#"{"since":"2026-03-12T11:10:04Z"}"#;
    assert!(check(&rule, Some(stored), before, at(NOW)).is_err(), "earlier than it was sent");
}

#[test]
fn a_place_in_the_future_is_taken_back_to_now_in_its_own_spelling() {
    use CursorKind::{Time, UnixMillis, UnixSeconds};
    for (kind, next, stored) in [
        (Time, r#"{"since":"2027-01-01T00:00:00.000+01:00"}"#, r#"{"since":"2026-03-12T13:00:00.000+01:00"}"#),
        (Time, r#"{"since":"9999-12-31T23:59:59Z"}"#, r#"{"since":"2026-03-12T12:00:00Z"}"#),
        (UnixSeconds, r#"{"since":1773317101}"#, r#"{"since":1773316800}"#),
        (UnixMillis, r#"{"since":"1773317100001"}"#, r#"{"since":"1773316800000"}"#),
    ] {
        let clamped = Checked::Clamped(stored.as_bytes().to_vec());
        assert_eq!(check(&rule(kind, None, None), None, next.as_bytes(), at(NOW)), Ok(clamped), "{next}");
    }
    for (kind, next) in [
        (Time, r#"{"since":"2026-03-12T12:05:00Z"}"#),
        (UnixSeconds, r#"{"since":1773317100}"#),
        (CursorKind::Number, r#"{"since":999999999999999}"#),
    ] {
        assert_eq!(check(&rule(kind, None, None), None, next.as_bytes(), at(NOW)), Ok(Checked::Fine), "{next}");
    }
}

#[test]
fn a_time_without_an_offset_is_refused_unless_the_rule_names_a_zone() {
    let next = br#"{"since":"2026-03-12T12:20:05"}"#;
    let error = check(&rule(CursorKind::Time, None, None), None, next, at(NOW)).expect_err("no zone");
    assert!(error.contains("no offset") && error.contains("zone"), "{error}");
    let brussels = rule(CursorKind::Time, Some("10m"), Some("Europe/Brussels"));
    assert_eq!(check(&brussels, None, next, at(NOW)), Ok(Checked::Fine));
    assert_eq!(text(&resume(&brussels, next)), r#"{"since":"2026-03-12T12:10:05"}"#);
    // 13:20 in Brussels is 12:20 UTC: fine, although the digits look like the future; 14:00 is not.
    let ahead = br#"{"since":"2026-03-12T14:00:00"}"#;
    let clamped = Checked::Clamped(br#"{"since":"2026-03-12T13:00:00"}"#.to_vec());
    assert_eq!(check(&brussels, None, ahead, at(NOW)), Ok(clamped));
    // Over the night in which clocks are put forward.
    let stored = br#"{"since":"2026-03-29T03:05:00"}"#;
    assert_eq!(text(&resume(&brussels, stored)), r#"{"since":"2026-03-29T01:55:00"}"#);
    let day = br#"{"since":"2026-03-12"}"#;
    assert_eq!(text(&resume(&brussels, day)), r#"{"since":"2026-03-11"}"#);
}

#[test]
fn what_is_no_value_of_the_kind_is_refused() {
    for (kind, value) in [
        (CursorKind::Time, "\"yesterday\""),
        (CursorKind::Time, "1773314405"),
        (CursorKind::Time, "\"2026-13-12T12:20:05Z\""),
        (CursorKind::Time, "\"2026-03-12T12:20:05,5Z\""),
        (CursorKind::Time, "\"2026-03-12T12:20:05+25:00\""),
        (CursorKind::Time, "\"2026-03-12T12:20:05+\""),
        (CursorKind::Time, "\"2026-03-12é\""),
        (CursorKind::UnixSeconds, "\"now\""),
        (CursorKind::UnixMillis, "1e12"),
        (CursorKind::Number, "true"),
        (CursorKind::Number, "\"\""),
        (CursorKind::Number, "\"-\""),
        (CursorKind::Number, "\"1.\""),
    ] {
        let next = format!(r#"{{"since":{value}}}"#);
        assert!(check(&rule(kind, None, None), None, next.as_bytes(), at(NOW)).is_err(), "{value}");
    }
    for opaque in [r#"{"page":3}"#, r#"{"since":null}"#, "no json", ""] {
        let checked = check(&rule(CursorKind::Time, None, None), None, opaque.as_bytes(), at(NOW));
        assert_eq!(checked, Ok(Checked::Fine), "{opaque}");
    }
}

/// A moment in one of its spellings, with the rule that reads it.
fn spelt() -> impl Strategy<Value = (CursorRule, i64, String)> {
    let second = 0_i64..4_000_000_000;
    let zones = [None, Some("Europe/Brussels"), Some("Australia/Lord_Howe"), Some("America/New_York")];
    prop_oneof![
        (second.clone(), -840_i32..=840, 0_usize..=9).prop_map(|(second, offset, digits)| {
            let clock = jiff::tz::Offset::from_seconds(offset * 60).expect("an offset");
            let shown = clock.to_datetime(jiff::Timestamp::from_second(second).expect("a moment"));
            let fraction = if digits == 0 { String::new() } else { format!(".{}", "0".repeat(digits)) };
            let sign = if offset < 0 { '-' } else { '+' };
            let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
            let time = format!("\"{shown}{fraction}{sign}{hours:02}:{minutes:02}\"");
            (rule(CursorKind::Time, Some("10m"), None), second, time)
        }),
        (second.clone(), 1..zones.len()).prop_map(move |(second, zone)| {
            let zone = zones[zone].expect("a zone");
            let clock = jiff::tz::TimeZone::get(zone).expect("a zone");
            // The first showing of a repeated hour, for the digits alone say no more.
            let shown = clock.to_datetime(jiff::Timestamp::from_second(second).expect("a moment"));
            let first = clock.to_ambiguous_timestamp(shown).earlier().expect("a moment").as_second();
            (rule(CursorKind::Time, Some("10m"), Some(zone)), first, format!("\"{shown}\""))
        }),
        (second.clone(), any::<bool>()).prop_map(|(second, quoted)| {
            let text = if quoted { format!("\"{second}\"") } else { second.to_string() };
            (rule(CursorKind::UnixSeconds, Some("10m"), None), second, text)
        }),
        (second, any::<bool>()).prop_map(|(second, quoted)| {
            let millis = second * 1_000;
            let text = if quoted { format!("\"{millis}\"") } else { millis.to_string() };
            (rule(CursorKind::UnixMillis, Some("10m"), None), second, text)
        }),
    ]
}

proptest! {
    #[test]
    fn a_run_begins_by_the_look_back_earlier_and_may_come_back_to_where_it_was((rule, second, value) in spelt()) {
        let stored = format!(r#"{{"p":[1],"since":{value},"q":"since"}}"#);
        let now = Timestamp::from_micros((second + 60) * 1_000_000);
        let begins = resume(&rule, stored.as_bytes());
        let value = find(&rule, &begins).expect("a value").expect("of its kind");
        let back = i128::from(second) - value.order / 1_000_000_000;
        // In the hour that is shown twice, earlier by an hour more: rather read again than left out.
        prop_assert!(back == 600 || (rule.zone.is_some() && (600..=4_200).contains(&back)), "{} {}", back, stored);
        prop_assert_eq!(check(&rule, Some(stored.as_bytes()), stored.as_bytes(), now), Ok(Checked::Fine));
        prop_assert_eq!(check(&rule, Some(&begins), stored.as_bytes(), now), Ok(Checked::Fine));
        if back == 600 {
            let kept = Checked::Earlier(stored.clone().into_bytes());
            prop_assert_eq!(check(&rule, Some(stored.as_bytes()), &begins, now), Ok(kept));
        }
    }

    #[test]
    fn what_is_stored_is_never_before_the_start_nor_ahead_of_now(
        (rule, second, value) in spelt(),
        (start, now) in (0_i64..4_000_000_000, 0_i64..4_000_000_000),
    ) {
        let started = if rule.kind == CursorKind::Time {
            format!(r#"{{"since":"{}"}}"#, Timestamp::from_micros(start * 1_000_000))
        } else {
            format!(r#"{{"since":{}}}"#, if rule.kind == CursorKind::UnixMillis { start * 1_000 } else { start })
        };
        let next = format!(r#"{{"since":{value}}}"#);
        let now = Timestamp::from_micros(now * 1_000_000);
        match check(&rule, Some(started.as_bytes()), next.as_bytes(), now) {
            Ok(Checked::Fine) => {
                prop_assert!(second >= start && Timestamp::from_micros(second * 1_000_000) <= now.plus(AHEAD));
            }
            Ok(Checked::Clamped(stored) | Checked::Earlier(stored)) => {
                let stored = find(&rule, &stored).expect("a value").expect("of its kind").order;
                prop_assert!(stored <= nanos(now).max(i128::from(start) * 1_000_000_000));
            }
            Err(_) => prop_assert!(second < start),
        }
    }

    #[test]
    fn any_bytes_are_checked_without_breaking(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in ".{0,40}") {
        for kind in [CursorKind::Time, CursorKind::UnixSeconds, CursorKind::UnixMillis, CursorKind::Number] {
            let rule = rule(kind, Some("1h"), Some("Europe/Brussels"));
            let json = format!(r#"{{"since":{}}}"#, serde_json::Value::from(text.clone()));
            for cursor in [bytes.as_slice(), json.as_bytes()] {
                let _ = resume(&rule, cursor);
                let _ = check(&rule, Some(cursor), cursor, at(NOW));
            }
        }
    }
}
