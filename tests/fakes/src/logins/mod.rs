//! A provider that is nobody in particular: every kind of login that the sheets know, with one table of
//! behaviours ([`Behaviour`]) instead of ten servers. Not strict towards a sheet, for there is none, but each
//! parameter that it does not know is refused all the same.
//!
//! | where | what |
//! |---|---|
//! | `GET /oauth/authorize` | consent: user, password, account, region, decision |
//! | `POST /oauth/token` | codes, refresh tokens, client credentials |
//! | `GET /oauth/exchange` | a fresh access token for one that works (no refresh tokens) |
//! | `POST /oauth/revoke` | gives a token back (RFC 7009) |
//! | `POST /session` | JSON `user`, `password`, `database` for `token`, `expires_in` |
//! | `POST /jsonrpc` | `common.login` gives a session; `object.execute` has the password at `/params/args/2` |
//! | `/api/MANNER/me` | whose the credential is, and **everything that was received**, in five spellings |
//! | `/api/MANNER/records` | three records, one with the word `admin` |
//!
//! MANNER is `bearer`, `session`, `key-header` (`X-Api-Key`), `key-query` (`?api_key=`), `basic`, `pair`
//! (`X-Api-Key` and `X-Api-Secret`), `signed` (bearer, and its HMAC by the client secret as `X-Proof` or
//! `?proof=`), `rpc` (the JSON-RPC body above).
//!
//! Hosts: [`HOST`] for all of it; `accounts-R` and `api-R` for each of [`REGIONS`], where only tokens of that
//! region are good; any host of a customer's own ([`Logins::customer`]); and [`EVIL_HOST`], whose consent page
//! sends people elsewhere with the live `state`, and whose token address keeps whatever it is sent.

mod api;
mod behaviour;
mod echo;
mod evil;
mod grants;
mod pages;
mod secrets;
mod session;
mod token;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use patchbay_model::{Clock, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Rewrite,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock,
    login::Client,
};
use grants::Grants;

pub use behaviour::{Behaviour, Proof, Renewal, Revocation, ScopesAs};
pub use grants::{TokenKind, TokenState};
pub use secrets::Credentials;

/// Where everything is.
pub const HOST: &str = "logins.example";
/// Its origin.
pub const ORIGIN: &str = "https://logins.example";
/// Places that it is spread over: `https://accounts-eu.logins.example`, `https://api-eu.logins.example`, ….
pub const REGIONS: [&str; 3] = ["eu", "us", "in"];
/// A provider that works for an attacker.
pub const EVIL_HOST: &str = "evil.example";

/// The provider's state and its controls.
pub struct Logins {
    seed: u64,
    clock: Arc<dyn Clock>,
    behaviour: Mutex<Behaviour>,
    grants: Mutex<Grants>,
    open: Mutex<Open>,
}

/// What tests set and read.
#[derive(Debug, Default)]
struct Open {
    redirects: BTreeSet<String>,
    customers: BTreeSet<String>,
    passwords: Vec<(String, String)>,
    calls: Vec<TokenCall>,
    astray: Option<String>,
    caught: Vec<Vec<(String, String)>>,
}

/// One call of an address that gives, renews or ends tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenCall {
    /// When.
    pub at: Timestamp,
    /// Host of the request.
    pub host: String,
    /// `authorization_code`, `refresh_token`, `client_credentials`, `exchange`, `session`, `revoke`.
    pub grant: String,
    /// Name of the token that was sent.
    pub sent: Option<String>,
    /// Name of the access or session token that was given.
    pub gave: Option<String>,
    /// Why nothing was given.
    pub refused: Option<String>,
    /// It was the second use of a spent token, and ended the login.
    pub family: bool,
}

