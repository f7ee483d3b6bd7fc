//! What an answer means: the definition's own rules first, then the table that holds for any API.
//!
//! | status | means |
//! |---|---|
//! | 2xx | what was asked for, unless `errors.in-body` says otherwise, or HTML came |
//! | 304 | no rows |
//! | 400 405 406 411 413 414 415 422 | *validation* |
//! | 401 | *credentials invalid* |
//! | 402 403 | *permission missing* |
//! | 404 | *not found* |
//! | 409 412 423 | *conflict* |
//! | 410 | *not found*; with a cursor, *reset cursor* |
//! | 429; 503 with `Retry-After`; `throttle-status` with nothing left | *throttled* |
//! | 408 425 5xx, HTML | *outage* |
//!
//! What the API says to people is shown only from where the definition points, or from problem details: never the body.

use patchbay_definition::{Definition, Meaning};
use patchbay_sdk::{Case, Error, RawValue, http::Response, run};

use crate::{push, raw};

/// Characters of a text of the API's that is shown.
const SHOWN: usize = 200;
/// Below this a reset is a length in seconds; up to `MILLIS` Unix seconds; above, milliseconds.
const MOMENTS: u64 = 1_000_000_000;
const MILLIS: u64 = 100_000_000_000;

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Something that is there or not.
    Thing,
    /// A list; whether from a place that an earlier answer gave.
    List { from_a_place: bool },
    /// A write.
    Write,
}

/// What the answer means; none when it is what was asked for.
pub(crate) fn of(definition: &Definition, response: &Response, asked: Asked) -> Option<Meaning> {
    let body = document(response);
    let says = |pointer: &str, equals: Option<&serde_json::Value>| {
        let found = body.as_ref().and_then(|body| raw::at(body, pointer));
        found.is_some_and(|found| equals.map_or_else(|| raw::is_set(found), |wanted| raw::equals(found, wanted)))
    };
    let errors = &definition.errors;
    let status = response.status();
    let mapped = errors.map.iter().find(|rule| {
        rule.status == status && rule.pointer.as_ref().is_none_or(|pointer| says(pointer, rule.equals.as_ref()))
    });
    if let Some(rule) = mapped {
        return Some(rule.means);
    }
    if response.is_success() {
        if is_html(response) {
            return Some(Meaning::Outage);
        }
        let inside = errors.in_body.iter().find(|rule| says(&rule.pointer, rule.equals.as_ref()));
        return inside.map(|rule| rule.means);
    }
    let nothing_left = || first(response, &definition.rate.remaining).is_some_and(|left| left.trim() == "0");
    Some(match status {
        304 => Meaning::Empty,
        429 => Meaning::Throttled,
        // A write that a 503 answered may have been done all the same.
        503 if asked != Asked::Write && response.header("retry-after").is_some() => Meaning::Throttled,
        status if definition.rate.throttle_status.contains(&status) && nothing_left() => Meaning::Throttled,
        400 | 405 | 406 | 411 | 413 | 414 | 415 | 422 => Meaning::Validation,
        401 => Meaning::CredentialsInvalid,
        402 | 403 => Meaning::PermissionMissing,
        410 if asked == (Asked::List { from_a_place: true }) => Meaning::ResetCursor,
        404 | 410 => Meaning::NotFound,
        409 | 412 | 423 => Meaning::Conflict,
        408 | 425 | 500..=599 => Meaning::Outage,
        _ => Meaning::Unknown,
    })
}

