//! Sending a push: one attempt, from claim to written end.
//!
//! | how the attempt ended | the push becomes |
//! |---|---|
//! | created, updated, exists | `done` |
//! | a write without an answer | `unknown`: looked up, never sent again blindly |
//! | the item is wrong | `rejected` |
//! | the function was switched off meanwhile | `skipped` |
//! | there is no target yet | `waiting`, until somebody chooses one |
//! | the credential is dead | `waiting`, until somebody reconnects |
//! | trouble that passes, nothing written | `planned` again, later |
//! | anything else | `failed` |

use std::{sync::Arc, time::Duration};

use patchbay_egress::{Journal, Writes};
use patchbay_engine::{Instance, RunScope};
use patchbay_model::{
    Code, Failure, Fault, Outcome, PushResult, PushState,
    contract::{Attachment, ConnectorError, Context, Ext, Item, Object, PushOutcome},
    manifest::Action,
};
use patchbay_store::{ClaimedPush, Connection, Push, PushEnd, PushStep, StepAnswer, StepState, StoreError, WentBy};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use super::{accept, files, looking};
use crate::{
    App,
    blobs::RunBlobs,
    connectors::Release,
    push::journal::PushSteps,
    runlog::RunLog,
    tokens::LiveCredential,
    work::{Ahead, context_of, stored, unusable},
};

/// Attempts that a push that meets only passing trouble has in any case.
const ATTEMPTS: u32 = 12;
/// For how long it is tried, however often that is.
const TRIED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Attempts from which on the pause between two does not grow any more: some minutes.
const TRIES: u32 = 7;
/// Shortest wait before another attempt.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a call may take that moves files.
pub(super) const FILES_TIME: Duration = Duration::from_secs(600);

/// What a push goes by.
pub(crate) struct GoesBy {
    pub(super) connection: Connection,
    pub(super) release: Arc<Release>,
    credential: Arc<Ahead>,
    watched: bool,
}

impl GoesBy {
    /// With a credential that is asked for at once: it is there when the first request leaves.
    pub(super) fn asked(app: &Arc<App>, connection: Connection, release: Arc<Release>) -> Self {
        Self { credential: Ahead::asked(app, &connection), connection, release, watched: false }
    }
}

/// What an attempt works with.
pub(super) struct Opened {
    pub(super) instance: Instance,
    pub(super) context: Context,
    pub(super) credential: Arc<LiveCredential>,
    pub(super) item: Item,
}

impl App {
    /// Executes a claimed push: sends it, or looks for it when an earlier answer was lost.
    ///
    /// `known` is what it goes by, where that was read a moment ago.
    pub(crate) async fn deliver(self: &Arc<Self>, claim: ClaimedPush, known: Option<GoesBy>) {
        let (stop, stopped) = watch::channel(false);
        let pulse = self.keep_push_lease(&claim.push, stop);
        let work = async {
            if claim.was == PushState::Unknown {
                self.look_up(&claim.push, stopped).await
            } else {
                self.send(&claim.push, known, stopped).await
            }
        };
        let end = tokio::select! {
            end = work => end,
            failure = pulse => self.ended_by(&claim.push, &failure, None).await,
        };
        let Some(end) = end else { return };
        let (id, state) = (&claim.push.id, end.state);
        tracing::info!(push.id = %id, code = end.code.map(Code::id), "push {id} is {}", state.as_str());
        let went_by = end.went_by.clone();
        if let Err(error) = self.store.finish_push(id, claim.push.epoch, end).await {
            tracing::error!(push.id = %id, "the end of push {id} could not be stored: {:?}", Fault::from(error));
        }
        self.judge_end(went_by.as_ref()).await;
    }

    async fn keep_push_lease(&self, push: &Push, stop: watch::Sender<bool>) -> Failure {
        // A host that stops lets a push end: it is short, and cutting it off would leave its outcome unknown.
        let (lease, mut renewed) = (self.settings.lease, Instant::now());
        // The claim has just set it.
        let mut every = tokio::time::interval_at(renewed + lease / 3, lease / 3);
        loop {
            every.tick().await;
            let asked = Instant::now();
            let beat = self.store.heartbeat_push(&push.id, push.epoch, lease);
            match timeout_at(renewed + lease, beat).await {
                Ok(Ok(())) => renewed = asked,
                // A database that does not answer for a moment has given the push to nobody else, as long as the lease
                // lasts.
                Ok(Err(StoreError::Unavailable(_))) if renewed.elapsed() < lease / 2 => every.reset_after(lease / 12),
                Ok(Err(_)) | Err(_) => {
                    let _ = stop.send(true);
                    return Failure::StaleEpoch;
                }
            }
        }
    }

