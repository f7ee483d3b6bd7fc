//! How moments are written, and which is the later one.
//!
//! What is kept is the text that came: only its order is worked out. A place ahead of the host's clock counts as now, or a
//! single wrong date would end the reading of changes for years.

use std::cmp::Ordering;

use patchbay_definition::{Cursor, CursorFormat};
use patchbay_sdk::{RawValue, run, time};

use crate::raw;

const DAY_MS: u64 = 86_400_000;

/// What a row's field says: none when it is null or before 1970.
///
/// # Errors
/// It is nothing of the format.
pub(crate) fn read(format: CursorFormat, value: &RawValue) -> Result<Option<String>, ()> {
    let Some(text) = raw::text(value) else {
        return if value.get() == "null" { Ok(None) } else { Err(()) };
    };
    let text = text.trim();
    let text = match format {
        CursorFormat::Date => text.get(..10).unwrap_or(text),
        CursorFormat::UnixSeconds | CursorFormat::UnixMillis => text.split('.').next().unwrap_or(text),
        CursorFormat::Rfc3339 | CursorFormat::Text => text,
    };
    let long_ago = text.get(..4).and_then(|year| year.parse::<u32>().ok()).is_some_and(|year| year < 1970);
    if long_ago && matches!(format, CursorFormat::Rfc3339 | CursorFormat::Date) {
        return Ok(None);
    }
    if text.is_empty() || (format != CursorFormat::Text && ms(format, text).is_none()) {
        return Err(());
    }
    Ok(Some(capped(format, text)))
}

