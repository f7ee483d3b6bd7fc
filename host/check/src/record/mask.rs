//! What a recording must not keep: secrets, and whatever says who somebody is.
//!
//! First what was entered, all answers and all requests are looked through for what is private, then everything that was
//! recorded (answers, requests, addresses, cursors, facts) has it replaced, each value by its own invented one. So a link
//! that leads from one answer to the next request still leads there.
//!
//! What a connector says by itself (the title that it gives every note) is no secret, and has to stay so that the fixture
//! replays: of a request is learnt what came of the item, and what is an address or a telephone number wherever it stands.
//!
//! Secrets in addresses and headers are a matter of their own (`secrets.rs`).

mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use patchbay_fixture::{Attachment, Call, Exchange, Fixture, Item, Said};
use patchbay_model::manifest::is_named_like_a_secret;
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use self::secrets::Secrets;
use super::{
    named::{NUMBERED, PERSONAL, WHO, called, is_long_number_of_somebody, is_short_number_of_somebody},
    shape::Inventor,
    text::{addresses, decoded, is_date, is_encoded, is_telephone, percent, replaced, spellings, stem, words},
    withheld,
};

/// Letters of a text that is replaced inside a longer one.
const SHORTEST: usize = 4;
/// Letters of a text that is so long, and of no words, that a file may be in it.
const ENCODED: usize = 128;

/// What is replaced by what.
pub(super) struct Mask {
    inventor: Inventor,
    /// The manifest: what an author wrote is nobody's secret.
    author: String,
    made: BTreeMap<String, String>,
    /// Keys of steps: the one that was sent and the one that a fixture has.
    keys: Vec<(String, String)>,
    /// Words of what was entered and is private.
    brought: BTreeSet<String>,
    secrets: Secrets,
    /// Texts and files are kept as they came.
    keep_text: bool,
}

impl Mask {
    pub(super) fn of(salt: [u8; 32], author: String, keep_text: bool) -> Self {
        let (made, keys, brought) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { inventor: Inventor::of(salt), author, made, keys, brought, secrets: Secrets::default(), keep_text }
    }

    /// The key of a step, whole or cut, becomes that of fixtures.
    pub(super) fn learn_key(&mut self, sent: String, fixture: String) {
        if !self.keys.iter().any(|(known, _)| *known == sent) {
            self.keys.push((sent, fixture));
        }
    }

    /// Looks through what a connection and its account are.
    pub(super) fn learn_said(&mut self, said: &Said) {
        for facts in said.facts.iter().chain(&said.account_facts) {
            facts.iter().for_each(|(name, value)| self.learn_fact(name, value));
        }
        said.account.iter().flatten().for_each(|account| self.learn_fact("", account));
        said.settings.iter().for_each(|settings| self.learn_value("", settings));
        said.config.iter().for_each(|config| self.learn_config(config));
        self.bring();
    }

    /// Looks through what is to be written, and whom it is for.
    pub(super) fn learn_item(&mut self, item: &Item) {
        item.target.iter().for_each(|target| self.learn_value("", target));
        self.learn_value("", &item.payload);
        item.ext.iter().for_each(|(name, value)| self.learn_told(name, value));
        for file in &item.attachments {
            self.learn_text("name", stem(&file.name));
            if !self.keep_text {
                // A connector may tell the fingerprint of what it sends.
                let of = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
                let bytes = file.bytes();
                self.made.insert(of(&bytes), of(&vec![b' '; bytes.len()]));
            }
        }
        self.bring();
    }

    fn bring(&mut self) {
        // Nobody repeats a word of a signature.
        let private = self.made.keys().filter(|text| !self.secrets.hold(text));
        self.brought = private.flat_map(|text| words(text)).collect();
    }