    async fn send(
        self: &Arc<Self>,
        push: &Push,
        known: Option<GoesBy>,
        stop: watch::Receiver<bool>,
    ) -> Option<PushEnd> {
        let mut went_by = None;
        let outcome = async {
            let work = match known {
                Some(known) => Ok(known),
                None => self.work_of(push).await,
            };
            let goes_by = match work {
                Ok(work) => work,
                Err(failure) => return (Err(failure), None),
            };
            let steps = match self.steps_so_far(push).await {
                Ok(steps) => steps,
                Err(failure) => return (Err(failure), None),
            };
            went_by = Some(WentBy { release: goes_by.release.id.clone(), watched: goes_by.watched, code: None });
            if let Some(end) = not_now(push, &steps, &goes_by.connection, &goes_by.release) {
                return (Ok(Err(end)), None);
            }
            let mut opened = match self.open_for_push(push, &steps, &goes_by, true, stop).await {
                Ok(opened) => opened,
                Err(failure) => return (Err(failure), None),
            };
            let outcome = opened.instance.push(&opened.context, &opened.item).await;
            (outcome.map(Ok), opened.credential.used())
        };
        match outcome.await {
            (Ok(Ok(outcome)), _) => Some(PushEnd { went_by, ..done(outcome) }),
            (Ok(Err(end)), _) => Some(end),
            (Err(failure), used) => {
                let went_by = went_by.map(|went_by| WentBy { code: Some(failure.code()), ..went_by });
                self.ended_by(push, &failure, used).await.map(|end| PushEnd { went_by, ..end })
            }
        }
    }

    /// The connection of a claimed push and the release that it is sent with.
    pub(super) async fn work_of(self: &Arc<Self>, push: &Push) -> Result<GoesBy, Failure> {
        let Some(connection) = &push.connection else {
            return Err(Failure::Storage("a push without a connection was claimed".to_owned()));
        };
        let ground = self.store.ground(&push.tenant, connection).await.map_err(stored)?;
        let now = self.clock.now();
        match ground.rest_until {
            // It waits like for a provider that is left alone: nothing is lost.
            _ if ground.set_aside => return Err(Failure::Resting(patchbay_store::REST)),
            Some(until) if until > now => return Err(Failure::Resting(until.since(now))),
            _ => {}
        }
        let (connection, watched) = (ground.connection, ground.watched);
        let release = self.release_beside(&connection, ground.release.as_ref()).await.map_err(unusable)?;
        Ok(GoesBy { credential: Ahead::not_asked(self, &connection), connection, release, watched })
    }

