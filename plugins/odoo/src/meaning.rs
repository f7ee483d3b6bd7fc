//! What Odoo's exceptions and statuses mean (sheet 8). JSON-RPC says everything with status 200 and tells the exceptions
//! apart by `data.name`; JSON-2 has statuses besides. What Odoo writes in `message` and `debug` may hold records and paths of
//! the server, so none of it is passed on.

use patchbay_sdk::{Error, http::Response, run};
use serde::Deserialize;

/// An exception as both families tell it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Exception {
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: String,
}

/// What an answer that is no success means; `step` for a write.
pub(crate) fn of_status(response: &Response, step: Option<&str>) -> Error {
    let told = response.json::<Exception>().ok().filter(|exception| !exception.name.is_empty());
    if let Some(exception) = told.filter(|_| response.status() != 429) {
        // One call is one transaction: an exception has rolled it back, whatever its status.
        if let Some(step) = step {
            run::step_refused(step);
        }
        return of_exception(&exception, step.is_some()).http_status(response.status());
    }
    let error = response.error();
    let page = response.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    match response.status() {
        401 => error.message("Odoo does not accept the key any more: it was revoked, or has ended. Make another one and reconnect."),
        403 => error.message(NOT_ALLOWED),
        404 if page && step.is_none() && is_of_database(response) => Error::auth_required(
            "This server does not know the database, or does not answer for it any more. Check its name and reconnect.",
        )
        .http_status(404)
        .detail("a page that says that no database is selected"),
        404 => error.message("Odoo does not have this: the record is gone, or the app is not installed."),
        429 => error.message("Odoo's hosting asks to wait."),
        300..=399 => error.message(
            "The server sends requests elsewhere. The database may have ended, or the address may have changed: look at it in the browser.",
        ),
        _ => error,
    }
}

/// What an exception means.
pub(crate) fn of_exception(exception: &Exception, write: bool) -> Error {
    let Exception { name, message } = exception;
    let class = name.rsplit('.').next().unwrap_or_default();
    let error = match class {
        "AccessDenied" | "Unauthorized" | "SessionExpiredException" => Error::auth_required(
            "Odoo does not accept the login any more. Reconnect with the password or key of today.",
        ),
        "AccessError" | "Forbidden" => Error::permission_denied(NOT_ALLOWED),
        "MissingError" => Error::not_found("Odoo does not have this record any more."),
        "NotFound" | "KeyError" | "AttributeError" => Error::not_found(NO_APP),
        "UserError" if message.starts_with("Object ") && message.ends_with("doesn't exist") => Error::not_found(NO_APP),
        "UserError" if message.starts_with("Invalid language code") => {
            Error::invalid_config("The language of the settings is not installed in Odoo. Choose another one.")
                .field("/language", "This language is not installed.")
        }
        "UserError" | "ValidationError" | "RedirectWarning" if write => {
            Error::invalid_input("Odoo's own rules do not allow this for the record that was chosen.")
        }
        "OperationalError" if message.contains("database") && message.contains("does not exist") => {
            Error::auth_required("There is no database of this name on the server. Check its name and reconnect.")
        }
        "LockError"
        | "OperationalError"
        | "SerializationFailure"
        | "LockNotAvailable"
        | "DeadlockDetected"
        | "TransactionRollbackError"
        | "ConcurrencyError"
        | "PoolError" => Error::transient(BUSY),
        "ValueError" if !write && message.starts_with("Invalid field") => {
            Error::unsupported("This version of Odoo does not have a field that is asked for.")
        }
        _ if write => Error::invalid_input("Odoo cannot take what was sent."),
        _ => Error::other("Odoo refuses the question that this connector asks."),
    };
    error.provider_code(name.as_str()).detail(format!("Odoo raised {name}"))
}

const NOT_ALLOWED: &str = "Odoo does not allow this: the person who connected lacks the right, or the plan of the database has no access for programs.";
const NO_APP: &str = "Odoo does not have this: the app is not installed, or the record has no chatter.";
const BUSY: &str = "The record or the database is busy at the moment.";

/// The page of a server that was not told which database is meant, or knows none of that name.
fn is_of_database(response: &Response) -> bool {
    let text = String::from_utf8_lossy(response.body());
    text.contains("No database is selected") || text.contains("server-wide controllers")
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::Case;

    use super::{Exception, of_exception};

    #[test]
    fn an_exception_means_the_same_in_both_families() {
        for (name, message, read, write) in [
            ("odoo.exceptions.AccessDenied", "Access Denied", Case::AuthRequired, Case::AuthRequired),
            ("odoo.exceptions.AccessError", "x", Case::PermissionDenied, Case::PermissionDenied),
            ("odoo.exceptions.MissingError", "x", Case::NotFound, Case::NotFound),
            ("odoo.exceptions.UserError", "Object a.b doesn't exist", Case::NotFound, Case::NotFound),
            ("builtins.KeyError", "'a.b'", Case::NotFound, Case::NotFound),
            ("odoo.exceptions.UserError", "Invalid language code: fr_FR", Case::InvalidConfig, Case::InvalidConfig),
            ("odoo.exceptions.ValidationError", "x", Case::Other, Case::InvalidInput),
            ("odoo.exceptions.LockError", "x", Case::Transient, Case::Transient),
            (
                "psycopg2.OperationalError",
                "FATAL: database \"a\" does not exist",
                Case::AuthRequired,
                Case::AuthRequired,
            ),
            ("psycopg2.OperationalError", "too many connections", Case::Transient, Case::Transient),
            ("builtins.ValueError", "x", Case::Other, Case::InvalidInput),
            ("builtins.ValueError", "Invalid field 'a' on 'b'", Case::Unsupported, Case::InvalidInput),
        ] {
            let exception = Exception { name: name.to_owned(), message: message.to_owned() };
            assert_eq!(of_exception(&exception, false).case(), read, "{name}");
            let error = of_exception(&exception, true);
            assert_eq!(error.case(), write, "{name}");
            assert!(!format!("{error:?}").contains("fr_FR"), "{error:?}");
        }
    }
}
