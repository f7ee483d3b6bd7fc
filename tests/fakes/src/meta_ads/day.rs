//! Days and moments as the sheet writes them: in the zone of an account, `2026-11-20T14:03:11+0100`.

use patchbay_model::Timestamp;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Whole seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// A moment, so many hours ahead of UTC.
pub(super) fn moment(seconds: i64, hours: i64) -> String {
    let sign = if hours < 0 { '-' } else { '+' };
    let text = iso(seconds.saturating_add(hours * HOUR));
    format!("{}{sign}{:02}00", text.get(..19).unwrap_or_default(), hours.abs())
}

/// The day that it is at this moment, counted from 1970.
pub(super) fn of(seconds: i64, hours: i64) -> i64 {
    seconds.saturating_add(hours * HOUR).div_euclid(DAY)
}

/// `2026-11-20`
pub(super) fn text(day: i64) -> String {
    iso(day.saturating_mul(DAY)).get(..10).unwrap_or_default().to_owned()
}

/// The same back.
pub(super) fn parse(text: &str) -> Option<i64> {
    let at: Timestamp = (text.len() == 10).then(|| format!("{text}T00:00:00Z"))?.parse().ok()?;
    Some(seconds(at).div_euclid(DAY))
}

fn iso(seconds: i64) -> String {
    Timestamp::from_millis(seconds.saturating_mul(1_000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_those_of_the_zone() {
        let late = 1_763_679_791; // 2025-11-20T23:03:11Z
        assert_eq!(moment(late, 1), "2025-11-21T00:03:11+0100");
        assert_eq!(moment(late, -5), "2025-11-20T18:03:11-0500");
        assert_eq!((text(of(late, 1)), text(of(late, -5))), ("2025-11-21".to_owned(), "2025-11-20".to_owned()));
        assert_eq!(parse("2025-11-21"), Some(of(late, 1)));
        assert_eq!((parse("21-11-2025"), parse("2025-13-01")), (None, None));
    }
}