    /// An instance for this push: its writes go through the journal of the push, or are forbidden to who only looks.
    pub(super) async fn open_for_push(
        self: &Arc<Self>,
        push: &Push,
        begun: &[PushStep],
        goes_by: &GoesBy,
        writes: bool,
        stop: watch::Receiver<bool>,
    ) -> Result<Opened, Failure> {
        let connection = &goes_by.connection;
        let (release, component) = self.release(&goes_by.release.id).await.map_err(unusable)?;
        let action = known_action(&release, push)?;
        let files =
            files::files_of(push).map_err(|error| Failure::Storage(format!("files of {}: {error}", push.id)))?;
        let steps = Arc::new(PushSteps {
            app: Arc::clone(self),
            push: push.id.clone(),
            epoch: push.epoch,
            revision: push.revision,
            idempotency: action.idempotency,
            key_life: looking::key_life(action),
            several: action.multi_step,
        });
        let call_timeout =
            if files.is_empty() { self.settings.call_timeout } else { self.settings.call_timeout.max(FILES_TIME) };
        let deadline = Instant::now() + call_timeout;
        let journal: Arc<dyn Journal> = Arc::clone(&steps) as _;
        let writes = if writes { Writes::Journal(journal) } else { Writes::Forbidden };
        let source = Arc::clone(&goes_by.credential);
        let (door, credential) =
            self.door_by(source, connection, None, &release, writes, deadline, stop.clone()).await?;
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout,
            deadline,
            stop,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_push(&push.id, &connection.id, &push.action)),
            steps,
            blobs: RunBlobs::of(self, &files),
        };
        let context = context_of(connection, None, &release.manifest);
        let item = Item {
            action: push.action.clone(),
            key: push.key.clone(),
            target: if push.target == "null" { Vec::new() } else { push.target.clone().into_bytes() },
            payload: push.payload.clone().into_bytes(),
            attachments: files.iter().map(Attachment::from).collect(),
            attempt: push.attempts,
            ext: told_of(push, begun),
        };
        Ok(Opened { instance: self.engine.open(&component, scope).await?, context, credential, item })
    }

    /// The steps of the present content. One that nobody had before has none, and is not looked up.
    async fn steps_so_far(&self, push: &Push) -> Result<Vec<PushStep>, Failure> {
        if push.epoch > 1 { self.store.push_steps(&push.id).await.map_err(stored) } else { Ok(Vec::new()) }
    }

    /// Decides what a push becomes. A write without an answer comes before everything else.
    pub(super) async fn ended_by(
        self: &Arc<Self>,
        push: &Push,
        failure: &Failure,
        used: Option<i64>,
    ) -> Option<PushEnd> {
        if matches!(failure, Failure::StaleEpoch) {
            return None;
        }
        let steps = match self.store.push_steps(&push.id).await {
            Ok(steps) => steps,
            Err(error) => {
                // Not knowing whether something was written is no permission to write again: the lease
                // lapses and the next worker reads the journal.
                tracing::error!(push.id = %push.id, "steps of {} cannot be read: {:?}", push.id, Fault::from(error));
                return None;
            }
        };
        // An answer that says neither yes nor no (a 5xx after a write) is no answer, whatever the connector makes of it.
        let doubted = matches!(failure, Failure::Connector(ConnectorError::OutcomeUnknown(_)));
        // Only of the last one, and where none is without an answer: an earlier one was answered, and what came after it
        // was begun because it was.
        let last = steps.last().filter(|step| step.state == StepState::Answered && unanswered(&steps).is_none());
        let last = last.filter(|step| doubted || says_nothing(step));
        if let Some(step) = last
            && let Err(error) = self.store.step_lost(&push.id, push.epoch, &step.step).await
        {
            tracing::error!(push.id = %push.id, "a doubted step of {} could not be noted: {:?}", push.id, Fault::from(error));
            return None;
        }
        if let Some(step) = unanswered(&steps).or(last) {
            let mut end = unknown();
            end.operator = failure.operator().or_else(|| Some(failure.person()));
            end.next_at = self.next_look(push, step).await;
            return Some(end);
        }
        let now = self.clock.now();
        let mut end = PushEnd::of(PushState::Failed);
        end.code = Some(failure.code());
        end.person = Some(failure.person());
        end.operator = failure.operator();
        if let Failure::Connector(error) = failure {
            end.fields = serde_json::to_string(&error.info().fields).unwrap_or_else(|_| "[]".to_owned());
        }
        // An outage of some hours costs nobody an item: it is tried for a day, ever more seldom.
        let young = now.since(push.queued_at) < TRIED_FOR;
        let attempts = if young { push.attempts.min(TRIES) } else { push.attempts };
        match Outcome::of(failure, attempts) {
            Outcome::WaitForUser if young || push.attempts < ATTEMPTS => {
                end.state = PushState::Waiting;
                // One that was never handed out was found dead before, and is said to be already.
                let found_dead = used.is_none() && matches!(failure, Failure::CredentialDead(_));
                if let Some(connection) = &push.connection
                    && !found_dead
                {
                    self.break_connection(&push.tenant, connection, used, &failure.person()).await;
                }
            }
            Outcome::MoreLater { after } | Outcome::RetryAfter(after) if young || push.attempts < ATTEMPTS => {
                end.state = PushState::Planned;
                end.next_at = Some(now.plus(after.max(PAUSE)));
            }
            Outcome::GiveUp if matches!(failure, Failure::Connector(ConnectorError::InvalidInput(_))) => {
                end.state = PushState::Rejected;
            }
            Outcome::MoreLater { .. }
            | Outcome::RetryAfter(_)
            | Outcome::WaitForUser
            | Outcome::StartAfresh
            | Outcome::GiveUp
            | Outcome::Cancelled
            | Outcome::Lost => {}
        }
        if matches!(end.state, PushState::Failed | PushState::Rejected) && steps.iter().any(wrote) {
            // Something was written and taken, and what came after it went wrong: "failed" or "rejected" would be
            // read as "nothing is there", and sent again under another key.
            end.state = PushState::Unknown;
            end.next_at = None;
        }
        Some(end)
    }
}

