//! What every request to AdminPulse needs, its lists, and what its statuses mean.

use patchbay_sdk::{
    Case, Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::assumed::Assumed;

/// The fact that `identify` tells: a path that the credential could read. It tells a missing scope from a dead credential.
pub(crate) const PROOF: &str = "proof";
/// The most rows that AdminPulse gives in one page.
pub(crate) const PAGE_SIZE: u32 = 400;
/// What it asks to wait at least: it names no time.
const UNTOLD_WAIT_MS: u64 = 60_000;

/// How to talk to AdminPulse for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
    proof: Option<String>,
}

/// One page of a list: `{"results": […], "pageCount": n}`, or a bare array.
pub(crate) struct Listing {
    response: Response,
    page: u64,
    size: u32,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
    #[serde(rename = "pageCount")]
    page_count: Option<u64>,
}

/// The rows of a page, and how many pages there are, where that is said.
pub(crate) struct Rows<'a> {
    pub(crate) rows: Vec<&'a RawValue>,
    pub(crate) pages: Option<u64>,
    pub(crate) is_last: bool,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        Ok(Self { assumed: Assumed::of(ctx)?, proof: ctx.fact(PROOF).ok().map(str::to_owned) })
    }

    /// A path is given with its slash.
    pub(crate) fn get(&self, path: &str) -> Request {
        http::get(self.url(path)).header("accept", "application/json")
    }

    pub(crate) fn one(&self, list: &str, id: &str) -> Result<Request> {
        Ok(http::get(http::address(&self.url(list), &[id])?).header("accept", "application/json"))
    }

    pub(crate) fn post(&self, path: &str, step: &str) -> Request {
        http::post(self.url(path)).header("accept", "application/json").effect(Effect::Write).step(step)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.assumed.base_url.trim_end_matches('/'))
    }

    /// Asks for a page, counted from 0.
    pub(crate) fn list(&self, path: &str, query: &[(&str, &str)], page: u64, size: u32) -> Result<Listing> {
        let asked = query.iter().fold(self.get(path), |asked, (name, value)| asked.query(name, value));
        let response = self.ok(asked.query("page", page).query("pageSize", size).send()?)?;
        Ok(Listing { response, page, size })
    }

    /// The answer, when it is a success; else what AdminPulse means by its status.
    pub(crate) fn ok(&self, response: Response) -> Result<Response> {
        if response.is_success() {
            return Ok(response);
        }
        let error = response.error();
        Err(match response.status() {
            401 => self.refused(error)?,
            400 => error.message("AdminPulse refuses what was asked or sent."),
            404 => error.message("AdminPulse does not have this, or the address in the configuration is wrong."),
            429 if error.wait_ms().is_none() => {
                error.message("AdminPulse asks to wait.").retry_after_ms(UNTOLD_WAIT_MS)
            }
            429 => error.message("AdminPulse asks to wait."),
            _ => error,
        })
    }

    /// AdminPulse knows no 403: 401 says that a scope is missing as well. What the credential could read at the login tells
    /// which of the two it is.
    fn refused(&self, error: Error) -> Result<Error> {
        let dead = error.clone().message("AdminPulse does not accept the login or key any more. Reconnect.");
        let Some(proof) = &self.proof else { return Ok(dead) };
        match probe(self, proof)?.status() {
            401 => Ok(dead),
            200..=299 => Ok(error.as_case(Case::PermissionDenied).message(
                "The login or key may not do this. Make a key with this right ticked, or log in as somebody who has it.",
            )),
            // Nothing can be said just now.
            _ => Ok(error.as_case(Case::Transient).message("AdminPulse has trouble.")),
        }
    }

    /// The id of what a write made.
    pub(crate) fn made(&self, response: Response) -> Result<String> {
        let response = self.ok(response)?;
        let body: Value = response.json()?;
        match body.pointer(&self.assumed.answer_id) {
            Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
            Some(Value::Number(id)) => Ok(id.to_string()),
            _ => Err(response.unreadable("no id where the configuration says that it stands")),
        }
    }
}

/// What a record says under a name, whether as a text or as a number; none where that is nothing.
pub(crate) fn text(record: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match record.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Asks for as little as shows whether the credential may read this.
pub(crate) fn probe(api: &Api, path: &str) -> Result<Response> {
    let asked = api.get(path);
    // The list of the office's companies is the one that has no pages.
    if path == "/companies" { asked.send() } else { asked.query("page", 0).query("pageSize", 1).send() }
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<Rows<'_>> {
        let (rows, pages) = if self.response.body().trim_ascii_start().starts_with(b"[") {
            (self.response.rows()?, None)
        } else {
            let envelope: Envelope<'_> = self.response.json()?;
            (envelope.results, envelope.page_count)
        };
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // A page shorter than asked is the last one only where nobody says how many there are.
        let is_last = rows.is_empty()
            || match pages {
                Some(pages) => self.page.saturating_add(1) >= pages,
                None => count != u64::from(self.size),
            };
        Ok(Rows { rows, pages, is_last })
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.unreadable("a row of an unexpected shape"))
    }

    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.response.unreadable(what)
    }
}
