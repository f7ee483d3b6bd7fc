//! Xero's two spellings of a moment: `/Date(1772445000000+0000)/`, and `2026-03-02T09:50:00` in UTC.

use patchbay_sdk::time;

/// Milliseconds since 1970; what is earlier counts as 1970. None for what is no moment.
pub(crate) fn millis(text: &str) -> Option<u64> {
    match text.strip_prefix("/Date(") {
        Some(rest) => of_number(rest.strip_suffix(")/")?),
        None if text.ends_with(['Z', 'z']) || has_offset(text) => time::parse_rfc3339(text),
        None => time::parse_rfc3339(&format!("{text}Z")),
    }
}

/// As the header `If-Modified-Since` wants it.
pub(crate) fn header(ms: u64) -> String {
    time::rfc3339(ms).trim_end_matches('Z').to_owned()
}

/// A number of milliseconds, which are UTC whatever the offset behind them says.
fn of_number(text: &str) -> Option<u64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (number, offset) = digits.split_at(digits.find(['+', '-']).unwrap_or(digits.len()));
    let is_offset = |text: &str| text.len() == 5 && text.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    if number.is_empty()
        || !number.bytes().all(|byte| byte.is_ascii_digit())
        || !(offset.is_empty() || is_offset(offset))
    {
        return None;
    }
    let ms: u64 = number.parse().ok()?;
    Some(if sign { 0 } else { ms })
}

/// Whether an offset follows the time of day.
fn has_offset(text: &str) -> bool {
    text.split_once('T').is_some_and(|(_, clock)| clock.contains(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::{header, millis};

    #[test]
    fn both_spellings_are_the_same_moment() {
        for text in [
            "/Date(1772445000000+0000)/",
            "/Date(1772445000000)/",
            "/Date(1772445000000+1300)/",
            "2026-03-02T09:50:00",
            "2026-03-02T09:50:00.0000000",
            "2026-03-02T09:50:00Z",
            "2026-03-02T10:50:00+01:00",
        ] {
            assert_eq!(millis(text), Some(1_772_445_000_000), "{text}");
        }
        assert_eq!(header(1_772_445_000_999), "2026-03-02T09:50:00");
    }

    #[test]
    fn a_moment_before_1970_is_the_earliest_there_is() {
        assert_eq!(millis("/Date(-62135596800000+0000)/"), Some(0));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in
            ["", "/Date()/", "/Date(12x)/", "/Date(1+00)/", "/Date(99999999999999999999)/", "yesterday", "2026-03-02"]
        {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
