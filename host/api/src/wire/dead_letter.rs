//! Records that could not be read, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, account};

/// Something that a connector sent for a record and that could not be stored; each content once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    /// The account's id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// The stream.
    #[schema(example = "invoices")]
    stream: String,
    /// The run that met it last.
    run: String,
    /// The record's key, where it has one.
    key: Option<String>,
    /// Why it could not be read.
    #[schema(example = "a record without a key: nothing usable at /id")]
    reason: String,
    /// How it begins; bounded, and perhaps no JSON.
    excerpt: String,
    /// SHA-256 of all of it, hex.
    hash: String,
    /// How often it was met.
    times: u64,
    /// When first.
    first_at: Time,
    /// When last.
    last_at: Time,
}

impl From<patchbay_app::DeadLetter> for DeadLetter {
    fn from(row: patchbay_app::DeadLetter) -> Self {
        Self {
            account: account(row.account),
            stream: row.stream,
            run: row.run.to_string(),
            key: row.key,
            reason: row.reason,
            excerpt: row.excerpt,
            hash: row.hash,
            times: row.times,
            first_at: row.first_at.into(),
            last_at: row.last_at.into(),
        }
    }
}
