//! Xero as `providers/xero.md` describes it: a person who shares organisations one by one, a refresh token that is another
//! after every use and forgives a lost answer for half an hour, lists with pages that read by change, and writes that are
//! done once for each `Idempotency-Key`.
//!
//! | origin | what |
//! |---|---|
//! | `login.xero.com` | login and consent, where **one** organisation is chosen (several with [`Xero::bulk`]) |
//! | `identity.xero.com` | tokens, and the revocation that takes all of the person's organisations away |
//! | `api.xero.com` | `/connections`, `/api.xro/2.0` and `/files.xro/1.0` |
//!
//! An organisation is named by its `tenantId` in the header `xero-tenant-id` of every call. Whoever sends the id of the
//! *connection* there, or none, gets 403 as from the real one, and the fake says on top that it was wrong.
//!
//! The person [`Xero::login`]`("owner")` has shared an organisation and a practice before anybody connects, as people have
//! who used the application last year. An application of the Starter tier holds five connections in all.
//!
//! What the sheet leaves open is decided here: `If-Modified-Since` is strictly *after* in whole seconds; a note has no id
//! in its answer; a second `PUT` of a file name makes a second file; a new consent ends the tokens of the one before it.
//! That nobody may call more than 60 times a minute is only enforced when a test says so ([`Xero::limit_calls`]): the clock
//! of a test stands still. Not here: webhooks, reports, quotes, purchase orders.

mod api;
mod books;
mod control;
mod create;
mod files;
mod limits;
mod lists;
mod pages;
mod records;
mod tenants;
mod tokens;
mod wheres;
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
use limits::Limits;
use pages::Pages;
use tenants::Tenants;
use tokens::Tokens;
use writes::Keys;

pub use crate::login::{Client, Login};
pub use control::Organisation;

const LOGIN_HOST: &str = "login.xero.com";
const IDENTITY_HOST: &str = "identity.xero.com";
const API_HOST: &str = "api.xero.com";

/// The fake's data and its controls.
pub struct Xero {
    seed: u64,
    clock: Arc<dyn Clock>,
    pages: Mutex<Pages>,
    tokens: Mutex<Tokens>,
    tenants: Mutex<Tenants>,
    books: Mutex<Books>,
    keys: Mutex<Keys>,
    limits: Mutex<Limits>,
}

impl Provider for Xero {
    fn origin(&self) -> &'static str {
        "https://api.xero.com"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        if pages::serves(request) {
            return pages::answer(self, request).unwrap_or_else(|answer| answer);
        }
        match request.header("host") {
            Some(IDENTITY_HOST) => tokens::answer(self, request).unwrap_or_else(|answer| answer),
            Some(API_HOST) => api::answer(self, request),
            other => problem(400, &format!("fake: host {other:?} is none of Xero's")).refused("host is none of Xero's"),
        }
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        records::of(kind)?;
        let shared: Vec<String> = self.organisations("owner").into_iter().map(|one| one.tenant).collect();
        Some(shared.iter().flat_map(|tenant| self.records(tenant, kind)).collect())
    }

    fn reset(&self) {
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.tokens) = Tokens::open(self.seed);
        *lock(&self.tenants) = Tenants::seeded();
        *lock(&self.books) = Books::seeded();
        *lock(&self.keys) = Keys::default();
        *lock(&self.limits) = Limits::default();
    }

    fn enter(&self, request: &Incoming) -> Result<(), Answer> {
        lock(&self.limits).enter(request)
    }

    fn leave(&self, request: &Incoming) {
        lock(&self.limits).leave(request);
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path == files::INBOX
    }
}

impl Sheet for Xero {
    const NAME: &'static str = "xero";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            clock,
            pages: Mutex::new(Pages::open(seed)),
            tokens: Mutex::new(Tokens::open(seed)),
            tenants: Mutex::new(Tenants::seeded()),
            books: Mutex::new(Books::seeded()),
            keys: Mutex::default(),
            limits: Mutex::default(),
        }
    }

    fn origins(&self) -> Vec<String> {
        [API_HOST, IDENTITY_HOST, LOGIN_HOST].iter().map(|host| format!("https://{host}")).collect()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "owner": self.login("owner"), "other": self.login("other") })
    }
}

/// Milliseconds since 1970 as Xero writes a moment.
fn wire_date(millis: i64) -> String {
    format!("/Date({millis}+0000)/")
}

/// The same without a zone, in whole seconds, as its ISO twin has it.
fn iso(millis: i64) -> String {
    let text = Timestamp::from_millis(millis).to_string();
    text.get(..19).unwrap_or_default().to_owned()
}

/// A record as the journal keeps it.
fn served(kind: &records::Kind, record: &Value) -> Served {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: kind.served.to_owned(), id: text(kind.key), version: text("UpdatedDateUTC"), sha256 }
}

/// An error with no shape of its own.
fn problem(status: u16, detail: &str) -> Answer {
    let title = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let body = json!({ "Type": null, "Title": title, "Status": status, "Detail": detail,
        "Instance": "c4bd0000-0000-4000-8000-000000000099", "Extensions": {} });
    Answer::json(status, &body)
}

/// What is said of a record that cannot be taken: the item's fault, not the connector's.
fn invalid(messages: &[&str]) -> Answer {
    let said: Vec<Value> = messages.iter().map(|message| json!({ "Message": message })).collect();
    Answer::json(400, &exception(10, "ValidationException", "A validation exception occurred", &said))
}

fn exception(number: u16, kind: &str, message: &str, said: &[Value]) -> Value {
    json!({ "ErrorNumber": number, "Type": kind, "Message": message, "Elements": [{ "ValidationErrors": said }] })
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}
