//! What every request to SARE needs, its lists, and what its answers mean.
//!
//! Every answer is an envelope: a `code`, which says 200 or an error even where the status says 200, and `response`. A write
//! may succeed and refuse single rows: they stand in `response.error`.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Case, Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
    run,
};
use serde::{Deserialize, Serialize};

use crate::{assumed::Assumed, auth};

/// Characters of a reason that SARE gives for a row.
const REASON: usize = 120;

/// How to talk to SARE for one account.
pub(crate) struct Api {
    base: String,
    pub(crate) assumed: Assumed,
}

/// An answer with its envelope opened.
pub(crate) struct Said<'a> {
    assumed: &'a Assumed,
    response: Response,
    /// The step, for a write.
    step: Option<&'a str>,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let assumed = Assumed::of(ctx)?;
        let uid = ctx.fact("uid")?;
        if uid.is_empty() || !uid.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(auth::no_uid());
        }
        let base = http::address(&below(&assumed.origin, &assumed.api_path)?, &[uid])?;
        Ok(Self { base, assumed })
    }

    /// Asks; an address or a number in the path is percent-encoded.
    pub(crate) fn get(&self, path: &[&str]) -> Result<Said<'_>> {
        self.get_with(path, None)
    }

    /// Asks with a parameter.
    pub(crate) fn get_with(&self, path: &[&str], param: Option<(&str, &str)>) -> Result<Said<'_>> {
        let request = http::get(http::address(&self.base, path)?).header("accept", "application/json");
        let request = match param {
            Some((name, value)) => request.query(name, value),
            None => request,
        };
        self.said(request, None)
    }

    /// A question that is too long for an address.
    pub(crate) fn ask(&self, path: &[&str], body: &impl Serialize) -> Result<Said<'_>> {
        let request = http::post(http::address(&self.base, path)?).header("accept", "application/json");
        self.said(request.json(body).effect(Effect::Repeatable), None)
    }

    pub(crate) fn write<'a>(&'a self, path: &[&str], body: &impl Serialize, step: &'a str) -> Result<Said<'a>> {
        let request = http::post(http::address(&self.base, path)?).header("accept", "application/json");
        self.said(request.json(body).effect(Effect::Write).step(step), Some(step))
    }

    /// A path of the configuration with the page behind it.
    pub(crate) fn report(&self, path: &str, page: u64, param: Option<(&str, &str)>) -> Result<Said<'_>> {
        let page = page.to_string();
        let segments: Vec<&str> =
            path.split('/').filter(|segment| !segment.is_empty()).chain([page.as_str()]).collect();
        self.get_with(&segments, param)
    }

    fn said<'a>(&'a self, request: Request, step: Option<&'a str>) -> Result<Said<'a>> {
        let said = Said { assumed: &self.assumed, response: ok(request.send()?)?, step };
        said.check_code()?;
        Ok(said)
    }
}

