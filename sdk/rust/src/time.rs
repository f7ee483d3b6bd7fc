//! The few conversions between moments and text that providers ask for. All of them are in UTC.
//!
//! Written out rather than taken from a calendar library, which would be a quarter of a small connector's size; the tests
//! compare them with one.

use std::time::UNIX_EPOCH;

const DAY_MS: u64 = 86_400_000;
/// The last moment that four digits of a year can say, 9999-12-31T23:59:59Z.
const LAST_MS: u64 = 253_402_300_799_000;

/// A moment as RFC 3339 with whole seconds, `2026-11-21T09:30:00Z`; what is later than the year 9999 becomes its end.
#[must_use]
pub fn rfc3339(ms: u64) -> String {
    let ms = ms.min(LAST_MS);
    let (year, month, day) = civil(ms / DAY_MS);
    let seconds = ms % DAY_MS / 1_000;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A moment's date, `2026-11-21`.
#[must_use]
pub fn date(ms: u64) -> String {
    rfc3339(ms).chars().take(10).collect()
}

/// Milliseconds since 1970 of a moment in RFC 3339 with its offset, `Z` or `+01:00`; none for anything else, and for a time
/// before 1970.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, offset) = rest.split_at(at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let real = (1..=12).contains(&month) && day >= 1 && hour < 24 && minute < 60 && second <= 60;
    if !real || day > days_in(year, month) || year < 1970 {
        return None;
    }
    let seconds = (days_since_1970(year, month, day) * 24 + hour) * 3_600 + minute * 60 + second;
    let ms = i64::try_from(seconds * 1_000 + milliseconds(fraction)?).ok()?;
    u64::try_from(ms.checked_sub(offset_ms(offset)?)?).ok()
}

/// Milliseconds since 1970 of an HTTP date, `Sat, 21 Nov 2026 09:30:00 GMT`.
pub(crate) fn parse_http_date(text: &str) -> Option<u64> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// Year, month and day of a day since 1970-01-01. (Howard Hinnant's `civil_from_days`, for days that are not negative.)
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The other way (`days_from_civil`), for years from 1970.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let year_of_era = year % 400;
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    year / 400 * 146_097 + of_era - 719_468
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

fn offset_ms(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(text.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some(sign * i64::try_from((hours * 60 + minutes) * 60_000).ok()?)
}

/// The first three digits of a fraction of a second.
fn milliseconds(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<3}").get(..3)?.parse().ok()
}

/// Numbers of exactly so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[u64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(between);
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{LAST_MS, date, parse_http_date, parse_rfc3339, rfc3339};

    #[test]
    fn moments_and_their_text_agree() {
        let ms = 1_795_253_400_000;
        assert_eq!(rfc3339(ms), "2026-11-21T09:30:00Z");
        assert_eq!(date(ms), "2026-11-21");
        assert_eq!(parse_rfc3339("2026-11-21T10:30:00.0009+01:00"), Some(ms));
        assert_eq!(parse_rfc3339("2026-11-21T00:00:00.5-09:30"), Some(ms + 500));
        assert_eq!(parse_http_date("Sat, 21 Nov 2026 09:30:00 GMT"), Some(ms));
        assert_eq!(rfc3339(u64::MAX), rfc3339(LAST_MS));
    }

    #[test]
    fn they_agree_with_a_calendar_library() {
        // A prime step meets every part of the calendar from 1970 to 9999.
        for ms in (0..LAST_MS / 1_000).step_by(96_999_997).map(|seconds| seconds * 1_000) {
            let known = jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().to_string();
            assert_eq!(rfc3339(ms), known);
            assert_eq!(parse_rfc3339(&known), Some(ms));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "2026-11-21T10:30:00",
            "2026-11-31T10:30:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T10:30:00.Z",
            "2026-11-21T10:30:00+1:00",
            "1969-12-31T23:59:59Z",
            "2026-11-21",
            "yesterday",
            "",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00+01:00"), None);
    }
}
