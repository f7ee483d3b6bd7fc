//! Secrets that stand in addresses and headers: what signs a link, and what one answer hands on to the next request.
//!
//! They are known by the name of their place, and replaced wherever they stand, so that a link that is followed leads
//! to the same answer in the fixture. What is short would be found in half of all texts, so it is replaced where a secret
//! stands and nowhere else.
//!
//! What a connector sends under such a name before anybody told it is its own (`sort_key=id-2`) and stays, or the
//! fixture would wait for a request that nobody makes; unless it is called or written like a token. Better a fixture that
//! does not replay than one with a secret in it.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_fixture::{Answer, Expected};
use patchbay_model::manifest::{is_named_like_a_secret, looks_like_a_token};
use serde_json::Value;

use super::{Mask, SHORTEST};
use crate::record::{
    named::called,
    place::{HANDED, Place, credentials, is_for_a_secret, is_surely_for_a_secret, parameters, secrets, users},
    text::{decoded, is_date, percent, spellings},
};

/// Letters of a secret that is replaced wherever it stands.
const LONG: usize = 6;
/// Digits of a number that is no secret: pages, times and ids.
const NUMBER: usize = 16;
/// Letters of a word, and of one that is all capitals.
const WORD: usize = 14;
const CAPITALS: usize = 5;
/// Letters of a time.
const TIME: usize = 35;
/// How often an address may stand in a parameter of another one.
const DEPTH: u8 = 3;

/// What is known of them.
#[derive(Default)]
pub(super) struct Secrets {
    /// All that was entered or answered so far, a text a line.
    told: String,
    /// What a connection says of itself, and what a connector sent before it was told: no secrets.
    own: BTreeSet<String>,
    /// Those that are replaced everywhere.
    long: BTreeSet<String>,
    /// Those that are replaced only where a secret stands, and by what.
    short: BTreeMap<String, String>,
}

/// Who said a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// It was entered or answered.
    Outside,
    /// The connector sent it.
    Connector,
}

impl Secrets {
    /// Whether a text is replaced everywhere as a secret.
    pub(super) fn hold(&self, text: &str) -> bool {
        self.long.contains(text)
    }

    /// How many are replaced at their places only.
    pub(super) fn count_short(&self) -> usize {
        self.short.len()
    }
}

impl Mask {
    /// Looks through a fact or an account, which by itself is no secret, wherever it is sent.
    pub(super) fn learn_fact(&mut self, name: &str, text: &str) {
        self.secrets.own.insert(text.to_owned());
        self.learn_told(name, text);
    }

    /// Looks through a text that was entered or answered.
    pub(super) fn learn_told(&mut self, name: &str, text: &str) {
        self.hear(text);
        // What is short in a record is learnt below, as any member is.
        if called(name, HANDED) || (is_long(text) && is_member_for_a_secret(name)) {
            self.learn_header(name, text, Who::Outside);
        } else {
            self.learn_address(text, Who::Outside, DEPTH);
        }
        self.learn_text(name, text);
    }

