//! The feed of changes on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Raw, Time, account};
use crate::problem::Problem;

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    /// In the order in which they were committed.
    changes: Vec<Change>,
    /// Pass it as `after` to go on. Keep it together with what you stored.
    next_after: u64,
    /// Whether there may be more at once; else ask again later.
    more: bool,
    /// While you read from the beginning (`after=0`), pass it back as `began` until `more` is false.
    began: u64,
}

/// One change: a record at its newest state, or its deletion.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Its place in the feed of the tenant; only rises.
    seq: u64,
    /// The connection.
    connection: String,
    /// The account's id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// The stream.
    stream: String,
    /// The record's key.
    key: String,
    /// What happened.
    operation: Operation,
    /// When it was stored.
    at: Time,
    /// The record as the connector sent it; null when it was deleted.
    record: Option<Raw>,
}

/// What happened to a record since the place that was asked from: `create` (it appeared), `update` (its content
/// changed) or `delete`. A record that appeared and changed in between comes once, as `update`: take both as
/// "this is what it is now".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Create,
    Update,
    Delete,
}

impl From<patchbay_app::Operation> for Operation {
    fn from(inside: patchbay_app::Operation) -> Self {
        match inside {
            patchbay_app::Operation::Create => Self::Create,
            patchbay_app::Operation::Update => Self::Update,
            patchbay_app::Operation::Delete => Self::Delete,
        }
    }
}

impl TryFrom<patchbay_app::Change> for Change {
    type Error = Problem;

    fn try_from(row: patchbay_app::Change) -> Result<Self, Problem> {
        Ok(Self {
            seq: row.seq,
            connection: row.connection.to_string(),
            account: account(row.account),
            stream: row.stream,
            key: row.key,
            operation: row.operation.into(),
            at: row.at.into(),
            record: row.content.map(Raw::try_from).transpose()?,
        })
    }
}

impl Changes {
    /// What was found when the feed had come to `end`.
    pub(crate) fn behind(
        filter: &patchbay_app::FeedFilter,
        end: u64,
        rows: Vec<patchbay_app::Change>,
    ) -> Result<Self, Problem> {
        let changes = rows.into_iter().map(Change::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            next_after: match changes.last() {
                Some(last) if changes.len() >= filter.limit as usize => last.seq,
                // There is no more, so a quiet stream's reader keeps up with the others.
                last => last.map_or(filter.after, |last| last.seq).max(end),
            },
            more: changes.len() >= filter.limit as usize,
            began: if filter.after == 0 { end } else { filter.began },
            changes,
        })
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ConnectionId, ManualClock, SeededRandom, Timestamp};

    use super::*;

    fn row(seq: u64, operation: patchbay_app::Operation, content: Option<&str>) -> patchbay_app::Change {
        patchbay_app::Change {
            seq,
            connection: ConnectionId::fresh(&ManualClock::at(Timestamp::from_millis(0)), &SeededRandom::new(1)),
            account: String::new(),
            stream: "issues".to_owned(),
            key: "7".to_owned(),
            operation,
            at: Timestamp::default(),
            content: content.map(str::to_owned),
        }
    }

    #[test]
    fn an_empty_part_of_the_feed_keeps_the_place() {
        let filter = patchbay_app::FeedFilter { after: 41, limit: 10, ..patchbay_app::FeedFilter::default() };
        let part = Changes::behind(&filter, 41, Vec::new()).ok().expect("a part");
        assert_eq!((part.next_after, part.more), (41, false));
        let part = Changes::behind(&filter, 99, Vec::new()).ok().expect("a part");
        assert_eq!(part.next_after, 99, "others have moved on");
    }

    #[test]
    fn a_full_part_says_that_there_may_be_more_and_a_deletion_has_no_record() {
        use patchbay_app::Operation as Inside;
        let rows = vec![row(42, Inside::Update, Some("{}")), row(43, Inside::Delete, None)];
        let part = Changes::behind(
            &patchbay_app::FeedFilter { after: 41, limit: 2, ..patchbay_app::FeedFilter::default() },
            99,
            rows,
        )
        .ok()
        .expect("a part");
        assert_eq!((part.next_after, part.more), (43, true));
        let operations = part.changes.iter().map(|change| change.operation).collect::<Vec<_>>();
        assert_eq!(operations, [Operation::Update, Operation::Delete]);
        assert!(part.changes[1].record.is_none());
    }
}
