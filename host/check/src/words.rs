//! Whether what a connector says about itself holds what a provider answered.
//!
//! A log line and an error are read by people who have no right to the records. So no text of an answer may stand in
//! them: nothing that is called like a person's (a name, an address, a telephone number), and no longer text at all.
//! Identifiers, dates and single words in lower case are let pass: they tell which record or which state, not whose.

use std::collections::BTreeSet;

use patchbay_model::manifest::{SHORTEST_TOKEN, looks_like_a_token};
use serde_json::Value;

use crate::{report::Finding, trouble::CANARY};

/// Letters of a text that is looked for.
const SHORTEST: usize = 6;
/// Letters of a text that is called like a person's.
const SHORTEST_PERSONAL: usize = 4;
/// Parts of the names of what is a person's or what people wrote.
const PERSONAL: &[&str] = &[
    "name",
    "mail",
    "phone",
    "mobile",
    "gsm",
    "street",
    "address",
    "city",
    "vat",
    "iban",
    "birth",
    "text",
    "note",
    "subject",
    "title",
    "description",
    "comment",
    "message",
    "login",
    "content",
];

/// Texts of answers that may not be said.
#[derive(Debug, Default)]
pub(crate) struct Private(BTreeSet<String>);

impl Private {
    /// Those of these answers, but what the author's own words say as well.
    pub(crate) fn of(bodies: &[Value], author: &str) -> Self {
        let mut private = Self::default();
        for body in bodies {
            private.learn("", body);
        }
        private.0.retain(|text| !author.contains(text.as_str()));
        private.0.insert(CANARY.to_owned());
        private
    }

    fn learn(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| self.learn(name, value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn(name, item)),
            Value::String(text) if is_private(name, text.trim()) => {
                self.0.insert(text.trim().to_owned());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What of it stands in this text.
    pub(crate) fn within<'a>(&'a self, text: &str) -> Option<&'a str> {
        self.0.iter().map(String::as_str).find(|private| text.contains(private))
    }
}

fn is_private(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter == '-';
    let of_a_person = PERSONAL.iter().any(|part| name.contains(part)) && !name.ends_with("_id");
    if text.contains('@') && text.contains('.') {
        return true;
    }
    if of_a_person {
        return text.chars().count() >= SHORTEST_PERSONAL && !text.chars().all(plain);
    }
    let number = text.chars().all(|letter| letter.is_ascii_digit() || "-:.TZ+ /".contains(letter));
    let id = name == "id"
        || name.ends_with("id")
        || name.ends_with("key")
        || name.ends_with("code")
        || name.ends_with("type");
    text.chars().count() >= SHORTEST && !number && !id && text.contains(char::is_whitespace)
}

/// What one text of a connector says that it should not.
pub(crate) fn judge(private: &Private, text: &str, at: &str) -> Option<Finding> {
    let remedy = "say which request, which status and what shape came, never what it held; log an id, not a name";
    if let Some(found) = private.within(text) {
        let what = format!("{:?} of an answer stands in {text:?}", shown(found));
        return Some(Finding::of(what, at, remedy));
    }
    looks_like_a_token(text).then(|| {
        let what = format!("something as long and random as a token ({SHORTEST_TOKEN} letters) stands in {text:?}");
        Finding::of(what, at, remedy)
    })
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_a_persons_is_found_and_what_tells_a_record_is_not() {
        let private = Private::of(
            &[json!({
                "id": "c0ffee00-aaaa", "status": "active", "updated": "2026-11-21T10:00:00Z",
                "name": "Els Claes", "contact": { "email": "els@claes.example" }, "remark": "Called about the invoice",
                "title": "Invoices",
            })],
            "Reads Invoices and Notes",
        );
        for (text, found) in [
            ("company c0ffee00-aaaa is active since 2026-11-21T10:00:00Z", false),
            ("no access to Invoices", false),
            ("no access for Els Claes", true),
            ("wrote to els@claes.example", true),
            ("Called about the invoice", true),
            (CANARY, true),
            ("Authorization ghp_16C7e42F292c6912E7710c838347Ae178B4a", true),
        ] {
            assert_eq!(judge(&private, text, "here").is_some(), found, "{text}");
        }
    }
}
