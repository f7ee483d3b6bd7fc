//! Pickers: the host searches its own records by what their manifest's pointers point to.
//!
//! Reading 20,000 JSON documents at every letter that somebody types takes too long, so what was pointed to is held in
//! memory ([`list`]): folded for searching whatever the case, one list for each sync and picker. A list stays true
//! because records stand at the place of their last change: each search first takes in what changed behind the place up
//! to which the list was read. The lists of a node share a bounded room; a stream that is too large for it is searched
//! as it is read.
//!
//! What was typed has no signs with a meaning of their own. A label that begins with it comes before one that has it
//! elsewhere, and before a hint that has it; an id is found by all of it.

mod list;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::{ConnectionId, TenantId, Timestamp, choice::folded, contract::Choice};

use self::list::{Fields, List, Matches, Wanted};
use crate::{
    Store, StoreError,
    commit::SEQ_BITS,
    row::{Reader, Row, many},
    syncs::is_read,
};

/// What a picker looks for.
#[derive(Debug, Clone, Default)]
pub struct RecordSearch {
    /// The stream.
    pub stream: String,
    /// Of this account (provider id).
    pub account: Option<String>,
    /// JSON pointer to what goes into the push's target.
    pub value: String,
    /// JSON pointer to what the person reads.
    pub label: String,
    /// JSON pointer to what tells equal labels apart.
    pub hint: Option<String>,
    /// JSON pointers and what they must hold: the choices that this one depends on.
    pub parents: Vec<(String, String)>,
    /// What label or hint must contain, whatever its case, or what the value is; empty for all.
    pub query: String,
    /// So many are left out: those of the pages before.
    pub skip: u32,
    /// At most so many, and at most 200.
    pub limit: u32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsFound {
    /// In the order to show.
    pub choices: Vec<Choice>,
    /// Whether there are more behind them.
    pub more: bool,
    /// When what was searched was last read to its end; of several accounts, the one that was read longest ago. None
    /// where one never was.
    pub as_of: Option<Timestamp>,
    /// Whether it is being read just now, or is about to be.
    pub refreshing: bool,
    /// Whether nobody has said yet that a picker searches the stream ([`Store::set_picked`]).
    pub unmarked: bool,
}

/// The largest page, and how far pages go.
const LIMIT: u32 = 200;
const FURTHEST: u32 = 10_000;
/// Bytes of all lists of a node, and of one of them.
const ROOM: usize = 64 << 20;
const LARGEST: usize = 32 << 20;

/// Where a stream of an account stands.
struct Source {
    no: i64,
    /// The place of the tenant's last change, and the one up to which deletions were forgotten.
    end: i64,
    floor: i64,
    as_of: Option<Timestamp>,
    open: bool,
    picked: bool,
    read: bool,
}

impl Row for Source {
    const TABLE: &'static str = "syncs";
    const FROM: &'static str = "syncs s";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let no = r.next("no")?;
        let base = r.next::<i64>("no")? << SEQ_BITS;
        let (seq, floor): (i64, i64) = (r.next("seq")?, r.next("seq_floor")?);
        let (as_of, open) = (r.next("last_success_at")?, r.next("state")?);
        let (picked, read) = (r.next("picked")?, r.next("read")?);
        Ok(Self { no, end: base + seq, floor: base + floor, as_of, open, picked, read })
    }
}

