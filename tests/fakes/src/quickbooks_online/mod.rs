//! QuickBooks Online as `providers/quickbooks-online.md` describes it: companies that are named by a number which only the
//! callback of a login tells, queries in a language of their own, changes that are remembered for thirty days, and faults that
//! may come with any status.
//!
//! | origin | what |
//! |---|---|
//! | `appcenter.intuit.com` | login and consent, where a company is chosen |
//! | `oauth.platform.intuit.com` | tokens |
//! | `developer.api.intuit.com` | the revocation, which disconnects a company |
//! | `accounts.platform.intuit.com` | who connected |
//! | `quickbooks.api.intuit.com` | `/v3/company/{realm}/…` |
//! | `sandbox-quickbooks.api.intuit.com` | the same, where keys of production are refused |
//!
//! What the sheet leaves open is decided here: the refresh token becomes another one when it is a day old, and the old one ends
//! then at once; younger, the same one is given again. PKCE is not required and taken. Of more than a thousand changes the
//! newest are told. A `requestid` that comes with another body is a clash (600). A question about changes of more than thirty
//! days ago is answered 400 with 4001. That nobody may call more than 500 times a minute is only enforced when a test says so
//! ([`QuickbooksOnline::limit_calls`]): the clock of a test stands still. Not here: webhooks, `/batch`, reports.

mod api;
mod books;
mod changes;
mod companies;
mod control;
mod faults;
mod files;
mod limits;
mod pages;
mod query;
mod records;
mod tokens;
mod writes;

use std::sync::{Arc, Mutex};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    journal::Served,
    lock, seed,
};
use books::Books;
use companies::Companies;
use limits::Limits;
use pages::Pages;
use tokens::Tokens;
use writes::Answered;

pub use crate::login::{Client, Login};

const CONSENT_HOST: &str = "appcenter.intuit.com";
const TOKEN_HOST: &str = "oauth.platform.intuit.com";
const REVOKE_HOST: &str = "developer.api.intuit.com";
const PERSON_HOST: &str = "accounts.platform.intuit.com";
const API_HOST: &str = "quickbooks.api.intuit.com";
const SANDBOX_HOST: &str = "sandbox-quickbooks.api.intuit.com";

/// The fake's data and its controls.
pub struct QuickbooksOnline {
    seed: u64,
    clock: Arc<dyn Clock>,
    pages: Mutex<Pages>,
    tokens: Mutex<Tokens>,
    companies: Mutex<Companies>,
    books: Mutex<Books>,
    answered: Mutex<Answered>,
    limits: Mutex<Limits>,
}

impl Provider for QuickbooksOnline {
    fn origin(&self) -> &'static str {
        "https://quickbooks.api.intuit.com"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        if pages::serves(request) {
            return pages::answer(self, request).unwrap_or_else(|answer| answer);
        }
        let answer = match request.header("host") {
            Some(TOKEN_HOST | REVOKE_HOST) => tokens::answer(self, request).unwrap_or_else(|answer| answer),
            Some(PERSON_HOST) => api::person(self, request),
            Some(API_HOST | SANDBOX_HOST) => api::answer(self, request),
            other => faults::refusal(&format!("host {other:?} is none of Intuit's")),
        };
        let number = format!("{:x}", self.clock.now().as_millis());
        answer.with("intuit_tid", &format!("1-0044-{number:0>24}"))
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        records::of(kind)?;
        Some(self.records(&companies::realm_of(0), kind))
    }

    fn reset(&self) {
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.tokens) = Tokens::open(self.seed);
        *lock(&self.companies) = Companies::default();
        *lock(&self.books) = Books::seeded();
        *lock(&self.answered) = Answered::default();
        *lock(&self.limits) = Limits::default();
    }

    fn enter(&self, request: &Incoming) -> Result<(), Answer> {
        lock(&self.limits).enter(request)
    }

    fn leave(&self, request: &Incoming) {
        lock(&self.limits).leave(request);
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path.starts_with("/v3/company/") && path.ends_with("/upload")
    }
}

impl Sheet for QuickbooksOnline {
    const NAME: &'static str = "quickbooks-online";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            clock,
            pages: Mutex::new(Pages::open(seed)),
            tokens: Mutex::new(Tokens::open(seed)),
            companies: Mutex::default(),
            books: Mutex::new(Books::seeded()),
            answered: Mutex::default(),
            limits: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        let hosts = [API_HOST, SANDBOX_HOST, CONSENT_HOST, TOKEN_HOST, REVOKE_HOST, PERSON_HOST];
        hosts.iter().map(|host| format!("https://{host}")).collect()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "owner": self.login("owner"), "other": self.login("other") })
    }
}

/// A moment as records have it: in California, in whole seconds.
fn dated(millis: i64) -> String {
    let text = Timestamp::from_millis(millis - 8 * 3_600_000).to_string();
    format!("{}-08:00", text.get(..19).unwrap_or_default())
}

/// A moment as answers have it: with thousandths, and with another offset than records.
fn timed(millis: i64) -> String {
    let text = Timestamp::from_millis(millis - 7 * 3_600_000).to_string();
    format!("{}.{:03}-07:00", text.get(..19).unwrap_or_default(), millis.rem_euclid(1_000))
}

/// A record as the journal keeps it.
fn served(entity: &str, record: &Value) -> Served {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: entity.to_owned(), id: text("/Id"), version: text("/MetaData/LastUpdatedTime"), sha256 }
}
