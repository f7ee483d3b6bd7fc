//! What Google's errors mean. A 403 says with its reason whether to wait, to reconnect, to ask an administrator or the operator;
//! by its status alone it says nothing.

use patchbay_sdk::{Case, Error, http::Response, log};
use serde::Deserialize;

use crate::wire::Api;

/// Which part of Google answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Person,
    Calendar,
    Directory,
    /// A calendar that is written to.
    Writing,
}

/// Reasons of a permission that was not given on the consent page.
const SCOPES: [&str; 2] = ["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"];
/// Reasons of an interface that the operator's project does not have.
const SWITCHED_OFF: [&str; 2] = ["accessNotConfigured", "SERVICE_DISABLED"];

#[derive(Deserialize)]
struct Answer {
    error: Said,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    errors: Vec<One>,
    #[serde(default)]
    details: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    reason: Option<String>,
}

const UNTICKED: &str = "This was not allowed when Google was connected. Reconnect, and tick every box.";

/// The reasons that an answer gives, Google's own words.
fn reasons(response: &Response) -> Vec<String> {
    let said = response.json::<Answer>().map(|answer| answer.error).unwrap_or_default();
    said.errors.into_iter().chain(said.details).filter_map(|one| one.reason).filter(|text| is_word(text)).collect()
}

/// Whether a box was left out on the consent page.
pub(crate) fn is_unticked(response: &Response) -> bool {
    response.status() == 403 && reasons(response).iter().any(|reason| SCOPES.contains(&reason.as_str()))
}

/// Whether there is something of this id already.
pub(crate) fn is_duplicate(response: &Response) -> bool {
    response.status() == 409 && reasons(response).iter().any(|reason| reason == "duplicate")
}

/// The error for an answer that is no success.
pub(crate) fn error(api: &Api, response: &Response, side: Side) -> Error {
    let status = response.status();
    let reasons = reasons(response);
    let is = |words: &[&str]| reasons.iter().any(|reason| words.contains(&reason.as_str()));
    let throttled = reasons.iter().any(|reason| api.assumed.throttle_reasons.contains(reason));
    let reason = reasons.first().cloned().unwrap_or_default();
    log::warn("Google refused a request", &[("status", &status), ("reason", &reason)]);
    let error = if reason.is_empty() { response.error() } else { response.error().provider_code(&reason) };
    match status {
        401 => error.message("Google does not accept the login any more. Reconnect."),
        403 if throttled => {
            let error = error.as_case(Case::RateLimited).message("Google asks to wait.");
            match response.retry_after_ms() {
                Some(wait) => error.retry_after_ms(wait),
                None => error,
            }
        }
        403 if is(&SCOPES) => error.message(UNTICKED),
        403 if is(&SWITCHED_OFF) => error.as_case(Case::Other).message(
            "Google's interface is switched off in the project of this platform's operator, who has to switch it on.",
        ),
        403 if is(&["forbiddenForNonOrganizer"]) => {
            error.message("Only who organises this event may change it. Choose an event of your own.")
        }
        403 if side == Side::Directory => error
            .message("This login may not see the directory. An administrator of Google Workspace has to connect it."),
        403 => error.message("Google does not let the person who connected do this with this calendar."),
        404 => error.message("Google does not have this, or hides it from the person who connected."),
        410 if side == Side::Calendar => error
            .as_case(Case::CursorInvalid)
            .message("Google does not know any more what has changed since. Reading starts afresh."),
        410 => error.message("This event was deleted."),
        412 => error.message("The event was changed by somebody else at the same moment. Send it again."),
        429 => error.message("Google asks to wait."),
        400 if error.case() == Case::InvalidInput => error.message("Google refuses what was sent."),
        400 => error.message("Google does not understand the question that this connector asks."),
        _ => error,
    }
}

/// A reason is a word of Google's; anything else is not repeated.
fn is_word(text: &str) -> bool {
    (3..=60).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn only_a_word_is_repeated_as_a_reason() {
        assert!(is_word("rateLimitExceeded") && is_word("ACCESS_TOKEN_SCOPE_INSUFFICIENT"));
        for odd in ["", "a b", "els@voorbeeld.example", "ya29.a0Af", &"x".repeat(61)] {
            assert!(!is_word(odd), "{odd}");
        }
    }
}
