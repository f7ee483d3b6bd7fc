//! One call of a guest: how long it may take, and what became of it.
//!
//! Two clocks, because neither is enough. Epochs interrupt code that computes, to the tick, even when
//! every worker of the runtime is busy; they do not see a guest that waits in a host function. A timer
//! ends what waits, by dropping the call. Whatever was interrupted is thrown away with its store: code
//! that stopped halfway has no state worth keeping.

use std::time::Duration;

use patchbay_egress::Incident;
use patchbay_model::{
    Budget, Failure,
    contract::{ConnectorError, ErrorInfo},
};
use tokio::{sync::watch, time::Instant};
use wasmtime::WasmBacktrace;

use crate::{contract::since_0_1_0::Wrong, log::one_line, state::State};

/// What a call lacks of its own time when the run's end comes so soon after that nobody could tell the two apart: a share
/// of it. Where a run is one call, it began a moment before the call did.
const ALMOST: u32 = 10;
/// How long a call may go on once its run was asked to stop: enough to return the page it has.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes of a trap's description, and functions of its backtrace.
const TRAP: usize = 2_000;
const FRAMES: usize = 10;

/// When a call ends, and as what.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    pub(crate) ends: Instant,
    pub(crate) as_what: Failure,
}

impl Limit {
    /// The call's own time or the run's, whichever is first. A call that the run's end cut short may have
    /// been a good one, so it counts as *more later* rather than as a failure; unless it had nearly all of its time.
    pub(crate) fn of(call_timeout: Duration, deadline: Instant) -> Self {
        match Instant::now().checked_add(call_timeout) {
            Some(own) if own <= deadline => Self { ends: own, as_what: Failure::CallTimeout },
            Some(own) if own.duration_since(deadline) <= call_timeout / ALMOST => {
                Self { ends: deadline, as_what: Failure::CallTimeout }
            }
            _ => Self { ends: deadline, as_what: Failure::BudgetSpent(Budget::Time) },
        }
    }

    /// Waits for `work` as long as it may take; a dropped `stop` sender never stops anything.
    pub(crate) async fn hold<T>(
        &self,
        stop: &mut watch::Receiver<bool>,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let stopped = async {
            if stop.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep_until(Instant::now() + GRACE).await;
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = tokio::time::sleep_until(self.ends) => Err(self.as_what.clone()),
            () = stopped => Err(Failure::Cancelled),
        }
    }
}

/// What became of a call. First what the host saw, then what the clocks said, then what the guest did:
/// a guest does not talk itself out of an incident.
pub(crate) fn judge<T>(
    state: &mut State,
    outcome: Result<wasmtime::Result<Result<T, Wrong>>, Failure>,
) -> Result<T, Failure> {
    if let Some(incident) = state.door.as_ref().and_then(patchbay_egress::Door::incident) {
        return Err(match incident {
            Incident::SecretSeen => Failure::SecretSeen,
            Incident::CredentialDead(text) => Failure::CredentialDead(text),
            Incident::Denied(text) => Failure::Denied(text),
        });
    }
    if let Some(failure) = state.ended.take() {
        return Err(failure);
    }
    let outcome = outcome?;
    // A guest that was told to stop makes what it likes of it; why it was told so is known here.
    if let Some(left) = state.door.as_ref().and_then(patchbay_egress::Door::circuit_open)
        && !matches!(outcome, Ok(Ok(_)))
    {
        return Err(Failure::CircuitOpen(left));
    }
    match outcome {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Wrong::Connector(error))) => {
            let pause = state.door.as_ref().and_then(|door| Some((door.pause()?, door.pauses_alone())));
            Err(Failure::Connector(paused(*error, pause)))
        }
        Ok(Err(Wrong::Broken(what))) => Err(Failure::ContractBroken(what)),
        Ok(Err(Wrong::Missing(interface))) => Err(missing(interface)),
        Err(_) if state.growth.refused() => Err(Failure::OutOfMemory),
        Err(trap) => Err(Failure::Trap(describe(&trap))),
    }
}

/// By how much two words about one wait may differ: the time since the answer came.
const SAME_WAIT: Duration = Duration::from_secs(5);

