//! Lengths of time as a manifest writes them: `30s`, `15m`, `6h`, `1d`.

use std::time::Duration;

/// The length of time that `text` says: a whole number and one of `s`, `m`, `h`, `d`.
///
/// # Errors
/// A text that says how it is written, when it is written otherwise, is zero or longer than 366 days.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("{text:?} is no length of time: a whole number and s, m, h or d, e.g. 15m");
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3_600,
        Some(b'd') => 86_400,
        _ => return Err(refuse()),
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse());
    }
    let seconds = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).ok_or_else(refuse)?;
    if seconds > 366 * 86_400 {
        return Err(format!("{text:?} is longer than 366 days"));
    }
    Ok(Duration::from_secs(seconds))
}

/// The same length of time in the fewest letters; a part of a second is dropped.
#[must_use]
pub fn duration_text(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_length_of_time() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("6h", 21_600), ("1d", 86_400)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(duration_text(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "m", "15", "0m", "015m", "1.5h", "-1h", " 1h", "1 h", "1w", "367d", "99999999999999999999d", "١m"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
