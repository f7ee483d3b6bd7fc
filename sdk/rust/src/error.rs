//! Failures: a closed list of cases, in each of which the host does something different.

use std::fmt;

/// What every fallible function of a connector gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: a [`Case`] for the host, a message for the person, and what an operator needs besides.
///
/// Choose the case by what the host is to do. Never put a secret or the body of an answer into a text.
///
/// ```
/// use patchbay_sdk::{Case, Error};
///
/// let error = Error::invalid_config("The mailbox does not exist. Choose another one.")
///     .field("/mailbox", "There is no mailbox of this name.")
///     .detail("GET /mailboxes/7 answered 404");
/// assert_eq!(error.case(), Case::InvalidConfig);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Inner {
    pub(crate) case: Case,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) http_status: Option<u16>,
    pub(crate) provider_code: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) waits_alone: bool,
    pub(crate) fields: Vec<(String, String)>,
}

/// What a failure makes the host do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Refresh once; when that does not help, the connection needs its person (*Action Required*).
    AuthRequired,
    /// Show a *Warning* that names what is missing.
    PermissionDenied,
    /// Ask the person to change a setting. Not retried.
    InvalidConfig,
    /// Fail the push; it is never retried.
    InvalidInput,
    /// Say that it does not exist, or is hidden.
    NotFound,
    /// Say that its state does not allow this.
    Conflict,
    /// Wait as told, else a minute.
    RateLimited,
    /// Start the stream afresh.
    CursorInvalid,
    /// Try again, later and later.
    Transient,
    /// Never send the write again; look for it, or ask a person.
    OutcomeUnknown,
    /// End the run; the cursor stays and nothing is deleted.
    InvalidResponse,
    /// Say that the connector does not do this.
    Unsupported,
    /// Show it to a person.
    Other,
}

impl Error {
    /// An error of this case, with a message for the person who reads it in the web app.
    pub fn of(case: Case, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            case,
            message: message.into(),
            detail: None,
            http_status: None,
            provider_code: None,
            retry_after_ms: None,
            waits_alone: false,
            fields: Vec::new(),
        }))
    }

    /// The provider does not accept the credential.
    pub fn auth_required(message: impl Into<String>) -> Self {
        Self::of(Case::AuthRequired, message)
    }

    /// The credential is good, but may not do this; name what is missing.
    pub fn permission_denied(message: impl Into<String>) -> Self {
        Self::of(Case::PermissionDenied, message)
    }

    /// A setting of the connection is wrong.
    pub fn invalid_config(message: impl Into<String>) -> Self {
        Self::of(Case::InvalidConfig, message)
    }

    /// The item to push is wrong.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::of(Case::InvalidInput, message)
    }

    /// What was named does not exist, or is hidden.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::of(Case::NotFound, message)
    }

    /// What was named is in a state that does not allow this.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::of(Case::Conflict, message)
    }

    /// Too many requests; say how long to wait with [`retry_after_ms`](Self::retry_after_ms).
    pub fn rate_limited(message: impl Into<String>) -> Self {
        Self::of(Case::RateLimited, message)
    }

    /// The cursor can no longer be used.
    pub fn cursor_invalid(message: impl Into<String>) -> Self {
        Self::of(Case::CursorInvalid, message)
    }

    /// Trouble that passes.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::of(Case::Transient, message)
    }

    /// A write may or may not have happened.
    pub fn outcome_unknown(message: impl Into<String>) -> Self {
        Self::of(Case::OutcomeUnknown, message)
    }

    /// The provider sent what cannot be read.
    pub fn invalid_response(message: impl Into<String>) -> Self {
        Self::of(Case::InvalidResponse, message)
    }

    /// The connector has no such stream, picker or action.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::of(Case::Unsupported, message)
    }

    /// What no other case names.
    pub fn other(message: impl Into<String>) -> Self {
        Self::of(Case::Other, message)
    }

    /// Adds what an operator needs: which request, which status, what shape came.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Replaces the message for the person, keeping case and detail.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Adds the provider's HTTP status.
    #[must_use]
    pub fn http_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    /// Adds the provider's own code.
    #[must_use]
    pub fn provider_code(mut self, code: impl Into<String>) -> Self {
        self.0.provider_code = Some(code.into());
        self
    }

    /// Adds how long to wait, milliseconds from now.
    #[must_use]
    pub fn retry_after_ms(mut self, wait: u64) -> Self {
        self.0.retry_after_ms = Some(wait);
        self
    }

    /// Only this stream of this account has to wait. Without it the whole connection does: every stream, every account.
    ///
    /// For a [`rate_limited`](Self::rate_limited) whose limit the provider counts by account or by method, and says so in
    /// a body or a header of its own. Where it says so by status 429 with `Retry-After`, the manifest's `[[rate]]` with
    /// `alone = true` is enough.
    #[must_use]
    pub fn waits_alone(mut self) -> Self {
        self.0.waits_alone = true;
        self
    }

    /// Adds one wrong value, by JSON pointer, e.g. `/title`.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.fields.push((pointer.into(), message.into()));
        self
    }

    /// Its case.
    #[must_use]
    pub fn case(&self) -> Case {
        self.0.case
    }

    /// The provider's HTTP status, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// How long to wait, milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// Whether only this stream of this account has to wait.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.0.waits_alone
    }

    /// The same failure as another case, for a provider that uses a status in its own way.
    #[must_use]
    pub fn as_case(mut self, case: Case) -> Self {
        self.0.case = case;
        self
    }

    #[cfg(target_family = "wasm")]
    pub(crate) fn into_inner(self) -> Inner {
        *self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { case, message, detail, http_status, provider_code, retry_after_ms, waits_alone, fields } = &*self.0;
        write!(f, "{case:?}: {message}")?;
        if let Some(detail) = detail {
            write!(f, " [{detail}]")?;
        }
        if let Some(status) = http_status {
            write!(f, " status {status}")?;
        }
        if let Some(code) = provider_code {
            write!(f, " code {code}")?;
        }
        if let Some(wait) = retry_after_ms {
            write!(f, " wait {wait} ms")?;
        }
        if *waits_alone {
            f.write_str(" alone")?;
        }
        for (pointer, message) in fields {
            write!(f, " {pointer}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
