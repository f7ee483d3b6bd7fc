//! Write a Patchbay connector in Rust.

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