/// The later of two places.
pub(crate) fn later(format: CursorFormat, one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if compare(format, &other, &one) == Ordering::Greater { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Whether a place lies after a moment; of a text nobody knows.
pub(crate) fn is_after(format: CursorFormat, place: &str, moment_ms: u64) -> bool {
    ms(format, place).is_some_and(|ms| ms > moment_ms)
}

/// What is asked for: the place, less the overlap.
pub(crate) fn asked(cursor: &Cursor, place: &str) -> String {
    match ms(cursor.format, place) {
        Some(ms) if cursor.overlap_seconds > 0 => {
            written(cursor.format, ms.saturating_sub(cursor.overlap_seconds.saturating_mul(1_000)))
        }
        _ => place.to_owned(),
    }
}

/// Where the very first pass begins: at the definition's start, or where the host wants it when that is later.
pub(crate) fn first(cursor: &Cursor, wanted_ms: Option<u64>) -> Option<String> {
    let wanted = wanted_ms.filter(|_| cursor.format != CursorFormat::Text).map(|ms| written(cursor.format, ms));
    later(cursor.format, cursor.start.clone(), wanted)
}

fn compare(format: CursorFormat, one: &str, other: &str) -> Ordering {
    match (ms(format, one), ms(format, other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        // Numbers by their size, also those of more digits than anybody counts with.
        _ if is_number(one) && is_number(other) => {
            let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
            one.len().cmp(&other.len()).then_with(|| one.cmp(other))
        }
        _ => one.cmp(other),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn capped(format: CursorFormat, text: &str) -> String {
    let now = run::now_ms();
    match ms(format, text) {
        Some(ms) if ms > now => written(format, now),
        _ => text.to_owned(),
    }
}

fn ms(format: CursorFormat, text: &str) -> Option<u64> {
    match format {
        // Without an offset the API means its own clock; as long as all are written so, their order holds.
        CursorFormat::Rfc3339 => time::parse_rfc3339(text).or_else(|| time::parse_rfc3339(&format!("{text}Z"))),
        CursorFormat::Date => time::parse_rfc3339(&format!("{text}T00:00:00Z")),
        CursorFormat::UnixSeconds => text.parse::<u64>().ok()?.checked_mul(1_000),
        CursorFormat::UnixMillis => text.parse().ok(),
        CursorFormat::Text => None,
    }
}

fn written(format: CursorFormat, ms: u64) -> String {
    match format {
        CursorFormat::Rfc3339 | CursorFormat::Text => time::rfc3339(ms),
        CursorFormat::Date => time::date(ms - ms % DAY_MS),
        CursorFormat::UnixSeconds => (ms / 1_000).to_string(),
        CursorFormat::UnixMillis => ms.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_definition::{Cursor, CursorFormat};
    use patchbay_sdk::{RawValue, testing::TestHost};
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::{asked, first, later, read};

    const NOW_MS: u64 = 1_795_253_400_000;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    fn cursor(format: CursorFormat, overlap_seconds: u64) -> Cursor {
        Cursor { field: "/t".to_owned(), param: None, pointer: None, format, overlap_seconds, start: None }
    }

    fn of(format: CursorFormat, text: &str) -> Option<String> {
        read(format, &raw(text)).unwrap()
    }

    #[test]
    fn each_format_is_read_kept_as_it_came_and_asked_for_with_the_overlap() {
        let _host = TestHost::empty();
        for (format, json, kept, with_a_minute) in [
            (
                CursorFormat::Rfc3339,
                "\"2026-11-20T08:30:00.5+01:00\"",
                "2026-11-20T08:30:00.5+01:00",
                "2026-11-20T07:29:00Z",
            ),
            (CursorFormat::Rfc3339, "\"2026-11-20T08:30:00\"", "2026-11-20T08:30:00", "2026-11-20T08:29:00Z"),
            (CursorFormat::Date, "\"2026-11-20\"", "2026-11-20", "2026-11-19"),
            (CursorFormat::Date, "\"2026-11-20T10:00:00Z\"", "2026-11-20", "2026-11-19"),
            (CursorFormat::UnixSeconds, "1763627400", "1763627400", "1763627340"),
            (CursorFormat::UnixSeconds, "\"1763627400.9\"", "1763627400", "1763627340"),
            (CursorFormat::UnixMillis, "1763627400000", "1763627400000", "1763627340000"),
            (CursorFormat::Text, "\"0012ab\"", "0012ab", "0012ab"),
        ] {
            assert_eq!(of(format, json).as_deref(), Some(kept), "{json}");
            assert_eq!(asked(&cursor(format, 60), kept), with_a_minute, "{json}");
            assert_eq!(asked(&cursor(format, 0), kept), kept, "{json}");
        }
    }

    #[test]
    fn null_and_long_ago_do_not_count_and_nonsense_is_told() {
        let _host = TestHost::empty();
        assert_eq!(of(CursorFormat::Rfc3339, "null"), None);
        assert_eq!(of(CursorFormat::Rfc3339, "\"0001-01-01T00:00:00Z\""), None);
        for (format, bad) in [
            (CursorFormat::Rfc3339, "\"yesterday\""),
            (CursorFormat::Date, "\"20-11-2026\""),
            (CursorFormat::UnixSeconds, "\"x\""),
            (CursorFormat::UnixSeconds, "-1"),
            (CursorFormat::Text, "\"\""),
            (CursorFormat::Text, "{}"),
        ] {
            assert_eq!(read(format, &raw(bad)), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_date_in_the_future_counts_as_now() {
        let _host = TestHost::empty();
        assert_eq!(of(CursorFormat::Rfc3339, "\"9999-12-31T00:00:00Z\"").as_deref(), Some("2026-11-21T09:30:00Z"));
        assert_eq!(of(CursorFormat::UnixMillis, "99999999999999"), Some(NOW_MS.to_string()));
        assert_eq!(of(CursorFormat::Date, "\"2030-01-01\"").as_deref(), Some("2026-11-21"));
    }

    #[test]
    fn the_first_pass_begins_at_the_later_of_start_and_wish() {
        let start = |text: &str| Cursor { start: Some(text.to_owned()), ..cursor(CursorFormat::Date, 0) };
        assert_eq!(first(&start("2024-01-01"), Some(NOW_MS)).as_deref(), Some("2026-11-21"));
        assert_eq!(first(&start("2024-01-01"), None).as_deref(), Some("2024-01-01"));
        assert_eq!(first(&cursor(CursorFormat::Text, 0), Some(NOW_MS)), None);
    }

    #[test]
    fn numbers_of_any_length_grow() {
        let later =
            |one: &str, other: &str| later(CursorFormat::Text, Some(one.to_owned()), Some(other.to_owned())).unwrap();
        assert_eq!(later("9", "10"), "10");
        assert_eq!(later("00123", "99"), "00123");
        assert_eq!(later("99999999999999999999999", "100000000000000000000000"), "100000000000000000000000");
        assert_eq!(later("b", "a"), "b");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_later_one_does_not_depend_on_the_order(one in 0_u64..4_000_000_000, other in 0_u64..4_000_000_000) {
            for format in [CursorFormat::UnixSeconds, CursorFormat::Text] {
                let (a, b) = (Some(one.to_string()), Some(other.to_string()));
                prop_assert_eq!(later(format, a.clone(), b.clone()), later(format, b, a));
            }
        }

        #[test]
        fn the_overlap_never_goes_forward(seconds in 0_u64..4_000_000_000, overlap in 0_u64..3_000_000) {
            let place = patchbay_sdk::time::rfc3339(seconds * 1_000);
            let asked = asked(&cursor(CursorFormat::Rfc3339, overlap), &place);
            let of = |text: &str| patchbay_sdk::time::parse_rfc3339(text).unwrap();
            prop_assert!(of(&asked) <= of(&place));
            prop_assert_eq!(of(&asked), (seconds * 1_000).saturating_sub(overlap * 1_000));
        }
    }
}
