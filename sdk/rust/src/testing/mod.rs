//! Running a connector's code natively against recorded answers, in milliseconds and without Wasm.
//!
//! A [`TestHost`] stands in for the host on the current thread for as long as it lives. It answers from fixtures, checks each
//! request as the gate would, and fails the test when an answer was not used.
//!
//! ```
//! use patchbay_sdk::{Auth, Context, Identity, Result, http, testing::TestHost};
//!
//! struct Acme;
//!
//! impl Auth for Acme {
//!     fn identify(_: &Context) -> Result<Identity> {
//!         #[derive(serde::Deserialize)]
//!         struct Me { id: u64, name: String }
//!         let answer = http::get("https://api.acme.example/v1/me").send()?.ok()?;
//!         let me: Me = answer.json()?;
//!         Ok(Identity::of(me.id, me.name))
//!     }
//! }
//!
//! let _host = TestHost::answering(r#"[
//!     { "request": { "method": "GET", "url": "https://api.acme.example/v1/me" },
//!       "answer":  { "status": 200, "body": { "id": 7, "name": "Acme BV" } } }
//! ]"#);
//! assert_eq!(Acme::identify(&Context::default()).unwrap().name, "Acme BV");
//! ```
//!
//! # Fixtures
//!
//! A fixture is one call and the provider's part of it, in a file of its own that is read with `include_str!`. `patchbay check`
//! runs the packaged component over the same files, and `patchbay record` writes them:
//!
//! ```json
//! {
//!   "fixture": 1,
//!   "call": { "read": { "stream": "notes", "page-hint": 2 } },
//!   "context": { "facts": { "office": "acme" } },
//!   "now": "2026-11-21T10:00:00Z",
//!   "exchanges": [
//!     { "request": { "method": "GET", "url": "https://api.acme.example/v1/notes?page=0&per_page=2" },
//!       "answer":  { "body": [{ "id": 1 }, { "id": 2 }] } }
//!   ]
//! }
//! ```
//!
//! A test makes the call itself, so [`TestHost`] takes `exchanges` and, where it is said, `now`; a bare array of exchanges does
//! as well. What `call` and `context` hold, and which file is looked for where, is in the repository's `plugins/README.md`.
//!
//! | member of an exchange | what |
//! |---|---|
//! | `request.method` | upper case |
//! | `request.url` | absolute; the order of query parameters does not matter, everything else does |
//! | `request.headers` | object; those that must be there, with these values. Others may be there too |
//! | `request.body` | JSON that the body must equal; left out, the body is not looked at |
//! | `request.effect` | `read` (when left out), `repeatable` or `write` |
//! | `request.step` | the step's name; left out for none |
//! | `request.credential` | `standard` (when left out), `nothing` or a slot's id |
//! | `answer.status` | 200 when left out |
//! | `answer.headers` | object; `content-type` is `application/json` when there is a `body` and it is not said |
//! | `answer.body` | JSON |
//! | `answer.text` | instead of `body`: any text, such as HTML or cut JSON |
//! | `answer.base64` | instead of `body`: bytes that are no text |
//! | `answer.fails` | instead of an answer: `not-sent`, `unknown`, `too-large`, `denied`, `stopped` or `other` |
//!
//! A request takes the first unused exchange with its method and address; with [`TestHost::in_order`] it must be the very next.
//! Fixtures are written by hand or recorded; they hold no credentials, because the connector never sees one.

mod blobs;
pub(crate) mod current;
mod exchange;
mod reading;
mod test_host;

pub use reading::{Reading, read_all};
pub use test_host::{LogLine, SentRequest, TestHost};
