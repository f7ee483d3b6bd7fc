//! What an attempt without an answer means for the step and for another attempt.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Run, unkept};
use crate::{SendError, attempt::AttemptError, breaker::CircuitKey, order::Order};

impl Run {
    /// Ends a step without an answer, and waits before another attempt where there is one.
    pub(super) async fn failed(
        &self,
        order: &Order,
        circuit: &CircuitKey,
        error: AttemptError,
        again: Option<Duration>,
    ) -> Result<(), SendError> {
        use AttemptError as E;
        if let Some(step) = &order.write {
            let (noted, error) = match error {
                E::Denied(reason) => (step.journal.not_sent(&step.name).await, SendError::Denied(reason)),
                E::NotSent(reason) | E::Untrusted(reason) | E::CutShort { left: false, reason } => {
                    (step.journal.not_sent(&step.name).await, SendError::NotSent(reason))
                }
                E::Unknown(reason) | E::Slow(reason) | E::Broken(reason) | E::CutShort { left: true, reason } => {
                    (step.journal.lost(&step.name).await, SendError::Unknown(reason))
                }
                E::TooLarge(bytes) => {
                    let reason = format!("the answer is larger than {bytes} bytes");
                    (step.journal.lost(&step.name).await, SendError::Unknown(reason))
                }
            };
            // A begin without an end is read as unknown, which is never wrong.
            return Err(noted.map_or_else(unkept, |()| error));
        }
        let until = again.map(|wait| Instant::now() + wait).filter(|until| *until < self.scope.deadline);
        match (error, until) {
            (E::NotSent(_) | E::Unknown(_) | E::CutShort { left: false, .. }, Some(until)) => {
                self.unless_open(circuit)?;
                let since = Instant::now();
                let waited = self.unless_stopped(sleep_until(until)).await;
                self.state().usage.waited += since.elapsed();
                waited
            }
            _ if Instant::now() >= self.scope.deadline => Err(SendError::Stopped),
            (E::Denied(reason), _) => Err(SendError::Denied(reason)),
            (E::NotSent(reason) | E::CutShort { left: false, reason }, None) | (E::Untrusted(reason), _) => {
                Err(SendError::NotSent(reason))
            }
            (E::Unknown(reason), None) | (E::Slow(reason) | E::CutShort { left: true, reason }, _) => {
                Err(SendError::Unknown(reason))
            }
            (E::TooLarge(bytes), _) => Err(SendError::TooLarge(bytes)),
            (E::Broken(reason), _) => Err(SendError::Other(reason)),
        }
    }
}
