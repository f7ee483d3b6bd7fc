//! One run: a stream of one account, read page by page until there is no more.
//!
//! **What is promised.** A page's records, its deletions, its changes in the feed and the cursor behind
//! it are one transaction, fenced by the run's epoch. So after any crash the stream goes on at the last
//! cursor, and what lay before it is stored: nothing is lost. A page that is read again stores nothing
//! twice, because a record is known by its key and its content. A run whose lease is gone writes
//! nothing any more: another worker owns the stream.
//!
//! [`pages`] is the loop, [`lease`] what ends it from outside, [`end`] what follows from an end.

mod end;
mod going_on;
mod lease;
mod pages;

use std::sync::Arc;

use patchbay_egress::Writes;
use patchbay_engine::{LogSink as _, NoSteps, RunScope};
use patchbay_model::{
    Failure, ReleaseId,
    manifest::{Stream, StreamMode},
};
use patchbay_store::{ClaimedRun, Usage, WentBy};
use tokio::{sync::watch, time::Instant};

use self::pages::{Ended, Pages, Reading};
use crate::{
    App,
    blobs::RunBlobs,
    connectors::Release,
    live::LiveRun,
    runlog::RunLog,
    work::{context_of, stored, unusable},
};

/// What a run leaves that its pages have not told the store.
#[derive(Default)]
struct Spent {
    usage: Usage,
    /// Version of the credential that was used last.
    credential: Option<i64>,
    /// The release that ran.
    went_by: Option<WentBy>,
    /// Each pass reads all that there is, and takes what it did not meet for gone.
    whole: bool,
}

impl App {
    /// Executes a claimed run to its end and writes the end down.
    pub(crate) async fn run(self: &Arc<Self>, claimed: ClaimedRun) {
        let late = self.clock.now().since(claimed.due_at);
        let listed = self.live.list(&claimed.run, claimed.epoch, late);
        let (stop, stopped) = watch::channel(false);
        let pulse = self.keep_lease(claimed.clone(), Arc::clone(&listed.run), stop);
        let mut spent = Spent::default();
        let result = tokio::select! {
            result = self.read_stream(&claimed, &listed.run, stopped, &mut spent) => result,
            failure = pulse => Err(failure),
        };
        self.end_run(&claimed, result, spent, listed.run.take_lines()).await;
    }

    async fn read_stream(
        self: &Arc<Self>,
        claimed: &ClaimedRun,
        live: &Arc<LiveRun>,
        stop: watch::Receiver<bool>,
        spent: &mut Spent,
    ) -> Result<Ended, Failure> {
        let mut work = self.store.load_run(&claimed.run, claimed.epoch).await.map_err(stored)?;
        let id = work.release.clone().ok_or_else(|| {
            Failure::ReleaseUnusable(format!("no release of {} is active", work.connection.connector))
        })?;
        spent.went_by = Some(WentBy { release: id.clone(), watched: work.watched, code: None });
        let (release, component) = self.release(&id).await.map_err(unusable)?;
        let manifest = &release.manifest;
        let name = &work.sync.stream;
        let gone = || Failure::StreamGone(format!("{name} was not found when {} was asked last", work.connection.id));
        let stream = match self.stream_of(&work.connection.id, manifest, name).await.map_err(unusable)? {
            Some(known) if known.gone_at.is_none() && work.sync.gone_at.is_none() => known.stream,
            None if !work.sync.discovered => {
                return Err(Failure::ReleaseUnusable(format!("release {} has no stream {name}", release.id)));
            }
            _ => return Err(gone()),
        };
        if !stream.read_by(&work.connection.auth) {
            // It logged in otherwise when this sync was made.
            let login = &work.connection.auth;
            return Err(Failure::StreamGone(format!("{name} cannot be read with the login {login}")));
        }
        let stream = &stream;
        let afresh = match &work.sync.cursor_release {
            Some(writer) if work.cursor.is_some() && *writer != release.id => {
                self.afresh(writer, stream, &release).await
            }
            _ => None,
        };
        if afresh.is_some() {
            self.store.start_afresh(&claimed.run, claimed.epoch).await.map_err(stored)?;
            (work.cursor, work.sync.cursor_release, work.sync.has_cursor) = (None, None, false);
        }
        let work = work;
        if work.cursor.is_none() || stream.mode == StreamMode::Full {
            // It reads what there was, and perhaps more: that is the whole until the connector knows better.
            live.progress(0, Some(work.sync.records).filter(|records| *records > 0));
        }
        let budget = self.run_time_for(&release);
        let deadline = Instant::now() + budget;
        let account = work.account.as_ref();
        let (door, credential) =
            self.door(&work.connection, account, &release, Writes::Forbidden, deadline, stop.clone()).await?;
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        let log = RunLog::of_run(&claimed.run, &work.connection.id, &stream.name, Arc::clone(&clock), Arc::clone(live));
        let log = Arc::new(log);
        if let Some(why) = &afresh {
            log.line(2, why, &[]);
        }
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop,
            clock,
            random,
            log: Arc::clone(&log) as _,
            steps: Arc::new(NoSteps),
            blobs: RunBlobs::none(self),
        };
        let mut instance = self.engine.open(&component, scope).await?;
        let context = context_of(&work.connection, account, manifest);
        let (app, work, release) = (self, &work, &release.id);
        let reading = Reading { app, claimed, work, context: &context, stream, release, live, deadline };
        let mut pages = Pages::of(reading);
        let result = pages.read_all(&mut instance).await;
        let usage = pages.unspent(&instance);
        let went_by = spent.went_by.take();
        *spent = Spent { usage, credential: credential.used(), went_by, whole: stream.mode == StreamMode::Full };
        result
    }

    /// Why the stream is read from its beginning, where its cursor is of another release that declared it otherwise.
    async fn afresh(&self, writer: &ReleaseId, stream: &Stream, reader: &Release) -> Option<String> {
        // What cannot be compared any more is the connector's to judge.
        let writer = self.release_facts(writer).await.ok()?;
        let wrote = writer.manifest.stream(&stream.name)?;
        let why = going_on::afresh((wrote, &writer.manifest.version), (stream, &reader.manifest.version))?;
        let text = format!(
            "version {} goes on from no cursor of version {}, which declares {why}: the stream is read from its beginning",
            reader.manifest.version, writer.manifest.version
        );
        Some(text)
    }
}
