//! Requests to the provider, through the host's egress gate.
//!
//! The gate fills in the credential, waits for the declared rate, refreshes an expired token, retries what may be retried and
//! obeys `Retry-After`. So there is no retry and no waiting here: send, look at the status, read.
//!
//! ```no_run
//! use patchbay_sdk::{Result, http::{self, Effect}};
//!
//! # fn read() -> Result<()> {
//! #[derive(serde::Deserialize)]
//! struct User { id: u64, name: String }
//!
//! let user: User = http::get("https://api.acme.example/v1/me").query("fields", "id,name").send()?.ok()?.json()?;
//!
//! http::post("https://api.acme.example/v1/notes")
//!     .json(&serde_json::json!({ "text": "Hello", "by": user.id }))
//!     .effect(Effect::Write)
//!     .step("create")
//!     .send()?
//!     .ok()?;
//! # Ok(()) }
//! ```

mod body;
mod link;
mod request;
mod response;
mod status;

pub use body::{Content, Part};
pub use request::{Credential, Effect, Request, address, delete, get, head, patch, post, put, request};
pub use response::Response;

pub(crate) use body::Body;
pub(crate) use request::WireRequest;
pub(crate) use response::{HttpError, WireResponse};
