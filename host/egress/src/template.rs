//! `{placeholder}` in origins, paths and slots.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a value for a path segment or a query.
pub(crate) fn percent(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// Fills each `{name}` with what `value` gives; the error is the first name without a value.
pub(crate) fn fill(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, &str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            return Err(after);
        };
        out.push_str(&value(name).ok_or(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_segment() {
        let filled = fill("/f/{id}/x", |_| Some(percent("../a?b")));
        assert_eq!(filled.as_deref(), Ok("/f/..%2Fa%3Fb/x"));
        assert_eq!(fill("/f/{id}/", |_| None), Err("id"));
    }
}
