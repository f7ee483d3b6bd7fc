//! The headers that say how many requests are left, and until when.
//!
//! No two providers write the second one alike, and a manifest names only the header, so what it means
//! is told by its size. The ranges do not meet for as long as anybody will read this:
//!
//! | value | is read as | because |
//! |---|---|---|
//! | below 1,000,000,000 | seconds from now | as a moment it would be before September 2001, and no wait has 31 years |
//! | up to 100,000,000,000 | Unix seconds | as milliseconds it would be before March 1973; as seconds it ends in 5138 |
//! | above | Unix milliseconds | |
//! | a date | HTTP date, or RFC 3339 | |
//!
//! A fraction counts as a whole second (or millisecond) more. Anything else says nothing.

use std::time::Duration;

use http::HeaderMap;
use jiff::fmt::rfc2822::DateTimeParser;
use patchbay_model::{Timestamp, manifest::Rate};

/// Below this a number is a length.
const MOMENTS: u64 = 1_000_000_000;
/// From this on a moment is in milliseconds.
const MILLIS: u64 = 100_000_000_000;

/// How long it takes until the count of this rate starts afresh, where nothing is left of it.
pub(super) fn used_up(headers: &HeaderMap, rate: &Rate, now: Timestamp) -> Option<Duration> {
    let text = |name: &Option<String>| headers.get(name.as_deref()?)?.to_str().ok().map(str::trim);
    if !is_nothing(text(&rate.remaining_header)?) {
        return None;
    }
    until(text(&rate.reset_header)?, now)
}

/// Zero, or the less than nothing that some count down to.
fn is_nothing(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    whole(digits).is_some_and(|left| left == 0 || digits.len() < text.len())
}

fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let moment = match whole(text) {
        Some(seconds) if seconds < MOMENTS => return Some(Duration::from_secs(seconds)),
        Some(seconds) if seconds < MILLIS => Timestamp::from_millis(i64::try_from(seconds).ok()?.saturating_mul(1_000)),
        Some(millis) => Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)),
        None => match DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text) {
            Ok(date) => Timestamp::from_micros(date.as_microsecond()),
            Err(_) => text.parse().ok()?,
        },
    };
    Some(moment.since(now))
}

/// A number without a sign; a fraction makes it one more.
fn whole(text: &str) -> Option<u64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !are_digits(digits) || !are_digits(fraction) {
        return None;
    }
    let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    // Of digits only, so what cannot be read is too large.
    Some(digits.parse::<u64>().unwrap_or(u64::MAX).saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_190_400;

    fn left(text: &str) -> Option<Duration> {
        until(text, Timestamp::from_millis(NOW * 1_000))
    }

    #[test]
    fn a_reset_is_understood_however_it_is_written() {
        for (text, seconds) in [
            ("0".to_owned(), 0),
            ("60".to_owned(), 60),
            ("59.2".to_owned(), 60),
            ("60.000".to_owned(), 60),
            ("999999999".to_owned(), 999_999_999),
            (format!("{}", NOW + 60), 60),
            (format!("{}.5", NOW + 59), 60),
            (format!("{}", NOW - 60), 0),
            ("1000000000".to_owned(), 0),
            (format!("{}", (NOW + 60) * 1_000), 60),
            (format!("{}", (NOW - 60) * 1_000), 0),
            ("100000000000".to_owned(), 0),
            ("Fri, 20 Nov 2026 16:01:00 GMT".to_owned(), 60),
            ("Thu, 19 Nov 2026 16:01:00 GMT".to_owned(), 0),
            ("2026-11-20T16:01:00Z".to_owned(), 60),
            ("2026-11-20T17:01:00+01:00".to_owned(), 60),
        ] {
            let expected = left(&text).map(|left| left.as_secs());
            assert_eq!(expected, Some(seconds), "{text}");
        }
        assert!(left("99999999999999999999999").is_some_and(|left| left.as_secs() > 1_000_000_000));
        for text in ["", "soon", "-5", "1e3", "1.2.3", ".5", "0x10", "６０", "60s"] {
            assert_eq!(left(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_left_at_zero_and_below() {
        for (text, nothing) in [
            ("0", true),
            ("0.0", true),
            ("-1", true),
            ("-0", true),
            ("1", false),
            ("0.5", false),
            ("", false),
            ("no", false),
            ("-", false),
        ] {
            assert_eq!(is_nothing(text), nothing, "{text}");
        }
    }
}