impl Store {
    /// Records of a stream that fit what was typed, in the order to show. Of syncs that are not read nothing is found.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn search_records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        search: &RecordSearch,
    ) -> Result<RecordsFound, StoreError> {
        self.readable(tenant, connection).await?;
        let sources = sqlx::query(concat!(
            "SELECT s.no, t.no, t.seq, t.seq_floor, s.last_success_at, EXISTS (SELECT 1 FROM runs r WHERE r.sync = s.id \
             AND r.state IN ('due', 'running') AND (r.state = 'running' OR r.next_at <= $4)), s.picked, ",
            is_read!(),
            " FROM syncs s JOIN tenants t ON t.id = s.tenant WHERE s.connection = $1 AND s.stream = $2 \
             AND ($3 IS NULL OR s.account = $3) AND s.bury IS NULL ORDER BY s.no"
        ))
        .bind(connection.as_str())
        .bind(search.stream.as_str())
        .bind(search.account.as_deref())
        .bind(self.now().as_micros());
        let mut sources: Vec<Source> = many(self.read(), sources).await?;
        let unmarked = sources.iter().any(|source| !source.picked);
        sources.retain(|source| source.read);
        let fields = Arc::new(Fields {
            value: search.value.clone(),
            label: search.label.clone(),
            hint: search.hint.clone(),
            parents: search.parents.iter().map(|(pointer, _)| pointer.clone()).collect(),
        });
        let wanted = Wanted {
            text: folded(search.query.trim()),
            id: search.query.trim().to_owned(),
            parents: search.parents.iter().map(|(_, id)| id.clone()).collect(),
        };
        let (skip, limit) = (search.skip.min(FURTHEST), search.limit.min(LIMIT));
        let mut matches = Matches::of(wanted, skip as usize + limit as usize + 1);
        for source in &sources {
            self.search_source(source, &fields, &mut matches).await?;
        }
        let (choices, more) = matches.page(skip as usize, limit as usize);
        let as_of = sources.iter().map(|source| source.as_of).min().flatten();
        let refreshing = sources.iter().any(|source| source.open);
        Ok(RecordsFound { choices, more: more && skip < FURTHEST, as_of, refreshing, unmarked })
    }

    async fn search_source(
        &self,
        source: &Source,
        fields: &Arc<Fields>,
        matches: &mut Matches,
    ) -> Result<(), StoreError> {
        let key = (source.no, Arc::clone(fields));
        let held = self.searches.list(&key);
        // One search of a list at a time: two that begin together read the records once.
        let mut list = held.lock().await;
        let whole = list.catch_up(self.read(), source.no, fields, source.floor, source.end, LARGEST).await?;
        if whole {
            list.search(matches);
        } else {
            list::search_unheld(self.read(), source.no, fields, matches).await?;
        }
        let bytes = list.bytes();
        drop(list);
        self.searches.took(&key, bytes);
        Ok(())
    }
}

type Key = (i64, Arc<Fields>);

/// The lists of this node.
#[derive(Default)]
pub(crate) struct Searches(Mutex<Held>);

#[derive(Default)]
struct Held {
    lists: HashMap<Key, Slot>,
    /// Raised with every search, to know which list was used longest ago.
    uses: u64,
}

struct Slot {
    list: Arc<tokio::sync::Mutex<List>>,
    bytes: usize,
    used: u64,
}

impl Searches {
    fn list(&self, key: &Key) -> Arc<tokio::sync::Mutex<List>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.uses += 1;
        let used = held.uses;
        let fresh = || Slot { list: Arc::default(), bytes: 0, used };
        let slot = held.lists.entry(key.clone()).or_insert_with(fresh);
        slot.used = used;
        Arc::clone(&slot.list)
    }

    /// Notes how large a list is, and drops those that were used longest ago when all of them are too large.
    fn took(&self, key: &Key, bytes: usize) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = held.lists.get_mut(key) {
            slot.bytes = bytes;
        }
        let mut total: usize = held.lists.values().map(|slot| slot.bytes).sum();
        while total > ROOM {
            let oldest = held.lists.iter().filter(|(other, slot)| *other != key && slot.bytes > 0);
            let Some(oldest) = oldest.min_by_key(|(_, slot)| slot.used).map(|(oldest, _)| oldest.clone()) else {
                break;
            };
            total -= held.lists.remove(&oldest).map_or(0, |slot| slot.bytes);
        }
    }
}

#[cfg(test)]
mod tests;
