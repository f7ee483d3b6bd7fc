//! Any API: what `providers/generic.md` describes, as one small server. The same 237 bookings behind every style of paging and
//! every way to write a moment, every kind of credential, every way to say *not now* and *no*, and a store of
//! idempotency keys.
//!
//! All paths begin with `/api/v1`.
//!
//! | path | paging | changes since | what is gone |
//! |---|---|---|---|
//! | `GET /bookings` (`include`) | `page` `per_page`; `/meta/last_page` | `updated_since`, RFC 3339 | `deleted: true`, with the changes |
//! | `GET /offset/bookings` | `offset` `limit`; `/total` | | is absent |
//! | `GET /cursor/bookings` | `after` `size`; `/paging/next` `/paging/has_more` | `since`, Unix seconds | `GET /cursor/bookings/deleted` |
//! | `POST /search/bookings` | `/page/token` `/page/size`; `/result/token` | `/filter/since_ms` | `deleted: true` |
//! | `GET /next/bookings` | `/next`, an address | `since_day`, a date | `deleted: true` |
//! | `GET /link/bookings` | `Link` | `revision`, a text | `deleted: true` |
//! | `GET /all/bookings` | none | | is absent |
//! | `GET /locations/{id}/rooms` | none | | is absent |
//!
//! `GET /me` and `GET /locations` say whose credential it is. Writes are in `writes.rs`, credentials in `access.rs`.

mod access;
mod lists;
mod rows;
mod trouble;
mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use patchbay_model::Clock;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, strict,
};
use access::Access;
use rows::Rows;
use writes::Written;

pub use access::Manner;
pub use trouble::{ErrorBody, Throttle};

/// Host of the API for the customer `acme`.
pub const HOST: &str = "acme.boekingen.example";
/// Its origin.
pub const ORIGIN: &str = "https://acme.boekingen.example";
/// Host of the token address.
pub const LOGIN_HOST: &str = "login.boekingen.example";
/// Its origin.
pub const LOGIN_ORIGIN: &str = "https://login.boekingen.example";
/// Where a redirect leads that nobody should follow.
pub const ELSEWHERE: &str = "https://elsewhere.example/api/v1/bookings";
/// What all paths begin with.
pub const BASE: &str = "/api/v1";
/// Bookings at the start.
pub const BOOKINGS: usize = 237;

/// The fake's data and its controls.
pub struct AnyApi {
    seed: u64,
    clock: Arc<dyn Clock>,
    access: Access,
    data: Mutex<Data>,
}

#[derive(Default)]
struct Data {
    rows: Rows,
    written: Written,
    revoked: Vec<Manner>,
    tokens: BTreeMap<String, i64>,
    throttle: Option<(Throttle, u32)>,
    oversized: u32,
    changes_between_pages: bool,
    /// Serial of the next token.
    given: u64,
}

impl AnyApi {
    /// What is entered for a manner: by the name of the field in the connector's manifest.
    #[must_use]
    pub fn credential(&self, manner: Manner) -> BTreeMap<String, String> {
        self.access.entered(manner)
    }

    /// Takes a credential away, or gives it back; tokens that were made from it end.
    pub fn revoke(&self, manner: Manner, revoked: bool) {
        let mut data = lock(&self.data);
        data.revoked.retain(|one| *one != manner);
        if revoked {
            data.revoked.push(manner);
            if manner == Manner::ClientCredentials {
                data.tokens.clear();
            }
        }
    }

    /// Ends all tokens; their client gets new ones.
    pub fn end_tokens(&self) {
        lock(&self.data).tokens.clear();
    }

