//! What every request to GitHub needs, and what its statuses mean.

use patchbay_sdk::{
    Context, Error, Result,
    http::{self, Request, Response},
    run,
};
use serde::Deserialize;

pub(crate) const ORIGIN: &str = "https://api.github.com";
/// The most that GitHub gives in one page.
pub(crate) const PER_PAGE: u32 = 100;
/// What GitHub asks to wait at least when it names no time.
const UNTOLD_WAIT_MS: u64 = 60_000;

/// How to talk to GitHub for one connection.
pub(crate) struct Api {
    version: String,
}

#[derive(Deserialize)]
struct Config {
    api_version: String,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let config: Config = ctx.config()?;
        Ok(Self { version: config.api_version })
    }

    pub(crate) fn get(&self, url: impl Into<String>) -> Request {
        self.with_headers(http::get(url))
    }

    pub(crate) fn post(&self, url: impl Into<String>) -> Request {
        self.with_headers(http::post(url))
    }

    /// GitHub refuses a request without a user agent.
    fn with_headers(&self, request: Request) -> Request {
        request
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", self.version.as_str())
            .header("user-agent", "patchbay-connector-github")
    }
}

/// The address below a repository, given as `owner/name`.
pub(crate) fn repository(full_name: &str, rest: &[&str]) -> Result<String> {
    let (owner, name) = full_name.split_once('/').filter(|(_, name)| !name.contains('/')).ok_or_else(|| {
        Error::invalid_input("A repository is written as owner/name.").field("/id", "This is not owner/name.")
    })?;
    http::address(&http::address(ORIGIN, &["repos", owner, name])?, rest)
}

/// The path and query of the next page, when the answer names one that belongs to the list that was asked.
///
/// GitHub may name the same list by the repository's number (`id`, where it is known); nothing else is followed.
pub(crate) fn next_page(response: &Response, list: &str, id: Option<&str>) -> Result<Option<String>> {
    let Some(next) = response.link("next") else { return Ok(None) };
    let path = next.strip_prefix(ORIGIN).ok_or_else(|| response.unreadable("the next page is at another host"))?;
    let found = path.split('?').next().unwrap_or_default();
    let own = list.strip_prefix(ORIGIN).unwrap_or(list);
    if found == own || is_by_number(found, own, id) {
        Ok(Some(path.to_owned()))
    } else {
        Err(response.unreadable("the next page is of another list"))
    }
}

/// Whether `/repositories/ID/REST` is the list `/repos/OWNER/NAME/REST`.
fn is_by_number(found: &str, own: &str, id: Option<&str>) -> bool {
    let by_name = own.strip_prefix("/repos/").and_then(|own| own.splitn(3, '/').nth(2));
    let by_number = found.strip_prefix("/repositories/").and_then(|found| found.split_once('/'));
    let (Some(by_name), Some((number, rest))) = (by_name, by_number) else { return false };
    rest == by_name && number.bytes().all(|digit| digit.is_ascii_digit()) && id.is_none_or(|id| id == number)
}

/// The answer, when it is a success; else what GitHub means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(match response.status() {
        403 | 429 => refused(&response, error),
        301 | 302 | 307 | 308 => Error::not_found("The repository was moved or renamed. List the repositories again.")
            .http_status(response.status())
            .detail("GitHub answers with a redirect"),
        404 => error.message("GitHub does not have this, or the token may not see it."),
        410 => error.message("Issues are switched off in this repository, or this one was deleted."),
        422 => with_fields(&response, error),
        _ => error,
    })
}

/// 403 says *too fast* as well as *not allowed*.
fn refused(response: &Response, error: Error) -> Error {
    let reset_ms = || {
        let reset: u64 = response.header("x-ratelimit-reset")?.parse().ok()?;
        (response.header("x-ratelimit-remaining")? == "0")
            .then(|| reset.saturating_mul(1_000).saturating_sub(run::now_ms()).max(1_000))
    };
    let untold_ms = || {
        #[derive(Deserialize)]
        struct Body {
            message: String,
        }
        let says_so = response.json::<Body>().is_ok_and(|body| body.message.to_lowercase().contains("rate limit"));
        (response.status() == 429 || says_so).then_some(UNTOLD_WAIT_MS)
    };
    if let Some(wait) = response.retry_after_ms().or_else(reset_ms).or_else(untold_ms) {
        return Error::rate_limited("GitHub asks to wait.").http_status(response.status()).retry_after_ms(wait);
    }
    if response.header("x-github-sso").is_some() {
        return error.message("The organisation asks that the token is authorised for its single sign-on.");
    }
    error.message("The token may not do this. It needs read access to metadata, and to issues read and write access.")
}

/// What GitHub says about single values, in our words: its own may repeat what was sent.
fn with_fields(response: &Response, error: Error) -> Error {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Wrong>,
    }
    #[derive(Deserialize)]
    struct Wrong {
        field: Option<String>,
        code: Option<String>,
    }
    let wrong = response.json::<Body>().map(|body| body.errors).unwrap_or_default();
    wrong.into_iter().fold(error.message("GitHub refuses what was sent."), |error, wrong| {
        let (Some(field), Some(code)) = (wrong.field, wrong.code) else { return error };
        let message = match code.as_str() {
            "missing" | "missing_field" => "This is missing, or names something that is not there.",
            "already_exists" => "This exists already.",
            _ => "GitHub does not take this value.",
        };
        error.field(format!("/{field}"), message).provider_code(code)
    })
}
