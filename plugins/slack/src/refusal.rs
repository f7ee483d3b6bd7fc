//! What Slack's errors mean. Most come with status 200 and `"ok": false`, so nothing is a success before that was looked at.
//!
//! A write that was refused so was not done, and the host is told that its step may be sent again. Only Slack's own trouble
//! leaves open what happened: some of a write may be there although the answer says that it failed.

use patchbay_sdk::{Case, Error, Result, http::Response, log, run};
use serde::Deserialize;

/// What stands for the name of an error where there is none.
const NO_NAME: &str = "no_error";
/// The same where what stands there is no name.
const UNREADABLE: &str = "unreadable_error";

/// What a request was for; an error of the same name means something else by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing<'a> {
    /// Reading: nothing in it was chosen by a person.
    Reading,
    /// Looking for what was written: who may not look cannot say that it is not there.
    Looking,
    /// Something for a person that may be sent twice.
    Repeating,
    /// The step of an item that must not happen twice.
    Writing(&'a str),
}

impl Doing<'_> {
    /// Whether somebody chose what it holds.
    fn sends(self) -> bool {
        matches!(self, Self::Repeating | Self::Writing(_))
    }
}

/// What every answer says of itself.
#[derive(Default, Deserialize)]
struct Head {
    ok: bool,
    error: Option<String>,
    /// The scopes that were missing.
    needed: Option<String>,
}

/// How a channel or a thread answers.
pub(crate) enum Open<T> {
    Yes(T),
    /// It is gone, or the app is not in it.
    Gone,
    /// Slack lets no app like ours into it, for a reason of its own.
    Closed,
}

/// The answer, when Slack says that it is one.
pub(crate) fn ok(response: Response, doing: Doing<'_>) -> Result<Response> {
    match refused(&response)? {
        Some(head) => Err(error_of(&response, &head, doing)),
        None => Ok(response),
    }
}

/// The same of a channel or a thread that may be gone or closed by now. A status that says so of the address is another matter:
/// nothing is left out for that.
pub(crate) fn open(response: Response) -> Result<Open<Response>> {
    let Some(head) = refused(&response)? else { return Ok(Open::Yes(response)) };
    let code = head.name();
    match known(code, Doing::Reading) {
        Some(Case::NotFound | Case::Conflict) => Ok(Open::Gone),
        _ if closes_a_channel(code) => {
            log::warn("a channel that Slack does not let the app read was passed over", &[("error", &code)]);
            Ok(Open::Closed)
        }
        _ => Err(error_of(&response, &head, Doing::Reading)),
    }
}

/// What the answer says of itself, when it is none.
fn refused(response: &Response) -> Result<Option<Head>> {
    if !response.is_success() {
        return Err(by_status(response));
    }
    let head: Head = response.json()?;
    Ok((!head.ok).then_some(head))
}

impl Head {
    fn name(&self) -> &str {
        self.error.as_deref().map_or(NO_NAME, word)
    }
}

fn error_of(response: &Response, head: &Head, doing: Doing<'_>) -> Error {
    let code = head.name();
    let case = case_of(code, doing);
    if let Doing::Writing(step) = doing
        && case != Case::OutcomeUnknown
    {
        run::step_refused(step);
    }
    let error = Error::of(case, message_of(code, doing, case, head.needed.as_deref().unwrap_or_default()))
        .http_status(response.status())
        .provider_code(code)
        .detail(format!("answered {} with the error {code}", response.status()));
    let error = match code {
        "msg_too_long" | "no_text" | "invalid_blocks" => error.field("/text", "Slack does not take this text."),
        "channel_not_found" | "user_not_found" | "is_archived" | "not_in_channel" if doing.sends() => {
            error.field("/id", "Slack cannot post there.")
        }
        "thread_not_found" if doing.sends() => error.field("/thread", "This thread is not there."),
        _ => error,
    };
    // Slack counts each method by itself.
    let error = if case == Case::RateLimited { error.waits_alone() } else { error };
    match response.retry_after_ms() {
        Some(wait) if case == Case::RateLimited => error.retry_after_ms(wait),
        _ => error,
    }
}

