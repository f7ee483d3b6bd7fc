//! AdminPulse as `providers/adminpulse.md` describes it: keys with scopes, OAuth on a host of its own, zero-based pages,
//! days written `ddMMyyyy` in queries, two identifiers for a relation, and 401 where a scope is missing.
//!
//! What the sheet assumes (interactions, creating tasks, the OAuth addresses) is taken exactly as it is assumed there.

mod api;
mod control;
mod data;
mod day;
mod list;
mod write;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    consent::{Door, Rules},
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed,
};
use data::Data;

pub use crate::login::{Client, Login};

/// Host of the API.
pub const HOST: &str = "api.adminpulse.be";
/// Origin of the API.
pub const ORIGIN: &str = "https://api.adminpulse.be";
/// Origin of the login.
pub const LOGIN_ORIGIN: &str = "https://login.adminpulse.be";

/// All scopes that the sheet names or assumes. E-mails, invoices and registrations have none of their own: here they need
/// the one of relations, and companies the one of users.
const SCOPES: [&str; 7] = [
    "relations.read",
    "tasks.read",
    "tasks.write",
    "documents.write",
    "interactions.write",
    "users.read",
    "offline_access",
];

const RULES: Rules = Rules {
    name: "adminpulse",
    host: "login.adminpulse.be",
    authorize: "/connect/authorize",
    token: "/connect/token",
    scopes: &SCOPES,
    pkce: true,
    access: Duration::from_secs(3_600),
    refresh: Duration::from_secs(30 * 86_400),
};

const MINUTE: Duration = Duration::from_secs(60);
/// Calls a minute (sheet 7).
const CALLS: usize = 480;
/// Uploads a minute.
const UPLOADS: usize = 50;

/// Who called when.
type Calls = VecDeque<(String, Timestamp)>;

/// The fake's data and its controls.
pub struct Adminpulse {
    seed: u64,
    clock: Arc<dyn Clock>,
    door: Door,
    data: Mutex<Data>,
    /// Keys that are not accepted now.
    refused: Mutex<BTreeSet<String>>,
    calls: Mutex<Calls>,
    uploads: Mutex<Calls>,
}

impl Adminpulse {
    /// The value of a key: `owner` (may do everything), `limited` (only reads tasks), `writer` (may not read companies
    /// and users), `expired`, or any other name, which is never accepted.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("apk_{}", seed::secret(self.seed, &format!("adminpulse/key/{name}"), 40))
    }

    /// Whether a key is accepted from now on.
    pub fn accept(&self, name: &str, accepted: bool) {
        let mut refused = lock(&self.refused);
        if accepted {
            refused.remove(name)
        } else {
            refused.insert(name.to_owned())
        };
    }

    /// The registered application.
    #[must_use]
    pub fn client(&self) -> Client {
        self.door.client()
    }

    /// The person who can log in.
    #[must_use]
    pub fn login(&self) -> Login {
        self.door.login("office").unwrap_or_else(|| Login { user: String::new(), password: String::new() })
    }

    /// Registers a redirect address of the application.
    pub fn allow_redirect(&self, address: &str) {
        self.door.allow_redirect(address);
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        self.door.expire_access();
    }

    /// Ends everything that a login gave.
    pub fn revoke_all(&self) {
        self.door.revoke_all();
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, refresh_token: &str) -> bool {
        self.door.accepts_refresh(refresh_token)
    }

    /// Everything that must never be seen outside: keys, tokens, the client's secret, the password.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.door.secrets();
        secrets.extend(["owner", "limited", "writer", "expired"].map(|name| self.key(name)));
        secrets.push(self.login().password);
        secrets
    }

    /// The scopes of who asks, and the name of key or token.
    fn access(&self, request: &Incoming) -> Result<(String, Vec<&'static str>), Option<String>> {
        let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer ")).ok_or(None)?;
        for (name, scopes) in [
            ("owner", SCOPES.as_slice()),
            ("limited", &["tasks.read"]),
            ("writer", &["relations.read", "tasks.read", "tasks.write", "documents.write", "interactions.write"]),
            ("expired", &[]),
        ] {
            if value == self.key(name) {
                let good = name != "expired" && !lock(&self.refused).contains(name);
                return if good { Ok((name.to_owned(), scopes.to_vec())) } else { Err(Some(name.to_owned())) };
            }
        }
        let access = self.door.access(value, self.clock.now())?;
        let granted = SCOPES.into_iter().filter(|scope| access.scopes.iter().any(|known| known == scope));
        Ok((access.name, granted.collect()))
    }

    /// Counts a call of a key or token; whether there were too many in the last minute.
    fn is_throttled(&self, calls: &Mutex<Calls>, name: &str, most: usize) -> bool {
        let (now, mut calls) = (self.clock.now(), lock(calls));
        while calls.front().is_some_and(|(_, first)| now.since(*first) >= MINUTE) {
            calls.pop_front();
        }
        calls.push_back((name.to_owned(), now));
        calls.iter().filter(|(known, _)| known == name).count() > most
    }
}

impl Provider for Adminpulse {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        if self.door.serves(request) {
            return self.door.answer(request, self.clock.now());
        }
        api::answer(self, request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        lock(&self.data).records(kind)
    }

    fn reset(&self) {
        *lock(&self.data) = Data::seeded(self.seed);
        lock(&self.refused).clear();
        lock(&self.calls).clear();
        lock(&self.uploads).clear();
        self.door.reset();
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path == "/documents/add"
    }
}

impl Sheet for Adminpulse {
    const NAME: &'static str = "adminpulse";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            clock,
            door: Door::open(seed, RULES, &[("an@kantoorpeeters.example", "office")]),
            data: Mutex::new(Data::seeded(seed)),
            refused: Mutex::default(),
            calls: Mutex::default(),
            uploads: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned(), LOGIN_ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({
            "keys": { "owner": self.key("owner"), "limited": self.key("limited") },
            "client": self.client(),
            "login": self.login(),
        })
    }
}

fn problem(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "message": message }))
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}
