//! What QuickBooks' faults and statuses mean.
//!
//! A fault may come with any status, 200 as well, and it is spelled in two ways: `Fault` by the books, `fault` by the gateway
//! before them. Its code says more than the status. Its texts may repeat what was sent, so none of them goes on.

use patchbay_sdk::{Case, Error, Result, http::Response, log, run};
use serde::Deserialize;

/// A fault, in either spelling.
#[derive(Default, Deserialize)]
pub(crate) struct Fault {
    #[serde(default, rename = "Error", alias = "error")]
    errors: Vec<Wrong>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Wrong {
    code: Option<Code>,
}

/// A text with zeros before it or without, or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Text(String),
    Number(u32),
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(rename = "Fault", alias = "fault")]
    fault: Option<Fault>,
}

/// The answer, when there is no fault in it and its status is a success.
pub(crate) fn looked_for(response: Response, step: Option<&str>, wait_seconds: u64) -> Result<Response> {
    let said: Said = response.json().unwrap_or_default();
    match said.fault {
        None if response.is_success() => Ok(response),
        fault => Err(fault.unwrap_or_default().error(&response, step, wait_seconds)),
    }
}

impl Fault {
    /// What it means. A write that met a fault inside a success is open again: nothing was done, and should QuickBooks have done
    /// it all the same, its `requestid` is known.
    pub(crate) fn error(&self, response: &Response, step: Option<&str>, wait_seconds: u64) -> Error {
        let code = self.code();
        tell(response, code);
        let status = response.status();
        let error = if response.is_success() {
            let case = self.case_inside_success(step.is_some());
            response.unreadable("a fault").as_case(case).message("QuickBooks refuses what was asked.")
        } else {
            response.error()
        };
        let error = if code == 0 { error } else { error.provider_code(code.to_string()) };
        let error = self.meant(code, status, error, step.is_some(), wait_seconds);
        if let Some(step) = step.filter(|_| response.is_success()) {
            run::step_refused(step);
        }
        error
    }

    fn meant(&self, code: u32, status: u16, error: Error, is_write: bool, wait_seconds: u64) -> Error {
        match code {
            120 => error.as_case(Case::AuthRequired).message(
                "The person who connected is not an administrator of the company any more. Somebody who is has to reconnect.",
            ),
            3_100 => error.as_case(Case::AuthRequired).message(
                "The app is not allowed to read this company: it was disconnected in QuickBooks, or keys of the sandbox are used for a real company. Reconnect.",
            ),
            3_200 => gone(error.as_case(Case::AuthRequired)),
            6_190 => error.as_case(Case::PermissionDenied).message(
                "The subscription of this company at QuickBooks has ended, or it cannot be written to just now.",
            ),
            610 => error.as_case(Case::NotFound).message("QuickBooks does not have this any more, or it is inactive."),
            5_010 => error.as_case(Case::Conflict).message("It was changed in QuickBooks at the same time. Try again."),
            // Our own id: the same write is under way there, and is answered when it is over.
            600 if is_write => error.as_case(Case::Transient).message("QuickBooks is at it already."),
            3_001 => throttled(error, wait_seconds),
            4_000 | 4_001 | 500 => {
                error.as_case(Case::Other).message("QuickBooks does not understand what this connector asks.")
            }
            6_240 if is_write => error
                .as_case(Case::InvalidInput)
                .message("There is a customer, vendor or employee of this name in QuickBooks already.")
                .field("/name", "This name is taken. Write another one."),
            6_210 if is_write => {
                error.as_case(Case::InvalidInput).message("The books of that time are closed in QuickBooks.")
            }
            _ => match status {
                401 => gone(error),
                403 => error.message("QuickBooks does not allow this for the person who connected."),
                404 => error.message("QuickBooks does not have this, or hides it from the person who connected."),
                429 => throttled(error, wait_seconds),
                _ if error.case() == Case::InvalidInput => error.message("QuickBooks refuses what was sent."),
                _ => error,
            },
        }
    }

    /// What a fault with status 200 means when its code is not known.
    fn case_inside_success(&self, is_write: bool) -> Case {
        let kind = self.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
        match kind.trim_end_matches("fault") {
            "authentication" => Case::AuthRequired,
            "authorization" => Case::PermissionDenied,
            "system" | "service" => Case::Transient,
            _ if is_write => Case::InvalidInput,
            _ => Case::Other,
        }
    }

    /// The code of its first error; 0 where there is none.
    fn code(&self) -> u32 {
        match self.errors.first().and_then(|wrong| wrong.code.as_ref()) {
            Some(Code::Text(text)) => text.trim().parse().unwrap_or_default(),
            Some(Code::Number(number)) => *number,
            None => 0,
        }
    }
}

fn gone(error: Error) -> Error {
    error.message("QuickBooks does not accept the login any more. Reconnect.")
}

/// No wait comes with it, most times. All connections of a company would come back in the same moment, so each waits a little
/// longer than that by chance.
fn throttled(error: Error, wait_seconds: u64) -> Error {
    let error = error.as_case(Case::RateLimited).message("QuickBooks asks to wait.");
    if error.wait_ms().is_some() {
        return error;
    }
    let wait = wait_seconds.saturating_mul(1_000);
    let chance = run::random(1).first().copied().map_or(0, u64::from);
    error.retry_after_ms(wait.saturating_add(wait / 1_024 * chance))
}

/// Intuit's support asks for the id of the request that it refused.
fn tell(response: &Response, code: u32) {
    let id: String = response
        .header("intuit_tid")
        .unwrap_or_default()
        .chars()
        .filter(|letter| letter.is_ascii_hexdigit() || *letter == '-')
        .take(64)
        .collect();
    log::warn("QuickBooks refused a request", &[("status", &response.status()), ("code", &code), ("intuit_tid", &id)]);
}
