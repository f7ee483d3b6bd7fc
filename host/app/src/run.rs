//! One run: a stream of one account, read page by page until there is no more.
//!
//! **What is promised.** A page's records, its deletions, its changes in the feed and the cursor behind
//! it are one transaction, fenced by the run's epoch. So after any crash the stream goes on at the last
//! cursor, and what lay before it is stored: nothing is lost. A page that is read again stores nothing
//! twice, because a record is known by its key and its content's hash. A run whose lease is gone writes
//! nothing any more: another worker owns the stream.
//!
//! While one page is being stored the next one is already being read: one page ahead, never more, so
//! that memory stays bounded by two pages.

use std::{sync::Arc, time::Duration};

use patchbay_egress::Writes;
use patchbay_engine::{Instance, NoBlobs, NoSteps, RunScope};
use patchbay_model::{
    ConnectionState, Failure, Fault, Outcome, ReleaseId, RunState,
    contract::{ConnectorError, Context, ErrorInfo, Page, Position, ReadRequest, limits},
};
use patchbay_store::{
    BreakConnection, ClaimedRun, CursorFate, NextRun, PageCommit, PageRecord, PageStored, RunEnd, RunWork, Step, Sweep,
    Trigger, Usage,
};
use tokio::{sync::watch, time::Instant};

use crate::{
    App,
    page::{self, Record},
    runlog::RunLog,
    stall::StallGuard,
    work::{context_of, stored, unusable},
};

/// Records that a connector is asked for in one page.
const PAGE_HINT: u32 = limits::PAGE_RECORDS;

/// What a run used that its pages have not told the store.
#[derive(Default)]
struct Spent {
    usage: Usage,
    /// Version of the credential that was used last.
    credential: Option<i64>,
}

impl App {
    /// Executes a claimed run to its end and writes the end down.
    pub(crate) async fn run(self: &Arc<Self>, claimed: ClaimedRun) {
        let (stop, stopped) = watch::channel(false);
        let pulse = self.keep_lease(claimed.clone(), stop);
        let mut spent = Spent::default();
        let result = tokio::select! {
            result = self.read_stream(&claimed, stopped, &mut spent) => result,
            failure = pulse => Err(failure),
        };
        self.end_run(&claimed, result, &spent).await;
    }

    /// Renews the lease until it is gone, somebody cancels, or the host stops; then says which.
    async fn keep_lease(self: &Arc<Self>, claimed: ClaimedRun, stop: watch::Sender<bool>) -> Failure {
        let mut host_stops = self.stop.clone();
        let mut every = tokio::time::interval(self.settings.lease / 3);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                _ = host_stops.wait_for(|stop| *stop) => {
                    let _ = stop.send(true);
                    return Failure::ShuttingDown;
                }
            }
            match self.store.heartbeat_run(&claimed.run, claimed.epoch, self.settings.lease).await {
                Ok(beat) if !beat.cancel_requested => {}
                Ok(_) => {
                    let _ = stop.send(true);
                    return Failure::Cancelled;
                }
                // An error is no permission to go on: whoever cannot renew has lost its authority.
                Err(_) => {
                    let _ = stop.send(true);
                    return Failure::StaleEpoch;
                }
            }
        }
    }

    async fn read_stream(
        self: &Arc<Self>,
        claimed: &ClaimedRun,
        stop: watch::Receiver<bool>,
        spent: &mut Spent,
    ) -> Result<RunState, Failure> {
        let work = self.store.load_run(&claimed.run, claimed.epoch).await.map_err(stored)?;
        let id = work.release.clone().ok_or_else(|| {
            Failure::ReleaseUnusable(format!("no release of {} is active", work.connection.connector))
        })?;
        let (release, component) = self.release(&id).await.map_err(unusable)?;
        let manifest = &release.manifest;
        let stream = manifest.stream(&work.sync.stream).ok_or_else(|| {
            Failure::ReleaseUnusable(format!("release {} has no stream {}", release.id, work.sync.stream))
        })?;
        let budget = self.settings.run_time.min(Duration::from_secs(u64::from(manifest.limits.run_minutes) * 60));
        let deadline = Instant::now() + budget;
        let account = work.account.as_ref();
        let (door, credential) =
            self.door(&work.connection, account, &release, Writes::Forbidden, deadline, stop.clone()).await?;
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_run(&claimed.run, &work.connection.id, &work.sync.stream)),
            steps: Arc::new(NoSteps),
            blobs: Arc::new(NoBlobs),
        };
        let mut instance = self.engine.open(&component, scope).await?;
        let context = context_of(&work.connection, account, manifest);
        let mut pages = Pages {
            app: self,
            claimed,
            work: &work,
            context: &context,
            keys: &stream.key,
            guard: StallGuard::starting_at(work.cursor.as_deref()),
            release: &release.id,
            counted: Usage::default(),
            deadline,
        };
        let result = pages.read_all(&mut instance).await;
        *spent = Spent { usage: pages.unspent(&instance), credential: credential.used() };
        result
    }

    async fn end_run(self: &Arc<Self>, claimed: &ClaimedRun, result: Result<RunState, Failure>, spent: &Spent) {
        let end = match result {
            Ok(state) => RunEnd::of(state),
            Err(Failure::StaleEpoch) => {
                tracing::warn!(run.id = %claimed.run, "run {} is another worker's now", claimed.run);
                return;
            }
            Err(failure) => self.end_of(claimed, &failure, spent.credential),
        };
        let (state, follows) = (end.state, end.next.is_some());
        tracing::info!(run.id = %claimed.run, code = end.code.map(patchbay_model::Code::id), "run {} ended: {}", claimed.run, state.as_str());
        let end = RunEnd { usage: spent.usage, ..end };
        if let Err(error) = self.store.finish_run(&claimed.run, claimed.epoch, end).await {
            let fault = Fault::from(error);
            tracing::error!(run.id = %claimed.run, "the end of run {} could not be stored: {fault:?}", claimed.run);
        }
        if follows {
            self.due.notify_one();
        }
    }

    /// What a failure makes of the run, its sync and its connection.
    fn end_of(&self, claimed: &ClaimedRun, failure: &Failure, credential: Option<i64>) -> RunEnd {
        let now = self.clock.now();
        let next = |after: Duration, trigger, attempts| Some(NextRun { at: now.plus(after), trigger, attempts });
        let mut end = RunEnd::of(RunState::Failed);
        end.code = Some(failure.code());
        end.person = Some(failure.person());
        end.operator = failure.operator();
        match Outcome::of(failure, claimed.attempts) {
            Outcome::MoreLater { after } => {
                end.state = RunState::MoreLater;
                end.next = next(after, Trigger::More, 0);
            }
            Outcome::RetryAfter(after) => end.next = next(after, Trigger::Retry, claimed.attempts),
            Outcome::StartAfresh => {
                end.next = next(Duration::ZERO, Trigger::Retry, claimed.attempts);
                end.cursor = CursorFate::Drop;
            }
            Outcome::WaitForUser => {
                end.due_at = Some(None);
                end.breaks = Some(BreakConnection {
                    state: ConnectionState::Broken,
                    code: failure.code(),
                    person: failure.person(),
                    // One that was never handed out was found dead before, and is said to be already: by now a
                    // new consent may be there, which is not to be broken for it.
                    row_version: credential.or(matches!(failure, Failure::CredentialDead(_)).then_some(0)),
                });
            }
            Outcome::GiveUp if matches!(failure, Failure::Stalled(_)) => end.state = RunState::Stalled,
            Outcome::Cancelled => end.state = RunState::Cancelled,
            Outcome::GiveUp | Outcome::Lost => {}
        }
        end
    }
}

