//! The loop over the pages of one run: read, check, store, go on.
//!
//! While one page is being stored the next one is already being read and checked: one page ahead, never more, so that
//! memory stays bounded by two pages and a copy. Storing is the longest part, and nothing that can be done beside it stands between
//! two commits.

use std::{sync::Arc, time::Duration};

use patchbay_engine::Instance;
use patchbay_model::{
    Budget, Failure, ReleaseId, Shape,
    contract::{Context, Page, Position, ReadRequest, limits},
    cursor::{self, Checked},
    manifest::{Stream, StreamMode},
    page::{self, Split},
};
use patchbay_store::{
    ClaimedRun, NewDeadLetter, NewDrift, PageCommit, PageRecord, PageStored, RunWork, Step, Sweep, Trigger, Usage,
};
use tokio::time::Instant;

use crate::{App, live::LiveRun, stall::StallGuard, work::stored};

/// Records that a connector is asked for in one page.
const PAGE_HINT: u32 = limits::PAGE_RECORDS;
/// Records of a run from which on it is stopped when more than one in a hundred of them cannot be read; a shorter one
/// reads to its end first.
const TELLING: u64 = 1_000;

/// How a run comes to its end by itself.
pub(super) enum Ended {
    /// There is no more.
    Done,
    /// There is no more, and deletions wait for somebody.
    Held,
    /// A job at the provider is not ready: go on after so long.
    Waiting(Duration),
}

/// What this run has read and handed to the store.
#[derive(Default)]
struct Read {
    pages: u64,
    records: u64,
    refused: u64,
}

/// A page that is sound, and where the stream stands behind it.
struct Sound {
    position: Position,
    commit: PageCommit,
}

pub(super) struct Pages<'a> {
    app: &'a Arc<App>,
    claimed: &'a ClaimedRun,
    work: &'a RunWork,
    context: &'a Context,
    stream: &'a Stream,
    release: &'a ReleaseId,
    live: &'a LiveRun,
    guard: StallGuard,
    shape: Shape,
    /// What the pages so far have told the store.
    counted: Usage,
    read: Read,
    deadline: Instant,
}

/// Whom a run reads for, and with what.
pub(super) struct Reading<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) claimed: &'a ClaimedRun,
    pub(super) work: &'a RunWork,
    pub(super) context: &'a Context,
    pub(super) stream: &'a Stream,
    pub(super) release: &'a ReleaseId,
    pub(super) live: &'a LiveRun,
    pub(super) deadline: Instant,
}

impl<'a> Pages<'a> {
    pub(super) fn of(reading: Reading<'a>) -> Self {
        let Reading { app, claimed, work, context, stream, release, live, deadline } = reading;
        let guard = StallGuard::starting_at(begin_at(work, stream).as_deref());
        let shape = work.shape.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default();
        let (counted, read) = (Usage::default(), Read::default());
        Self { app, claimed, work, context, stream, release, live, guard, shape, counted, read, deadline }
    }

    pub(super) async fn read_all(&mut self, instance: &mut Instance) -> Result<Ended, Failure> {
        let mut page = self.next(instance, begin_at(self.work, self.stream)).await?;
        loop {
            let Sound { position, mut commit } = page;
            self.count(&mut commit, instance);
            let spent = self.spent();
            let app = self.app;
            let commit = async { app.store.commit_page(commit).await.map_err(stored) };
            let stored: PageStored = match &position {
                Position::More(cursor) if spent.is_none() => {
                    let (stored, next) = tokio::join!(commit, self.next(instance, Some(cursor.clone())));
                    stored?;
                    self.live.moved();
                    self.readable(TELLING)?;
                    page = next?;
                    continue;
                }
                _ => commit.await?,
            };
            self.live.moved();
            self.readable(1)?;
            return match &position {
                Position::More(_) => Err(Failure::BudgetSpent(spent.unwrap_or(Budget::Time))),
                Position::Wait(..) if stored.waits > limits::WAITS => {
                    let looks = limits::WAITS;
                    Err(Failure::Stalled(format!("the provider's job was not ready after {looks} looks")))
                }
                Position::Wait(_, after) => Ok(Ended::Waiting(*after)),
                Position::Complete(_) if matches!(stored.sweep, Some(Sweep::Held { .. })) => Ok(Ended::Held),
                Position::End(_) | Position::Complete(_) => Ok(Ended::Done),
            };
        }
    }

    /// The page behind `cursor`, read and checked.
    async fn next(&mut self, instance: &mut Instance, cursor: Option<Vec<u8>>) -> Result<Sound, Failure> {
        let page = instance.read(self.context, &self.ask(cursor)).await?;
        let commit = self.commit(&page)?;
        Ok(Sound { position: page.position, commit })
    }

    /// Gives a page that goes to the store what was used and said until now, and takes note of it. One that was only
    /// read does not count: whatever hinders it from being stored, the end of the run tells what it cost.
    fn count(&mut self, commit: &mut PageCommit, instance: &Instance) {
        let usage = self.unspent(instance);
        self.counted = Usage {
            bytes: self.counted.bytes + usage.bytes,
            requests: self.counted.requests + usage.requests,
            retries: self.counted.retries + usage.retries,
            waited: self.counted.waited + usage.waited,
        };
        (commit.usage, commit.log) = (usage, self.live.take_lines());
        self.read.pages += 1;
        self.read.records += commit.records.len() as u64;
        self.read.refused += commit.refused.len() as u64;
    }

    fn ask(&self, cursor: Option<Vec<u8>>) -> ReadRequest {
        let since_ms = self.work.sync.since.and_then(|since| u64::try_from(since.as_millis()).ok());
        ReadRequest { stream: self.work.sync.stream.clone(), cursor, page_hint: PAGE_HINT, since_ms }
    }

