//! One answer of a list: its rows, and where the next one is.

use std::{borrow::Cow, collections::BTreeMap};

use patchbay_definition::{Paging, PagingStyle};
use patchbay_sdk::{RawValue, Result, http::Response};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;

use crate::{
    meaning::Asked,
    raw, render,
    values::Values,
    wire::{self, Api, Question},
};

/// A list as the definition describes it, for one call.
pub(crate) struct List<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a BTreeMap<String, String>,
    pub(crate) headers: Option<&'a BTreeMap<String, String>>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) records: &'a str,
    pub(crate) paging: &'a Paging,
    /// What asks for changes.
    pub(crate) since: Option<(Since<'a>, String)>,
    /// Whether an earlier answer gave the place that this begins at.
    pub(crate) from_a_place: bool,
}

/// Where a list is told since when.
pub(crate) enum Since<'a> {
    Param(&'a str),
    /// A pointer into the body, and whether a number stands there.
    Pointer(&'a str, bool),
}

/// Where the next page is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum At {
    /// At the beginning.
    #[default]
    Start,
    /// At the page of this number, or behind so many rows.
    Number(u64),
    /// Where this token leads.
    Token(String),
    /// At this address.
    Url(String),
}

/// An answer. Its text owns what the rows borrow.
pub(crate) struct Listing {
    response: Option<Response>,
    text: String,
    url: String,
}

impl List<'_> {
    /// Asks for one page. `size` is the same for a whole pass.
    pub(crate) fn page(&self, api: &Api, values: &Values<'_>, at: &At, size: Option<u32>) -> Result<Listing> {
        let mut question = self.question(api, values)?;
        if let At::Url(url) = at {
            question.url.clone_from(url);
        } else {
            let mut parameters = values.parameters(self.query)?;
            match &self.since {
                Some((Since::Param(name), since)) => parameters.push(((*name).to_owned(), since.clone())),
                Some((Since::Pointer(pointer, number), since)) => {
                    let value = since
                        .parse::<u64>()
                        .ok()
                        .filter(|_| *number)
                        .map_or_else(|| Value::from(since.as_str()), Value::from);
                    render::put(question.body.get_or_insert_with(empty), pointer, value);
                }
                None => {}
            }
            self.place(at, size, &mut parameters, &mut question.body);
            question.url = wire::with_query(&question.url, &parameters);
        }
        let url = question.url.clone();
        let Some(response) = api.ask(&question, values)? else {
            return Ok(Listing { response: None, text: "[]".to_owned(), url });
        };
        // Refuses an empty body, cut JSON and another media type, and is content with bytes that are no UTF-8.
        response.json::<IgnoredAny>()?;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        Ok(Listing { response: Some(response), text, url })
    }

    fn question(&self, api: &Api, values: &Values<'_>) -> Result<Question> {
        let mut headers = Vec::new();
        for (name, template) in self.headers.into_iter().flatten() {
            if let Some(value) = values.header(template)? {
                headers.push((name.clone(), value));
            }
        }
        let body = if self.method == "GET" { None } else { Some(self.body.cloned().unwrap_or_else(empty)) };
        let url = api.url(self.path, values)?;
        let asked = Asked::List { from_a_place: self.from_a_place };
        Ok(Question { method: self.method.to_owned(), url, headers, body, asked })
    }

    /// Says which page is meant.
    fn place(&self, at: &At, size: Option<u32>, parameters: &mut Vec<(String, String)>, body: &mut Option<Value>) {
        let paging = self.paging;
        let mut say = |name: &Option<String>, value: String| {
            if let Some(name) = name {
                parameters.push((name.clone(), value));
            }
        };
        match paging.style {
            PagingStyle::Page => {
                let first = paging.first_page.unwrap_or(1);
                say(
                    &paging.page_param,
                    match at {
                        At::Number(number) => *number,
                        _ => first,
                    }
                    .to_string(),
                );
            }
            PagingStyle::Offset => {
                say(
                    &paging.offset_param,
                    match at {
                        At::Number(number) => *number,
                        _ => 0,
                    }
                    .to_string(),
                );
            }
            PagingStyle::Cursor => {
                if let At::Token(token) = at {
                    say(&paging.param, token.clone());
                }
            }
            PagingStyle::Body => {
                let body = body.get_or_insert_with(empty);
                if let (At::Token(token), Some(pointer)) = (at, &paging.pointer) {
                    render::put(body, pointer, Value::from(token.as_str()));
                }
                if let (Some(size), Some(pointer)) = (size, &paging.size_pointer) {
                    render::put(body, pointer, Value::from(size));
                }
            }
            PagingStyle::None | PagingStyle::NextUrl | PagingStyle::LinkHeader => {}
        }
        if let Some(size) = size {
            say(&paging.size_param, size.to_string());
            say(&paging.limit_param, size.to_string());
        }
    }
}

