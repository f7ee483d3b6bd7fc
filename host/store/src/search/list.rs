//! The choices that one sync's records make, and what fits a query among them.

use std::{
    cmp::Ordering,
    collections::HashMap,
    mem::{replace, size_of},
    sync::Arc,
};

use futures_util::TryStreamExt as _;
use patchbay_model::{
    choice::{ID, folded, shown},
    contract::Choice,
};
use serde_json::Value;
use sqlx::{AnyPool, Row as _};

use crate::StoreError;

/// Records that are read in one statement; none of them stays in memory.
const READ: i64 = 1_000;
/// Changes of a tenant that are looked through for those of one sync; with more it is read again as a whole.
const LOOKED_THROUGH: i64 = 20_000;

/// Where in a record things stand, as JSON pointers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Fields {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) parents: Vec<String>,
}

impl Fields {
    /// The choice that a record makes; none where it has no id or no label.
    fn entry(&self, content: &str) -> Option<Entry> {
        // Not `from_str`: this one is compiled with the library, which tests optimise.
        let record: Value = content.parse().ok()?;
        let hint = self.hint.as_deref().and_then(|hint| text(&record, hint));
        let choice = shown(Choice { id: text(&record, &self.value)?, label: text(&record, &self.label)?, hint })?;
        let label = folded(&choice.label);
        let hint = choice.hint.as_deref().map(folded);
        let parents = self.parents.iter().map(|parent| text(&record, parent).filter(|id| id.len() <= ID)).collect();
        Some(Entry { label, hint, parents, choice })
    }
}

/// What stands at a pointer, as text; none for nothing, a list or an object.
fn text(record: &Value, pointer: &str) -> Option<String> {
    match record.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A choice, with what is searched of it.
#[derive(Debug)]
pub(super) struct Entry {
    label: String,
    hint: Option<String>,
    parents: Vec<Option<String>>,
    choice: Choice,
}

impl Entry {
    fn bytes(&self, key: &str) -> usize {
        let of = |text: Option<&String>| text.map_or(0, String::len);
        let parents: usize = self.parents.iter().map(|parent| size_of::<Option<String>>() + of(parent.as_ref())).sum();
        let texts = self.label.len() + self.choice.label.len() + self.choice.id.len() + key.len();
        // What the map and the counted pointer cost besides.
        size_of::<Self>() + 64 + texts + of(self.hint.as_ref()) + of(self.choice.hint.as_ref()) + parents
    }

    fn order(&self, other: &Self) -> Ordering {
        let (one, two) = (&self.choice, &other.choice);
        self.label.cmp(&other.label).then_with(|| one.hint.cmp(&two.hint)).then_with(|| one.id.cmp(&two.id))
    }
}

/// The choices of one sync, by the keys of their records.
#[derive(Default)]
pub(super) struct List {
    entries: HashMap<String, Arc<Entry>>,
    bytes: usize,
    /// The place in the feed up to which it was read; 0 for one that was not.
    upto: i64,
    /// It has no room: nothing is held.
    too_large: bool,
}

impl List {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in what has changed up to `end`; whether the list is whole then. Deletions up to `floor` may have been
    /// forgotten.
    pub(super) async fn catch_up(
        &mut self,
        pool: &AnyPool,
        sync: i64,
        fields: &Fields,
        floor: i64,
        end: i64,
        largest: usize,
    ) -> Result<bool, StoreError> {
        if self.upto == 0 || self.upto < floor || end - self.upto > LOOKED_THROUGH {
            *self = Self::default();
            let mut after = Some(String::new());
            while let Some(from) = after.filter(|_| self.bytes <= largest) {
                after = read(pool, sync, &from, fields, |key, entry| self.put(key, entry)).await?;
            }
        } else if end > self.upto && !self.too_large {
            let changes = sqlx::query(
                "SELECT e.key, e.content FROM records e WHERE e.seq > $1 AND e.seq <= $2 AND e.sync_no = $3",
            );
            let mut changes = changes.bind(self.upto).bind(end).bind(sync).fetch(pool);
            while let Some(row) = changes.try_next().await? {
                let content: Option<String> = row.try_get(1)?;
                self.put(row.try_get(0)?, content.and_then(|content| fields.entry(&content)));
            }
        }
        // Somebody who began later may have been faster.
        self.upto = self.upto.max(end);
        if self.bytes > largest {
            *self = Self { upto: end, too_large: true, ..Self::default() };
        }
        Ok(!self.too_large)
    }

    fn put(&mut self, key: String, entry: Option<Entry>) {
        let added = entry.as_ref().map_or(0, |entry| entry.bytes(&key));
        let before = match entry {
            Some(entry) => match self.entries.get_mut(&key) {
                Some(there) => {
                    let before = replace(there, Arc::new(entry));
                    before.bytes(&key)
                }
                None => {
                    self.entries.insert(key, Arc::new(entry));
                    0
                }
            },
            None => self.entries.remove(&key).map_or(0, |before| before.bytes(&key)),
        };
        self.bytes = (self.bytes + added).saturating_sub(before);
    }

    pub(super) fn search(&self, matches: &mut Matches) {
        for entry in self.entries.values() {
            matches.look_at(entry);
        }
    }
}

/// Searches a stream that is too large to be held.
pub(super) async fn search_unheld(
    pool: &AnyPool,
    sync: i64,
    fields: &Fields,
    matches: &mut Matches,
) -> Result<(), StoreError> {
    let mut after = Some(String::new());
    while let Some(from) = after {
        let look = |_, entry: Option<Entry>| entry.into_iter().for_each(|entry| matches.look_at(&Arc::new(entry)));
        after = read(pool, sync, &from, fields, look).await?;
    }
    Ok(())
}

/// Reads some records of a sync behind a key; the last key, when there may be more.
async fn read(
    pool: &AnyPool,
    sync: i64,
    after: &str,
    fields: &Fields,
    mut each: impl FnMut(String, Option<Entry>),
) -> Result<Option<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.key, e.content FROM records e WHERE e.sync_no = $1 AND e.key > $2 AND e.content IS NOT NULL \
         ORDER BY e.key LIMIT $3",
    );
    let mut rows = rows.bind(sync).bind(after).bind(READ).fetch(pool);
    let (mut count, mut last) = (0, String::new());
    while let Some(row) = rows.try_next().await? {
        let (key, content): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        last.clone_from(&key);
        each(key, fields.entry(&content));
        count += 1;
    }
    Ok((count == READ).then_some(last))
}

