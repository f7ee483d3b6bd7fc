//! What a test tells the ledger: as values here, as JSON under `/_fake/changes`.

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};

/// A change of what the ledger holds, or of how it behaves for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// New records under the next free ids.
    Add {
        /// `entries`, `removals`, `snapshot`, `report` or `lines/ACCOUNT`.
        list: String,
        /// How many.
        count: u64,
        /// When all of them changed; each a moment of its own, now, when left out.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// A new revision of each of these records; one that is not there is made.
    Put {
        /// The list.
        list: String,
        /// Which.
        ids: Vec<u64>,
        /// When they say that they changed: the future, the past, all at once.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// A new revision of every so-maniest record, by id.
    Touch {
        /// The list.
        list: String,
        /// Every so-maniest.
        one_in: u64,
    },
    /// These records are gone; `/deleted` tells it of those of `removals`.
    Remove {
        /// The list.
        list: String,
        /// Which.
        ids: Vec<u64>,
    },
    /// The records of `/bulk` are new revisions; so many there are from now on.
    Bulk {
        /// How many.
        records: u64,
    },
    /// The record of `/tick` is a new revision.
    Tick,
    /// A report is ready at the look after so many.
    ReportLooks {
        /// How many looks find it unfinished.
        looks: u32,
    },
    /// So many accounts there are, `a1` and on.
    Accounts {
        /// How many.
        count: u64,
    },
    /// From now on every so-maniest record (by id) of the lists is served spoilt, in turn by these kinds; none
    /// when there are no kinds.
    Poison {
        /// The kinds.
        kinds: Vec<Poison>,
        /// Every so-maniest.
        one_in: u64,
    },
    /// The key of this name is refused, or accepted again.
    Key {
        /// `owner`, `other`, `load-17`.
        name: String,
        /// Whether it is accepted.
        accepted: bool,
    },
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Poison {
    /// There is no `id`.
    NoId,
    /// `id` is null.
    NullId,
    /// `id` ends with a NUL.
    NulId,
    /// It has 2 MiB.
    Large,
    /// `n` is `1e400`.
    HugeNumber,
    /// It is no object.
    NotObject,
}
