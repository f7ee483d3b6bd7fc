//! What the host answered, as a person reads it.

use serde_json::Value;

/// The rows of a list answer.
pub(super) fn rows(answer: &Value) -> &[Value] {
    ["items", "data"].iter().find_map(|key| answer.get(key)).unwrap_or(answer).as_array().map_or(&[], Vec::as_slice)
}

/// A value as a person reads it, in one line; control characters of a manifest do not reach the terminal, nor any that
/// turn the direction of writing.
pub(super) fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    text.chars().map(shown).collect()
}

/// A text of several lines that is the program's own but for what stands in it.
pub(super) fn lines(text: &str) -> String {
    text.chars().map(|letter| if letter == '\n' { letter } else { shown(letter) }).collect()
}

fn shown(letter: char) -> char {
    match letter {
        '\n' => ' ',
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    }
}

/// An id as one segment of a path, or as one value of a query.
pub(super) fn segment(id: &str) -> String {
    let mut segment = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_from_a_host_can_steer_the_terminal() {
        assert_eq!(cell(Some(&json!("a\u{1b}[2Jb"))), "a\u{fffd}[2Jb");
        assert_eq!(cell(Some(&json!("a\nb\u{202e}c"))), "a b\u{fffd}c");
        assert_eq!(lines("a\n\u{1b}\u{2066}b"), "a\n\u{fffd}\u{fffd}b");
        assert_eq!(segment("a/../b?c&d"), "a%2F..%2Fb%3Fc%26d");
    }
}