impl Listing {
    /// The rows, each with its own text.
    pub(crate) fn rows(&self, records: &str) -> Result<Vec<&RawValue>> {
        let Some(found) = self.at(records) else {
            return Err(self.unreadable(&format!("nothing at {records:?}, where the rows are due")));
        };
        if found.get() == "null" {
            return Ok(Vec::new());
        }
        let rows: Vec<&RawValue> =
            serde_json::from_str(found.get()).map_err(|_| self.unreadable("no list where the rows are due"))?;
        match rows.iter().find(|row| !row.get().starts_with('{') || raw::is_too_deep(row)) {
            Some(row) if row.get().starts_with('{') => Err(self.unreadable("a row that is nested too deep")),
            Some(_) => Err(self.unreadable("a list that holds something else than rows")),
            None => Ok(rows),
        }
    }

    /// What tells this answer from another one to the same question.
    pub(crate) fn print(&self, records: &str) -> u64 {
        self.at(records).map_or(0, |rows| fingerprint(rows.get().as_bytes()))
    }

    /// How many rows the whole list has, where it says so.
    pub(crate) fn total(&self, paging: &Paging) -> Option<u64> {
        self.at(paging.total.as_deref()?).and_then(raw::whole)
    }

    /// Where the next page is; none at the end. `rows`: of this page.
    pub(crate) fn next(
        &self,
        api: &Api,
        paging: &Paging,
        at: &At,
        rows: usize,
        size: Option<u32>,
    ) -> Result<Option<At>> {
        let count = u64::try_from(rows).unwrap_or(u64::MAX);
        let number = |otherwise: u64| match at {
            At::Number(number) => *number,
            _ => otherwise,
        };
        match paging.style {
            PagingStyle::None => Ok(None),
            PagingStyle::Page => {
                let first = paging.first_page.unwrap_or(1);
                let page = number(first);
                let done = page.saturating_sub(first).saturating_add(1);
                let pages = paging.total_pages.as_deref().and_then(|at| self.at(at)).and_then(raw::whole);
                let is_last = match pages {
                    Some(pages) => done >= pages,
                    None => size.is_some_and(|size| count < u64::from(size)),
                };
                Ok((rows > 0 && !is_last).then(|| At::Number(page.saturating_add(1))))
            }
            PagingStyle::Offset => {
                let behind = number(0).saturating_add(count);
                let is_last = self.total(paging).is_some_and(|total| behind >= total);
                Ok((rows > 0 && !is_last).then_some(At::Number(behind)))
            }
            PagingStyle::Cursor | PagingStyle::Body => {
                let more = paging
                    .has_more
                    .as_deref()
                    .is_none_or(|flag| self.at(flag).is_some_and(|found| found.get() == "true"));
                let token = paging.next.as_deref().and_then(|next| self.at(next)).and_then(raw::text);
                Ok(token.filter(|token| more && !token.is_empty()).map(|token| At::Token(token.into_owned())))
            }
            PagingStyle::NextUrl => {
                let link = paging.next.as_deref().and_then(|next| self.at(next)).and_then(raw::text);
                self.address(api, paging, link)
            }
            PagingStyle::LinkHeader => {
                let relation = paging.rel.as_deref().unwrap_or("next");
                let link = self.response.as_ref().and_then(|response| response.link(relation)).map(Cow::Borrowed);
                self.address(api, paging, link)
            }
        }
    }

    fn address(&self, api: &Api, paging: &Paging, link: Option<Cow<'_, str>>) -> Result<Option<At>> {
        let (Some(link), Some(response)) = (link.filter(|link| !link.is_empty()), &self.response) else {
            return Ok(None);
        };
        let next = api.next(&link, &self.url, response)?;
        Ok(Some(At::Url(wire::without(&next, &paging.drop_params))))
    }

    pub(crate) fn unreadable(&self, what: &str) -> patchbay_sdk::Error {
        match &self.response {
            Some(response) => response.unreadable(what),
            None => patchbay_sdk::Error::invalid_response("The API's answer cannot be read.").detail(what),
        }
    }

    fn at(&self, pointer: &str) -> Option<&RawValue> {
        // An answer without rows says nothing else either.
        let pointer = if self.response.is_some() { pointer } else { "" };
        raw::at(serde_json::from_str(&self.text).ok()?, pointer)
    }
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// FNV-1a: tells two texts apart, and defends against nobody.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
