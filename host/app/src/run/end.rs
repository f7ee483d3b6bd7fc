//! What follows from the end of a run: for itself, its sync, its connection and the run after it.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Code, ConnectionState, Failure, Fault, Outcome, RunState, contract::ConnectorError};
use patchbay_store::{BreakConnection, ClaimedRun, CursorFate, LogLine, NextRun, RunEnd, Trigger, WentBy};

use super::{Ended, Spent};
use crate::App;

/// A job at the provider is looked at again no sooner and no later than this, whatever the connector says.
const SOONEST: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(24 * 3_600);

impl App {
    pub(super) async fn end_run(
        self: &Arc<Self>,
        claimed: &ClaimedRun,
        result: Result<Ended, Failure>,
        spent: Spent,
        log: Vec<LogLine>,
    ) {
        let end = match result {
            Ok(Ended::Done) => RunEnd::of(RunState::Done),
            Ok(Ended::Held) => RunEnd { code: Some(Code::DeletionsHeld), ..RunEnd::of(RunState::Held) },
            Ok(Ended::Waiting(after)) => self.looks_again(after),
            Err(Failure::StaleEpoch) => {
                tracing::warn!(run.id = %claimed.run, "run {} is another worker's now", claimed.run);
                return;
            }
            Err(failure) => self.after_failure(claimed, &failure, &spent),
        };
        let (state, follows) = (end.state, end.next.is_some());
        tracing::info!(run.id = %claimed.run, code = end.code.map(Code::id), "run {} ended: {}", claimed.run, state.as_str());
        // What the provider asked for in the answers of this run holds for the connection, at every node.
        let now = self.clock.now();
        let paused = self.gate.paused(claimed.tenant.as_str(), claimed.connection.as_str());
        let paused = paused.filter(|left| *left >= SOONEST).map(|left| now.plus(left));
        let went_by =
            spent.went_by.map(|went_by| WentBy { code: end.code.filter(|_| is_failure(end.state)), ..went_by });
        let judged = went_by.clone();
        let end = RunEnd { usage: spent.usage, log, paused_until: end.paused_until.max(paused), went_by, ..end };
        if let Err(error) = self.store.finish_run(&claimed.run, claimed.epoch, end).await {
            let fault = Fault::from(error);
            tracing::error!(run.id = %claimed.run, "the end of run {} could not be stored: {fault:?}", claimed.run);
        }
        self.judge_end(judged.as_ref()).await;
        if follows {
            self.due.notify_one();
        }
    }

    /// The provider prepares what was asked for; the cursor says what.
    fn looks_again(&self, after: Duration) -> RunEnd {
        let at = self.clock.now().plus(after.clamp(SOONEST, LATEST));
        RunEnd {
            code: Some(Code::Throttled),
            person: Some("The provider is preparing the data.".to_owned()),
            next: Some(NextRun { at, trigger: Trigger::More, attempts: 0 }),
            ..RunEnd::of(RunState::MoreLater)
        }
    }

    /// What a failure makes of the run, its sync and its connection.
    fn after_failure(&self, claimed: &ClaimedRun, failure: &Failure, spent: &Spent) -> RunEnd {
        let now = self.clock.now();
        let next = |after: Duration, trigger, attempts| Some(NextRun { at: now.plus(after), trigger, attempts });
        let mut end = RunEnd::of(RunState::Failed);
        end.code = Some(failure.code());
        end.person = Some(failure.person());
        end.operator = failure.operator();
        if let Failure::BudgetSpent(budget) = failure {
            end.budget = Some(*budget);
        }
        match Outcome::of(failure, claimed.attempts).jittered(self.dice()) {
            Outcome::MoreLater { after } => {
                // Nothing but the connector's word says how long, and nobody else is held back by it.
                let after = if waits_alone(failure) { after.max(LEAST_ALONE) } else { after };
                end.state = RunState::MoreLater;
                end.next = next(after, Trigger::More, 0);
                if holds_back_all(failure) {
                    end.paused_until = Some(now.plus(after));
                }
            }
            // A circuit that others opened says nothing against this run.
            Outcome::RetryAfter(after) if matches!(failure, Failure::CircuitOpen(_)) => {
                end.next = next(after, Trigger::Retry, claimed.attempts.saturating_sub(1));
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
                    row_version: spent.credential.or(matches!(failure, Failure::CredentialDead(_)).then_some(0)),
                });
            }
            Outcome::GiveUp => {
                if matches!(failure, Failure::Stalled(_)) {
                    end.state = RunState::Stalled;
                }
                if spent.whole {
                    // Pages that went in circles stood for others, and those of a pass that is taken up at the next slot may
                    // have moved meanwhile: what was missed would be taken for gone. The next run begins afresh.
                    end.cursor = CursorFate::Drop;
                }
            }
            Outcome::Cancelled => end.state = RunState::Cancelled,
            Outcome::Lost => {}
        }
        end
    }

    /// A number for spreading things that would else come together.
    fn dice(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// Whether the code that an end carries says what went wrong; one that is held, or goes on later, went well so far.
fn is_failure(state: RunState) -> bool {
    matches!(state, RunState::Failed | RunState::Stalled)
}

/// How long a run waits at least that waits alone: many of one connection could come again and again.
const LEAST_ALONE: Duration = Duration::from_secs(30);

fn waits_alone(failure: &Failure) -> bool {
    matches!(failure, Failure::Connector(ConnectorError::RateLimited(info)) if info.waits_alone)
}

/// Whether whoever else would ask for this connection waits, too: another stream, another node.
fn holds_back_all(failure: &Failure) -> bool {
    matches!(failure, Failure::Connector(ConnectorError::RateLimited(info)) if !info.waits_alone)
}

#[cfg(test)]
mod tests {
    use patchbay_model::contract::ErrorInfo;

    use super::*;

    #[test]
    fn a_throttle_holds_the_connection_back_unless_it_is_of_one_stream_alone() {
        let limited = |waits_alone| {
            Failure::Connector(ConnectorError::RateLimited(ErrorInfo { waits_alone, ..ErrorInfo::default() }))
        };
        assert!(holds_back_all(&limited(false)));
        assert!(!holds_back_all(&limited(true)));
        assert!(!holds_back_all(&Failure::ShuttingDown), "which goes on later, too");
    }
}
