//! What a recording must not keep: secrets, and whatever says who somebody is.
//!
//! First all answers are looked through for what is private, then everything that was recorded (answers, requests,
//! addresses, cursors, facts) has it replaced, each value by its own invented one. So a link that leads from one
//! answer to the next request still leads there.

use std::collections::BTreeMap;

use patchbay_fixture::{Call, Exchange, Fixture};
use patchbay_model::manifest::is_named_like_a_secret;
use serde_json::Value;

use super::{
    shape::Inventor,
    text::{addresses, is_date, is_telephone, percent, replaced},
};

/// Letters of a text that is replaced inside a longer one.
const SHORTEST: usize = 4;
/// Parts of the names of members that say who somebody is, or that people wrote.
const PERSONAL: &[&str] = &[
    "name",
    "mail",
    "phone",
    "mobile",
    "gsm",
    "fax",
    "street",
    "address",
    "city",
    "town",
    "zip",
    "postal",
    "postcode",
    "birth",
    "text",
    "note",
    "subject",
    "title",
    "description",
    "comment",
    "remark",
    "message",
    "login",
    "user",
    "contact",
    "content",
    "body",
    "summary",
    "label",
    "author",
    "owner",
    "website",
];
/// Of these, what says who somebody is even as one word in lower case, which elsewhere is a state or a kind.
const WHO: &[&str] = &[
    "login",
    "user",
    "mail",
    "phone",
    "mobile",
    "first",
    "last_name",
    "lastname",
    "surname",
    "given",
    "family",
    "street",
];
/// Parts of the names of numbers that begin with a country.
const NUMBERED: &[&str] = &["vat", "iban", "btw", "tax", "company_number", "enterprise", "national", "ssn", "bic"];

/// What is replaced by what.
pub(super) struct Mask {
    inventor: Inventor,
    /// The manifest: what an author wrote is nobody's secret.
    author: String,
    made: BTreeMap<String, String>,
    /// Keys of steps: the one that was sent and the one that a fixture has.
    keys: Vec<(String, String)>,
}

impl Mask {
    pub(super) fn of(salt: [u8; 32], author: String) -> Self {
        Self { inventor: Inventor::of(salt), author, made: BTreeMap::new(), keys: Vec::new() }
    }

    /// The key of a step, whole or cut, becomes that of fixtures.
    pub(super) fn learn_key(&mut self, sent: String, fixture: String) {
        if !self.keys.iter().any(|(known, _)| *known == sent) {
            self.keys.push((sent, fixture));
        }
    }

    /// Looks through what a provider answered.
    pub(super) fn learn(&mut self, exchange: &Exchange) {
        if let Some(body) = &exchange.answer.body {
            self.learn_value("", body);
        }
        for text in exchange.answer.text.iter().chain(exchange.answer.headers.values()) {
            self.learn_addresses(text);
        }
    }

    /// Looks through something that was entered or told.
    pub(super) fn learn_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| self.learn_value(name, value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(name, item)),
            Value::String(text) => self.learn_text(name, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn learn_text(&mut self, name: &str, text: &str) {
        let text = self.keyed(text);
        let text = text.as_str();
        self.learn_addresses(text);
        let lower = name.to_ascii_lowercase();
        let called = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        let plain = text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter == '-');
        if text.trim().is_empty()
            || (plain && !called(WHO))
            || text.starts_with("https://")
            || text.starts_with("http://")
        {
            return;
        }
        let made = if lower.contains("birth") {
            Inventor::day(text).unwrap_or_else(|| self.invented(text, 0))
        } else if called(NUMBERED) {
            self.invented(text, 2)
        } else if called(PERSONAL) || is_named_like_a_secret(name) || is_telephone(text) {
            self.invented(text, 0)
        } else {
            return;
        };
        if (is_date(text) && !lower.contains("birth")) || self.author.contains(&format!("\"{text}\"")) {
            return;
        }
        self.made.entry(text.to_owned()).or_insert(made);
    }

    /// Another text of the same shape, in which an address is the one that it is everywhere, and the key of a step stays.
    fn invented(&self, text: &str, kept: usize) -> String {
        let mut whole: Vec<&str> = addresses(text);
        for (_, key) in &self.keys {
            let cut = (8..=key.len()).rev().filter_map(|length| key.get(..length)).find(|cut| text.contains(cut));
            // With what a connector put around it, by which it knows its own.
            whole.extend(cut.and_then(|cut| text.split_whitespace().find(|word| word.contains(cut))));
        }
        let next = |rest: &str| {
            let places = whole.iter().filter_map(|part| Some((rest.find(part)?, *part)));
            places.min_by_key(|(at, part)| (*at, std::cmp::Reverse(part.len())))
        };
        let (mut out, mut rest) = (String::new(), text);
        while let Some((at, part)) = next(rest) {
            out.push_str(&self.inventor.text(rest.get(..at).unwrap_or_default(), 0));
            out.push_str(&if part.contains('@') { self.inventor.address(part) } else { part.to_owned() });
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        if out.is_empty() { self.inventor.text(rest, kept) } else { out + &self.inventor.text(rest, 0) }
    }

    /// E-mail addresses, wherever they stand.
    fn learn_addresses(&mut self, text: &str) {
        for address in addresses(text) {
            let made = self.inventor.address(address);
            self.made.entry(address.to_owned()).or_insert(made);
        }
    }

    /// A text without what was learnt.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = self.keyed(text);
        if let Some(made) = self.made.get(&text) {
            return made.clone();
        }
        // The longest first, so that a part does not spoil the whole.
        let mut all: Vec<(&String, &String)> =
            self.made.iter().filter(|(from, _)| from.chars().count() >= SHORTEST).collect();
        all.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        for (from, to) in all {
            for (from, to) in [
                (from.clone(), to.clone()),
                (percent(from, "%20"), percent(to, "%20")),
                (percent(from, "+"), percent(to, "+")),
            ] {
                text = replaced(&text, &from, &to);
            }
        }
        text
    }

