//! Brokercloud as `providers/brokercloud.md` describes it: a login for brokers and for their customers, refresh tokens that
//! rotate, lists as DataTables asks for them, offices that do not see each other, and files of a party.
//!
//! That a list of files tells their descriptions is assumed, beyond the sheet: what was sent comes back.
//! Only the production host answers; the acceptance host is another world with other clients.

mod api;
mod control;
mod data;
mod files;
mod list;

use std::{
    collections::VecDeque,
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
    lock,
};
use data::Data;

pub use crate::login::{Client, Login};

/// Host of everything.
pub const HOST: &str = "secure.brokercloud.app";
/// Its origin.
pub const ORIGIN: &str = "https://secure.brokercloud.app";
/// The office of the broker that tests connect.
pub const OFFICE: u64 = 17;
/// Another office, which sees nothing of the first.
pub const OTHER_OFFICE: u64 = 18;

const RULES: Rules = Rules {
    name: "brokercloud",
    host: HOST,
    authorize: "/oauth/v2/auth",
    token: "/oauth/v2/token",
    scopes: &[],
    pkce: false,
    access: Duration::from_secs(3_600),
    refresh: Duration::from_secs(1_209_600),
};

const MINUTE: Duration = Duration::from_secs(60);
/// Calls a minute and token (sheet 7, assumed).
const CALLS: usize = 60;

/// The fake's data and its controls.
pub struct Brokercloud {
    clock: Arc<dyn Clock>,
    seed: u64,
    door: Door,
    data: Mutex<Data>,
    calls: Mutex<VecDeque<(String, Timestamp)>>,
    /// Whether somebody is told whose token it is (`/users/me`), whether files can be listed, and whether calls are
    /// counted: all of it is assumed.
    gaps: Mutex<Gaps>,
}

/// What the provider may turn out not to have, and to have.
#[derive(Debug, Default, Clone, Copy)]
struct Gaps {
    me: bool,
    listing: bool,
    /// Calls are counted.
    limit: bool,
}

impl Brokercloud {
    /// The registered application.
    #[must_use]
    pub fn client(&self) -> Client {
        self.door.client()
    }

    /// Who can log in: `broker` (of [`OFFICE`]), `portal` (one of its customers), `other` (of [`OTHER_OFFICE`]).
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        self.door.login(who).unwrap_or_else(|| Login { user: String::new(), password: String::new() })
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

    /// Everything that must never be seen outside.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.door.secrets();
        secrets.extend(["broker", "portal", "other"].map(|who| self.login(who).password));
        secrets
    }

    /// Whether `/users/me` is there; it is when nobody said.
    pub fn tells_who(&self, on: bool) {
        lock(&self.gaps).me = !on;
    }

    /// Whether the files of a party can be listed; they can when nobody said.
    pub fn lists_files(&self, on: bool) {
        lock(&self.gaps).listing = !on;
    }

    /// Whether more than 60 calls a minute are refused; they are not when nobody said, as the limit is assumed.
    pub fn limit_calls(&self, on: bool) {
        lock(&self.gaps).limit = on;
    }

    /// Counts a call of a token; whether there were too many in the last minute.
    fn is_throttled(&self, token: &str) -> bool {
        if !lock(&self.gaps).limit {
            return false;
        }
        let (now, mut calls) = (self.clock.now(), lock(&self.calls));
        while calls.front().is_some_and(|(_, first)| now.since(*first) >= MINUTE) {
            calls.pop_front();
        }
        calls.push_back((token.to_owned(), now));
        calls.iter().filter(|(known, _)| known == token).count() > CALLS
    }
}

impl Provider for Brokercloud {
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
        *lock(&self.gaps) = Gaps::default();
        lock(&self.calls).clear();
        self.door.reset();
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path.starts_with("/api/v2/parties/")
    }
}

impl Sheet for Brokercloud {
    const NAME: &'static str = "brokercloud";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let people = [
            ("an@kantoor.example", "broker"),
            ("els@voorbeeld.example", "portal"),
            ("jan@anderkantoor.example", "other"),
        ];
        Self {
            clock,
            seed,
            door: Door::open(seed, RULES, &people),
            data: Mutex::new(Data::seeded(seed)),
            calls: Mutex::default(),
            gaps: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "broker": self.login("broker"), "portal": self.login("portal") })
    }
}

fn problem(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": status, "message": message }))
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}