/// The loop over the pages of one run.
struct Pages<'a> {
    app: &'a Arc<App>,
    claimed: &'a ClaimedRun,
    work: &'a RunWork,
    context: &'a Context,
    keys: &'a [String],
    guard: StallGuard,
    release: &'a ReleaseId,
    /// What the pages so far have told the store.
    counted: Usage,
    deadline: Instant,
}

impl Pages<'_> {
    async fn read_all(&mut self, instance: &mut Instance) -> Result<RunState, Failure> {
        let first = self.ask(self.work.cursor.clone());
        let mut page = instance.read(self.context, &first).await?;
        loop {
            let records = page::split(&page, self.keys)?;
            self.guard.page(&page.position, records.iter().map(|record| record.key.as_str()))?;
            let usage = self.unspent(instance);
            let commit = self.commit(&page, &records, usage);
            drop(records);
            let commit = async { self.app.store.commit_page(commit).await.map_err(stored) };
            let stored: PageStored = match &page.position {
                Position::More(cursor) if Instant::now() < self.deadline => {
                    let request = self.ask(Some(cursor.clone()));
                    let (stored, next) = tokio::join!(commit, instance.read(self.context, &request));
                    stored?;
                    page = next?;
                    continue;
                }
                _ => commit.await?,
            };
            return match &page.position {
                Position::More(_) => Err(Failure::BudgetSpent),
                Position::Wait(..) if stored.waits > limits::WAITS => {
                    let looks = limits::WAITS;
                    Err(Failure::Stalled(format!("the provider's job was not ready after {looks} looks")))
                }
                Position::Wait(_, after) => Err(Failure::Connector(ConnectorError::RateLimited(ErrorInfo {
                    message: "The provider is preparing the data.".to_owned(),
                    retry_after: Some(*after),
                    ..ErrorInfo::default()
                }))),
                Position::End(_) => Ok(RunState::Done),
                Position::Complete(_) if matches!(stored.sweep, Some(Sweep::Held { .. })) => Ok(RunState::Held),
                Position::Complete(_) => Ok(RunState::Done),
            };
        }
    }

    fn ask(&self, cursor: Option<Vec<u8>>) -> ReadRequest {
        ReadRequest { stream: self.work.sync.stream.clone(), cursor, page_hint: PAGE_HINT, since_ms: None }
    }

    /// What the gate spent since the last page.
    fn unspent(&self, instance: &Instance) -> Usage {
        let now = instance.usage();
        Usage {
            bytes: now.bytes_in.saturating_sub(self.counted.bytes),
            requests: now.requests.saturating_sub(self.counted.requests),
            retries: now.retries.saturating_sub(self.counted.retries),
            waited: now.waited.saturating_sub(self.counted.waited),
        }
    }

    /// One page, as the store takes it.
    fn commit(&mut self, page: &Page, records: &[Record<'_>], usage: Usage) -> PageCommit {
        self.counted = Usage {
            bytes: self.counted.bytes + usage.bytes,
            requests: self.counted.requests + usage.requests,
            retries: self.counted.retries + usage.retries,
            waited: self.counted.waited + usage.waited,
        };
        PageCommit {
            run: self.claimed.run.clone(),
            epoch: self.claimed.epoch,
            records: records
                .iter()
                .map(|record| PageRecord { key: record.key.clone(), content: record.content.to_owned() })
                .collect(),
            deleted: page.deleted.clone(),
            cursor: page.position.cursor().to_vec(),
            step: match page.position {
                Position::More(_) => Step::More,
                Position::Wait(..) => Step::Wait,
                Position::End(_) => Step::End,
                Position::Complete(_) => Step::Complete,
            },
            release: Some(self.release.clone()),
            usage,
        }
    }
}
