//! Values that providers write in several ways: a life, scopes, a wait.

use std::time::Duration;

use serde_json::Value;

/// A life beyond this is nonsense (a date instead of a duration, for one).
const LONGEST_LIFE: Duration = Duration::from_secs(100 * 366 * 86_400);
/// The longest wait that a provider may ask for, and what is taken instead of nonsense.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Seconds, as a number or in a text; none when it makes no sense.
pub(super) fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let life = Duration::try_from_secs_f64(seconds.floor()).ok()?;
    (!life.is_zero() && life <= LONGEST_LIFE).then_some(life)
}

/// A text with spaces, commas or the manifest's own separator, or an array.
pub(super) fn scopes(value: &Value, separator: Option<&str>) -> Option<Vec<String>> {
    match value {
        Value::String(text) => {
            let parts = text.split(separator.filter(|separator| !separator.is_empty()).unwrap_or(" "));
            let words = parts.flat_map(|part| part.split([' ', ','])).filter(|word| !word.is_empty());
            Some(words.map(str::to_owned).collect())
        }
        Value::Array(words) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// Seconds of a `Retry-After`; a date is left to the caller's own backoff.
pub(super) fn wait(text: &str) -> Option<Duration> {
    let seconds = Duration::from_secs(text.trim().parse().ok()?);
    Some(if seconds > LONGEST_WAIT { Duration::from_secs(3_600) } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_sensible_number_or_none() {
        for (value, seconds) in [
            ("7200", Some(7_200)),
            ("\"7200\"", Some(7_200)),
            ("\" 3600 \"", Some(3_600)),
            ("3599.9", Some(3_599)),
            ("1", Some(1)),
            ("0", None),
            ("0.5", None),
            ("-1", None),
            ("\"-3600\"", None),
            ("\"soon\"", None),
            ("\"\"", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("1795219200000", None),
            ("99999999999999999999999999", None),
            ("1e300", None),
            ("null", None),
            ("true", None),
            ("[7200]", None),
            ("{}", None),
        ] {
            let read = life(&serde_json::from_str(value).expect("JSON"));
            assert_eq!(read, seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn scopes_come_as_text_or_as_a_list() {
        for (value, expected) in [
            (r#""a b""#, Some(vec!["a", "b"])),
            (r#""a,b""#, Some(vec!["a", "b"])),
            (r#""a, b  c""#, Some(vec!["a", "b", "c"])),
            (r#""""#, Some(vec![])),
            (r#"["a","b"]"#, Some(vec!["a", "b"])),
            (r#"["a",1]"#, None),
            ("null", None),
            ("1", None),
        ] {
            let read = scopes(&serde_json::from_str(value).expect("JSON"), None);
            let expected = expected.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(read, expected, "{value}");
        }
        let own = scopes(&Value::from("a|b c,d"), Some("|"));
        assert_eq!(own, Some(["a", "b", "c", "d"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_wait_is_bounded() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("86400"), Some(LONGEST_WAIT));
        assert_eq!(wait("86401"), Some(Duration::from_secs(3_600)));
        assert_eq!(wait("Sat, 21 Nov 2026 07:28:00 GMT"), None);
        assert_eq!(wait("-1"), None);
    }
}
