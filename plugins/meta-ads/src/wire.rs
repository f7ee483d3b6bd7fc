//! What every request to the Graph API needs, its lists, and what its codes mean.
//!
//! Nearly every refusal comes with status 400 and says what it is in `error.code`, so the status counts only where there is no
//! such code. A list says where it goes on twice: as an address, which holds a token and is never followed, and as a cursor.

use std::cell::Cell;

use patchbay_sdk::{
    Case, Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::{assumed::Assumed, usage};

const ORIGIN: &str = "https://graph.facebook.com";
/// What Meta says of a page that it cannot make.
const TOO_MUCH: &str = "reduce the amount of data";

/// How to talk to the Graph API for one connection.
pub(crate) struct Api {
    base: String,
    pub(crate) assumed: Assumed,
    work: Work,
    rest_ms: Cell<u64>,
}

/// Kinds of work, of which each account may do so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Objects,
    Reports,
}

/// A refusal, for those who can do more about it than tell of it.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Fewer rows might be answered.
    TooMuch,
    /// Something in the question is not taken.
    Question,
    Other,
}

/// A list, as far as it matters here.
#[derive(Deserialize)]
pub(crate) struct Listing<'a> {
    #[serde(borrow)]
    pub(crate) data: Vec<&'a RawValue>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: Option<Value>,
    code: i64,
    error_subcode: Option<i64>,
    #[serde(default)]
    is_transient: bool,
}

impl Api {
    pub(crate) fn of(ctx: &Context, work: Work) -> Result<Self> {
        let assumed = Assumed::of(ctx)?;
        Ok(Self { base: http::address(ORIGIN, &[&assumed.version])?, assumed, work, rest_ms: Cell::new(0) })
    }

    pub(crate) fn get(&self, path: &[&str]) -> Result<Request> {
        Ok(http::get(http::address(&self.base, path)?).header("accept", "application/json"))
    }

    /// A POST that does no harm when it is sent twice.
    pub(crate) fn ask(&self, path: &[&str], form: &[(&str, &str)]) -> Result<Request> {
        let request = http::post(http::address(&self.base, path)?).header("accept", "application/json");
        Ok(request.form(form).effect(Effect::Repeatable))
    }

    /// Sends it, and gives the answer when it is a success.
    pub(crate) fn send(&self, request: Request) -> Result<Response> {
        Ok(self.tried(request)?)
    }

    /// The same, for those who ask otherwise when they are refused.
    pub(crate) fn tried(&self, request: Request) -> std::result::Result<Response, Refused> {
        let response = request.send()?;
        if response.is_success() {
            let rest_ms = usage::rest_ms(&response, &self.assumed.usage, self.work);
            self.rest_ms.set(self.rest_ms.get().max(rest_ms));
            return Ok(response);
        }
        Err(match reason(&response) {
            Some(reason) => Refused { error: self.meant(&response, &reason), why: reason.why() },
            None => by_status(&response).into(),
        })
    }

    /// For how long the answers so far ask to leave this account alone, milliseconds; 0 for not at all.
    pub(crate) fn rest_ms(&self) -> u64 {
        self.rest_ms.get()
    }

    fn refused_ms(&self, response: &Response) -> u64 {
        usage::refused_ms(response, &self.assumed.usage, self.work)
    }

    /// What Meta means by its code.
    fn meant(&self, response: &Response, reason: &Reason) -> Error {
        let error = response.error();
        let is = |case: Case, message: &str| error.clone().as_case(case).message(message);
        let meant = match (reason.code, reason.error_subcode) {
            (190 | 102, subcode) => is(Case::AuthRequired, login_ended(subcode)),
            (368, _) => is(
                Case::AuthRequired,
                "Meta has blocked this login because of its policies. See the account's quality page at Meta, then reconnect.",
            ),
            (10 | 3 | 200..=299, _) => is(
                Case::PermissionDenied,
                "Meta does not allow this for this ad account. The person who connected needs a role in it, and must leave *ads_read* allowed when logging in.",
            ),
            // The first are of the person or of the whole application, the others of one ad account.
            (80_000..=80_014 | 613, _) | (17, Some(2_446_079)) => {
                rests(self.refused_ms(response)).http_status(response.status())
            }
            (4 | 17 | 32 | 341, _) => {
                is(Case::RateLimited, "Meta asks to wait.").retry_after_ms(self.refused_ms(response))
            }
            (100, Some(33)) => {
                is(Case::NotFound, "Meta does not have this, or hides it from the person who connected.")
            }
            (1 | 2, _) | (_, Some(99)) => is(Case::Transient, "Meta has trouble."),
            _ if reason.is_transient => is(Case::Transient, "Meta has trouble."),
            (2635 | 2500, _) => is(
                Case::Other,
                "This version of Meta's interface is not served any more. The operator enters a newer one in this connector's configuration.",
            ),
            _ if response.status() >= 500 => is(Case::Transient, "Meta has trouble."),
            _ => is(Case::Other, "Meta refuses the question that this connector asks."),
        };
        let code = match reason.error_subcode {
            Some(subcode) => format!("{}/{subcode}", reason.code),
            None => reason.code.to_string(),
        };
        meant.provider_code(code)
    }
}