impl Logins {
    pub(crate) fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let (behaviour, grants) = (Mutex::default(), Mutex::new(Grants::open(seed)));
        Self { seed, clock, behaviour, grants, open: Mutex::default() }
    }

    /// Behaves like this from now on; what was given stays given.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.behaviour) = behaviour;
    }

    /// How it behaves.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    /// The client that an operator registers at the host.
    #[must_use]
    pub fn client(&self) -> Client {
        secrets::client(self.seed)
    }

    /// Its secret in a region, where [`Behaviour::secret_by_region`] is set.
    #[must_use]
    pub fn region_secret(&self, region: &str) -> String {
        secrets::by_region(self.seed).remove(region).unwrap_or_default()
    }

    /// What a business account (`one` or `two`) logs in with. Its id is `business-one`, `business-two`.
    #[must_use]
    pub fn credentials(&self, account: &str) -> Credentials {
        let mut all = secrets::of(self.seed, account);
        if let Some((_, password)) = lock(&self.open).passwords.iter().rev().find(|(of, _)| of == account) {
            password.clone_into(&mut all.password);
        }
        all
    }

    /// Gives an account another password.
    pub fn set_password(&self, account: &str, password: &str) {
        lock(&self.open).passwords.push((account.to_owned(), password.to_owned()));
    }

    /// Lets the client send people back to this address.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.open).redirects.insert(address.to_owned());
    }

    /// Serves under a customer's own origin too, e.g. `https://odoo.kantoor.example`.
    pub fn customer(&self, origin: &str) {
        lock(&self.open).customers.insert(origin.trim_start_matches("https://").to_owned());
    }

    /// Where the evil consent page sends people: an address of an honest provider, to which `state`,
    /// `code_challenge` and `code_challenge_method` of the request are added.
    pub fn lead_astray(&self, to: &str) {
        lock(&self.open).astray = Some(to.to_owned());
    }

    /// What the evil token address was sent: form, query and JSON parameters of each request.
    #[must_use]
    pub fn caught(&self) -> Vec<Vec<(String, String)>> {
        lock(&self.open).caught.clone()
    }

    /// All calls that gave, renewed or ended tokens.
    #[must_use]
    pub fn calls(&self) -> Vec<TokenCall> {
        lock(&self.open).calls.clone()
    }

    /// All tokens that were given, as they are now.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenState> {
        lock(&self.grants).states(&self.behaviour(), self.clock.now())
    }

    /// The values of all tokens that were given, for the search for leaks.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        lock(&self.grants).values()
    }

    /// Whether the token address would accept this refresh token now.
    #[must_use]
    pub fn accepts_refresh(&self, value: &str) -> bool {
        lock(&self.grants).accepts(value, &self.behaviour(), self.clock.now())
    }

    /// The proof that the manner `signed` asks for with this access token.
    #[must_use]
    pub fn proof(&self, access: &str) -> String {
        let proof = secrets::hmac(self.client().secret.as_bytes(), access.as_bytes());
        proof.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Ends all tokens of a kind now; logins go on.
    pub fn end(&self, kind: TokenKind) {
        lock(&self.grants).end(kind);
    }

    /// Ends all logins, as a person can on the settings page.
    pub fn end_logins(&self) {
        lock(&self.grants).end_logins();
    }

    /// The entries of `egress.rewrite` for all hosts of the provider, at this address.
    pub(crate) fn rewrites(&self, at: &str) -> Vec<Rewrite> {
        let one = |origin: String| Rewrite { origin, connect: at.to_owned(), browser: Some(at.to_owned()) };
        let regional = REGIONS.iter().flat_map(|region| ["accounts", "api"].map(|what| (what, region)));
        let mut all = vec![one(ORIGIN.to_owned()), one(format!("https://{EVIL_HOST}"))];
        all.extend(regional.map(|(what, region)| one(format!("https://{what}-{region}.{HOST}"))));
        all
    }

    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        let place = self.place(request)?;
        if place == Place::Evil {
            return evil::answer(self, request);
        }
        match (request.method.as_str(), request.segments().as_slice()) {
            ("GET" | "POST", ["oauth", "authorize"]) => pages::answer(self, request),
            ("POST", ["oauth", "token"]) => token::answer(self, request, &place),
            ("GET" | "POST", ["oauth", "exchange"]) => token::exchange(self, request),
            ("POST", ["oauth", "revoke"]) => token::revoke(self, request),
            ("POST", ["session"]) => session::plain(self, request),
            ("POST", ["jsonrpc"]) => session::rpc(self, request),
            (_, ["api", manner, what]) => api::answer(self, request, &place, manner, what),
            _ => Err(problem(404, "not_found", "the fake does not know this method and path")),
        }
    }

    /// Which of the hosts was asked. A browser comes to the address itself.
    fn place(&self, request: &Incoming) -> Result<Place, Answer> {
        let host = request.header("host").unwrap_or_default();
        let regional = |what: &str| {
            let region = host.strip_suffix(HOST)?.strip_suffix('.')?.strip_prefix(what)?.strip_prefix('-')?;
            REGIONS.contains(&region).then(|| region.to_owned())
        };
        match host {
            HOST => Ok(Place::Main),
            EVIL_HOST => Ok(Place::Evil),
            _ if request.path.starts_with("/evil/") && is_loopback(host) => Ok(Place::Evil),
            _ if is_loopback(host) => Ok(Place::Main),
            _ if lock(&self.open).customers.contains(host) => Ok(Place::Customer),
            _ => match regional("accounts").or_else(|| regional("api")) {
                Some(region) => Ok(Place::Region(region)),
                None => Err(problem(421, "wrong_host", &format!("no host of this fake is called {host:?}"))),
            },
        }
    }

    fn note(&self, request: &Incoming, call: TokenCall) {
        let host = request.header("host").unwrap_or_default().to_owned();
        lock(&self.open).calls.push(TokenCall { at: self.clock.now(), host, ..call });
    }
}

/// Which of the hosts a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Main,
    Region(String),
    Customer,
    Evil,
}

impl TokenCall {
    fn of(grant: &str, sent: Option<String>) -> Self {
        Self {
            at: Timestamp::default(),
            host: String::new(),
            grant: grant.to_owned(),
            sent,
            gave: None,
            refused: None,
            family: false,
        }
    }
}

impl Provider for Logins {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/logins/calls") => Some(Ok(json!({ "calls": self.calls() }))),
            ("GET", "/_fake/logins/tokens") => Some(Ok(json!({ "tokens": self.tokens() }))),
            ("POST", "/_fake/logins/behaviour") => {
                let read = serde_json::from_slice(&request.body).map_err(|error| error.to_string());
                Some(read.map(|behaviour| {
                    self.behave(behaviour);
                    json!({})
                }))
            }
            _ => None,
        }
    }

    fn records(&self, _kind: &str) -> Option<Vec<Value>> {
        None
    }

    fn reset(&self) {
        *lock(&self.behaviour) = Behaviour::default();
        *lock(&self.grants) = Grants::open(self.seed);
        *lock(&self.open) = Open::default();
    }
}

fn is_loopback(host: &str) -> bool {
    host.starts_with("127.0.0.1:") || host.starts_with("localhost:")
}

/// The error body of all its addresses.
fn problem(status: u16, error: &str, why: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": why })).refused(why)
}
