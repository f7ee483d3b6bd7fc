//! What every request needs, Xero's lists, and what its statuses mean.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Case, Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
    log, run,
};
use serde::Deserialize;

use crate::assumed::Assumed;

const ORIGIN: &str = "https://api.xero.com";
const BOOKS: &str = "https://api.xero.com/api.xro/2.0";
/// What Xero says of a 401 that no new token helps against.
const SCOPE_MISSING: &str = "AuthorizationUnsuccessful";

/// How to talk to Xero for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
}

/// One page of a list.
pub(crate) struct Listing {
    /// None: nothing is newer (304).
    response: Option<Response>,
    list: &'static str,
}

/// What an answer says of its pages.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pages {
    pub(crate) page_size: Option<u32>,
    pub(crate) page_count: Option<u32>,
    pub(crate) item_count: Option<u64>,
}

/// What a refusal says of itself, besides texts that may repeat what was sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    error_number: Option<i64>,
    r#type: Option<String>,
    detail: Option<String>,
}

/// What a write says of the one row that was sent.
#[derive(Deserialize)]
pub(crate) struct Row {
    #[serde(alias = "AttachmentID", alias = "ContactID", rename = "InvoiceID")]
    pub(crate) id: Option<String>,
    /// An error in the guise of a success says so here.
    #[serde(rename = "StatusAttributeString")]
    status: Option<String>,
}

/// The list of connections: the one address that belongs to no organisation.
pub(crate) fn connections() -> Request {
    http::get(format!("{ORIGIN}/connections")).header("accept", "application/json")
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        Ok(Self { assumed: Assumed::of(ctx)? })
    }

    /// A question about an organisation. Without `accept` the answer is XML.
    pub(crate) fn get(&self, tenant: &str, path: &str) -> Result<Request> {
        Ok(of_tenant(http::get(http::address(BOOKS, &[path])?), tenant))
    }

    /// A write of something new.
    pub(crate) fn put(&self, tenant: &str, path: &[&str], step: &str) -> Result<Request> {
        Ok(write(http::put(http::address(BOOKS, path)?), tenant, step))
    }

    /// A change of what is there.
    pub(crate) fn post(&self, tenant: &str, path: &[&str], step: &str) -> Result<Request> {
        Ok(write(http::post(http::address(BOOKS, path)?), tenant, step))
    }

    /// A page of a list. 304 is one in which nothing is newer.
    pub(crate) fn list(&self, request: Request, list: &'static str) -> Result<Listing> {
        let response = request.send()?;
        if response.status() == 304 {
            return Ok(Listing { response: None, list });
        }
        Ok(Listing { response: Some(self.ok(response)?), list })
    }

    /// The answer, when it is a success; else what Xero means by its status.
    pub(crate) fn ok(&self, response: Response) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(self.refusal(&response)) }
    }

    fn refusal(&self, response: &Response) -> Error {
        let status = response.status();
        tell(response);
        let said: Refusal = response.json().unwrap_or_default();
        let error = response.error();
        let error = match said.error_number {
            Some(number) => error.provider_code(number.to_string()),
            None => error,
        };
        match status {
            401 if said.detail.is_some_and(|detail| detail.contains(SCOPE_MISSING)) => {
                error.as_case(Case::PermissionDenied).message(
                    "This was not allowed when Xero was connected. Reconnect, and accept everything that is asked for.",
                )
            }
            401 => error.message("Xero does not accept the login any more. Reconnect."),
            403 => error.message(
                "Xero does not let this login into the organisation: it was disconnected there, or the person who connected lost access. Connect it again.",
            ),
            400 if said.r#type.as_deref() == Some("QueryParseException") => {
                error.as_case(Case::Other).message("Xero does not understand the question that this connector asks.")
            }
            400 if error.case() == Case::InvalidInput => error.message("Xero refuses what was sent."),
            404 => error.message("Xero does not have this, or hides it from the person who connected."),
            412 | 501 => error.as_case(Case::Other).message("Xero does not understand what this connector asks."),
            429 => self.throttled(response, error),
            503 => error.message("Xero, or this organisation at Xero, is out of service for a while."),
            _ => error,
        }
    }

    /// All limits but one are an organisation's own: the others go on. Requests of a minute are free again soon, those of a
    /// day are not.
    fn throttled(&self, response: &Response, error: Error) -> Error {
        let limit = response.header("x-rate-limit-problem").map(str::to_ascii_lowercase);
        match limit.as_deref() {
            Some("day") => {
                let error = error.waits_alone().message(
                    "The requests that Xero allows for this organisation in a day are used up. It goes on later by itself.",
                );
                match error.wait_ms() {
                    Some(_) => error,
                    None => error.retry_after_ms(self.assumed.day_wait_minutes.saturating_mul(60_000)),
                }
            }
            Some("minute" | "concurrent") => error.waits_alone().message("Xero asks to wait."),
            _ => error.message("Xero asks to wait."),
        }
    }
}

impl Listing {
    /// The rows, and what the answer says of its pages.
    pub(crate) fn rows(&self) -> Result<(Vec<&RawValue>, Pages)> {
        let Some(response) = &self.response else { return Ok((Vec::new(), Pages::default())) };
        let members: BTreeMap<String, &RawValue> = response.json()?;
        let Some(rows) = members.get(self.list) else {
            return Err(response.unreadable("an answer without its list"));
        };
        let rows = serde_json::from_str(rows.get()).map_err(|_| response.unreadable("something else than a list"))?;
        let pages = members.get("pagination").and_then(|pages| serde_json::from_str(pages.get()).ok());
        Ok((rows, pages.unwrap_or_default()))
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| match &self.response {
            Some(response) => response.unreadable("a row of an unexpected shape"),
            None => Error::invalid_response("Xero's answer cannot be read."),
        })
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.as_ref().map_or(0, |response| response.body().len())
    }
}

/// Whether this is an id of Xero. Upper case is the same id, but another text, so it is none.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// The one row that was written. One that is an error in the guise of a success was not.
pub(crate) fn accepted(answer: &Response, step: &str, rows: Vec<Row>) -> Result<Row> {
    let Some(row) = rows.into_iter().next() else { return Err(answer.unreadable("no row of what was written")) };
    if row.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("ERROR")) {
        run::step_refused(step);
        return Err(Error::invalid_input("Xero refuses what was sent.")
            .detail(format!("{step} was answered {} with a row that is an error", answer.status())));
    }
    Ok(row)
}

/// The same key gives the first answer again.
fn write(request: Request, tenant: &str, step: &str) -> Request {
    let request = of_tenant(request, tenant).header("idempotency-key", run::step_key(step));
    request.effect(Effect::Write).step(step)
}

fn of_tenant(request: Request, tenant: &str) -> Request {
    request.header("accept", "application/json").header("xero-tenant-id", tenant)
}

/// Xero's support asks for the id of the request that it refused.
fn tell(response: &Response) {
    let id: String = response
        .header("xero-correlation-id")
        .unwrap_or_default()
        .chars()
        .filter(|letter| letter.is_ascii_hexdigit() || *letter == '-')
        .take(64)
        .collect();
    log::warn("Xero refused a request", &[("status", &response.status()), ("correlation_id", &id)]);
}
