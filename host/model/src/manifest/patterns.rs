//! The patterns of a manifest, weighed together before the first of them is compiled.
//!
//! `x{9000}` is seven letters and a megabyte once it is compiled, and ten thousand such patterns fit into a manifest, which
//! is read on every node before anybody looks at its signature. So patterns are bounded in number, in letters, and in
//! the parts that they have once their repetitions are written out; about so many states are compiled of them. What
//! is counted too low here still ends at the limit that each pattern is compiled with.

use std::{iter::Peekable, str::Chars};

use serde_json::Value;

/// Patterns of one manifest.
const PATTERNS: usize = 500;
/// Letters of one pattern.
const LETTERS: usize = 1_000;
/// Parts of one pattern, repetitions written out.
const PARTS: u64 = 1_000;
/// Parts of all patterns. A part is some four hundred bytes at most when it is compiled for both directions: 4 MiB.
const ALL_PARTS: u64 = 10_000;

/// Parts of a letter that may be any of many, whose bytes are several states; in schemas, where bytes are matched.
const ANY: u64 = 8;
/// Parts of a letter of a class of Unicode, `\p{L}`.
const OF_UNICODE: u64 = 300;

/// What to write where there is too much.
pub(super) const REMEDY: &str =
    "write fewer or shorter patterns; a length is better said with minLength and maxLength than by a repetition";

/// What was weighed so far.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    number: usize,
    parts: u64,
}

impl Patterns {
    /// Weighs one pattern of a field or a fact.
    pub(super) fn add(&mut self, pattern: &str) -> Result<(), String> {
        self.weigh(pattern, 1)
    }