/// The error of what an answer means. Tells the host of a write that was refused inside a success status.
pub(crate) fn error(definition: &Definition, response: &Response, asked: Asked, meaning: Meaning) -> Error {
    let writes = asked == Asked::Write;
    let base = response.error();
    let own = base.case();
    let (case, said) = match meaning {
        Meaning::CredentialsInvalid => (Case::AuthRequired, "The API does not accept the login any more. Reconnect."),
        Meaning::PermissionMissing if response.status() == 402 => {
            (Case::PermissionDenied, "The plan of this account does not include this. Change the plan at the provider.")
        }
        Meaning::PermissionMissing => {
            (Case::PermissionDenied, "The login lacks a right. Ask for it at the provider, or connect another login.")
        }
        Meaning::Precondition => (Case::Conflict, "What this is about is in a state that does not allow it."),
        Meaning::NotFound => match asked {
            Asked::List { .. } => (Case::NotFound, "The API does not have this list for the account that connected."),
            Asked::Thing | Asked::Write => {
                (Case::NotFound, "The API does not have this, or hides it from the account that connected.")
            }
        },
        Meaning::Validation if writes => (Case::InvalidInput, "The API refuses what was sent."),
        Meaning::Validation => (Case::Other, "The API refuses the question that this connector asks."),
        Meaning::Conflict | Meaning::AlreadyExists => (Case::Conflict, "It collides with what is there already."),
        Meaning::Throttled => (Case::RateLimited, "The API asks to wait."),
        Meaning::ResetCursor if !writes => {
            (Case::CursorInvalid, "The API does not know any more where reading stopped. It starts afresh.")
        }
        Meaning::Outage if !writes => (Case::Transient, "The API has trouble."),
        // What surely did nothing may be tried again; of anything else nobody knows.
        Meaning::Outage if own == Case::Transient => (Case::Transient, "The API has trouble."),
        Meaning::Outage => (Case::OutcomeUnknown, "The API had trouble, so it is not known whether this was done."),
        Meaning::Unknown if writes => (
            Case::OutcomeUnknown,
            "The API gave an answer that is not understood, so it is not known whether this was done.",
        ),
        Meaning::Empty | Meaning::Unknown | Meaning::ResetCursor => {
            (own, "The API gave an answer that is not understood.")
        }
    };
    if writes && response.is_success() && case != Case::OutcomeUnknown {
        run::step_refused(push::STEP);
    }
    let body = document(response);
    let message = match body.as_ref().and_then(|body| words(definition, body)) {
        Some(words) => format!("{said} The API says: {words}"),
        None => said.to_owned(),
    };
    let mut error = base.as_case(case).message(message);
    if case == Case::RateLimited
        && let Some(wait) = wait_ms(definition, response)
    {
        error = error.retry_after_ms(wait);
    }
    let Some(body) = body else { return error };
    if let Some(code) = definition.errors.code.as_ref().and_then(|at| raw::at(&body, at)).and_then(raw::text) {
        error = error.provider_code(short(&code, 60));
    }
    match definition.errors.fields.as_ref().and_then(|at| raw::at(&body, at)) {
        Some(fields) if case == Case::InvalidInput => with_fields(error, fields),
        _ => error,
    }
}

/// Whether a page for people came where JSON was due.
pub(crate) fn is_html(response: &Response) -> bool {
    let kind = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    response.body().trim_ascii_start().starts_with(b"<") || kind.starts_with("text/html")
}

/// How long to wait, milliseconds: `Retry-After`, else the moment of the fresh start.
fn wait_ms(definition: &Definition, response: &Response) -> Option<u64> {
    if let Some(wait) = response.retry_after_ms() {
        return Some(wait);
    }
    let told: u64 = first(response, &definition.rate.reset)?.trim().split('.').next()?.parse().ok()?;
    let now = run::now_ms();
    Some(match told {
        seconds if seconds < MOMENTS => seconds.saturating_mul(1_000),
        seconds if seconds < MILLIS => seconds.saturating_mul(1_000).saturating_sub(now),
        millis => millis.saturating_sub(now),
    })
}

fn first<'r>(response: &'r Response, names: &[String]) -> Option<&'r str> {
    names.iter().find_map(|name| response.header(name))
}

fn document(response: &Response) -> Option<Box<RawValue>> {
    serde_json::from_slice(response.body()).ok()
}

/// What the API says to people.
fn words(definition: &Definition, body: &RawValue) -> Option<String> {
    let declared = definition.errors.message.iter().map(String::as_str);
    // RFC 9457, which a definition need not mention.
    let details = raw::at(body, "/title").and_then(|_| raw::at(body, "/status")).map(|_| ["/detail", "/title"]);
    declared.chain(details.into_iter().flatten()).find_map(|at| {
        let found = raw::at(body, at).filter(|found| found.get().starts_with('"'))?;
        Some(short(&raw::text(found)?, SHOWN)).filter(|words| !words.is_empty())
    })
}

fn with_fields(error: Error, fields: &RawValue) -> Error {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(fields.get()) else { return error };
    fields.into_iter().take(20).fold(error, |error, (name, wrong)| {
        let wrong = wrong.as_array().and_then(|all| all.first()).unwrap_or(&wrong);
        let said = wrong.as_str().map_or_else(|| "The API refuses this value.".to_owned(), |text| short(text, SHOWN));
        error.field(format!("/{}", patchbay_definition::pointer::escaped(&name)), said)
    })
}

/// One line of at most so many characters, without what looks like tags.
fn short(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if inside => {}
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
        if out.chars().count() >= most {
            break;
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_text_of_the_api_is_one_short_line_without_tags() {
        assert_eq!(short("<b>No</b>\r\nway", 200), "No  way");
        assert_eq!(short(&"é".repeat(300), 200).chars().count(), 200);
        assert_eq!(short("<script", 200), "");
    }
}