impl Work {
    /// As the headers call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Objects => "ads_management",
            Self::Reports => "ads_insights",
        }
    }
}

impl Reason {
    /// That a page is too large is said with codes that mean other things too, so here the words count.
    fn why(&self) -> Why {
        let words = self.message.as_ref().and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        match (self.code, self.error_subcode) {
            (1 | 100, _) if words.contains(TOO_MUCH) => Why::TooMuch,
            (100, Some(33)) => Why::Other,
            (100, _) => Why::Question,
            _ => Why::Other,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, why: Why::Other }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

impl<'a> Listing<'a> {
    pub(crate) fn of(response: &'a Response) -> Result<Self> {
        response.json()
    }

    /// Where the list goes on, when there is more: said by `next`, however short the page is.
    pub(crate) fn after(&self, response: &Response, before: Option<&str>) -> Result<Option<String>> {
        let Some(paging) = self.paging.as_ref().filter(|paging| paging.next.is_some()) else { return Ok(None) };
        let after = paging.cursors.as_ref().and_then(|cursors| cursors.after.clone());
        match after.filter(|after| !after.is_empty()) {
            None => Err(response.unreadable("a list that goes on and does not say where")),
            Some(after) if Some(after.as_str()) == before => {
                Err(response.unreadable("a list that goes on where it was"))
            }
            after => Ok(after),
        }
    }
}

/// One ad account has asked enough for now, and others may ask meanwhile.
pub(crate) fn rests(wait_ms: u64) -> Error {
    Error::rate_limited("Meta asks to wait for this ad account.").retry_after_ms(wait_ms).waits_alone()
}

/// The size of a page after one of this size was too much; none when there is no smaller one.
pub(crate) fn smaller(size: u32) -> Option<u32> {
    (size > 1).then(|| (size / 4).max(1))
}

/// A row as a type.
pub(crate) fn row<'a, T: Deserialize<'a>>(response: &Response, row: &'a RawValue) -> Result<T> {
    serde_json::from_str(row.get()).map_err(|_| response.unreadable("a row of an unexpected shape"))
}

/// The selected ad account, as it stands in addresses.
pub(crate) fn node(ctx: &Context) -> Result<&str> {
    let account = ctx.account()?;
    if is_node(account) {
        Ok(account)
    } else {
        Err(Error::invalid_config("This is no ad account. List the accounts again and choose one."))
    }
}

/// `act_` and digits.
pub(crate) fn is_node(text: &str) -> bool {
    text.strip_prefix("act_").is_some_and(is_number)
}

pub(crate) fn is_number(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn reason(response: &Response) -> Option<Reason> {
    response.json::<Refusal>().ok().map(|refusal| refusal.error)
}

/// A refusal that says no code.
fn by_status(response: &Response) -> Error {
    match response.error() {
        // What is asked by POST here is a question all the same.
        error if error.case() == Case::InvalidInput => {
            error.as_case(Case::Other).message("Meta refuses the question that this connector asks.")
        }
        error => error,
    }
}

fn login_ended(subcode: Option<i64>) -> &'static str {
    match subcode {
        Some(458) => "The application was removed at Facebook. Reconnect to allow it again.",
        Some(459 | 464) => {
            "Facebook wants the person to confirm their account. Log in at facebook.com, then reconnect."
        }
        Some(460) => "The password at Facebook was changed. Reconnect.",
        Some(463) => "The login has expired. Reconnect.",
        _ => "Meta does not accept the login any more. Reconnect.",
    }
}
