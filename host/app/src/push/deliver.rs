//! Sending a push: one attempt, from claim to written end.
//!
//! | how the attempt ended | the push becomes |
//! |---|---|
//! | created, updated, exists | `done` |
//! | a write without an answer | `unknown`: looked up, never sent again blindly |
//! | the item is wrong | `rejected` |
//! | the credential is dead | `waiting`, until somebody reconnects |
//! | trouble that passes, nothing written | `planned` again, later |
//! | anything else | `failed` |

use std::{sync::Arc, time::Duration};

use patchbay_egress::{Journal, Writes};
use patchbay_engine::{Instance, NoBlobs, RunScope};
use patchbay_model::{
    Code, Failure, Fault, Outcome, PushResult, PushState,
    contract::{ConnectorError, Context, Item, Object, PushOutcome},
};
use patchbay_store::{ClaimedPush, Push, PushEnd, PushStep, StepState};
use tokio::{sync::watch, time::Instant};

use crate::{
    App,
    connectors::Release,
    push::journal::PushSteps,
    runlog::RunLog,
    tokens::LiveCredential,
    work::{context_of, stored, unusable},
};

/// Attempts before a push that meets only passing trouble is given up.
const ATTEMPTS: u32 = 12;
/// Shortest wait before another attempt.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// Executes a claimed push: sends it, or looks for it when an earlier answer was lost.
    pub(crate) async fn deliver(self: &Arc<Self>, claim: ClaimedPush) {
        let (stop, stopped) = watch::channel(false);
        let pulse = self.keep_push_lease(&claim.push, stop);
        let work = async {
            if claim.was == PushState::Unknown {
                self.look_up(&claim.push, stopped).await
            } else {
                self.send(&claim.push, stopped).await
            }
        };
        let end = tokio::select! {
            end = work => end,
            failure = pulse => self.ended_by(&claim.push, &failure, None).await,
        };
        let Some(end) = end else { return };
        let (id, state) = (&claim.push.id, end.state);
        tracing::info!(push.id = %id, code = end.code.map(Code::id), "push {id} is {}", state.as_str());
        if let Err(error) = self.store.finish_push(id, claim.push.epoch, end).await {
            tracing::error!(push.id = %id, "the end of push {id} could not be stored: {:?}", Fault::from(error));
        }
    }

    async fn keep_push_lease(&self, push: &Push, stop: watch::Sender<bool>) -> Failure {
        // A host that stops lets a push end: it is short, and cutting it off would leave its outcome unknown.
        let mut every = tokio::time::interval(self.settings.lease / 3);
        loop {
            every.tick().await;
            if self.store.heartbeat_push(&push.id, push.epoch, self.settings.lease).await.is_err() {
                let _ = stop.send(true);
                return Failure::StaleEpoch;
            }
        }
    }

    async fn send(self: &Arc<Self>, push: &Push, stop: watch::Receiver<bool>) -> Option<PushEnd> {
        let outcome = async {
            let (mut instance, context, credential) = match self.open_for_push(push, stop).await {
                Ok(open) => open,
                Err(failure) => return (Err(failure), None),
            };
            (instance.push(&context, &item(push)).await, credential.used())
        };
        match outcome.await {
            (Ok(outcome), _) => Some(done(outcome)),
            (Err(failure), used) => self.ended_by(push, &failure, used).await,
        }
    }

    /// The release that a push is sent with.
    pub(super) async fn release_for_push(&self, push: &Push) -> Result<Arc<Release>, Failure> {
        let Some(connection) = &push.connection else {
            return Err(Failure::Storage("a push without a connection was claimed".to_owned()));
        };
        let connection = self.store.connection(&push.tenant, connection).await.map_err(stored)?;
        self.release_of(&connection).await.map_err(unusable)
    }

    /// An instance whose writes go through the journal of this push.
    pub(super) async fn open_for_push(
        self: &Arc<Self>,
        push: &Push,
        stop: watch::Receiver<bool>,
    ) -> Result<(Instance, Context, Arc<LiveCredential>), Failure> {
        let Some(connection) = &push.connection else {
            return Err(Failure::Storage("a push without a connection was claimed".to_owned()));
        };
        let connection = self.store.connection(&push.tenant, connection).await.map_err(stored)?;
        let release = self.release_of(&connection).await.map_err(unusable)?;
        let (release, component) = self.release(&release.id).await.map_err(unusable)?;
        let action = release
            .manifest
            .action(&push.action)
            .ok_or_else(|| Failure::ReleaseUnusable(format!("release {} has no action {}", release.id, push.action)))?;
        let steps = Arc::new(PushSteps {
            app: Arc::clone(self),
            push: push.id.clone(),
            epoch: push.epoch,
            idempotency: action.idempotency,
        });
        let deadline = Instant::now() + self.settings.call_timeout;
        let journal: Arc<dyn Journal> = Arc::clone(&steps) as _;
        let (door, credential) =
            self.door(&connection, None, &release, Writes::Journal(journal), deadline, stop.clone()).await?;
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_push(&push.id, &connection.id, &push.action)),
            steps,
            blobs: Arc::new(NoBlobs),
        };
        let context = context_of(&connection, None, &release.manifest);
        Ok((self.engine.open(&component, scope).await?, context, credential))
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
        // An answer that the connector cannot read as yes or no (a 5xx after a write) is no answer.
        let doubted = matches!(failure, Failure::Connector(ConnectorError::OutcomeUnknown(_)));
        let last = steps.iter().rev().find(|step| step.state == StepState::Answered).filter(|_| doubted);
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
        match Outcome::of(failure, push.attempts) {
            Outcome::WaitForUser if push.attempts < ATTEMPTS => {
                end.state = PushState::Waiting;
                // One that was never handed out was found dead before, and is said to be already.
                let found_dead = used.is_none() && matches!(failure, Failure::CredentialDead(_));
                if let Some(connection) = &push.connection
                    && !found_dead
                {
                    self.break_connection(&push.tenant, connection, used, &failure.person()).await;
                }
            }
            Outcome::MoreLater { after } | Outcome::RetryAfter(after) if push.attempts < ATTEMPTS => {
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
        if end.state == PushState::Failed && steps.iter().any(wrote) {
            // Something was written and taken, and what came after it went wrong: "failed" would be read as
            // "nothing is there", and sent again under another key.
            end.state = PushState::Unknown;
            end.next_at = None;
        }
        Some(end)
    }
}

/// Whether the provider took what this step wrote.
fn wrote(step: &PushStep) -> bool {
    step.state == StepState::Answered && step.answer.as_ref().is_some_and(|answer| (200..300).contains(&answer.status))
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

/// The item as the connector gets it.
pub(super) fn item(push: &Push) -> Item {
    Item {
        action: push.action.clone(),
        key: push.key.clone(),
        target: push.target.clone().into_bytes(),
        payload: push.payload.clone().into_bytes(),
        attachments: Vec::new(),
        attempt: push.attempts,
    }
}