/// What is looked for.
pub(super) struct Wanted {
    /// Folded.
    pub(super) text: String,
    /// As it was typed.
    pub(super) id: String,
    /// In the order of [`Fields::parents`].
    pub(super) parents: Vec<String>,
}

impl Wanted {
    /// How well an entry fits; 0 is best.
    fn rank(&self, entry: &Entry) -> Option<u8> {
        let holds = |(there, wanted): (&Option<String>, &String)| there.as_ref() == Some(wanted);
        if !entry.parents.iter().zip(&self.parents).all(holds) {
            return None;
        }
        if entry.label.starts_with(&self.text) {
            return Some(0);
        }
        let hint = || entry.hint.as_ref().is_some_and(|hint| hint.contains(&self.text));
        (entry.label.contains(&self.text) || hint() || entry.choice.id == self.id).then_some(1)
    }
}

/// The best that were found so far.
pub(super) struct Matches {
    wanted: Wanted,
    most: usize,
    found: Vec<(u8, Arc<Entry>)>,
    /// The last one that is worth keeping, once there are enough.
    last: Option<(u8, Arc<Entry>)>,
}

impl Matches {
    pub(super) fn of(wanted: Wanted, most: usize) -> Self {
        Self { wanted, most, found: Vec::new(), last: None }
    }

    fn look_at(&mut self, entry: &Arc<Entry>) {
        let Some(rank) = self.wanted.rank(entry) else { return };
        if let Some((last, worst)) = &self.last
            && rank.cmp(last).then_with(|| entry.order(worst)) == Ordering::Greater
        {
            return;
        }
        self.found.push((rank, Arc::clone(entry)));
        if self.found.len() >= 2 * self.most + 100 {
            self.sort();
        }
    }

    /// Brings them into order; the same choice of several records is one.
    fn sort(&mut self) {
        self.found.sort_by(|(rank, one), (other_rank, other)| rank.cmp(other_rank).then_with(|| one.order(other)));
        self.found.dedup_by(|one, other| one.1.choice == other.1.choice);
        self.found.truncate(self.most);
        if self.found.len() == self.most {
            self.last = self.found.last().cloned();
        }
    }

    /// A page of them, and whether more follow.
    pub(super) fn page(mut self, skip: usize, limit: usize) -> (Vec<Choice>, bool) {
        self.sort();
        let more = self.found.len() > skip.saturating_add(limit);
        let page = self.found.iter().skip(skip).take(limit);
        (page.map(|(_, entry)| entry.choice.clone()).collect(), more)
    }
}