/// The error of an answer whose status says already that it is one.
fn by_status(response: &Response) -> Error {
    let error = response.error();
    let error = match response.json::<Head>().ok().and_then(|head| head.error) {
        Some(code) => error.provider_code(word(&code)),
        None => error,
    };
    match response.status() {
        401 => error.message("Slack does not accept the login any more. Reconnect."),
        403 => error.message("Slack does not allow this to the app."),
        404 => error.message("Slack does not have this, or hides it from the app."),
        // Slack counts each method by itself.
        429 => error.message("Slack asks to wait.").waits_alone(),
        _ => error,
    }
}

/// The error without the address that was asked. Names of some methods look like tokens, and a text that holds one would be
/// masked as a whole.
pub(crate) fn nameless(error: Error) -> Error {
    error.detail("one of the methods for uploads and for people by their e-mail address")
}

/// Whether an error that is told of one channel closes that channel only: to apps, by the keys that it is encrypted with, or for a
/// reason of which the sheet knows nothing. The others are those of the login or of the question, and would be told of every one.
fn closes_a_channel(code: &str) -> bool {
    let closed = ["no_permission", "ekm_access_denied", "org_login_required"];
    let is_new = known(code, Doing::Reading).is_none() && ![NO_NAME, UNREADABLE].contains(&code);
    closed.contains(&code) || is_new
}

fn case_of(code: &str, doing: Doing<'_>) -> Case {
    known(code, doing).unwrap_or(Case::Other)
}

/// What an error means that the sheet names.
fn known(code: &str, doing: Doing<'_>) -> Option<Case> {
    Some(match code {
        "not_authed" | "invalid_auth" | "account_inactive" | "token_revoked" | "token_expired" => Case::AuthRequired,
        "missing_scope"
        | "no_permission"
        | "ekm_access_denied"
        | "org_login_required"
        | "enterprise_is_restricted"
        | "not_allowed_token_type" => Case::PermissionDenied,
        "channel_not_found" | "not_in_channel" | "is_archived" | "thread_not_found" if doing == Doing::Looking => {
            Case::Other
        }
        "channel_not_found" | "users_not_found" | "thread_not_found" | "message_not_found" | "user_not_found"
        | "file_not_found" => Case::NotFound,
        "not_in_channel" | "is_archived" | "restricted_action" | "cant_update_message" | "edit_window_closed" => {
            Case::Conflict
        }
        "ratelimited" | "rate_limited" => Case::RateLimited,
        "invalid_cursor" if doing == Doing::Reading => Case::CursorInvalid,
        "msg_too_long"
        | "no_text"
        | "too_many_attachments"
        | "invalid_arguments"
        | "invalid_blocks"
        | "invalid_cursor"
        | "invalid_ts_oldest"
        | "invalid_json" => match doing {
            Doing::Reading | Doing::Looking => Case::Other,
            Doing::Repeating | Doing::Writing(_) => Case::InvalidInput,
        },
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            match doing {
                Doing::Writing(_) => Case::OutcomeUnknown,
                Doing::Reading | Doing::Looking | Doing::Repeating => Case::Transient,
            }
        }
        _ => return None,
    })
}

