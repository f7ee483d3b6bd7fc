//! A **definition**: what the generic connector has to know of an API, as data.
//!
//! One component, many integrations. A definition is written as `definition.toml`, checked here, and packaged as the
//! `[config]` of a copy of the component; with an ordinary `connector.toml` beside it that copy is a connector of its own.
//! The component checks what it is given with the same code, because an operator may correct its configuration.
//!
//! | file | what |
//! |---|---|
//! | `keys.rs` | which keys there are, of which kind, and what they mean: one table for checks, JSON Schema and the reference |
//! | `shape.rs` | keys that nobody knows, that are missing, or hold something of another kind |
//! | `definition.rs` | the same as Rust types |
//! | `check.rs` | what has the right shape and is wrong all the same |
//! | `template.rs` | `{placeholders}` |
//! | `pointer.rs` | JSON Pointer, as far as it can be checked |
//! | `beside.rs` | what definition and manifest say of each other |
//! | `read.rs` | `definition.toml` with its lines (feature `toml`) |
//!
//! Nothing here opens a file or a socket.

mod beside;
mod check;
mod definition;
mod finding;
mod keys;
#[cfg(feature = "toml")]
mod lines;
pub mod pointer;
#[cfg(feature = "toml")]
mod read;
mod reference;
mod shape;
pub mod template;

pub use beside::agree;
pub use definition::{
    Accounts, Action, BodyKind, Cursor, CursorFormat, Definition, Deletes, DeletesStyle, Errors, Idempotency, InBody,
    MapRule, Meaning, Owner, Paging, PagingStyle, PartOfForm, Ping, ResultOf, Stream, Throttle,
};
pub use finding::{Finding, Path, Step};
#[cfg(feature = "toml")]
pub use read::{Problem, config, json, parse};
pub use reference::{reference, schema};

use serde_json::Value;

/// The definition that this JSON holds.
///
/// # Errors
/// Everything that is wrong with it: of its shape, or, when that is right, of its meaning.
pub fn of_json(value: &Value) -> Result<Definition, Vec<Finding>> {
    let mut findings = shape::check(value);
    if !findings.is_empty() {
        return Err(findings);
    }
    let definition: Definition = serde_json::from_value(value.clone()).map_err(|error| {
        let remedy = "write it as the reference of definitions says";
        vec![Finding::of(Path::default(), format!("it cannot be read: {error}"), remedy)]
    })?;
    findings = check::check(&definition);
    if findings.is_empty() { Ok(definition) } else { Err(findings) }
}