    /// The limit that ends this run here, if one does.
    fn spent(&self) -> Option<Budget> {
        let most = &self.app.settings;
        if Instant::now() >= self.deadline {
            Some(Budget::Time)
        } else if self.read.pages >= most.run_pages {
            Some(Budget::Pages)
        } else if self.read.records >= most.run_records {
            Some(Budget::Records)
        } else if self.counted.bytes >= most.run_bytes {
            Some(Budget::Bytes)
        } else {
            None
        }
    }

    /// Fails when more than one in a hundred records could not be read. What was read is stored by then, and the
    /// others stand in the list of what could not be: one bad record holds up no stream, and many are no success.
    fn readable(&self, at_least: u64) -> Result<(), Failure> {
        let Read { records, refused, .. } = self.read;
        let all = records.saturating_add(refused);
        if all >= at_least && refused.saturating_mul(100) > all {
            return Err(Failure::RecordsRefused(format!("{refused} of {all} records could not be read")));
        }
        Ok(())
    }

    /// What the gate spent since the last page.
    pub(super) fn unspent(&self, instance: &Instance) -> Usage {
        let now = instance.usage();
        Usage {
            bytes: now.bytes_in.saturating_sub(self.counted.bytes),
            requests: now.requests.saturating_sub(self.counted.requests),
            retries: now.retries.saturating_sub(self.counted.retries),
            waited: now.waited.saturating_sub(self.counted.waited),
        }
    }

    /// One page, checked, as the store takes it; without what [`Self::count`] adds.
    fn commit(&mut self, page: &Page) -> Result<PageCommit, Failure> {
        let Split { records, refused, deleted } = page::split(page, &self.stream.key)?;
        self.guard.page(&page.position, records.iter().map(|record| record.key.as_str()))?;
        let cursor = self.checked(&page.position)?;
        let before = self.shape.clone();
        let mut grown = false;
        for record in &records {
            grown |= self.shape.observe(record.content);
        }
        Ok(PageCommit {
            run: self.claimed.run.clone(),
            epoch: self.claimed.epoch,
            records: records
                .into_iter()
                .map(|record| PageRecord { key: record.key, content: record.content.to_owned() })
                .collect(),
            deleted: deleted.into_iter().map(str::to_owned).collect(),
            refused: refused
                .into_iter()
                .map(|one| NewDeadLetter { key: one.key, hash: one.hash, reason: one.reason, excerpt: one.excerpt })
                .collect(),
            cursor,
            step: match page.position {
                Position::More(_) => Step::More,
                Position::Wait(..) => Step::Wait,
                Position::End(_) => Step::End,
                Position::Complete(_) => Step::Complete,
            },
            release: Some(self.release.clone()),
            usage: Usage::default(),
            drifts: if grown { self.drifts(&before) } else { Vec::new() },
            shape: grown.then(|| self.shape.text()),
            log: Vec::new(),
        })
    }

    fn checked(&self, position: &Position) -> Result<Vec<u8>, Failure> {
        let cursor = position.cursor();
        let Some(rule) = &self.stream.cursor else { return Ok(cursor.to_vec()) };
        let ends = matches!(position, Position::End(_) | Position::Complete(_));
        let started_from = self.work.cursor.as_deref();
        match cursor::check(rule, started_from, cursor, self.app.clock.now()).map_err(Failure::CursorWrong)? {
            Checked::Fine => Ok(cursor.to_vec()),
            Checked::Clamped(instead) => Ok(instead),
            Checked::Earlier(instead) => Ok(if ends { instead } else { cursor.to_vec() }),
        }
    }

    /// What a stream that was read before has not had yet. The first time everything is new, and nobody is told.
    fn drifts(&self, before: &Shape) -> Vec<NewDrift> {
        if self.work.sync.last_success_at.is_none() {
            return Vec::new();
        }
        let changes = self.shape.changes_since(before).into_iter();
        changes
            .map(|change| NewDrift { path: change.path, kind: change.kind.as_str().to_owned(), detail: change.detail })
            .collect()
    }
}

/// Where a run begins: where the last one came to its end, a little earlier where the manifest says so. A run that
/// goes on in the middle of what another began does so exactly there.
///
/// A full pass is gone on with only by the run that follows at once: what moved before its place since then would be
/// missed, and taken for gone at its end. Any other begins it afresh.
fn begin_at(work: &RunWork, stream: &Stream) -> Option<Vec<u8>> {
    let cursor = work.cursor.clone()?;
    if !goes_on(stream.mode, work.sync.at_end, work.run.trigger) {
        return None;
    }
    match &stream.cursor {
        Some(rule) if work.sync.at_end => Some(cursor::resume(rule, &cursor)),
        _ => Some(cursor),
    }
}

fn goes_on(mode: StreamMode, at_end: bool, trigger: Trigger) -> bool {
    mode == StreamMode::Incremental || at_end || matches!(trigger, Trigger::More | Trigger::Retry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pass_that_was_broken_off_is_gone_on_with_only_by_the_run_that_follows() {
        use StreamMode::{Full, Incremental};
        use Trigger as T;
        for trigger in [T::Schedule, T::Manual, T::Connect] {
            assert!(!goes_on(Full, false, trigger), "{trigger:?}: what moved meanwhile would be taken for gone");
            assert!(goes_on(Full, true, trigger), "{trigger:?}: there is nothing to go on with");
            assert!(goes_on(Incremental, false, trigger), "{trigger:?}");
        }
        for trigger in [T::More, T::Retry] {
            assert!(goes_on(Full, false, trigger), "{trigger:?}");
        }
    }
}
