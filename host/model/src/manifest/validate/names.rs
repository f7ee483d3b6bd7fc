//! Names, pointers and repetitions: rules that hold everywhere in a manifest.

use crate::manifest::problem::{Findings, Path};

/// Letters of one name.
const LENGTH: usize = 64;
/// What may be longer than this is a document, and has lines.
const LONGEST_LINE: usize = 1_000;

/// A name that people and placeholders use: `a-z` first, then `a-z`, `0-9`, `_` and `-`.
pub(super) fn name(text: &str, path: Path, findings: &mut Findings) {
    if !is_name(text) {
        findings.add(
            path,
            format!("{text:?} is not a name"),
            format!("write lower-case letters, digits, _ and -, beginning with a letter, at most {LENGTH}"),
        );
    }
}

pub(super) fn is_name(text: &str) -> bool {
    text.len() <= LENGTH
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}

/// Each text once.
pub(super) fn unique<'a>(texts: impl IntoIterator<Item = (&'a str, Path)>, findings: &mut Findings) {
    let mut seen = Vec::new();
    for (text, path) in texts {
        if seen.contains(&text) {
            findings.add(path, format!("{text:?} is there twice"), "give each one a name of its own");
        }
        seen.push(text);
    }
}

/// A text for people that says something, in letters that a screen shows as they are written: a card of what is asked
/// for is read in a terminal too, and nothing may add a line to it or turn one round.
pub(super) fn said(text: &str, most: usize, path: Path, findings: &mut Findings) {
    let length = text.chars().count();
    if text.trim().is_empty() {
        findings.add(path, "it says nothing", "write it for the person who reads it in the catalog");
    } else if length > most {
        findings.add(path, format!("it has {length} characters"), format!("write at most {most}"));
    } else if let Some(letter) = text.chars().find(|letter| !is_shown(*letter, most > LONGEST_LINE)) {
        findings.add(
            path,
            format!("it has the character U+{:04X}, which no screen shows", u32::from(letter)),
            "write it in one line, without control characters and without any that turn the direction of writing",
        );
    }
}

fn is_shown(letter: char, lines: bool) -> bool {
    match letter {
        '\n' | '\r' | '\t' => lines,
        // What turns the direction of writing, and what ends a line.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        letter => !letter.is_control(),
    }
}

/// A JSON pointer to a value below the root (RFC 6901).
pub(super) fn pointer(text: &str, path: Path, findings: &mut Findings) {
    if !is_pointer(text) {
        findings.add(
            path,
            format!("{text:?} is not a JSON pointer"),
            "write / and a name for each level, e.g. /id or /owner/login; ~0 for ~ and ~1 for /",
        );
    }
}

pub(crate) fn is_pointer(text: &str) -> bool {
    text.len() > 1
        && text.starts_with('/')
        && text.split('~').skip(1).all(|after| after.starts_with(['0', '1']))
        && !text.chars().any(char::is_control)
}

/// A regular expression that compiles, as small as it has to be where values are matched.
pub(super) fn pattern(text: &str, path: Path, findings: &mut Findings) {
    if let Err(error) = compile(text) {
        findings.add(path, format!("{text:?} is not a pattern: {error}"), "write a regular expression, e.g. [0-9]+");
    }
}

/// The same, compiled; none when it cannot be read.
pub(super) fn compiled(text: &str) -> Option<regex_lite::Regex> {
    compile(text).ok()
}

fn compile(text: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(text).size_limit(64 * 1024).nest_limit(20).build()
}

/// A name of an HTTP header.
pub(super) fn header(text: &str, path: Path, findings: &mut Findings) {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || !text.bytes().all(token) {
        findings.add(
            path,
            format!("{text:?} is not the name of a header"),
            "write it as the provider does, e.g. X-Api-Key",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_people_is_shown_as_it_is_written() {
        let told = |text: &str, most| {
            let mut findings = Findings::default();
            said(text, most, Path::default(), &mut findings);
            findings.0.len()
        };
        for good in ["Reads Müller's books – 日本語, עברית.", "a\u{a0}b 👩\u{200d}👩\u{200d}👧"] {
            assert_eq!(told(good, 100), 0, "{good}");
        }
        for bad in ["a\nb", "a\tb", "a\u{1b}[2Jb", "a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{2028}b", "a\u{9b}b"] {
            assert_eq!(told(bad, 100), 1, "{bad:?}");
        }
        assert_eq!(told("# A guide\r\n\n\tin lines", 50_000), 0);
        assert_eq!((told("a\u{1b}b", 50_000), told("a\u{202e}b", 50_000)), (1, 1));
    }

    #[test]
    fn a_pointer_is_written_as_rfc_6901_says() {
        for good in ["/id", "/a/b/0", "/a~1b/~0", "/ "] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["", "/", "id", "#/id", "/a~2", "/a~"] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }
}
