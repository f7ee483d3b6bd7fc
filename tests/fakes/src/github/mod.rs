//! GitHub as `providers/github.md` describes it: token check, link paging, `since`, issues mixed with
//! pull requests, both limiters, issues and comments that can be written; the pages where a person allows an
//! application, its tokens (classic, and those of a GitHub App, which rotate), and their revocation.
//!
//! Not here yet: files in repositories, conditional reads, the hook sender.

mod applications;
mod apps;
mod data;
mod json;
mod limits;
mod lists;
mod oauth;
mod pages;
mod tokens;
mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::{
    GithubConfig,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed, strict,
};
use apps::Apps;
use data::Data;
use limits::Limits;
use pages::Pages;
use tokens::Token;

pub use crate::login::{Client, Login};
pub use apps::{AppKind, Given};

/// Host of the real API; a request that names another one is refused.
pub const HOST: &str = "api.github.com";
/// Origin of the real API.
pub const ORIGIN: &str = "https://api.github.com";
/// Host of the pages for people and of the token address.
pub const SITE: &str = "github.com";
/// Origin of those.
pub const SITE_ORIGIN: &str = "https://github.com";

/// The fake's data and its controls.
pub struct Github {
    seed: u64,
    config: GithubConfig,
    clock: Arc<dyn Clock>,
    tokens: Vec<Token>,
    data: Mutex<Data>,
    limits: Mutex<Limits>,
    apps: Mutex<Apps>,
    pages: Mutex<Pages>,
}

/// What [`Github::touch`] changed and made.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Touched {
    /// Ids of changed issues.
    pub changed: Vec<u64>,
    /// Ids of new issues.
    pub created: Vec<u64>,
    /// Ids of new comments.
    pub comments: Vec<u64>,
}

impl Github {
    pub(crate) fn open(seed: u64, config: GithubConfig, clock: Arc<dyn Clock>) -> Self {
        let data = Mutex::new(Data::seeded(seed, &config));
        let limits = Mutex::new(Limits::of(&config));
        let (apps, pages) = (Mutex::new(Apps::open(seed)), Mutex::new(Pages::open(seed)));
        Self { seed, config, clock, tokens: tokens::all(seed), data, limits, apps, pages }
    }

    /// The value of a token: `owner` (may do everything), `reader` (fine-grained, may not write),
    /// `stranger` (sees only the foreign private repository), `revoked` (is refused).
    #[must_use]
    pub fn token(&self, name: &str) -> String {
        self.tokens.iter().find(|token| token.name == name).map(|token| token.value.clone()).unwrap_or_default()
    }

    /// All tokens, by name.
    #[must_use]
    pub fn tokens(&self) -> BTreeMap<String, String> {
        self.tokens.iter().map(|token| (token.name.clone(), token.value.clone())).collect()
    }

    /// Takes the access of the token of this name away, or gives it back.
    pub fn revoke(&self, name: &str, revoked: bool) {
        lock(&self.data).set_revoked(name, revoked);
    }

    /// An application that is registered here; its redirect addresses are told by [`Github::allow_redirect`].
    #[must_use]
    pub fn client(&self, kind: AppKind) -> Client {
        apps::client(self.seed, kind)
    }

