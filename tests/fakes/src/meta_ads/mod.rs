//! The Marketing API as `providers/meta-ads.md` describes it: a login whose token renews itself while it works and has no
//! refresh token, a proof in every call, many ad accounts for one person, lists of which deleted objects are left out, and
//! reports that are jobs, made by the clock or as a test says.
//!
//! | host | what |
//! |---|---|
//! | `www.facebook.com` | login, and the consent with its permissions and accounts |
//! | `graph.facebook.com` | tokens, accounts, objects, reports |
//!
//! Pages are shorter than was asked for, and one in the middle is empty: only a missing `paging.next` ends a list.
//! Where the sheet leaves room: errors of the token address are those of Graph; calls with a person's token need the proof,
//! as an application may demand, also the one that takes the consent back, and calls with a system user's token may go without.
//! Not here: writing, webhooks, breakdowns of actions, a level other than `ad`.

mod accounts;
mod api;
mod control;
mod data;
mod day;
mod edges;
mod limits;
mod lists;
mod pages;
mod problem;
mod proof;
mod reports;
mod rows;
mod tokens;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use patchbay_model::Clock;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed,
};
use data::Data;
use limits::Limits;
use pages::Pages;
use reports::Reports;
use tokens::Tokens;

pub use crate::login::{Client, Login};
pub use edges::Edge;
pub use limits::Kind;
pub use reports::{Plan, Seen};

/// Host of tokens and API.
pub const HOST: &str = "graph.facebook.com";
/// Its origin.
pub const ORIGIN: &str = "https://graph.facebook.com";
/// Origin of the pages.
pub const PAGES_ORIGIN: &str = "https://www.facebook.com";
/// The version that is good.
pub const VERSION: &str = "v25.0";

/// The fake's data and its controls.
pub struct MetaAds {
    seed: u64,
    clock: Arc<dyn Clock>,
    pages: Mutex<Pages>,
    tokens: Mutex<Tokens>,
    data: Mutex<Data>,
    reports: Mutex<Reports>,
    limits: Mutex<Limits>,
    /// The version of the sheet is too old.
    outdated: AtomicBool,
}

impl MetaAds {
    /// The registered application.
    #[must_use]
    pub fn client(&self) -> Client {
        let number = seed::number(self.seed, "meta/client") % 1_000_000_000_000;
        let secret = seed::sha256(seed::secret(self.seed, "meta/secret", 32).as_bytes());
        Client { id: format!("7{number:014}"), secret: secret.chars().take(32).collect() }
    }

    /// Who can log in: `owner`, who sees all accounts, or `other`, who sees one of them.
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        let user = if who == "owner" { "an@vermeulen.example" } else { "bart@vermeulen.example" };
        Login { user: user.to_owned(), password: seed::secret(self.seed, &format!("meta/password/{who}"), 16) }
    }

    /// The token of a system user: it sees all accounts and never ends by itself.
    #[must_use]
    pub fn system_token(&self) -> String {
        format!("EAAB{}", seed::secret(self.seed, "meta/system", 160))
    }

    /// Whether this version of the API is too old by now.
    pub fn outdate(&self, outdated: bool) {
        self.outdated.store(outdated, Ordering::Relaxed);
    }
}

impl Provider for MetaAds {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        let answered = if pages::serves(request) { pages::answer(self, request) } else { api::answer(self, request) };
        answered.unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        lock(&self.data).all(kind)
    }

    fn reset(&self) {
        *lock(&self.pages) = Pages::default();
        *lock(&self.tokens) = Tokens::open(self.seed);
        *lock(&self.data) = Data::seeded(self.clock.now());
        *lock(&self.reports) = Reports::default();
        *lock(&self.limits) = Limits::default();
        self.outdate(false);
    }
}

impl Sheet for MetaAds {
    const NAME: &'static str = "meta-ads";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self {
            seed,
            clock,
            pages: Mutex::default(),
            tokens: Mutex::new(Tokens::open(seed)),
            data: Mutex::new(Data::seeded(now)),
            reports: Mutex::default(),
            limits: Mutex::default(),
            outdated: AtomicBool::new(false),
        }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned(), PAGES_ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "owner": self.login("owner"), "other": self.login("other"),
            "system_token": self.system_token() })
    }
}