    /// Every secret that was entered or given, for the search for leaks.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let entered = Manner::ALL.into_iter().flat_map(|manner| self.credential(manner));
        let secret = |name: &String| ["token", "api_key", "password", "client_secret"].contains(&name.as_str());
        let entered = entered.filter(|(name, _)| secret(name)).map(|(_, value)| value);
        entered.chain(lock(&self.data).tokens.keys().cloned()).collect()
    }

    /// Rooms of a location, as they are served.
    #[must_use]
    pub fn rooms(location: &str) -> Vec<Value> {
        lists::rooms(location)
    }

    /// Says *not now* to so many requests.
    pub fn throttle(&self, how: Throttle, times: u32) {
        lock(&self.data).throttle = Some((how, times));
    }

    /// Answers so many lists with more than anybody takes.
    pub fn oversize(&self, times: u32) {
        lock(&self.data).oversized = times;
    }

    /// Whether a booking changes each time that a page was served.
    pub fn change_between_pages(&self, changes: bool) {
        lock(&self.data).changes_between_pages = changes;
    }

    /// Changes a booking, now; whether there is one of this id.
    pub fn touch(&self, id: &str) -> bool {
        let now = self.clock.now();
        lock(&self.data).rows.touch(id, now)
    }

    /// Adds a booking, now; its id.
    pub fn add(&self) -> String {
        let now = self.clock.now();
        lock(&self.data).rows.add(now)
    }

    /// Removes a booking, now; whether there was one of this id.
    pub fn remove(&self, id: &str) -> bool {
        let now = self.clock.now();
        lock(&self.data).rows.remove(id, now)
    }

    /// Bookings that are there, as they are served now.
    #[must_use]
    pub fn bookings(&self) -> Vec<Value> {
        lock(&self.data).rows.present()
    }

    /// What was written of a kind (`note` `task` `message` `tag` `file` `document` `subscription`), in order.
    #[must_use]
    pub fn written(&self, kind: &str) -> Vec<Value> {
        lock(&self.data).written.of(kind)
    }

    fn checked(&self, request: &Incoming) -> Result<Answer, Answer> {
        if request.header("host") == Some(LOGIN_HOST) {
            return access::token(self, request);
        }
        strict::host(request, HOST).map_err(refusal)?;
        strict::headers(request, &["x-api-key", "idempotency-key", "x-partner", "transfer-encoding"])
            .map_err(refusal)?;
        let manner = self.access.manner(request, &lock(&self.data).tokens, self.clock.now());
        let Some(manner) = manner.filter(|manner| !lock(&self.data).revoked.contains(manner)) else {
            return Err(
                problem(401, "invalid_key", "The API key is not valid").to(manner.map(|one| one.word().to_owned()))
            );
        };
        let refused = lock(&self.data).not_now(self.clock.now());
        let answer = match refused {
            Some(answer) => answer,
            None => self.route(request, manner).unwrap_or_else(|answer| answer),
        };
        Ok(answer.to(Some(manner.word().to_owned())))
    }

    fn route(&self, request: &Incoming, manner: Manner) -> Result<Answer, Answer> {
        let path = request.path.strip_prefix(BASE).ok_or_else(nothing)?;
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if request.method == "GET" {
            strict::no_body(request).map_err(refusal)?;
        }
        let now = self.clock.now();
        let mut data = lock(&self.data);
        if let Some(answer) = lists::answer(&mut data, request, &segments, manner, now)? {
            return Ok(answer);
        }
        writes::answer(&mut data, request, &segments, now)
    }
}

impl Data {
    /// The refusal that a test asked for.
    fn not_now(&mut self, now: patchbay_model::Timestamp) -> Option<Answer> {
        let (how, left) = self.throttle?;
        self.throttle = (left > 1).then(|| (how, left - 1));
        (left > 0).then(|| how.answer(now))
    }
}

impl Provider for AnyApi {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.checked(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        let id = request.param("id").unwrap_or_default();
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/_fake/anyapi/touch") => Some(Ok(json!({ "touched": self.touch(id) }))),
            ("POST", "/_fake/anyapi/add") => Some(Ok(json!({ "id": self.add() }))),
            ("POST", "/_fake/anyapi/remove") => Some(Ok(json!({ "removed": self.remove(id) }))),
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "booking" => Some(self.bookings()),
            "note" | "task" | "message" | "tag" | "file" | "document" | "subscription" => Some(self.written(kind)),
            _ => None,
        }
    }

    fn reset(&self) {
        *lock(&self.data) = Data { rows: Rows::seeded(self.seed), ..Data::default() };
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path.ends_with("/files")
    }
}

impl Sheet for AnyApi {
    const NAME: &'static str = "generic";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let data = Mutex::new(Data { rows: Rows::seeded(seed), ..Data::default() });
        Self { seed, clock, access: Access::of(seed), data }
    }

    fn origins(&self) -> Vec<String> {
        [ORIGIN, LOGIN_ORIGIN].map(str::to_owned).to_vec()
    }

    fn describe(&self) -> Value {
        let all = Manner::ALL.map(|manner| (manner.word(), json!(self.credential(manner))));
        json!({ "credentials": all.into_iter().collect::<BTreeMap<_, _>>() })
    }
}

/// The API's own error body.
fn problem(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

fn nothing() -> Answer {
    problem(404, "not_found", "There is nothing here")
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, "bad_request", &format!("fake: {why}")).refused(&why)
}
