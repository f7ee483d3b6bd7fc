//! Slack as `providers/slack.md` describes it: one dot-named method per path, **answers with status 200 whose `ok` says
//! whether it went well**, cursors whose pages may be empty, tokens that rotate or never end, and files in three steps
//! over a second host.
//!
//! | origin | what |
//! |---|---|
//! | `slack.com` | login, consent with the choice of a workspace, tokens, the API below `/api/` |
//! | `files.slack.com` | the bytes of a file, without any credential |
//!
//! [`Slack::login`] belongs to two workspaces and chooses on the consent page; [`Slack::login_of_other`] to one of them.
//!
//! What the sheet leaves open, and how it is here: lists give at most ten rows whatever was asked for, and the second page
//! of every list is empty; reads take a query or a form and no JSON; the bot is in no archived channel and nobody else is
//! either; what is sent to people has to be escaped, and mentions only whom `users.lookupByEmail` has found.
//! Limits of calls are counted only when a test says so. Not here:
//! events (section 9), government hosts, installs for a whole organisation, `oauth.v2.exchange`.

mod api;
mod args;
mod control;
mod data;
mod files;
mod history;
mod limits;
mod lists;
mod message;
mod pages;
mod seeded;
mod tokens;
mod writes;

use std::sync::{Arc, Mutex};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    journal::Served,
    lock, seed,
};
use data::{Space, Spaces};
use limits::Limits;
use pages::Pages;
use tokens::Tokens;

pub use crate::login::{Client, Login};

/// Consent, tokens and API.
pub const HOST: &str = "slack.com";
/// Where the bytes of files go.
pub const FILES: &str = "files.slack.com";

/// The fake's data and its controls.
pub struct Slack {
    seed: u64,
    clock: Arc<dyn Clock>,
    tokens: Mutex<Tokens>,
    pages: Mutex<Pages>,
    spaces: Mutex<Spaces>,
    limits: Mutex<Limits>,
}

impl Slack {
    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        if pages::serves(request) {
            return pages::answer(self, request);
        }
        match (request.header("host").unwrap_or_default(), request.segments().as_slice()) {
            (HOST, ["api", "oauth.v2.access"]) => tokens::answer(self, request),
            (HOST, ["api", method]) => api::answer(self, request, method),
            (FILES, ["upload", "v1", ticket]) => files::bytes(self, request, ticket),
            (host, _) => Err(refusal(&format!("the fake does not know {:?} at {host:?}", request.path))),
        }
    }

    /// Looks at the first workspace.
    fn main<T>(&self, look: impl FnOnce(&mut Space) -> T) -> T {
        look(&mut lock(&self.spaces).main)
    }

    fn seconds(&self) -> i64 {
        seconds(self.clock.now())
    }
}

impl Provider for Slack {
    fn origin(&self) -> &'static str {
        "https://slack.com"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        self.main(|space| space.records(kind))
    }

    fn reset(&self) {
        *lock(&self.tokens) = Tokens::open(self.seed);
        lock(&self.pages).forget();
        *lock(&self.spaces) = Spaces::seeded(self.seed, self.seconds());
        *lock(&self.limits) = Limits::default();
    }
}

impl Sheet for Slack {
    const NAME: &'static str = "slack";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let now = seconds(clock.now());
        Self {
            seed,
            clock,
            tokens: Mutex::new(Tokens::open(seed)),
            pages: Mutex::new(Pages::open(seed)),
            spaces: Mutex::new(Spaces::seeded(seed, now)),
            limits: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        [HOST, FILES].map(|host| format!("https://{host}")).to_vec()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "login": self.login(), "login_of_other": self.login_of_other() })
    }
}

/// Whole seconds since 1970.
fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// A record as the journal keeps it.
fn served(kind: &str, id: &str, record: &Value) -> Served {
    let version = record.get("updated").or_else(|| record.get("date_update")).map(ToString::to_string);
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: kind.to_owned(), id: id.to_owned(), version: version.unwrap_or_default(), sha256 }
}

/// An answer that went well.
fn fine(members: Value) -> Answer {
    let mut body = Map::from_iter([("ok".to_owned(), json!(true))]);
    if let Value::Object(members) = members {
        body.extend(members);
    }
    Answer::json(200, &Value::Object(body))
}

/// An error, with status 200 as all of them.
fn problem(error: &str) -> Answer {
    Answer::json(200, &json!({ "ok": false, "error": error }))
}

/// 400 for what the sheet does not name.
fn refusal(why: &str) -> Answer {
    let body = json!({ "ok": false, "error": "invalid_arguments", "response_metadata": { "messages": [format!("fake: {why}")] } });
    Answer::json(400, &body).refused(why)
}
