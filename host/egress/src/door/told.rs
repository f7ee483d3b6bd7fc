//! What a run leaves behind: a line for each attempt, and why it ends.

use patchbay_model::Code;
use tokio::time::Instant;

use super::Run;
use crate::{
    Incident, SendError,
    answer::Answer,
    attempt::{AttemptError, UnderWay},
    order::Order,
    redact::Masker,
};

impl Run {
    /// One line for each attempt; never the query, a header or a body.
    pub(super) fn audit(
        &self,
        order: &Order,
        outcome: &Result<Answer, AttemptError>,
        under_way: &UnderWay,
        started: Instant,
        masker: &Masker,
    ) {
        let sent = &order.outgoing;
        let status = outcome.as_ref().map_or(0, |answer| answer.status.as_u16());
        let error = outcome.as_ref().err().map(|error| masker.mask_text(&format!("{error:?}")));
        let left = under_way.left() && !matches!(outcome, Err(AttemptError::NotSent(_)));
        let (bytes_in, bytes_out) = self.used(under_way, left);
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

    /// Counts what one attempt took, also one that was stopped in the middle.
    pub(super) fn used(&self, under_way: &UnderWay, left: bool) -> (u64, u64) {
        let bytes_in = under_way.came();
        let bytes_out = if left { under_way.went() } else { 0 };
        let mut state = self.state();
        state.usage.bytes_in += bytes_in;
        state.usage.bytes_out += bytes_out;
        (bytes_in, bytes_out)
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
        match incident {
            Incident::SecretSeen => self.gate.refused(Code::SecretSeen, Some(&self.grant.connector)),
            Incident::Denied(_) => self.gate.refused(Code::EgressDenied, Some(&self.grant.connector)),
            Incident::CredentialDead(_) => {}
        }
        let mut state = self.state();
        if matches!(state.incident, None | Some(Incident::Denied(_))) {
            let keep = matches!((&state.incident, &incident), (Some(_), Incident::Denied(_)));
            if !keep {
                state.incident = Some(incident);
            }
        }
    }
}