    /// Weighs all patterns of a schema, wherever they stand in it.
    pub(super) fn add_all_of(&mut self, schema: &Value) -> Result<(), String> {
        let mut left = vec![schema];
        while let Some(value) = left.pop() {
            match value {
                Value::Array(values) => left.extend(values),
                Value::Object(entries) => {
                    for (key, value) in entries {
                        match (key.as_str(), value) {
                            ("pattern", Value::String(pattern)) => self.weigh(pattern, ANY)?,
                            ("patternProperties", Value::Object(by_pattern)) => {
                                by_pattern.keys().try_for_each(|pattern| self.weigh(pattern, ANY))?;
                            }
                            _ => {}
                        }
                        left.push(value);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Ok(())
    }

    fn weigh(&mut self, pattern: &str, any: u64) -> Result<(), String> {
        self.number += 1;
        if self.number > PATTERNS {
            return Err(format!("there are more than {PATTERNS} patterns"));
        }
        let letters = pattern.chars().count();
        if letters > LETTERS {
            return Err(format!("a pattern has {letters} letters; {LETTERS} are the most"));
        }
        let parts = parts(pattern, any);
        if parts > PARTS {
            let written_out = "once its repetitions are written out";
            return Err(format!("the pattern {pattern:?} has {parts} parts {written_out}; {PARTS} are the most"));
        }
        self.parts = self.parts.saturating_add(parts);
        if self.parts > ALL_PARTS {
            let written_out = "once their repetitions are written out";
            return Err(format!("all patterns together have more than {ALL_PARTS} parts {written_out}"));
        }
        Ok(())
    }
}

/// How many parts a pattern has once its repetitions are written out. What is no pattern has some number too: that it is none
/// is told by who compiles it.
fn parts(pattern: &str, any: u64) -> u64 {
    let mut letters = pattern.chars().peekable();
    // What stands before each group that is open; all of the group; and the part that a repetition would repeat.
    let (mut before, mut all, mut last) = (Vec::new(), 0_u64, 0_u64);
    while let Some(letter) = letters.next() {
        let more = match letter {
            '(' => {
                before.push(all);
                (all, last) = (0, 0);
                continue;
            }
            '*' | '+' | '?' => 1,
            '{' => last.saturating_mul(times(&mut letters).saturating_sub(1)),
            _ => {
                last = match letter {
                    ')' => {
                        let group = all.saturating_add(1);
                        all = before.pop().unwrap_or_default();
                        group
                    }
                    '[' => class(&mut letters, any),
                    '\\' => escaped(&mut letters, any),
                    '.' => any,
                    // As many bytes as it has in UTF-8.
                    letter => u64::try_from(letter.len_utf8()).unwrap_or(1),
                };
                all = all.saturating_add(last);
                continue;
            }
        };
        // A repetition makes more of the part before it, and may be repeated itself.
        (all, last) = (all.saturating_add(more), last.saturating_add(more));
    }
    before.into_iter().fold(all, u64::saturating_add)
}

/// The most that `{n,m}` repeats, whose `{` is read.
fn times(letters: &mut Peekable<Chars<'_>>) -> u64 {
    let (mut most, mut number) = (1_u64, 0_u64);
    for letter in letters.by_ref().take_while(|letter| *letter != '}') {
        number = letter.to_digit(10).map_or(0, |digit| number.saturating_mul(10).saturating_add(digit.into()));
        most = most.max(number);
    }
    most
}

/// A class of letters, whose `[` is read.
fn class(letters: &mut Peekable<Chars<'_>>, any: u64) -> u64 {
    let mut widest = if letters.next_if_eq(&'^').is_some() { any } else { 0 };
    let mut entries = 0_u64;
    while let Some(letter) = letters.next() {
        let entry = match letter {
            // The first one is a letter of the class.
            ']' if entries > 0 => break,
            '\\' => escaped(letters, any),
            letter if letter.is_ascii() => 1,
            _ => any,
        };
        widest = widest.max(entry);
        entries += 1;
    }
    widest.max(1).saturating_add(entries / 16)
}

/// What stands behind a `\`.
fn escaped(letters: &mut Peekable<Chars<'_>>, any: u64) -> u64 {
    match letters.next() {
        Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => any,
        Some('p' | 'P') => {
            if letters.next() == Some('{') {
                skip_name(letters);
            }
            OF_UNICODE
        }
        // A letter by its number: what stands in the braces is no repetition.
        Some('x' | 'u' | 'U') => {
            if letters.next_if_eq(&'{').is_some() {
                skip_name(letters);
            }
            4
        }
        _ => 1,
    }
}

fn skip_name(letters: &mut Peekable<Chars<'_>>) {
    while letters.next().is_some_and(|letter| letter != '}') {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn repetitions_are_counted_as_if_they_were_written_out() {
        for (pattern, counted) in [
            ("", 0),
            ("^abc$", 5),
            ("x{9000}", 9000),
            ("x{2,9000}", 9000),
            ("x{ 9000 }", 9000),
            ("[a-z]{20}", 20),
            ("[]a]{3}", 3),
            ("[{]id[}]", 4),
            ("((a|b){3}c){4}", 56),
            ("(x{100})+{100}", 10_200),
            (r"\{9\}", 3),
            (r"\x{41}b", 5),
            (".{10}", 80),
            (r"[^a]{10}\d{2}", 96),
            (r"\p{L}{5}", 1_500),
            (r"\pL{5}", 1_500),
            (r"[\p{L}-]{5}", 1_500),
            ("(((", 0),
            ("x{99999999999999999999}", u64::MAX),
        ] {
            assert_eq!(parts(pattern, ANY), counted, "{pattern}");
        }
        // Fields and facts are matched letter by letter.
        assert_eq!(parts(r"[^@\s]{1,64}@[^@\s]{1,190}", 1), 255);
    }

    #[test]
    fn patterns_are_bounded_in_number_letters_and_parts_and_the_bound_is_named() {
        let of = |pattern: &str, times: usize| {
            let mut patterns = Patterns::default();
            (0..times).try_for_each(|_| patterns.add_all_of(&json!({ "items": [{ "pattern": pattern }] })))
        };
        assert_eq!(of("^[0-9]{1,20}$", 400), Ok(()));
        for (pattern, times, told) in [
            ("x", 501, "more than 500 patterns"),
            (&*"x".repeat(1_001), 1, "1001 letters; 1000 are the most"),
            ("x{9000}", 1, "9000 parts once its repetitions are written out; 1000 are the most"),
            ("x{1000}", 11, "more than 10000 parts"),
        ] {
            let refusal = of(pattern, times).expect_err(told);
            assert!(refusal.contains(told), "{refusal}");
        }
    }

    #[test]
    fn a_name_by_pattern_is_a_pattern_and_a_property_of_that_name_is_none() {
        let mut patterns = Patterns::default();
        let heavy = "x{9000}";
        assert!(patterns.add_all_of(&json!({ "allOf": [{ "patternProperties": { heavy: {} } }] })).is_err());
        let named = json!({ "properties": { "pattern": { "title": heavy }, heavy: { "const": heavy } } });
        assert_eq!(patterns.add_all_of(&named), Ok(()));
        assert_eq!(patterns.add("[a-z]{1000}"), Ok(()));
    }
}
