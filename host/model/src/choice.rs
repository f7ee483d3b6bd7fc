//! Choices on their way to a person. What a provider calls things is text of somebody else: of any length, with
//! whatever in it, and searched by people who type it in another case.

use crate::contract::Choice;

/// Characters of a label or a hint; what is longer is cut.
pub const SHOWN: usize = 200;
/// Bytes of an id. One that is longer cannot be cut, so it is no choice.
pub const ID: usize = 1_024;

/// The choice as it may be shown: texts in one line and cut; none when its id is empty or too long, or its label says
/// nothing.
#[must_use]
pub fn shown(choice: Choice) -> Option<Choice> {
    let Choice { id, label, hint } = choice;
    if id.is_empty() || id.len() > ID {
        return None;
    }
    let label = line(&label);
    if label.is_empty() {
        return None;
    }
    Some(Choice { id, label, hint: hint.map(|hint| line(&hint)).filter(|hint| !hint.is_empty()) })
}

/// A text in one line, at most [`SHOWN`] characters; what was cut ends with `…`.
fn line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let mut line: String = text.chars().take(SHOWN + 1).map(plain).collect();
    if let Some((cut, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(line.char_indices().nth(SHOWN - 1).map_or(cut, |(last, _)| last));
        line.push('…');
    }
    line
}

/// A text for searching: whatever its case, also beyond ASCII, and without control characters. The same letters give
/// the same text wherever they stand (a sigma at the end of a word, too).
#[must_use]
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'A'..='Z' => folded.push(c.to_ascii_lowercase()),
            ' '..='~' => folded.push(c),
            'ς' => folded.push('σ'),
            _ if c.is_control() => folded.push(' '),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(id: &str, label: &str, hint: Option<&str>) -> Choice {
        Choice { id: id.to_owned(), label: label.to_owned(), hint: hint.map(str::to_owned) }
    }

    #[test]
    fn what_a_provider_calls_things_is_one_line_and_cut() {
        let long = "ä".repeat(1_000_000);
        let cut = shown(choice("1", &format!("a\n{long}"), Some(&long))).expect("a choice");
        assert_eq!((cut.label.chars().count(), cut.hint.map(|hint| hint.chars().count())), (SHOWN, Some(SHOWN)));
        assert!(cut.label.starts_with("a ä") && cut.label.ends_with("ä…"));
        let whole = "x".repeat(SHOWN);
        assert_eq!(shown(choice("1", &whole, Some(" \u{1}"))), Some(choice("1", &whole, None)));
        for (id, label) in [("", "x"), (&*"x".repeat(ID + 1), "x"), ("1", " \n"), ("1", "\u{1} \u{2}"), ("1", "")] {
            assert_eq!(shown(choice(id, label, None)), None);
        }
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        for (typed, there) in [("ÅNGSTRÖM", "ångström"), ("ΟΔΟΣ", "οδος"), ("Straße", "strasse"), ("ЁЖ", "ёж")]
        {
            assert_eq!(folded(typed) == folded(there), typed != "Straße", "{typed}");
        }
        assert_eq!(folded("a\u{0}B\n%_"), "a b %_");
    }
}
