//! Silverfin as `providers/silverfin.md` describes it: a real login and consent page, tokens under the
//! firm's path with single-use refresh tokens, companies, periods, and remarks that can be written.
//!
//! TLS and HTTP/2 on the port of the API; the pages for people also on the plain port. PKCE is not in
//! the sheet: it is accepted, and refused only when it is wrong.
//!
//! Not here yet: folders, workflows, users, webhooks.

mod api;
mod data;
mod documents;
pub(crate) mod multipart;
mod pages;
mod remarks;
mod token;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use patchbay_model::Clock;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    SilverfinConfig, control,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed,
};
use data::Data;
use pages::Pages;
use token::Tokens;

pub use crate::login::{Client, Login};

/// Host of the real one; the certificate of the API's port is for it.
pub const HOST: &str = "live.getsilverfin.com";
/// Origin of the real one.
pub const ORIGIN: &str = "https://live.getsilverfin.com";
/// The firm with all companies.
pub const FIRM: u64 = 13_827;
/// The firm with three companies that the same person belongs to.
pub const OTHER_FIRM: u64 = 13_999;
/// All scopes that the sheet names.
pub(crate) const SCOPES: [&str; 18] = [
    "user:profile",
    "user:email",
    "user:firm",
    "administration:read",
    "administration:write",
    "communication:read",
    "communication:write",
    "financials:read",
    "financials:write",
    "financials:transactions:read",
    "financials:transactions:write",
    "financials:transactions:sync",
    "permanent_documents:read",
    "permanent_documents:write",
    "workflows:read",
    "workflows:write",
    "links",
    "webhooks",
];

/// The fake's data and its controls.
pub struct Silverfin {
    seed: u64,
    config: SilverfinConfig,
    clock: Arc<dyn Clock>,
    data: Mutex<Data>,
    tokens: Mutex<Tokens>,
    pages: Mutex<Pages>,
    /// Calls that run now, by company.
    running: Mutex<BTreeMap<String, usize>>,
    one_call_per_company: Mutex<bool>,
}

/// A pair of tokens, without their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenPair {
    /// What the journal calls the access token, e.g. `access:2`.
    pub name: String,
    /// The firm it is for.
    pub firm: u64,
    /// The access token is accepted now.
    pub access_good: bool,
    /// The access token was used.
    pub used: bool,
    /// The refresh token is accepted now.
    pub refresh_good: bool,
}

impl Silverfin {
    pub(crate) fn open(seed: u64, config: SilverfinConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            data: Mutex::new(Data::seeded(seed, &config)),
            tokens: Mutex::new(Tokens::open(seed, config.access_life)),
            pages: Mutex::new(Pages::open(seed)),
            running: Mutex::default(),
            one_call_per_company: Mutex::new(config.one_call_per_company),
            config,
            clock,
        }
    }

    /// The registered application; its redirect addresses are told by [`Silverfin::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            id: seed::secret(self.seed, "silverfin/client", 43),
            secret: seed::secret(self.seed, "silverfin/secret", 43),
        }
    }

    /// The one person who can log in; belongs to [`FIRM`] and [`OTHER_FIRM`].
    #[must_use]
    pub fn login(&self) -> Login {
        Login { user: "an@vermeulen.example".to_owned(), password: seed::secret(self.seed, "silverfin/password", 16) }
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// Ends all access tokens now, as after two hours; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire_access();
    }

    /// Revokes everything, as when the person takes the consent back.
    pub fn revoke_all(&self) {
        lock(&self.tokens).revoke_all();
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, refresh_token: &str) -> bool {
        lock(&self.tokens).accepts_refresh(refresh_token)
    }

    /// All pairs, oldest first.
    #[must_use]
    pub fn pairs(&self) -> Vec<TokenPair> {
        lock(&self.tokens).pairs(self.clock.now())
    }

    /// The values of all tokens that were ever given out, and the client's secret: what a search for
    /// leaked secrets looks for.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.push(self.client().secret);
        secrets
    }

    /// Changes a little of everything, other things each time: a company has another name, another one is new and has
    /// periods with working papers, one is archived with all below it, a remark says something else, and one is new.
    pub fn touch(&self) {
        lock(&self.data).touch(self.seed, &self.clock.now().to_string());
    }

    /// How long access tokens live that are given out from now on.
    pub fn set_access_life(&self, life: Duration) {
        lock(&self.tokens).life = life;
    }

    /// Whether a second call to one company at the same time is answered 429.
    pub fn one_call_per_company(&self, on: bool) {
        *lock(&self.one_call_per_company) = on;
    }

    /// All records of a kind as they are served now: `company`, `period`, `reconciliation`, `remark`, `document`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        let segments = request.segments();
        match (request.method.as_str(), segments.as_slice()) {
            (_, ["oauth", "authorize"] | ["f", _, "oauth", "authorize"] | ["users", "sign_in"]) => {
                pages::answer(self, request)
            }
            _ if !request.port.api => Err(Answer::html(404, "The API of this fake is on its other port (TLS).")),
            ("POST", ["f", firm, "oauth", "token"]) => token::answer(self, request, firm),
            (_, ["api", "v4", "f", firm, rest @ ..]) => api::answer(self, request, firm, rest),
            _ => Err(problem(404, "not_found", "the fake does not know this method and path")),
        }
    }

    fn company_of(request: &Incoming) -> Option<String> {
        match request.segments().as_slice() {
            ["api", "v4", "f", firm, "companies", company, ..] => Some(format!("{firm}/{company}")),
            _ => None,
        }
    }
}

impl Provider for Silverfin {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => Some(Ok(json!({ "client": self.client(), "login": self.login() }))),
            ("GET", "/_fake/silverfin/tokens") => Some(Ok(json!({ "pairs": self.pairs() }))),
            ("POST", "/_fake/silverfin/redirect") => {
                Some(control::field(&request.body, "redirect_uri").map(|address| {
                    self.allow_redirect(&address);
                    json!({})
                }))
            }
            ("POST", "/_fake/silverfin/expire") => {
                self.expire_access();
                Some(Ok(json!({})))
            }
            ("POST", "/_fake/silverfin/revoke") => {
                self.revoke_all();
                Some(Ok(json!({})))
            }
            ("POST", "/_fake/silverfin/accepts") => Some(
                control::field(&request.body, "refresh_token")
                    .map(|token| json!({ "accepts": self.accepts_refresh(&token) })),
            ),
            ("POST", "/_fake/silverfin/one-call-per-company") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                self.one_call_per_company(body.get("on").and_then(Value::as_bool).unwrap_or(true));
                Some(Ok(json!({})))
            }
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        lock(&self.data).records(kind)
    }

    fn reset(&self) {
        *lock(&self.data) = Data::seeded(self.seed, &self.config);
        *lock(&self.tokens) = Tokens::open(self.seed, self.config.access_life);
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.one_call_per_company) = self.config.one_call_per_company;
    }

    fn enter(&self, request: &Incoming) -> Result<(), Answer> {
        let Some(company) = Self::company_of(request) else { return Ok(()) };
        let mut running = lock(&self.running);
        let count = running.entry(company).or_default();
        if *count > 0 && *lock(&self.one_call_per_company) {
            let answer = problem(429, "too_many_requests", "another call to this company is in progress");
            return Err(answer.with("retry-after", "1"));
        }
        *count += 1;
        Ok(())
    }

    fn leave(&self, request: &Incoming) {
        let Some(company) = Self::company_of(request) else { return };
        if let Some(count) = lock(&self.running).get_mut(&company) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Doorkeeper's error body.
fn problem(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, "invalid_request", &format!("fake: {why}")).refused(&why)
}