    /// Looks through a configuration, of which only addresses are learnt.
    pub(super) fn learn_config(&mut self, value: &Value) {
        match value {
            Value::Object(members) => members.values().for_each(|value| self.learn_config(value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_config(item)),
            Value::String(text) => {
                self.hear(text);
                self.learn_address(text, Who::Outside, DEPTH);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Looks through a request, before the answer to it.
    pub(super) fn learn_request(&mut self, request: &Expected) {
        self.learn_address(&request.url, Who::Connector, DEPTH);
        request.headers.iter().for_each(|(name, value)| self.learn_header(name, value, Who::Connector));
        request.body.iter().for_each(|body| self.learn_sent_member("", body));
    }

    fn learn_sent_member(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| self.learn_sent_member(name, value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_sent_member(name, item)),
            Value::String(text) => {
                if is_member_for_a_secret(name) {
                    self.learn_header(name, text, Who::Connector);
                } else {
                    self.learn_address(text, Who::Connector, DEPTH);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Looks through what is said beside the JSON of an answer.
    pub(super) fn learn_answer(&mut self, answer: &Answer) {
        for (name, value) in &answer.headers {
            self.hear(value);
            self.learn_header(name, value, Who::Outside);
        }
        if let Some(text) = &answer.text {
            self.hear(text);
            self.learn_address(text, Who::Outside, DEPTH);
        }
    }

    fn hear(&mut self, text: &str) {
        let text = self.keyed(text);
        self.secrets.told.push_str(&text);
        self.secrets.told.push('\n');
    }

    fn learn_header(&mut self, name: &str, value: &str, who: Who) {
        if is_for_a_secret(name) {
            credentials(name, value).into_iter().for_each(|place| self.learn_secret(name, place.value, who));
        }
        self.learn_address(value, who, DEPTH);
    }

    fn learn_address(&mut self, text: &str, who: Who, depth: u8) {
        for user in users(text) {
            let value = decoded(user.value);
            if is_long(&value) && !is_ordinary(&value) {
                self.learn_secret("password", &value, who);
            } else {
                self.replace(value);
            }
        }
        for Place { name, value, .. } in parameters(text) {
            let plain = decoded(value);
            if is_for_a_secret(name) {
                self.learn_secret(name, &plain, who);
            }
            // An address within an address.
            if depth > 0 && plain != value {
                self.learn_address(&plain, who, depth - 1);
            }
        }
    }

    fn learn_secret(&mut self, name: &str, value: &str, who: Who) {
        let value = self.keyed(value);
        let made = value.chars().count() >= SHORTEST && self.made.contains_key(&value);
        if made || is_ordinary(&value) || self.secrets.own.contains(&value) || self.is_of_the_author(&value) {
            return;
        }
        let is_secret = || self.was_told(&value) || is_surely_for_a_secret(name) || looks_like_a_token(&value);
        if who == Who::Connector && !(is_long(&value) && is_secret()) {
            self.secrets.own.insert(value);
            return;
        }
        self.replace(value);
    }

    fn was_told(&self, value: &str) -> bool {
        spellings(value, value).iter().any(|(spelt, _)| self.secrets.told.contains(spelt.as_str()))
    }

    fn replace(&mut self, value: String) {
        let made = self.invented(&value, 0);
        if made == value {
            return;
        }
        if is_long(&value) && !is_ordinary(&value) {
            self.secrets.long.insert(value.clone());
            self.made.entry(value).or_insert(made);
        } else {
            self.secrets.short.entry(value).or_insert(made);
        }
    }

    /// The value of a header, without what was learnt.
    pub(super) fn header(&self, name: &str, value: &str) -> String {
        let text = self.text(value);
        if is_for_a_secret(name) { self.put(&text, &credentials(name, &text)) } else { text }
    }

    /// A text with something else at the places of its secrets, however they are spelt there.
    pub(super) fn placed(&self, text: &str) -> String {
        self.put(text, &secrets(text))
    }

    fn put(&self, text: &str, places: &[Place<'_>]) -> String {
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for place in places {
            let Some(made) = self.in_place_of(place.value).filter(|_| place.at >= done) else { continue };
            out.push_str(text.get(done..place.at).unwrap_or_default());
            out.push_str(&made);
            done = place.at + place.value.len();
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    fn in_place_of(&self, spelt: &str) -> Option<String> {
        let plain = decoded(spelt);
        let long = || self.made.get(&plain).filter(|_| plain.chars().count() >= SHORTEST);
        let made = self.secrets.short.get(&plain).or_else(long)?;
        Some(if plain == spelt { made.clone() } else { percent(made, "%20") })
    }
}

/// In JSON, `code` and the like are no secrets.
fn is_member_for_a_secret(name: &str) -> bool {
    is_for_a_secret(name) && (is_named_like_a_secret(name) || called(name, HANDED))
}

fn is_long(value: &str) -> bool {
    value.chars().count() >= LONG
}

/// Whether it says how something is done, where, or when: a word, a number, a time; or an address, of which the
/// parameters count.
fn is_ordinary(value: &str) -> bool {
    let number = value.len() < NUMBER && value.bytes().all(|byte| byte.is_ascii_digit() || b".,:+-".contains(&byte));
    number
        || (value.len() <= TIME && is_date(value))
        || value.contains("://")
        || value.split(|letter: char| "_-., []{}".contains(letter)).all(is_word)
}

/// Letters as words have them: `name`, `Name`, `createdAt`, `ASC`. Those at random have a digit, or two capitals side by
/// side.
fn is_word(part: &str) -> bool {
    let letters = part.len() <= WORD && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let capitals = part.len() <= CAPITALS && part.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut after_capitals = part.split(|letter: char| letter.is_ascii_uppercase()).skip(1);
    letters && (capitals || after_capitals.all(|small| !small.is_empty()))
}

#[cfg(test)]
mod tests;