fn message_of(code: &str, doing: Doing<'_>, case: Case, needed: &str) -> String {
    let text = match code {
        "missing_scope" if is_scopes(needed) => {
            return format!(
                "Slack was not asked for the permission {needed}. Reconnect, and accept all that is asked for."
            );
        }
        "missing_scope" => "Slack was not asked for a permission that this needs. Reconnect, and accept all of them.",
        "org_login_required" | "enterprise_is_restricted" => {
            "The organisation that the workspace belongs to does not allow this. Ask its administrator."
        }
        "channel_not_found" | "not_in_channel" if doing == Doing::Looking => {
            "The app cannot look into this channel, because it is not in it. Invite it there: then it can look again."
        }
        "channel_not_found" => {
            "This channel is not there, or it is private and the app was not invited. Invite the app to it, then send this again."
        }
        "not_in_channel" => "The app is not in this channel. Invite it there, then send this again.",
        "is_archived" => "This channel is archived. Choose another one.",
        "restricted_action" => "The owners of the workspace restrict who may post there. Ask them to allow the app.",
        "message_not_found" => "The message is not there any more.",
        "thread_not_found" => "The thread is not there any more.",
        "cant_update_message" | "edit_window_closed" => "Slack does not let this message be changed any more.",
        "msg_too_long" => "The text is too long for a message in Slack.",
        _ => match case {
            Case::AuthRequired => "Slack does not accept the login any more. Reconnect.",
            Case::PermissionDenied => "Slack does not allow this to the app. Ask an owner of the workspace.",
            Case::NotFound => "Slack does not have this, or hides it from the app.",
            Case::RateLimited => "Slack asks to wait.",
            Case::CursorInvalid => "Slack takes its own mark no longer. Reading starts afresh.",
            Case::InvalidInput => "Slack refuses what was sent.",
            Case::OutcomeUnknown => "Slack had trouble, so it is not known whether this was done.",
            Case::Transient => "Slack has trouble.",
            _ => "Slack refuses what this connector asks for.",
        },
    };
    text.to_owned()
}

/// The error's name, where it is one: it goes into logs, and nothing else of an answer may.
fn word(code: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=60).contains(&code.len()) && code.bytes().all(plain) { code } else { UNREADABLE }
}

/// Names of scopes, separated by commas.
fn is_scopes(needed: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || b":._,".contains(&byte);
    (3..=120).contains(&needed.len()) && needed.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::Case;

    use super::{Doing, case_of, closes_a_channel, is_scopes, word};

    #[test]
    fn what_is_told_of_one_channel_closes_that_channel_and_what_is_told_of_the_login_does_not() {
        for code in ["no_permission", "ekm_access_denied", "org_login_required", "a_name_of_tomorrow"] {
            assert!(closes_a_channel(code), "{code}");
        }
        let of_the_login = ["missing_scope", "token_revoked", "enterprise_is_restricted", "not_allowed_token_type"];
        let of_the_question = ["invalid_cursor", "invalid_arguments", "fatal_error", "ratelimited"];
        let nameless = ["no_error", "unreadable_error"];
        for code in of_the_login.iter().chain(&of_the_question).chain(&nameless) {
            assert!(!closes_a_channel(code), "{code}");
        }
    }

    #[test]
    fn trouble_of_slack_leaves_a_write_open_and_a_question_to_be_asked_again() {
        for code in ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"] {
            assert_eq!(case_of(code, Doing::Writing("message")), Case::OutcomeUnknown, "{code}");
            assert_eq!(case_of(code, Doing::Reading), Case::Transient, "{code}");
            assert_eq!(case_of(code, Doing::Repeating), Case::Transient, "{code}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_question_is_not_the_persons_to_correct() {
        for code in ["invalid_arguments", "invalid_ts_oldest", "invalid_json"] {
            assert_eq!(case_of(code, Doing::Reading), Case::Other, "{code}");
            assert_eq!(case_of(code, Doing::Writing("message")), Case::InvalidInput, "{code}");
        }
        assert_eq!(case_of("invalid_cursor", Doing::Reading), Case::CursorInvalid);
    }

    #[test]
    fn only_what_looks_like_a_name_is_told_to_anybody() {
        assert_eq!(word("not_in_channel"), "not_in_channel");
        for odd in ["", "Els Janssens", "x@y.example", "<html>", &"a".repeat(61)] {
            assert_eq!(word(odd), "unreadable_error", "{odd}");
        }
        assert!(is_scopes("channels:read,groups:read"));
        assert!(!is_scopes("Els Janssens <els@y.example>"));
    }
}
