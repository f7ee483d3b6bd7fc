//! What may be repeated of a provider's words: short, printable, and without what must not be seen.

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_model::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// Letters of a quoted text.
const LONGEST: usize = 300;
/// A shorter "secret" would only shred the text; no provider has one.
const SHORTEST_SECRET: usize = 4;
/// A shorter one (the password `admin`) is also a word that a provider says for other reasons.
const SHORTEST_SOUGHT: usize = 8;

/// The secrets of one request and its answer, to be masked in every text about it.
#[derive(Default)]
pub(super) struct Masks {
    forms: Vec<Zeroizing<String>>,
    /// Tokens of the answer: what equals one is one, however short it is.
    tokens: Vec<Zeroizing<String>>,
}

impl Masks {
    /// Masks this from now on, in every form in which it may come back.
    pub(super) fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        let forms = [
            secret.to_owned(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            STANDARD.encode(secret),
            serde_json::Value::from(secret).to_string().trim_matches('"').to_owned(),
        ];
        for form in forms.map(Zeroizing::new) {
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        // The longest first, so that a secret which begins like another is masked whole.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The same for what an answer gives as a token.
    pub(super) fn add_token(&mut self, token: &str) {
        self.add(token);
        if !token.is_empty() && !self.tokens.iter().any(|one| one.as_str() == token) {
            self.tokens.push(Zeroizing::new(token.to_owned()));
        }
    }

    pub(super) fn add_secret(&mut self, secret: &Secret) {
        self.add(secret.expose());
    }

    /// Whether a text is a token of the answer, or holds a secret that is no everyday word.
    pub(super) fn found_in(&self, text: &str) -> bool {
        self.tokens.iter().any(|token| token.as_str() == text)
            || self.forms.iter().any(|form| form.len() >= SHORTEST_SOUGHT && text.contains(form.as_str()))
    }

    /// The text without control characters and secrets, and not too long. In this order: a secret with a
    /// control character inside is found, and none is cut in half before it is looked for.
    pub(super) fn quote(&self, text: &str) -> String {
        let mut text = printable(text);
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), "(masked)");
            }
        }
        if let Some((at, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(at);
            text.push('…');
        }
        text
    }
}

/// Without control characters and those that reorder or hide text.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| {
            !letter.is_control()
                && !matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks() -> Masks {
        let mut masks = Masks::default();
        masks.add("s3cr3t+/ä");
        masks.add("s3cr3t");
        masks.add("x");
        masks
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        for text in [
            "it was s3cr3t+/ä here",
            "it was s3cr3t%2B%2F%C3%A4 here",
            "it was s3c\u{0}r3t\u{202e}+/ä here",
            &format!("it was {} here", STANDARD.encode("s3cr3t+/ä")),
        ] {
            assert_eq!(masks().quote(text), "it was (masked) here");
        }
        assert_eq!(masks().quote("an x"), "an x");
    }

    #[test]
    fn a_short_password_does_not_make_an_everyday_word_a_secret() {
        let mut masks = Masks::default();
        masks.add("admin");
        masks.add("hunter2hunter2");
        assert!(!masks.found_in("admin") && !masks.found_in("administrator"));
        assert!(masks.found_in("it is hunter2hunter2!"));
        assert_eq!(masks.quote("the admin"), "the (masked)");
    }

    #[test]
    fn a_short_token_of_an_answer_is_found_where_it_stands_alone() {
        let mut masks = Masks::default();
        masks.add_token("k7");
        masks.add_token("");
        assert!(masks.found_in("k7"));
        assert!(!masks.found_in("k77") && !masks.found_in(""));
    }

    #[test]
    fn a_text_is_bounded_and_a_secret_is_not_cut_into_view() {
        let text = format!("{}s3cr3t{}", "é".repeat(296), "b".repeat(70_000));
        let quoted = masks().quote(&text);
        assert_eq!(quoted, format!("{}(mas…", "é".repeat(296)));
    }

    #[test]
    fn what_hides_or_reorders_text_is_dropped() {
        assert_eq!(masks().quote("a\r\nb\u{1b}[31mc\u{202e}d\u{200b}"), "ab[31mcd");
    }
}