    /// Lets both applications send people back to this address.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.apps).redirects.insert(address.to_owned());
    }

    /// The person who can log in on the pages: `els`, the owner of the repositories.
    #[must_use]
    pub fn login(&self) -> Login {
        Login { user: "els".to_owned(), password: seed::secret(self.seed, "github/password", 24) }
    }

    /// What the applications were given, without values.
    #[must_use]
    pub fn given(&self) -> Vec<Given> {
        lock(&self.apps).given(self.clock.now())
    }

    /// The values of all that the applications were given, for the search for leaks.
    #[must_use]
    pub fn given_values(&self) -> Vec<String> {
        lock(&self.apps).values()
    }

    /// Ends all that the applications were given, as a person can on the settings page.
    pub fn revoke_applications(&self) {
        lock(&self.apps).revoke_all();
    }

    /// Full names of the repositories that `owner` sees.
    #[must_use]
    pub fn repositories(&self) -> Vec<String> {
        lock(&self.data).repositories.iter().filter(|repo| !repo.foreign).map(data::Repository::full_name).collect()
    }

    /// All records of a kind as they are served now: `repository`, `issue` (pull requests too), `comment`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    /// Changes the oldest `change` issues, makes `create` new ones and `comments` new comments, in a
    /// repository (or the first), all dated now.
    pub fn touch(&self, repository: Option<&str>, change: usize, create: usize, comments: usize) -> Touched {
        let now = self.seconds();
        lock(&self.data).touch(repository, change, create, comments, now)
    }

    /// Enforces limits from now on, counted afresh; none lifts them.
    pub fn limit(&self, primary: Option<u32>, secondary: Option<u32>) {
        *lock(&self.limits) = Limits::of(&GithubConfig { primary, secondary, ..self.config.clone() });
    }

    fn seconds(&self) -> i64 {
        self.clock.now().as_micros().div_euclid(1_000_000)
    }

    fn checked(&self, request: &Incoming) -> Result<Answer, Answer> {
        if request.path == "/login/oauth/access_token" {
            return oauth::token(self, request);
        }
        if pages::serves(request) {
            return pages::answer(self, request);
        }
        if request.header("user-agent").is_none_or(str::is_empty) {
            return Err(problem(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a \
                User-Agent header",
            ));
        }
        strict::host(request, HOST).map_err(refusal)?;
        strict::headers(request, &["x-github-api-version"]).map_err(refusal)?;
        if let ["applications", client, what] = request.segments().as_slice() {
            return applications::answer(self, request, client, what);
        }
        let token = tokens::check(&self.tokens, &lock(&self.apps), &lock(&self.data), request, self.clock.now())?;
        let rated = lock(&self.limits).count(&token.name, request, self.seconds());
        let answer = rated.and_then(|()| self.route(request, &token)).unwrap_or_else(|answer| answer);
        let mut answer = lock(&self.limits).stamp(&token.name, answer);
        if let Some(scopes) = &token.scopes {
            answer = answer.with("x-oauth-scopes", scopes);
        }
        Ok(answer.to(Some(token.name)))
    }

    fn route(&self, request: &Incoming, token: &Token) -> Result<Answer, Answer> {
        required_headers(request).map_err(refusal)?;
        let segments = request.segments();
        let data = || lock(&self.data);
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["user"]) => {
                strict::no_query(request).map_err(refusal)?;
                Ok(Answer::json(200, &token.user()))
            }
            ("GET", ["rate_limit"]) => {
                strict::no_query(request).map_err(refusal)?;
                Ok(Answer::json(200, &lock(&self.limits).report(&token.name)))
            }
            ("GET", ["user", "repos"]) => lists::repositories(&data(), request, token),
            ("GET", ["repos", owner, name, "issues"]) => lists::issues(&data(), request, token, owner, name),
            ("GET", ["repos", owner, name, "issues", "comments"]) => {
                lists::comments(&data(), request, token, owner, name)
            }
            ("POST", ["repos", owner, name, "issues"]) => {
                writes::issue(&mut data(), request, token, (owner, name), self.seconds())
            }
            ("POST", ["repos", owner, name, "issues", number, "comments"]) => {
                writes::comment(&mut data(), request, token, (owner, name, number), self.seconds())
            }
            ("PATCH", ["repos", owner, name, "issues", number]) => {
                writes::close(&mut data(), request, token, (owner, name, number), self.seconds())
            }
            _ => Err(problem(404, "Not Found").refused("the fake does not know this method and path")),
        }
    }
}

impl Provider for Github {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.checked(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let count = |name: &str| body.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let limit = |name: &str| body.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => {
                let clients = [AppKind::Oauth, AppKind::Github].map(|kind| self.client(kind));
                Some(Ok(json!({ "tokens": self.tokens(), "clients": clients, "login": self.login() })))
            }
            ("POST", "/_fake/github/redirects") => {
                self.allow_redirect(text("address").unwrap_or_default());
                Some(Ok(json!({})))
            }
            ("POST", "/_fake/github/touch") => {
                let [change, create, comments] =
                    ["change", "create", "comments"].map(|name| count(name).unwrap_or_default());
                Some(Ok(json!(self.touch(text("repo"), change, create, comments))))
            }
            ("POST", "/_fake/github/limits") => {
                self.limit(limit("primary"), limit("secondary"));
                Some(Ok(json!({})))
            }
            ("POST", "/_fake/github/revoke") => {
                let revoked = body.get("revoked").and_then(Value::as_bool).unwrap_or(true);
                self.revoke(text("token").unwrap_or_default(), revoked);
                Some(Ok(json!({})))
            }
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        let data = lock(&self.data);
        match kind {
            "repository" => Some(data.repositories.iter().map(data::Repository::json).collect()),
            "issue" => Some(data.issues.iter().filter_map(|issue| data.issue_json(issue)).collect()),
            "comment" => Some(data.comments.iter().filter_map(|comment| data.comment_json(comment)).collect()),
            _ => None,
        }
    }

    fn reset(&self) {
        *lock(&self.data) = Data::seeded(self.seed, &self.config);
        *lock(&self.limits) = Limits::of(&self.config);
        *lock(&self.apps) = Apps::open(self.seed);
        *lock(&self.pages) = Pages::open(self.seed);
    }
}

/// "Headers on each call", section 3 of the sheet.
fn required_headers(request: &Incoming) -> Result<(), String> {
    match request.header("accept") {
        Some("application/vnd.github+json") => {}
        other => return Err(format!("header accept must be application/vnd.github+json, not {other:?}")),
    }
    match request.header("x-github-api-version") {
        Some("2022-11-28" | "2026-03-10") => Ok(()),
        other => Err(format!("header x-github-api-version must be 2022-11-28 or 2026-03-10, not {other:?}")),
    }
}

/// GitHub's error body.
fn problem(status: u16, message: &str) -> Answer {
    let body = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.to_string(),
    });
    Answer::json(status, &body)
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}

/// Seconds since 1970 as GitHub writes a time.
fn time(seconds: i64) -> String {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_github_writes_it() {
        assert_eq!(time(1_748_736_000), "2025-06-01T00:00:00Z");
    }
}
