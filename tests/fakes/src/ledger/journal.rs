//! The ledger's own journal: a short line for each request, in memory and in the file before the first byte of the
//! answer leaves. Records are pairs of id and revision, those of `/bulk` a range, so that millions of them fit.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lock;

/// One request and what it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Counts from 1, without gaps, over restarts too.
    pub seq: u64,
    /// When the answer was made.
    pub at: Timestamp,
    /// Upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Name of the key that was sent; none when it is not known.
    pub key: Option<String>,
    /// Status of the answer; none when the caller got none.
    pub status: Option<u16>,
    /// Whether the answer left as it was meant: not cut, spoilt, or replaced by a rule.
    pub honest: bool,
    /// The rule of the chaos script that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What was in it.
    #[serde(flatten)]
    pub facts: Facts,
}

/// What was in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `entries`, `removals`, `snapshot`, `report`, `lines/ACCOUNT`, `bulk`, `tick`; empty where no list was asked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list: String,
    /// Which page was asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub page: u64,
    /// What `since` asked for, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Which page was said to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Id and revision of each record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<(u64, u32)>,
    /// Those of them that were served as poison.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spoilt: Vec<u64>,
    /// Ids that were told to be gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<u64>,
    /// Of `/bulk`: the first id, how many, and their revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<(u64, u64, u32)>,
    /// Why the request was refused, when it is not in the sheet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The visits of one ledger.
pub struct LedgerJournal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    visits: Vec<Visit>,
    last: u64,
    file: File,
}

impl LedgerJournal {
    /// Opens the file, and goes on after what is in it.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let visits = if path.exists() { Self::read(&path)? } else { Vec::new() };
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let last = visits.last().map_or(0, |visit| visit.seq);
        Ok(Self { path, inner: Mutex::new(Inner { visits, last, file }) })
    }

    /// The visits of a file that a ledger left behind, or still writes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line before the last is no visit. The last line may be cut: no answer left.
    pub fn read(path: &Path) -> io::Result<Vec<Visit>> {
        let text = std::fs::read_to_string(path)?;
        let mut visits = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            match serde_json::from_str(line) {
                Ok(visit) => visits.push(visit),
                Err(_) if lines.peek().is_none() => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(visits)
    }

    /// Where the JSON lines are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All visits, in order.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        self.since(0)
    }

    /// The visits after this number.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<Visit> {
        lock(&self.inner).visits.iter().filter(|visit| visit.seq > seq).cloned().collect()
    }

    /// The number of the last visit; 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        lock(&self.inner).last
    }

    /// Visits whose path and query begin like this.
    #[must_use]
    pub fn count(&self, target: &str) -> usize {
        lock(&self.inner).visits.iter().filter(|visit| visit.target.starts_with(target)).count()
    }

    /// The newest revision of each record of a list that left as it was meant, by id; what was poison, or was
    /// told to be gone since, is not among them.
    #[must_use]
    pub fn newest(&self, list: &str) -> BTreeMap<u64, u32> {
        newest(&lock(&self.inner).visits, list)
    }

    /// Every id and revision of a list that was ever in an answer, however that ended.
    #[must_use]
    pub fn ever(&self, list: &str) -> BTreeSet<(u64, u32)> {
        ever(&lock(&self.inner).visits, list)
    }

    /// Forgets the visits in memory; the file keeps them, and numbers go on.
    pub fn forget(&self) {
        lock(&self.inner).visits.clear();
    }

    /// Adds a visit; its number is given here. Whether it reached the file.
    pub(super) fn add(&self, mut visit: Visit) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        visit.seq = inner.last;
        let mut line = serde_json::to_vec(&visit).map_err(io::Error::other)?;
        line.push(b'\n');
        inner.visits.push(visit);
        inner.file.write_all(&line)
    }
}

/// [`LedgerJournal::newest`] of visits that were read from the file or over the control address.
#[must_use]
pub fn newest(visits: &[Visit], list: &str) -> BTreeMap<u64, u32> {
    let mut newest = BTreeMap::new();
    for visit in visits.iter().filter(|visit| visit.honest && visit.status == Some(200) && visit.facts.list == list) {
        for id in &visit.facts.deleted {
            newest.remove(id);
        }
        for (id, revision) in records(&visit.facts) {
            if !visit.facts.spoilt.contains(&id) {
                let known = newest.entry(id).or_insert(revision);
                *known = revision.max(*known);
            }
        }
    }
    newest
}

/// [`LedgerJournal::ever`] of visits that were read from the file or over the control address.
#[must_use]
pub fn ever(visits: &[Visit], list: &str) -> BTreeSet<(u64, u32)> {
    visits.iter().filter(|visit| visit.facts.list == list).flat_map(|visit| records(&visit.facts)).collect()
}

fn records(facts: &Facts) -> impl Iterator<Item = (u64, u32)> {
    let (first, count, revision) = facts.bulk.unwrap_or_default();
    facts.served.iter().copied().chain((first..first.saturating_add(count)).map(move |id| (id, revision)))
}
