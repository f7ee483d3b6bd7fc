//! What every request needs, the CRM's lists, and what its statuses, codes and rows mean.

use patchbay_sdk::{
    Case, Context, Error, Object, RawValue, Result,
    http::{self, Effect, Request, Response},
    run, time,
};
use serde::{Deserialize, Deserializer};

use crate::{assumed::Assumed, place};

/// How to talk to Zoho for one connection.
pub(crate) struct Api {
    crm: String,
    pub(crate) drive: String,
    tld: &'static str,
    org: Option<String>,
    pub(crate) assumed: Assumed,
}

/// An id: a text, or a number where somebody forgot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(u64),
        }
        Ok(Self(match Either::deserialize(from)? {
            Either::Text(text) => text,
            Either::Number(number) => number.to_string(),
        }))
    }
}

/// One page of a list; an answer without a body is one without rows.
pub(crate) struct Listing {
    response: Option<Response>,
}

/// What a page of a list says besides its rows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Info {
    #[serde(default)]
    pub(crate) more_records: bool,
    pub(crate) next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(default)]
    info: Option<Info>,
}

/// An answer that is an error, whole or one row of it.
#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    status: Option<String>,
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    id: Option<Text>,
    api_name: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    data: Vec<Problem>,
}

/// What became of the one row of a write.
pub(crate) enum Row {
    New(String),
    /// It was there already.
    Known(String),
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let (tld, assumed) = (place::tld(ctx)?, Assumed::of(ctx)?);
        let base = format!("https://www.zohoapis.{tld}");
        let at = |path: &str| format!("{base}/{}", path.trim_matches('/'));
        let (crm, drive) = (at(&assumed.crm_path), at(&assumed.drive_path));
        Ok(Self { crm, drive, tld, org: ctx.fact("org_domain").ok().map(str::to_owned), assumed })
    }

    pub(crate) fn get(&self, path: &[&str]) -> Result<Request> {
        Ok(http::get(http::address(&self.crm, path)?).header("accept", "application/json"))
    }

    pub(crate) fn post(&self, path: &[&str]) -> Result<Request> {
        Ok(http::post(http::address(&self.crm, path)?).header("accept", "application/json"))
    }

    /// Where people see a record.
    pub(crate) fn seen_at(&self, module: &str, id: &str) -> Option<String> {
        let (org, pattern) = (self.org.as_deref()?, &self.assumed.record_address);
        if pattern.is_empty() {
            return None;
        }
        let filled = pattern.replace("{tld}", self.tld).replace("{org}", org).replace("{module}", module);
        Some(filled.replace("{id}", id))
    }

    /// An object of a record.
    pub(crate) fn object(&self, module: &str, id: &str, wrote: &str) -> Object {
        let object = Object::of(wrote);
        match self.seen_at(module, id) {
            Some(url) => object.url(url),
            None => object,
        }
    }

    /// One page of a list. 204 is an empty one, 304 one in which nothing is newer; neither has a body.
    pub(crate) fn list(&self, request: Request) -> Result<Listing> {
        let response = request.send()?;
        if matches!(response.status(), 204 | 304) {
            return Ok(Listing { response: None });
        }
        Ok(Listing { response: Some(self.ok(response)?) })
    }

    /// Every row of a list that is never long, at most 20 pages.
    pub(crate) fn each<T: for<'a> Deserialize<'a>>(
        &self,
        ask: impl Fn() -> Result<Request>,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<()> {
        let (mut page, mut token) = (1_u32, None);
        for _ in 0..20 {
            let request = ask()?.query("per_page", self.assumed.page_size);
            let listing = self.list(match &token {
                Some(token) => request.query("page_token", token),
                None => request.query("page", page),
            })?;
            let (rows, info) = listing.rows()?;
            for row in rows {
                if take(listing.row(row)?) {
                    return Ok(());
                }
            }
            if !info.more_records {
                return Ok(());
            }
            if run::should_stop() {
                return Err(Error::transient("There was no time to look through everything."));
            }
            (page, token) = (page + 1, info.next_page_token);
        }
        Err(Error::other("There is more in Zoho than can be looked through.").detail("20 pages, and still more"))
    }

    /// The answer, when it is a success; else what the CRM means by it.
    pub(crate) fn ok(&self, response: Response) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(self.refusal(&response)) }
    }

    fn refusal(&self, response: &Response) -> Error {
        let problem: Problem = response.json().unwrap_or_default();
        self.means(response.error(), &problem, response.status())
    }

    /// What became of the one row that a write sent.
    pub(crate) fn written(&self, response: Response, step: &str) -> Result<Row> {
        if !response.is_success() {
            let problem: Problem = response.json().unwrap_or_default();
            return match known(&problem) {
                Some(id) => Ok(Row::Known(id)),
                None => Err(self.means(response.error(), &problem, response.status())),
            };
        }
        let Some(row) = response.json::<Written>()?.data.into_iter().next() else {
            return Err(response.unreadable("no row"));
        };
        let id = row.details.as_ref().and_then(|details| details.id.clone());
        match (row.status.as_deref(), id) {
            (Some("success"), Some(id)) => Ok(Row::New(id.0)),
            (Some("error"), _) => {
                // A refusal in the guise of a success: nothing was written.
                run::step_refused(step);
                let asked = format!("{step} was answered {} with a row that is an error", response.status());
                let error = Error::invalid_input("Zoho refuses what was sent.").detail(asked);
                known(&row).map(Row::Known).ok_or_else(|| self.means(error, &row, response.status()))
            }
            _ => Err(response.unreadable("a row that is neither success nor error")),
        }
    }

    fn means(&self, error: Error, problem: &Problem, status: u16) -> Error {
        let Some(code) = problem.code.as_deref() else { return without_code(error, status) };
        let field = problem.details.as_ref().and_then(|details| details.api_name.as_deref());
        let error = error.provider_code(code);
        let by_status = error.case();
        // Of a question nothing can be wrong that a person filled in.
        let input = if by_status == Case::Other { Case::Other } else { Case::InvalidInput };
        match code {
            "INVALID_TOKEN" | "INVALID_OAUTHTOKEN" | "AUTHENTICATION_FAILURE" => {
                error.as_case(Case::AuthRequired).message("Zoho does not accept the login any more. Reconnect.")
            }
            "OAUTH_SCOPE_MISMATCH" => error.as_case(Case::PermissionDenied).message(
                "This was not allowed when Zoho was connected. Reconnect, and accept everything that is asked for.",
            ),
            "NO_PERMISSION" => error.as_case(Case::PermissionDenied).message(
                "The profile of the person who connected does not allow this in Zoho CRM. Ask the administrator there.",
            ),
            "INVALID_MODULE" => error.as_case(Case::NotFound).message(
                "This module is hidden in Zoho CRM, or is not part of the edition.",
            ),
            "INVALID_DATA" => match field {
                Some(field) => {
                    let (pointer, what) = pointer(field);
                    error.as_case(input).message("Zoho refuses what was sent.").field(pointer, what)
                }
                None => error
                    .as_case(Case::NotFound)
                    .message("Zoho does not have this record, or hides it from the person who connected."),
            },
            "MANDATORY_NOT_FOUND" => {
                let error = error.as_case(input).message("Zoho wants more to be filled in.");
                let name = field.unwrap_or("a field");
                error.field(pointer(name).0, format!("{name} has to be filled in."))
            }
            "NOT_APPROVED" | "RECORD_LOCKED" | "RECORD_IN_BLUEPRINT" => error.as_case(Case::Conflict).message(
                "The record is locked in Zoho CRM (an approval, a blueprint, or a lock). Free it there, then send this again.",
            ),
            "TOO_MANY_REQUESTS" => error.as_case(Case::RateLimited).message("Zoho asks to wait."),
            "LIMIT_EXCEEDED" | "API_LIMIT_EXCEEDED" if status == 429 => {
                let wait = self.assumed.credits_wait_minutes.saturating_mul(60_000);
                error
                    .as_case(Case::RateLimited)
                    .message("The organisation has used up its requests to Zoho CRM for today. It goes on later by itself.")
                    .retry_after_ms(wait)
            }
            "INVALID_QUERY" | "SYNTAX_ERROR" | "LIMIT_EXCEEDED" | "INVALID_URL_PATTERN" | "INVALID_REQUEST_METHOD" => {
                error.as_case(Case::Other).message("Zoho does not understand the question that this connector asks.")
            }
            // 5xx and what nobody named.
            _ => without_code(error.as_case(by_status), status),
        }
    }
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<(Vec<&RawValue>, Info)> {
        let Some(response) = &self.response else { return Ok((Vec::new(), Info::default())) };
        let listed: Listed<'_> = response.json()?;
        Ok((listed.data, listed.info.unwrap_or_default()))
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| match &self.response {
            Some(response) => response.unreadable("a row of an unexpected shape"),
            None => Error::invalid_response("The provider's answer cannot be read."),
        })
    }
}

