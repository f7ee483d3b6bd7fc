//! Whether the pattern of a fact would take a token for one.
//!
//! It is tried on texts as tokens are: of every usual alphabet, in usual lengths and those that the pattern
//! itself names, alone and behind what the pattern begins with (`ya29\.…`). That teaches the author; what a
//! pattern still lets through is looked at again when it is there
//! ([`looks_like_a_token`](crate::manifest::looks_like_a_token)).

use crate::manifest::SHORTEST_TOKEN;

const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ALPHABETS: &[&str] = &[
    BASE64URL,
    BASE64,
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    HEX,
    "0123456789ABCDEF",
];
const HEX: &str = "0123456789abcdef";
const LENGTHS: &[usize] = &[SHORTEST_TOKEN, 36, 40, 43, 48, 64, 86, 128];
/// Letters of the longest text that is tried, and of what it begins with.
const LONGEST: usize = 512;
const HEAD: usize = 24;
/// Lengths of the pattern's own that are tried.
const OWN_LENGTHS: usize = 8;

/// Whether a pattern that can be read matches a token as a whole.
pub(super) fn matches_a_token(pattern: &str) -> bool {
    let Some(whole) = super::names::compiled(&format!(r"\A(?:{pattern})\z")) else { return false };
    let head = head(pattern);
    let heads = || std::iter::once("").chain((!head.is_empty()).then_some(&*head));
    let lengths: Vec<usize> = LENGTHS.iter().copied().chain(own_lengths(pattern)).collect();
    let letters = ALPHABETS.iter().flat_map(|letters| lengths.iter().map(|length| random(letters, *length)));
    letters.chain(composed()).any(|tail| heads().any(|head| whole.is_match(&format!("{head}{tail}"))))
}

/// Tokens that have parts.
fn composed() -> [String; 4] {
    let (hex, other) = (random(HEX, 32), random(BASE64URL, 43));
    [
        format!("eyJ{}.eyJ{}.{other}", random(BASE64URL, 33), random(BASE64URL, 80)),
        format!("1000.{hex}.{hex}"),
        format!("{hex}_{hex}"),
        format!("{}==", random(BASE64, 42)),
    ]
}

/// The same letters every time, so that a manifest is never good on one day only.
fn random(alphabet: &str, length: usize) -> String {
    let letters = alphabet.as_bytes();
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state >> 33).unwrap_or_default().checked_rem(letters.len()).unwrap_or_default();
        letters.get(at).map_or('a', |letter| char::from(*letter))
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The lengths of `{n}` and `{n,m}` that a token could have.
fn own_lengths(pattern: &str) -> impl Iterator<Item = usize> {
    let counts = pattern.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let numbers = counts.flat_map(|count| count.split(',')).filter_map(|number| number.trim().parse().ok());
    numbers.filter(|length| (SHORTEST_TOKEN..=LONGEST).contains(length)).take(OWN_LENGTHS)
}

/// A text that the pattern begins with: its letters up to the first part that repeats or is open.
fn head(pattern: &str) -> String {
    let mut head = String::new();
    let mut rest = pattern;
    while head.len() < HEAD {
        let open = ["^", r"\A", "(?:", "("].iter().find_map(|open| rest.strip_prefix(open));
        if let (Some(inner), true) = (open, head.is_empty()) {
            rest = inner;
            continue;
        }
        let Some((letter, after)) = one(rest) else { break };
        if after.starts_with(['*', '?', '{', '+']) {
            break;
        }
        head.push(letter);
        rest = after;
    }
    head
}

/// The letter that stands first, or the first of a class, and what follows.
fn one(rest: &str) -> Option<(char, &str)> {
    let mut letters = rest.chars();
    match letters.next()? {
        '[' => {
            let (class, after) = letters.as_str().split_once(']')?;
            Some((class.chars().next().filter(|first| !"^\\[".contains(*first))?, after))
        }
        '\\' => {
            let letter = letters.next().filter(|letter| !letter.is_alphanumeric())?;
            Some((letter, letters.as_str()))
        }
        letter if ".](){}|*+?^$".contains(letter) => None,
        letter => Some((letter, letters.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::looks_like_a_token;

    #[test]
    fn a_pattern_that_would_take_a_token_for_a_fact_is_found() {
        for pattern in [
            ".*",
            ".+",
            "^.+$",
            "[^ ]{1,200}",
            "[0-9a-f-]+",
            "[0-9a-f-]{36}",
            "[0-9a-f]{40}",
            "[A-F0-9]{64}",
            "[A-Za-z0-9_-]{33}",
            r"[\w-]+",
            "[a-z0-9.-]+",
            "T[A-Z0-9]+",
            "[UW][A-Z0-9]+",
            r"ya29\.[A-Za-z0-9_-]+",
            "(gho_[A-Za-z0-9]+)|x",
            "[0-9]+|.+",
            "(?:[0-9a-f]{8}-?)+",
            r"[\w-]+\.[\w-]+\.[\w-]+",
        ] {
            assert!(matches_a_token(pattern), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_of_an_id_a_host_or_a_name_is_none() {
        for pattern in [
            "[0-9]+",
            "^[0-9]+$",
            "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            "[0-9a-f]{24}",
            "T[A-Z0-9]{2,20}",
            "[A-Za-z0-9_-]{1,31}",
            r"([a-z0-9-]+\.)+[a-z]{2,20}",
            r"[a-z0-9-]+\.books\.example",
            r"www\.books\.[a-z]{2,3}(\.[a-z]{2})?",
            "eu|us|au",
            "true|false",
        ] {
            assert!(!matches_a_token(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_is_tried_is_what_a_login_refuses_as_a_fact() {
        let plain = ALPHABETS.iter().flat_map(|letters| LENGTHS.iter().map(|length| random(letters, *length)));
        for token in plain.chain(composed()) {
            assert!(looks_like_a_token(&token), "{token}");
        }
    }
}
