//! Write a Patchbay connector in Rust.
//!
//! A **connector** is one sandboxed WebAssembly component for one provider. The host does what must be trusted: it logs in,
//! keeps the credential, schedules, sends the requests, stores records and cursors, journals writes. The connector says what
//! to ask the provider and how to read the answer. It never sees a credential, has no clock, no files and no sockets of its
//! own, and neither retries nor waits: the host does.
//!
//! | part | trait | asked for |
//! |---|---|---|
//! | auth | [`Auth`] | whose account it is: always |
//! | fetch | [`Fetch`] | reading streams, a page at a time |
//! | push | [`Push`] | writing one item |
//!
//! # A whole connector
//!
//! Acme's API lists notes in pages, oldest change first (`GET /v1/notes?since=…&page=…`), and takes new ones
//! (`POST /v1/notes`). Four files make the connector; `patchbay new acme.notes --lang rust` writes such ones.
//!
//! **`Cargo.toml`**
//!
//! ```toml
//! [package]
//! name = "acme-connector"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib", "rlib"]   # the component, and a library for the tests
//!
//! [dependencies]
//! patchbay-sdk = { path = ".patchbay/sdk/rust" }   # `patchbay build` puts it there
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! **`connector.toml`**: what it is and asks for, read before any of its code runs. Every key is explained in the repository's
//! `plugins/README.md`.
//!
//! ```toml
//! id = "acme.notes"
//! version = "0.1.0"
//! contract = "0.1.0"
//! name = "Acme"
//! category = "productivity"
//! summary = "Reads and writes notes."
//!
//! [[auth]]
//! id = "key"
//! kind = "fields"
//! label = "API key"
//! [[auth.field]]
//! id = "key"
//! label = "API key"
//! type = "secret"
//! [[auth.slot]]
//! id = "key"
//! standard = true
//! place = "header"
//! name = "X-Api-Key"
//! value = "{key}"
//!
//! [[host]]
//! origin = "https://api.acme.example"
//! paths = ["/v1/"]
//! methods = ["GET", "POST"]
//! slots = ["key"]
//! reason = "Acme's programming interface."
//!
//! [[stream]]
//! name = "notes"
//! title = "Notes"
//! key = ["/id"]
//! schedule = "15m"
//! function = "notes"
//! meaning = "All notes, with their authors."
//!
//! [[action]]
//! name = "note"
//! title = "Add a note"
//! function = "notes"
//! meaning = "Adds a note in the name of the key's owner."
//! idempotency = "key"
//! schema = '''{ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] }'''
//! ```
//!
//! **`src/lib.rs`**
//!
//! ```
//! use patchbay_sdk::{
//!     Auth, Context, Fetch, Identity, Item, Object, Outcome, Page, Push, ReadRequest, Result, connector,
//!     http::{self, Effect},
//!     run,
//! };
//! use serde::{Deserialize, Serialize};
//!
//! const API: &str = "https://api.acme.example/v1";
//!
//! pub struct Acme;
//!
//! impl Auth for Acme {
//!     fn identify(_: &Context) -> Result<Identity> {
//!         #[derive(Deserialize)]
//!         struct Me { id: u64, company: String, email: String }
//!
//!         // `send` goes through the host's gate, which puts the key on; `ok` makes an error of a bad status;
//!         // `json` refuses HTML, an empty body and cut JSON.
//!         let answer = http::get(format!("{API}/me")).send()?.ok()?;
//!         let me: Me = answer.json()?;
//!         Ok(Identity::of(me.id, me.company).login(me.email))
//!     }
//! }
//!
//! /// What the next call has to know. The host keeps it, together with the records of the page.
//! #[derive(Default, Serialize, Deserialize)]
//! struct Cursor { since: Option<String>, page: u32 }
//!
//! impl Fetch for Acme {
//!     fn read(_: &Context, request: &ReadRequest) -> Result<Page> {
//!         if request.stream != "notes" {
//!             return Err(request.unsupported());
//!         }
//!         let cursor: Cursor = request.cursor()?.unwrap_or_default();
//!         let answer = http::get(format!("{API}/notes"))
//!             .query("page", cursor.page)
//!             .query("per_page", request.page_size(100))
//!             .query_maybe("since", cursor.since.as_deref())
//!             .send()?
//!             .ok()?;
//!         let until = answer.header("x-read-until").map(str::to_owned);
//!         let more = answer.link("next").is_some();
//!         // The provider's array passes through as it is.
//!         let records = answer.records()?;
//!         if more {
//!             Page::more(records, &Cursor { page: cursor.page + 1, ..cursor })
//!         } else {
//!             Page::end(records, &Cursor { since: until.or(cursor.since), page: 0 })
//!         }
//!     }
//! }
//!
//! impl Push for Acme {
//!     fn push(_: &Context, item: &Item) -> Result<Outcome> {
//!         #[derive(Deserialize, Serialize)]
//!         struct Note { text: String }
//!         #[derive(Deserialize)]
//!         struct Created { id: u64 }
//!
//!         if item.action != "note" {
//!             return Err(item.unsupported());
//!         }
//!         let note: Note = item.payload()?;
//!         // A write names its step: the host journals it before the first byte leaves, and never sends it twice.
//!         let answer = http::post(format!("{API}/notes"))
//!             .header("idempotency-key", run::step_key("create"))
//!             .json(&note)
//!             .effect(Effect::Write)
//!             .step("create")
//!             .send()?
//!             .ok()?;
//!         Ok(Outcome::Created(Object::of(answer.json::<Created>()?.id)))
//!     }
//! }
//!
//! connector!(Acme);
//!
//! # use patchbay_sdk::testing::{TestHost, read_all};
//! # let _host = TestHost::answering(r#"[
//! #   { "request": { "method": "GET", "url": "https://api.acme.example/v1/notes?page=0&per_page=100" },
//! #     "answer": { "headers": { "link": "<x>; rel=\"next\"" }, "body": [{ "id": 1 }] } },
//! #   { "request": { "method": "GET", "url": "https://api.acme.example/v1/notes?page=1&per_page=100" },
//! #     "answer": { "headers": { "x-read-until": "2026-11-21" }, "body": [{ "id": 2 }] } }
//! # ]"#);
//! # let reading = read_all::<Acme>(&Context::default(), ReadRequest::of("notes")).unwrap();
//! # assert_eq!(reading.records.len(), 2);
//! # assert_eq!(reading.position.cursor(), br#"{"since":"2026-11-21","page":0}"#);
//! ```
//!
//! **`tests/connector.rs`**: the code runs natively against recorded answers, in milliseconds; see [`testing`] for the format of
//! the fixtures.
//!
//! ```text
//! use patchbay_sdk::{Context, ReadRequest, testing::{TestHost, read_all}};
//!
//! #[test]
//! fn notes_are_read_page_by_page() {
//!     let _host = TestHost::answering(include_str!("../fixtures/notes.json")).in_order();
//!     let reading = read_all::<Acme>(&Context::default(), ReadRequest::of("notes")).unwrap();
//!     assert_eq!(reading.records.len(), 2);
//! }
//! ```
//!
//! `patchbay check` builds the component and tries it, `patchbay package` packs component and manifest into one file.
//!
//! # What to keep in mind
//!
//! - **The case of an error decides what the host does**; see [`Case`]. [`Response::ok`](http::Response::ok) and
//!   [`Response::json`](http::Response::json) choose sensible ones; look at the status yourself only where the provider uses it in
//!   its own way.
//! - **A cursor must be true when the page is stored.** Put into it all that the next call needs, and nothing that was not
//!   read. Everything else that a connector remembers is gone after the run.
//! - **`Page::end` says "up to date", `Page::complete` says "this was all"**: after `complete` the host deletes what the pass did
//!   not return. When in doubt, `end`.
//! - **A list that is paged by number shifts while it is read.** Where the provider can filter by change, go on from the newest
//!   change of the page instead of from the next number.
//! - **A write whose answer is lost is `outcome-unknown`.** The host resolves it by the action's `idempotency`: `key` (the provider
//!   takes [`run::step_key`]), `find` (implement [`Push::find`]), `upsert`, or `none` (a person looks).
//! - **Nothing from the provider is certain.** No `unwrap`, no indexing; a field that the provider's documents do not promise is an
//!   `Option`.

#[cfg(target_family = "wasm")]
#[expect(missing_docs, reason = "generated from wit/, where every item is documented")]
mod bindings;
pub mod blob;
mod connector;
mod context;
mod error;
#[cfg(target_family = "wasm")]
mod export;
mod host;
pub mod http;
mod identity;
mod item;
pub mod log;
mod page;
mod read;
mod record;
pub mod run;
mod shape;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod time;

pub use connector::{Auth, Fetch, Push};
pub use context::Context;
pub use error::{Case, Error, Result};
pub use identity::{Account, Identity};
pub use item::{Attachment, Item, Object, Outcome};
pub use page::{CURSOR_BYTES, PAGE_BYTES, PAGE_RECORDS, Page, Position, RECORD_BYTES, Records};
pub use read::{Choice, Choices, PickRequest, ReadRequest, StreamInfo};
pub use serde_json::value::RawValue;

/// What [`connector!`] needs in the connector's crate; not for people.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{auth, fetch, push};
    pub use crate::export::Exported;
}