/// Whether the provider took what this step wrote.
fn wrote(step: &PushStep) -> bool {
    let taken = |answer: &StepAnswer| (200..300).contains(&answer.status);
    match step.state {
        StepState::Found => true,
        StepState::Answered => step.answer.as_ref().is_some_and(taken),
        StepState::Sending | StepState::Open | StepState::Lost => false,
    }
}

/// Whether the provider's answer leaves open whether it wrote something (RFC 9110: 5xx, 408; RFC 8470: 425).
fn says_nothing(step: &PushStep) -> bool {
    step.answer.as_ref().is_some_and(|answer| answer.status >= 500 || matches!(answer.status, 408 | 425))
}

/// The step of which it is not known whether it was written.
pub(super) fn unanswered(steps: &[PushStep]) -> Option<&PushStep> {
    steps.iter().find(|step| matches!(step.state, StepState::Sending | StepState::Lost))
}

/// The end of a push that may have arrived.
pub(super) fn unknown() -> PushEnd {
    let mut end = PushEnd::of(PushState::Unknown);
    end.code = Some(Code::OutcomeUnknown);
    end.person = Some(Code::OutcomeUnknown.title().to_owned());
    end
}

/// The end of a push that arrived.
pub(super) fn done(outcome: PushOutcome) -> PushEnd {
    match outcome {
        PushOutcome::Created(object) => found(PushResult::Created, object),
        PushOutcome::Updated(object) => found(PushResult::Updated, object),
        PushOutcome::Exists(object) => found(PushResult::Exists, object),
    }
}

/// The end of a push whose object is known.
pub(super) fn found(result: PushResult, object: Object) -> PushEnd {
    let mut end = PushEnd::of(PushState::Done);
    end.result = Some(result);
    end.object_id = Some(object.id);
    end.object_url = object.url;
    end
}

/// The action of a push, in the release that it is sent with.
pub(super) fn known_action<'r>(release: &'r Release, push: &Push) -> Result<&'r Action, Failure> {
    let missing = || Failure::ReleaseUnusable(format!("release {} has no action {}", release.id, push.action));
    release.manifest.action(&push.action).ok_or_else(missing)
}

/// What the connector is told besides the item: the object that is to be changed, and what was found of steps.
pub(super) fn told_of(push: &Push, steps: &[PushStep]) -> Ext {
    let mut ext = Ext::new();
    let mut tell = |name: String, id: &str, url: Option<&String>| {
        ext.extend(url.map(|url| (format!("{name}.url"), url.clone())));
        ext.push((name, id.to_owned()));
    };
    if let (true, Some(id)) = (push.revision > 1, &push.object_id) {
        tell("object".to_owned(), id, push.object_url.as_ref());
    }
    for step in steps {
        if let (StepState::Found, Some(id)) = (step.state, &step.object_id) {
            tell(format!("step.{}", step.step), id, step.object_url.as_ref());
        }
    }
    let over = steps.iter().filter(|step| matches!(step.state, StepState::Answered | StepState::Found));
    ext.extend(over.map(|step| ("answered".to_owned(), step.step.clone())));
    ext
}

/// What becomes of a push that is due, and yet is not to be sent as things stand now. What was begun is brought to its
/// end: half a write serves nobody.
fn not_now(push: &Push, steps: &[PushStep], connection: &Connection, release: &Release) -> Option<PushEnd> {
    let action = release.manifest.action(&push.action)?;
    if steps.iter().any(|step| step.state != StepState::Open) {
        return None;
    }
    let ended = |state, code: Code, why: &str| {
        let mut end = PushEnd::of(state);
        (end.code, end.person) = (Some(code), Some(why.to_owned()));
        Some(end)
    };
    let payload = || serde_json::from_str(&push.payload).ok();
    if let Some(why) = accept::item_off(connection, &release.manifest, action, payload) {
        return ended(PushState::Skipped, Code::SwitchedOff, &why);
    }
    if action.target.is_some() && push.target == "null" {
        return ended(PushState::Waiting, Code::TargetMissing, Code::TargetMissing.title());
    }
    None
}