/// A connector that met a provider which asks to be left alone, and calls it trouble or says less than the provider
/// did, waits as long as the provider asked; alone where the gate holds back nobody else for it.
fn paused(error: ConnectorError, pause: Option<(Duration, bool)>) -> ConnectorError {
    match (error, pause) {
        (ConnectorError::Transient(info) | ConnectorError::RateLimited(info), Some((left, alone)))
            if info.retry_after.is_none_or(|said| said < left) =>
        {
            let waits_alone = info.waits_alone || alone;
            ConnectorError::RateLimited(ErrorInfo { retry_after: Some(left), waits_alone, ..info })
        }
        // A wait that is longer than what the gate was told is about something else, which the connector knows.
        (ConnectorError::RateLimited(info), Some((left, true)))
            if info.retry_after.is_some_and(|said| said <= left + SAME_WAIT) =>
        {
            ConnectorError::RateLimited(ErrorInfo { waits_alone: true, ..info })
        }
        (error, _) => error,
    }
}

fn missing(interface: &str) -> Failure {
    Failure::Connector(ConnectorError::Unsupported(ErrorInfo {
        message: "The connector does not do this.".to_owned(),
        detail: Some(format!("it does not export {interface}")),
        ..ErrorInfo::default()
    }))
}

/// The reason of a trap and the functions it happened in, for the operator.
pub(crate) fn describe(trap: &wasmtime::Error) -> String {
    let mut text = trap.root_cause().to_string();
    if let Some(backtrace) = trap.downcast_ref::<WasmBacktrace>() {
        let names: Vec<String> = backtrace
            .frames()
            .iter()
            .take(FRAMES)
            .map(|frame| frame.func_name().map_or_else(|| format!("#{}", frame.func_index()), str::to_owned))
            .collect();
        if !names.is_empty() {
            text = format!("{text}; in {}", names.join(" < "));
        }
    }
    one_line(&text, TRAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_one_call_ends_by_the_time_of_the_call_and_a_last_call_by_that_of_the_run() {
        let (now, call) = (Instant::now(), Duration::from_secs(120));
        let ends_as = |left: Duration| Limit::of(call, now + left).as_what;
        assert!(matches!(ends_as(Duration::from_secs(600)), Failure::CallTimeout));
        // It was given as long as a call, and something passed since.
        assert!(matches!(ends_as(call), Failure::CallTimeout));
        assert!(matches!(ends_as(call - Duration::from_secs(5)), Failure::CallTimeout));
        assert!(matches!(ends_as(Duration::from_secs(60)), Failure::BudgetSpent(Budget::Time)));
    }

    const TOLD: Duration = Duration::from_secs(600);

    fn limited(waits_alone: bool) -> ConnectorError {
        ConnectorError::RateLimited(ErrorInfo { waits_alone, ..ErrorInfo::default() })
    }

    #[test]
    fn who_was_held_back_alone_waits_alone_and_whoever_says_so_does_in_any_case() {
        for (error, gate, alone) in [
            (limited(false), Some((TOLD, true)), true),
            (limited(false), Some((TOLD, false)), false),
            (limited(true), Some((TOLD, false)), true),
            (limited(true), None, true),
            (limited(false), None, false),
            (ConnectorError::Transient(ErrorInfo::default()), Some((TOLD, true)), true),
        ] {
            let said = paused(error.clone(), gate);
            assert!(
                matches!(&said, ConnectorError::RateLimited(info) if info.waits_alone == alone),
                "{error:?}: {said:?}"
            );
        }
        // The same wait, read off the answer a moment before; and another one, of which the gate knows nothing.
        for (said, alone) in [(TOLD + SAME_WAIT, true), (2 * TOLD, false)] {
            let longer = ErrorInfo { retry_after: Some(said), ..ErrorInfo::default() };
            let ConnectorError::RateLimited(info) = paused(ConnectorError::RateLimited(longer), Some((TOLD, true)))
            else {
                panic!("another case");
            };
            assert_eq!((info.retry_after, info.waits_alone), (Some(said), alone));
        }
    }
}
