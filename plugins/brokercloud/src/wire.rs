//! What every request to Brokercloud needs, its lists, and what its statuses mean.
//!
//! Lists are asked for as DataTables does it: `start`, `length`, and the column to order by.

use patchbay_sdk::{
    Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
};
use serde::{Deserialize, Serialize};

use crate::assumed::Assumed;

/// The most rows that Brokercloud gives in one page.
pub(crate) const LENGTH: u32 = 100;

/// How to talk to Brokercloud for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
}

/// One page of a list.
pub(crate) struct Listing {
    response: Response,
    start: u64,
}

/// What stands in it.
pub(crate) struct Rows<'a> {
    pub(crate) rows: Vec<&'a RawValue>,
    /// How many rows the whole list has; a hint, as it changes while it is read.
    pub(crate) total: Option<u64>,
    pub(crate) is_last: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(rename = "recordsFiltered")]
    filtered: Option<u64>,
}

/// What every row has.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) id: Id,
}

/// The id of a row. Those of parties are numbers; of all else that is assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    /// Whether it surely does not come after the other one. How texts are ordered is the provider's.
    pub(crate) fn is_not_after(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one <= other,
            _ => self == other,
        }
    }
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        Ok(Self { assumed: Assumed::of(ctx)? })
    }

    /// A path is given with its slash.
    pub(crate) fn get(&self, path: &str) -> Request {
        http::get(self.url(path)).header("accept", "application/json")
    }

    pub(crate) fn post(&self, path: &str, step: &str) -> Request {
        http::post(self.url(path)).header("accept", "application/json").effect(Effect::Write).step(step)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v2{path}", self.assumed.origin.trim_end_matches('/'))
    }

    /// Rows from `start` on, in the order of this column.
    pub(crate) fn list(&self, path: &str, order: &str, search: &str, start: u64, length: u32) -> Result<Listing> {
        let asked = self
            .get(path)
            .query("start", start)
            .query("length", length)
            .query("columns[0][data]", order)
            .query("order[0][column]", 0)
            .query("order[0][dir]", "asc");
        let asked = if search.is_empty() { asked } else { asked.query("search[value]", search) };
        Ok(Listing { response: ok(asked.send()?)?, start })
    }
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<Rows<'_>> {
        let envelope: Envelope<'_> = self.response.json()?;
        let count = u64::try_from(envelope.data.len()).unwrap_or(u64::MAX);
        let reached = self.start.saturating_add(count);
        // Fewer than asked for may come: the length is capped and not refused.
        let is_last = count == 0 || envelope.filtered.is_some_and(|filtered| reached >= filtered);
        Ok(Rows { rows: envelope.data, total: envelope.filtered, is_last })
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.response.unreadable("a row of an unexpected shape"))
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.body().len()
    }
}

/// The answer, when it is a success; else what Brokercloud means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(match response.status() {
        401 => error.message("Brokercloud does not accept the login any more. Reconnect."),
        403 => error.message(
            "Brokercloud does not allow this. A customer's portal login sees only its own party; log in as a broker.",
        ),
        404 => error.message("Brokercloud does not have this, or it belongs to another office."),
        413 => error.message("The file is too large for Brokercloud.").field("", "Send a smaller file."),
        400 | 422 => refused(&response, error),
        429 => error.message("Brokercloud asks to wait."),
        _ => error,
    })
}

/// What Brokercloud says about single values, in our words: its own may repeat what was sent.
fn refused(response: &Response, error: Error) -> Error {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: serde_json::Map<String, serde_json::Value>,
    }
    let errors = response.json::<Body>().map(|body| body.errors).unwrap_or_default();
    let error = error.message("Brokercloud refuses what was sent.");
    let known = ["file", "name", "description", "content"].into_iter().filter(|name| errors.contains_key(*name));
    known.fold(error, |error, name| {
        let pointer = if name == "description" { "/description" } else { "" };
        error.field(pointer, format!("Brokercloud does not take the {name} of the file."))
    })
}
