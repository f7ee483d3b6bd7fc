//! HubSpot as `providers/hubspot.md` describes it: a person who chooses one account (a *portal*) on the consent page, access tokens
//! of half an hour with a refresh token that stays the same, records whose every value is a text, a search that reaches so many
//! rows and no more, and batches that answer 207.
//!
//! | origin | what |
//! |---|---|
//! | `app.hubspot.com` | login and consent, where the portal is chosen |
//! | `api.hubapi.com` | tokens, and the API |
//!
//! [`Hubspot::login`]`("els")` belongs to both portals, `"jan"` to the second only. The token of a private app is
//! [`Hubspot::private_token`]; it has every scope and no end.
//!
//! What the sheet leaves open is decided here: lists are in the order of ids; what is asked for by a name that no property has is
//! left out in silence, as the real one does, and refused in a write; an upload with `overwrite` of the same bytes under the same
//! name leaves the file as it is; a change that changes nothing leaves the moment of the last change as it is; `properties` of a
//! type come in one answer. A request for consent may say `response_type=code` and PKCE, as every client does. How often somebody may call is
//! only counted when a test says so ([`Hubspot::limit_calls`]): the clock of a test stands still. Not here: webhooks.

mod api;
mod control;
mod data;
mod files;
mod limits;
mod lists;
mod pages;
mod problem;
mod search;
mod seeded;
mod tokens;
mod upsert;
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
use data::Store;
use limits::Limits;
use pages::Pages;
use problem::refusal;
use tokens::Tokens;

pub use crate::login::{Client, Login};

const APP_HOST: &str = "app.hubspot.com";
const API_HOST: &str = "api.hubapi.com";

/// The fake's data and its controls.
pub struct Hubspot {
    seed: u64,
    clock: Arc<dyn Clock>,
    pages: Mutex<Pages>,
    tokens: Mutex<Tokens>,
    store: Mutex<Store>,
    limits: Mutex<Limits>,
}

impl Provider for Hubspot {
    fn origin(&self) -> &'static str {
        "https://api.hubapi.com"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        match request.header("host") {
            Some(APP_HOST) => pages::answer(self, request).unwrap_or_else(|answer| answer),
            Some(API_HOST) if tokens::serves(request) => tokens::answer(self, request).unwrap_or_else(|answer| answer),
            Some(API_HOST) => api::answer(self, request),
            // The pages for people are reached at the plain port as well.
            _ if pages::serves(request) => pages::answer(self, request).unwrap_or_else(|answer| answer),
            other => refusal(&format!("host {other:?} is none of HubSpot's")),
        }
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        self.records_of(kind)
    }

    fn reset(&self) {
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.tokens) = Tokens::open(self.seed);
        *lock(&self.store) = seeded::store();
        *lock(&self.limits) = Limits::default();
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path == files::UPLOAD
    }
}

impl Sheet for Hubspot {
    const NAME: &'static str = "hubspot";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            clock,
            pages: Mutex::new(Pages::open(seed)),
            tokens: Mutex::new(Tokens::open(seed)),
            store: Mutex::new(seeded::store()),
            limits: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        [API_HOST, APP_HOST].iter().map(|host| format!("https://{host}")).collect()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "els": self.login("els"), "jan": self.login("jan"),
            "private_app": self.private_token() })
    }
}

/// A moment as HubSpot writes it.
fn iso(millis: i64) -> String {
    let text = Timestamp::from_millis(millis).to_string();
    format!("{}.{:03}Z", text.get(..19).unwrap_or_default(), millis.rem_euclid(1_000))
}

/// A record as the journal keeps it.
fn served(kind: &str, record: &Value) -> Served {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: kind.to_owned(), id: text("id"), version: text("updatedAt"), sha256 }
}
