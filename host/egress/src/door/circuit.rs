//! What an attempt says about the provider's host, and what a run does at an open circuit.

use std::time::Duration;

use http::{StatusCode, header};
use tokio::time::Instant;

use super::Run;
use crate::{
    SendError,
    answer::Answer,
    attempt::AttemptError,
    breaker::{CircuitKey, Pass},
    redact::Masker,
};

impl Run {
    /// Refuses at an open circuit, before anybody waits or fetches a credential for nothing.
    pub(super) fn unless_open(&self, circuit: &CircuitKey) -> Result<(), SendError> {
        self.gate.circuits().refusal(circuit, Instant::now()).map_or(Ok(()), |left| Err(self.is_open(circuit, left)))
    }

    /// Leave to send; the probe's at a circuit that is half open.
    pub(super) fn pass<'r>(&'r self, circuit: &'r CircuitKey) -> Result<Pass<'r>, SendError> {
        self.gate.circuits().pass(circuit, Instant::now()).map_err(|left| self.is_open(circuit, left))
    }

    /// Ends the run: whatever the guest still asks for is answered without work.
    fn is_open(&self, circuit: &CircuitKey, left: Duration) -> SendError {
        tracing::info!(
            tenant = self.grant.tenant,
            connector = self.grant.connector,
            connection = self.grant.connection,
            ?circuit,
            seconds = left.as_secs(),
            "egress: the circuit is open, the run stops"
        );
        self.state().circuit = Some(Instant::now() + left);
        SendError::Stopped
    }
}

/// Tells the circuit what became of an attempt.
pub(super) fn tell(pass: Pass<'_>, outcome: &Result<Answer, AttemptError>, masker: &Masker) {
    use AttemptError as E;
    match outcome {
        Ok(answer) if !answer.status.is_server_error() || answer.status == StatusCode::NOT_IMPLEMENTED => {
            pass.answered();
        }
        Ok(answer) if says_when(answer) => drop(pass),
        Ok(answer) => pass.failed(Instant::now(), &format!("status {}", answer.status.as_u16())),
        // It is there, whatever the answer is worth.
        Err(E::TooLarge(_) | E::Broken(_)) => pass.answered(),
        Err(E::Untrusted(reason) | E::NotSent(reason) | E::Unknown(reason) | E::Slow(reason)) => {
            pass.failed(Instant::now(), &masker.mask_text(reason));
        }
        Err(E::Denied(_) | E::CutShort { .. }) => drop(pass),
    }
}

/// A host that is busy, and says itself when to come back.
fn says_when(answer: &Answer) -> bool {
    answer.status == StatusCode::SERVICE_UNAVAILABLE && answer.headers.contains_key(header::RETRY_AFTER)
}