impl Said<'_> {
    /// The code of the envelope: an error may come with status 200.
    fn check_code(&self) -> Result<()> {
        let code = self.members()?.get(&self.assumed.envelope.code).and_then(|code| code.get().parse::<u16>().ok());
        match code {
            Some(200..=299) => Ok(()),
            None => Err(self.response.unreadable("an answer without its code")),
            // It says neither yes nor no.
            Some(500..) if self.step.is_some() => Err(self.response.unreadable("a code of trouble inside a success")),
            Some(code) => {
                self.refused();
                Err(of_code(code, self.step.is_some())
                    .http_status(self.response.status())
                    .provider_code(code.to_string())
                    .detail(format!("SARE answered {} with code {code}", self.response.status())))
            }
        }
    }

    /// The response as a type.
    pub(crate) fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        let members = self.members()?;
        let data = members.get(&self.assumed.envelope.data);
        let data = data.ok_or_else(|| self.unreadable("an answer without its response"))?;
        serde_json::from_str(data.get()).map_err(|_| self.unreadable("a response of an unexpected shape"))
    }

    /// The rows of a list: the response itself, or its `data`.
    pub(crate) fn rows(&self) -> Result<Vec<&RawValue>> {
        let response: &RawValue = self.data()?;
        let list = if response.get().starts_with('{') {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(response.get())
                .map_err(|_| self.unreadable("a response of an unexpected shape"))?;
            *members.get("data").ok_or_else(|| self.unreadable("a list without its rows"))?
        } else {
            response
        };
        serde_json::from_str::<Option<Vec<&RawValue>>>(list.get())
            .map(Option::unwrap_or_default)
            .map_err(|_| self.unreadable("rows that are no list"))
    }

    /// That no row of a write was refused.
    pub(crate) fn no_row_refused(&self, pointer: &str) -> Result<()> {
        let envelope = &self.assumed.envelope;
        let response: &RawValue = self.data()?;
        let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(response.get()) else { return Ok(()) };
        let errors = members.get(&envelope.row_error).map_or("[]", |errors| errors.get());
        let errors: Option<Vec<BTreeMap<String, serde_json::Value>>> =
            serde_json::from_str(errors).map_err(|_| self.unreadable("errors of rows that are no list"))?;
        let Some(first) = errors.unwrap_or_default().into_iter().next() else { return Ok(()) };
        self.refused();
        let why = first.get(&envelope.row_reason).and_then(serde_json::Value::as_str).unwrap_or_default();
        // SARE's own words say what is wrong best; those that repeat the address are left out.
        let why =
            if why.is_empty() || why.len() > REASON || why.contains('@') { "no reason that can be shown" } else { why };
        Err(Error::invalid_input(format!("SARE refuses this address: {why}."))
            .http_status(self.response.status())
            .field(pointer, "SARE does not take this address, or it was removed or blocked there."))
    }

    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.response.unreadable(what)
    }

    fn members(&self) -> Result<BTreeMap<String, &RawValue>> {
        self.response.json()
    }

    fn refused(&self) {
        if let Some(step) = self.step {
            run::step_refused(step);
        }
    }
}

/// The account of a token.
pub(crate) fn account(assumed: &Assumed) -> Result<Request> {
    Ok(http::get(below(&assumed.origin, &assumed.account_path)?).header("accept", "application/json"))
}

/// An origin and a path of the configuration.
pub(crate) fn below(origin: &str, path: &str) -> Result<String> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    http::address(origin, &segments)
}

/// The answer, when it is a success; else what SARE means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return match response.json::<serde::de::IgnoredAny>() {
            Ok(_) => Ok(response),
            Err(error) => Err(outage(&response, error)),
        };
    }
    let error = response.error();
    Err(match response.status() {
        // Rights within an account are not known: one that may not is one that does not fit the number.
        401 | 403 => error.as_case(Case::AuthRequired).message(
            "SARE does not accept the key or the login for this account. Check that UID and key belong together, and reconnect.",
        ),
        404 => error.message("SARE does not have this group, newsletter or address."),
        429 => error.message("SARE asks to wait."),
        _ if error.case() == Case::InvalidInput => error.message("SARE refuses what was sent."),
        _ => error,
    })
}

/// A page of HTML where an answer was due: SARE is out of order, whatever the status says. After a write it stays unknown
/// what happened.
fn outage(response: &Response, error: Error) -> Error {
    if error.case() == Case::InvalidResponse && response.body().trim_ascii_start().starts_with(b"<") {
        return error.as_case(Case::Transient).message("SARE has trouble.");
    }
    error
}

/// What a code means inside a success.
fn of_code(code: u16, is_write: bool) -> Error {
    match code {
        401 | 403 => Error::auth_required("SARE does not accept the key or the login for this account. Reconnect."),
        404 => Error::not_found("SARE does not have this group, newsletter or address."),
        409 => Error::conflict("SARE refuses this in the state that it is in."),
        429 => Error::rate_limited("SARE asks to wait."),
        400 | 422 if is_write => Error::invalid_input("SARE refuses what was sent."),
        500.. => Error::transient("SARE has trouble."),
        _ => Error::other("SARE refuses the question that this connector asks."),
    }
}
