//! Google Workspace as `providers/google-workspace.md` describes it: a consent page with a box for each permission, a refresh
//! token that comes once, lists that are read by sync tokens, and a directory that only administrators see.
//!
//! | origin | what |
//! |---|---|
//! | `accounts.google.com` | login and consent, where **boxes may be unticked** |
//! | `oauth2.googleapis.com` | tokens, and the revocation that ends the whole grant of a person |
//! | `www.googleapis.com` | `/oauth2/v2/userinfo` and `/calendar/v3` |
//! | `admin.googleapis.com` | `/admin/directory/v1` |
//!
//! Three people: `els` has calendars and works at a company, `an` administers that company, `piet` has a private account.
//!
//! What the sheet leaves open is decided here: a page token belongs to the very question that it was given for, `maxResults`
//! included; **the second page of every list is empty** and goes on all the same; a sync token is only sent with a page token and
//! nothing else; an event that was deleted is `cancelled` with its id alone; a change without a right to it is 403 `forbidden`;
//! private properties are merged by a PATCH, as objects are. Not here: push channels (section 9), import and deletion of events.

#![expect(
    clippy::indexing_slicing,
    reason = "what is indexed are JSON objects of the fake's own making; serde gives null for a member that is not there"
)]

mod api;
mod calendars;
mod control;
mod directory;
mod lists;
mod pages;
mod rows;
mod seeded;
mod tokens;
mod writes;

use std::sync::{Arc, Mutex};

use patchbay_model::Clock;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    journal::Served,
    lock, seed,
};
use calendars::Calendars;
use directory::Directory;
use pages::Pages;
use tokens::Tokens;

pub use crate::login::{Client, Login};

const OAUTH: &str = "oauth2.googleapis.com";
const GOOGLE: &str = "www.googleapis.com";
const ADMIN: &str = "admin.googleapis.com";

/// The fake's data and its controls.
pub struct GoogleWorkspace {
    seed: u64,
    clock: Arc<dyn Clock>,
    pages: Mutex<Pages>,
    tokens: Mutex<Tokens>,
    calendars: Mutex<Calendars>,
    directory: Mutex<Directory>,
}

impl Provider for GoogleWorkspace {
    fn origin(&self) -> &'static str {
        "https://www.googleapis.com"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        if pages::serves(request) {
            return pages::answer(self, request).unwrap_or_else(|answer| answer);
        }
        match request.header("host") {
            Some(OAUTH) => tokens::answer(self, request).unwrap_or_else(|answer| answer),
            Some(GOOGLE | ADMIN) => api::answer(self, request),
            other => refusal(&format!("host {other:?} is none of Google's")),
        }
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "calendar" => Some(lock(&self.calendars).listed()),
            "event" => Some(lock(&self.calendars).all_events()),
            _ => lock(&self.directory).records(kind),
        }
    }

    fn reset(&self) {
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.tokens) = Tokens::open(self.seed);
        *lock(&self.calendars) = seeded::calendars(self.clock.now());
        *lock(&self.directory) = seeded::directory(self.clock.now());
    }
}

impl Sheet for GoogleWorkspace {
    const NAME: &'static str = "google-workspace";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self {
            seed,
            clock,
            pages: Mutex::new(Pages::open(seed)),
            tokens: Mutex::new(Tokens::open(seed)),
            calendars: Mutex::new(seeded::calendars(now)),
            directory: Mutex::new(seeded::directory(now)),
        }
    }

    fn origins(&self) -> Vec<String> {
        [GOOGLE, ADMIN, OAUTH, pages::HOST].iter().map(|host| format!("https://{host}")).collect()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "els": self.login("els"), "an": self.login("an"), "piet": self.login("piet") })
    }
}

/// A record as the journal keeps it.
fn served(kind: &str, id: &str, record: &Value) -> Served {
    let version = record.get("etag").and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: kind.to_owned(), id: id.to_owned(), version, sha256 }
}

/// An error as Google words them.
fn problem(status: u16, reason: &str, message: &str) -> Answer {
    let domain = if reason.ends_with("Exceeded") { "usageLimits" } else { "global" };
    let mut error = json!({ "code": status, "message": message,
        "errors": [{ "domain": domain, "reason": reason, "message": message }] });
    if status == 403 {
        error["status"] = json!("PERMISSION_DENIED");
    }
    Answer::json(status, &json!({ "error": error }))
}

/// 400 for what the sheet does not name.
fn refusal(why: &str) -> Answer {
    problem(400, "badRequest", &format!("fake: {why}")).refused(why)
}