    fn keyed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (sent, fixture) in &self.keys {
            // Connectors may put only the beginning of a key where there is little room.
            for length in (8..=sent.len()).rev() {
                let (Some(from), Some(to)) = (sent.get(..length), fixture.get(..length)) else { continue };
                text = text.replace(from, to);
            }
        }
        text
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| self.value(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::String(text) => *text = self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A whole fixture without what was learnt.
    pub(super) fn fixture(&self, fixture: &mut Fixture) {
        for Exchange { request, answer } in &mut fixture.exchanges {
            request.url = self.text(&request.url);
            request.headers.values_mut().for_each(|value| *value = self.text(value));
            request.body.iter_mut().for_each(|body| self.value(body));
            answer.headers.values_mut().for_each(|value| *value = self.text(value));
            answer.body.iter_mut().for_each(|body| self.value(body));
            answer.text.iter_mut().for_each(|text| *text = self.text(text));
        }
        match &mut fixture.call {
            Some(Call::Push(item)) => {
                item.target.iter_mut().for_each(|target| self.value(target));
                self.value(&mut item.payload);
            }
            Some(Call::Find(find)) => {
                find.target.iter_mut().for_each(|target| self.value(target));
                self.value(&mut find.payload);
            }
            Some(Call::Pick(pick)) => pick.parents.values_mut().for_each(|value| *value = self.text(value)),
            Some(Call::Read(read)) => read.cursor.iter_mut().for_each(|cursor| self.value(cursor)),
            Some(Call::Identify(_) | Call::Discover(_)) | None => {}
        }
        self.said(&mut fixture.context);
    }

    /// The same of what holds for all fixtures.
    pub(super) fn said(&self, said: &mut patchbay_fixture::Said) {
        for facts in said.facts.iter_mut().chain(&mut said.account_facts) {
            facts.values_mut().for_each(|value| *value = self.text(value));
        }
        said.account.iter_mut().flatten().for_each(|account| *account = self.text(account));
        said.settings.iter_mut().for_each(|settings| self.value(settings));
    }

    /// How many values were replaced.
    pub(super) fn count(&self) -> usize {
        self.made.len()
    }
}

#[cfg(test)]
mod tests {
    use patchbay_fixture::{Answer, Expected};
    use serde_json::json;

    use super::*;

    fn exchange(url: &str, body: Value) -> Exchange {
        Exchange {
            request: Expected { method: "GET".to_owned(), url: url.to_owned(), ..Expected::default() },
            answer: Answer { body: Some(body), ..Answer::default() },
        }
    }

    #[test]
    fn nothing_personal_stays_and_what_leads_from_answer_to_request_still_does() {
        let first = json!({
            "id": "c-17", "state": "active", "name": "Els Claes", "email": "els@claes.be", "vat": "BE0123456789",
            "phone": "+32 9 123 45 67", "remark": "Belde over els@claes.be", "updated": "2026-11-21T10:00:00Z",
            "next_page_token": "Zx81QQ", "login": "m-peeters"
        });
        let mut fixture = Fixture {
            exchanges: vec![
                exchange("https://a.example/contacts", first),
                exchange("https://a.example/contacts?name=Els%20Claes&page=Zx81QQ&to=els%40claes.be", json!([])),
            ],
            ..Fixture::default()
        };
        let mut mask = Mask::of([7; 32], String::new());
        fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
        mask.fixture(&mut fixture);
        let text = fixture.text();
        for gone in ["Claes", "claes", "123456789", "123 45 67", "Zx81QQ", "Belde", "peeters"] {
            assert!(!text.contains(gone), "{gone} stayed in {text}");
        }
        for stays in ["c-17", "active", "2026-11-21T10:00:00Z", "BE0"] {
            assert!(text.contains(stays), "{stays} went from {text}");
        }
        let body = fixture.exchanges[0].answer.body.clone().expect("a body");
        let told = |name: &str| body[name].as_str().expect("a text").to_owned();
        let url = &fixture.exchanges[1].request.url;
        for led in [percent(&told("name"), "%20"), told("next_page_token"), percent(&told("email"), "%20")] {
            assert!(url.contains(&led), "{led} is not in {url}");
        }
    }

    #[test]
    fn what_was_written_is_told_by_the_same_words_and_keeps_its_key() {
        let mut mask = Mask::of([7; 32], String::new());
        mask.learn_key("abcdefghijklmnopqrstuvwxyz".to_owned(), "note2222222222222222222222".to_owned());
        mask.learn_value("text", &json!("Bel Jan Peeters"));
        mask.learn_value("text", &json!("Bel Jan Peeters\n\n[pb:abcdefghijkl]"));
        let (item, answer) = (mask.text("Bel Jan Peeters"), mask.text("Bel Jan Peeters\n\n[pb:abcdefghijkl]"));
        assert!(!item.contains("Peeters"), "{item}");
        assert_eq!(answer, format!("{item}\n\n[pb:note22222222]"));
    }

    #[test]
    fn the_key_of_a_step_becomes_the_one_of_fixtures_also_where_it_was_cut() {
        let mut mask = Mask::of([7; 32], String::new());
        mask.learn_key("abcdefghijklmnopqrstuvwxyz".to_owned(), "note2222222222222222222222".to_owned());
        assert_eq!(mask.text("x [pb:abcdefghijkl]"), "x [pb:note22222222]");
        assert_eq!(mask.text("abcdefghijklmnopqrstuvwxyz"), "note2222222222222222222222");
    }
}
