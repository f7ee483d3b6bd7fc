//! Records on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Raw, Time, account};
use crate::problem::Problem;

/// A record as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Record {
    /// Unique in (connection, account, stream).
    key: String,
    /// The account's id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// The record, as the connector sent it.
    record: Raw,
    /// When it appeared here.
    first_seen_at: Time,
    /// When its content last changed here.
    updated_at: Time,
}

impl TryFrom<patchbay_app::Record> for Record {
    type Error = Problem;

    fn try_from(row: patchbay_app::Record) -> Result<Self, Problem> {
        Ok(Self {
            key: row.key,
            account: account(row.account),
            record: row.content.try_into()?,
            first_seen_at: row.first_seen.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