    /// Looks through what was asked of a provider, and what it answered.
    pub(super) fn learn(&mut self, exchange: &Exchange) {
        let Exchange { request, answer } = exchange;
        self.learn_request(request);
        self.learn_answer(answer);
        if let Some(body) = &answer.body {
            self.learn_value("", body);
        }
        for text in answer.text.iter().chain(answer.headers.values()).chain(request.headers.values()) {
            self.learn_addresses(text);
        }
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        path.split('/').for_each(|part| self.learn_sent("", &decoded(part)));
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            self.learn_sent(&decoded(name), &decoded(&value.replace('+', " ")));
        }
        request.body.iter().for_each(|body| self.learn_body("", body));
    }

    /// As [`Self::learn_value`], of what a connector sends.
    fn learn_body(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| self.learn_body(name, value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_body(name, item)),
            Value::String(text) => self.learn_sent(name, text),
            Value::Number(number) => self.learn_number(name, number),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn learn_sent(&mut self, name: &str, text: &str) {
        let came_of_the_item = words(text).any(|word| self.brought.contains(&word));
        self.learn_text(if came_of_the_item { name } else { "" }, text);
    }

    /// Looks through something that was entered or told.
    pub(super) fn learn_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.learn_addresses(name);
                    self.learn_value(name, value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(name, item)),
            Value::String(text) => self.learn_told(name, text),
            Value::Number(number) => self.learn_number(name, number),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn learn_number(&mut self, name: &str, number: &Number) {
        if is_long_number_of_somebody(name, number) {
            let text = number.to_string();
            let text = text.trim_end_matches(".0");
            let made = self.inventor.text(text, 0);
            self.made.entry(text.to_owned()).or_insert(made);
        }
    }

    fn learn_text(&mut self, name: &str, text: &str) {
        let text = self.keyed(text);
        let text = text.as_str();
        self.learn_addresses(text);
        if text.contains('%') {
            self.learn_addresses(&decoded(text));
        }
        let birth = called(name, &["birth", "geboorte"]);
        let plain = text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter == '-');
        if text.trim().is_empty()
            || (plain && !called(name, WHO))
            || text.starts_with("https://")
            || text.starts_with("http://")
        {
            return;
        }
        let made = if birth {
            Inventor::day(text).unwrap_or_else(|| self.invented(text, 0))
        } else if called(name, NUMBERED) {
            self.invented(text, 2)
        } else if called(name, PERSONAL)
            || is_named_like_a_secret(name)
            || is_telephone(text)
            || (text.len() >= ENCODED && is_encoded(text))
        {
            self.invented(text, 0)
        } else {
            return;
        };
        if (is_date(text) && !birth) || self.is_of_the_author(text) {
            return;
        }
        self.made.entry(text.to_owned()).or_insert(made);
    }

    fn is_of_the_author(&self, text: &str) -> bool {
        self.author.contains(&format!("\"{text}\""))
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
        let text = self.keyed(text);
        if let Some(made) = self.made.get(&text) {
            return made.clone();
        }
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        let text = if is_url { self.url(&text) } else { self.within(text) };
        // Last, because a whole sentence with an address in it is replaced as one.
        self.placed(&text)
    }

    /// An address, in whose parts something may be spelt in other ways than this one's.
    fn url(&self, url: &str) -> String {
        let url = self.within(url.to_owned());
        let (path, query) = url.split_once('?').map_or((url.as_str(), None), |(path, query)| (path, Some(query)));
        // Scheme and host are no parts.
        let path: Vec<String> = path
            .split('/')
            .enumerate()
            .map(|(at, part)| if at < 3 { part.to_owned() } else { self.part(part, "%20") })
            .collect();
        let query = query.map(|query| {
            let pairs = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, value)) => {
                    format!("{name}={}", self.part(value, if value.contains('+') { "+" } else { "%20" }))
                }
                None => pair.to_owned(),
            });
            pairs.collect::<Vec<_>>().join("&")
        });
        path.join("/") + &query.map(|query| format!("?{query}")).unwrap_or_default()
    }

    fn part(&self, part: &str, space: &str) -> String {
        let plain = decoded(&if space == "+" { part.replace('+', " ") } else { part.to_owned() });
        let made = self.within(plain.clone());
        if made == plain { part.to_owned() } else { percent(&made, space) }
    }

    fn within(&self, mut text: String) -> String {
        // The longest first, so that a part does not spoil the whole.
        let mut all: Vec<(&String, &String)> =
            self.made.iter().filter(|(from, _)| from.chars().count() >= SHORTEST).collect();
        all.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        for (from, to) in all {
            for (from, to) in spellings(from, to) {
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

    fn value(&self, name: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.keys().any(|name| name.contains('@')) {
                    let named = std::mem::take(members).into_iter();
                    *members = named.map(|(name, value)| (self.text(&name), value)).collect();
                }
                members.iter_mut().for_each(|(name, value)| self.value(name, value));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(name, item)),
            Value::String(text) => *text = self.text(text),
            Value::Number(number) => {
                if let Some(made) = self.number(name, number) {
                    *number = made;
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn number(&self, name: &str, number: &Number) -> Option<Number> {
        let text = number.to_string();
        let (whole, rest) = text.strip_suffix(".0").map_or((text.as_str(), ""), |whole| (whole, ".0"));
        let learnt = self.made.get(whole).filter(|_| whole.len() > SHORTEST);
        let made = match learnt {
            Some(made) => made.clone(),
            None if is_short_number_of_somebody(name) => self.inventor.text(whole, 0),
            None => return None,
        };
        serde_json::from_str(&(made + rest)).ok()
    }

    /// A whole fixture without what was learnt; the media types of answers that were not kept.
    pub(super) fn fixture(&self, fixture: &mut Fixture) -> Vec<String> {
        let mut withheld = Vec::new();
        for Exchange { request, answer } in &mut fixture.exchanges {
            request.url = self.text(&request.url);
            request.headers.iter_mut().for_each(|(name, value)| *value = self.header(name, value));
            request.body.iter_mut().for_each(|body| self.value("", body));
            if !self.keep_text {
                withheld.extend(withheld::withhold(answer));
            }
            answer.headers.iter_mut().for_each(|(name, value)| *value = self.header(name, value));
            answer.body.iter_mut().for_each(|body| self.value("", body));
            answer.text.iter_mut().for_each(|text| *text = self.text(text));
        }
        match &mut fixture.call {
            Some(Call::Push(item)) => {
                item.target.iter_mut().for_each(|target| self.value("", target));
                self.value("", &mut item.payload);
                self.brought(&mut item.key, &mut item.attachments, &mut item.ext);
            }
            Some(Call::Find(find)) => {
                find.target.iter_mut().for_each(|target| self.value("", target));
                self.value("", &mut find.payload);
                self.brought(&mut find.key, &mut find.attachments, &mut find.ext);
            }
            Some(Call::Pick(pick)) => pick.parents.values_mut().for_each(|value| *value = self.text(value)),
            Some(Call::Read(read)) => read.cursor.iter_mut().for_each(|cursor| self.value("", cursor)),
            Some(Call::Identify(_) | Call::Discover(_)) | None => {}
        }
        self.said(&mut fixture.context);
        withheld
    }

    /// What else an item brings. A file keeps its size.
    fn brought(&self, key: &mut String, files: &mut [Attachment], ext: &mut BTreeMap<String, String>) {
        *key = self.text(key);
        ext.values_mut().for_each(|value| *value = self.text(value));
        for file in files {
            file.name = self.text(&file.name);
            if !self.keep_text {
                file.size = Some(u32::try_from(file.bytes().len()).unwrap_or(u32::MAX));
                (file.text, file.base64) = (None, None);
            }
        }
    }

    /// The same of what holds for all fixtures.
    pub(super) fn said(&self, said: &mut Said) {
        for facts in said.facts.iter_mut().chain(&mut said.account_facts) {
            facts.values_mut().for_each(|value| *value = self.text(value));
        }
        said.account.iter_mut().flatten().for_each(|account| *account = self.text(account));
        for given in said.settings.iter_mut().chain(&mut said.config) {
            self.value("", given);
        }
    }

    /// How many values were replaced.
    pub(super) fn count(&self) -> usize {
        self.made.len() + self.secrets.count_short()
    }
}

#[cfg(test)]
mod tests;
