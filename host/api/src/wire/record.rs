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

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordList {
    /// The page, by account and key.
    items: Vec<Record>,
    /// Pass it as `after` for the next page; null at the end.
    next: Option<String>,
    /// How many records there are on all pages together; null where nobody knows without reading them, as with `key`.
    total: Option<u64>,
}

impl TryFrom<(patchbay_app::Page<patchbay_app::Record>, Option<u64>)> for RecordList {
    type Error = Problem;

    fn try_from((page, total): (patchbay_app::Page<patchbay_app::Record>, Option<u64>)) -> Result<Self, Problem> {
        let items = page.items.into_iter().map(Record::try_from).collect::<Result<_, _>>()?;
        Ok(Self { items, next: page.next, total })
    }
}
