//! What a run leaves behind: a line for each attempt, and why it ends.

use tokio::time::Instant;

use super::Run;
use crate::{Incident, SendError, answer::Answer, attempt::AttemptError, order::Order, redact::Masker};

impl Run {
    /// One line for each attempt; never the query, a header or a body.
    pub(super) fn audit(
        &self,
        order: &Order,
        outcome: &Result<Answer, AttemptError>,
        started: Instant,
        masker: &Masker,
    ) {
        let sent = &order.outgoing;
        let (status, bytes_in) = match outcome {
            Ok(answer) => (answer.status.as_u16(), answer.wire),
            Err(_) => (0, 0),
        };
        let error = outcome.as_ref().err().map(|error| masker.mask_text(&format!("{error:?}")));
        let bytes_out = u64::try_from(sent.body.len()).unwrap_or(u64::MAX);
        {
            let mut state = self.state();
            state.usage.bytes_in += bytes_in;
            if !matches!(outcome, Err(AttemptError::NotSent(_) | AttemptError::Untrusted(_) | AttemptError::Denied(_)))
            {
                state.usage.bytes_out += bytes_out;
            }
        }
        tracing::info!(
            tenant = self.grant.tenant,
            connector = self.grant.connector,
            connection = self.grant.connection,
            method = sent.method.as_str(),
            origin = %sent.target.origin,
            path = sent.target.path,
            slot = order.slots.first().map(|slot| slot.id.as_str()),
            step = order.write.as_ref().map(|step| step.name.as_str()),
            status,
            bytes_in,
            bytes_out,
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            error,
            "egress"
        );
    }

    /// Keeps what ends the run. The worst stays.
    pub(super) fn note(&self, error: &SendError) {
        let incident = match error {
            SendError::SecretSeen => Incident::SecretSeen,
            SendError::CredentialDead(reason) => Incident::CredentialDead(reason.clone()),
            SendError::Denied(reason) => Incident::Denied(reason.clone()),
            SendError::NotSent(_)
            | SendError::Unknown(_)
            | SendError::TooLarge(_)
            | SendError::Stopped
            | SendError::Other(_)
            | SendError::CredentialBusy(_) => return,
        };
        tracing::warn!(
            tenant = self.grant.tenant,
            connector = self.grant.connector,
            connection = self.grant.connection,
            incident = ?incident,
            "egress refused"
        );
        let mut state = self.state();
        if matches!(state.incident, None | Some(Incident::Denied(_))) {
            let keep = matches!((&state.incident, &incident), (Some(_), Incident::Denied(_)));
            if !keep {
                state.incident = Some(incident);
            }
        }
    }
}
