//! Invented values of the same shape: a name that reads like a name and is nobody's.
//!
//! A word becomes another one of the same length: a vowel stays a vowel, a digit a digit, a capital a capital. The same
//! word always becomes the same one, under a salt that is thrown away with the recording, so that nobody can try
//! words until one fits.

use sha2::{Digest as _, Sha256};

const VOWELS: &[u8] = b"aeiou";
const CONSONANTS: &[u8] = b"bdfgklmnprstvw";

/// Makes invented values.
pub(super) struct Inventor {
    salt: [u8; 32],
}

impl Inventor {
    pub(super) fn of(salt: [u8; 32]) -> Self {
        Self { salt }
    }

    /// Another text of the same shape; `kept` letters at its beginning stay (a country in a VAT number).
    pub(super) fn text(&self, text: &str, kept: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for letter in text.chars() {
            if letter.is_alphanumeric() {
                word.push(letter);
            } else {
                out.push_str(&self.word(&word));
                word.clear();
                out.push(letter);
            }
        }
        out.push_str(&self.word(&word));
        let rest: String = out.chars().skip(kept).collect();
        text.chars().take(kept).collect::<String>() + &rest
    }

    /// An e-mail address at a domain that nobody can own.
    pub(super) fn address(&self, address: &str) -> String {
        let (local, domain) = address.split_once('@').unwrap_or((address, ""));
        let label = domain.split('.').next().unwrap_or_default();
        let local = self.text(local, 0);
        if domain.ends_with(".example") {
            format!("{local}@{domain}")
        } else {
            format!("{local}@{}.example", self.text(label, 0))
        }
    }

    /// A day that is nobody's birthday, in as many letters.
    pub(super) fn day(text: &str) -> Option<String> {
        let date = text.len() >= 10
            && text.bytes().take(10).enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        date.then(|| format!("1980-01-01{}", text.get(10..).unwrap_or_default()))
    }

    fn word(&self, word: &str) -> String {
        let digest = Sha256::new().chain_update(self.salt).chain_update(word.to_lowercase()).finalize();
        let dice = digest.iter().cycle();
        word.chars().zip(dice).map(|(letter, die)| other(letter, usize::from(*die))).collect()
    }
}

fn other(letter: char, die: usize) -> char {
    let pick = |among: &[u8]| among.get(die % among.len().max(1)).map_or('x', |byte| char::from(*byte));
    if letter.is_ascii_digit() {
        // No zero at the front of a number, and none that becomes one.
        return if letter == '0' { '0' } else { pick(b"123456789") };
    }
    if letter.is_numeric() {
        return letter;
    }
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let vowel = matches!(lower, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') || !lower.is_ascii();
    let made = pick(if vowel { VOWELS } else { CONSONANTS });
    if letter.is_uppercase() { made.to_ascii_uppercase() } else { made }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays_and_the_words_go() {
        let inventor = Inventor::of([1; 32]);
        let made = inventor.text("Els Claes, 12 bus", 0);
        assert_eq!(made.chars().count(), "Els Claes, 12 bus".chars().count());
        assert!(made.starts_with(char::is_uppercase) && made.contains(", ") && !made.contains("Claes"), "{made}");
        assert_eq!(made, inventor.text("Els Claes, 12 bus", 0), "the same for the same");
        assert_ne!(made, Inventor::of([2; 32]).text("Els Claes, 12 bus", 0), "and another under another salt");
        assert!(inventor.text("BE0123456789", 2).starts_with("BE0"));
        let address = inventor.address("els.claes@acme.be");
        assert!(
            address.ends_with(".example") && address.matches('@').count() == 1 && !address.contains("claes"),
            "{address}"
        );
        assert_eq!(Inventor::day("1971-03-04T00:00:00Z").as_deref(), Some("1980-01-01T00:00:00Z"));
    }
}