/// The id of what was there already.
fn known(problem: &Problem) -> Option<String> {
    let duplicate = problem.code.as_deref() == Some("DUPLICATE_DATA");
    problem.details.as_ref().and_then(|details| details.id.clone()).filter(|_| duplicate).map(|id| id.0)
}

fn without_code(error: Error, status: u16) -> Error {
    match status {
        401 => error.message("Zoho does not accept the login any more. Reconnect."),
        403 => error.message("Zoho does not allow this to the person who connected."),
        404 => error.message("Zoho does not have this, or hides it from the person who connected."),
        429 => error.message("Zoho asks to wait."),
        _ => error,
    }
}

/// Where in an item a field of Zoho comes from, and what to say of it.
fn pointer(field: &str) -> (&'static str, String) {
    match field {
        "Subject" | "Note_Content" => ("/text", "Zoho does not take this text.".to_owned()),
        "Note_Title" => ("/title", "Zoho does not take this title.".to_owned()),
        "Due_Date" => ("/due", "Zoho does not take this day.".to_owned()),
        "Owner" => ("/assignee", "Zoho does not give tasks to this person.".to_owned()),
        other => ("", format!("Zoho does not take the value of {other}.")),
    }
}

/// A moment as Zoho wants it in a header: with an offset.
pub(crate) fn moment(ms: u64) -> String {
    time::rfc3339(ms).replace('Z', "+00:00")
}

/// The effect of everything that is written.
pub(crate) fn write(request: Request, step: &str) -> Request {
    request.effect(Effect::Write).step(step)
}
