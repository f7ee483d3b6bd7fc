//! A run that is tried: what it would have sent, noted for a person and not sent.

use std::sync::Arc;

use super::{Run, gone};
use crate::{SendError, WouldSend, order::Order};

/// Bytes of a body that are shown.
const SHOWN_BYTES: usize = 64 * 1024;
/// Requests of one run that are shown; a guest that asks on after it was stopped is not listened to.
const SHOWN: u32 = 100;

impl Run {
    /// Notes a request, after everything that would refuse it and without anything that it would set in
    /// motion: no line to wait in, no circuit, no connection. The credential is asked for only to know what
    /// must not be shown, so a rehearsal does without one that cannot be had.
    pub(super) async fn hold_back(&self, order: &Order) -> SendError {
        let Some(held) = &order.held_back else { return SendError::Stopped };
        let values = match self.unless_stopped(self.credential.current()).await {
            Ok(values) => values.ok(),
            Err(stopped) => return stopped,
        };
        let masker = match values.map(|values| self.learn(&values)) {
            Some(Ok(masker)) => masker,
            Some(Err(error)) => return error,
            None => Arc::clone(&self.state().masker),
        };
        match self.unless_stopped(order.betrays(&masker)).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return SendError::SecretSeen,
            Ok(Err(error)) => return gone(error),
            Err(stopped) => return stopped,
        }
        let (body, size) = match (order.outgoing.body.shown(SHOWN_BYTES), order.outgoing.body.len()) {
            (Ok(body), Ok(size)) => (body, size),
            (Err(reason), _) | (_, Err(reason)) => return SendError::Denied(reason),
        };
        {
            let mut state = self.state();
            if state.shown >= SHOWN {
                return SendError::Stopped;
            }
            state.shown += 1;
        }
        let header = |(name, value): &(http::HeaderName, http::HeaderValue)| {
            (name.as_str().to_owned(), masker.mask_header(name.as_str(), value.as_bytes()))
        };
        let sent = &order.outgoing;
        tracing::info!(
            tenant = self.grant.tenant,
            connector = self.grant.connector,
            connection = self.grant.connection,
            method = sent.method.as_str(),
            origin = %sent.target.origin,
            path = sent.target.path,
            step = held.step,
            "egress rehearsed"
        );
        held.rehearsal.would_send(WouldSend {
            method: sent.method.as_str().to_owned(),
            url: masker.mask_text(&format!("{}{}", sent.target.origin, sent.target.path_and_query())),
            headers: order.given().map(header).collect(),
            slots: order.slots.iter().map(|slot| slot.id.clone()).collect(),
            effect: held.effect,
            step: held.step.clone(),
            // Long secrets are not in it; a short one that is all of a value is not shown either.
            body: masker.mask_refusal(body),
            size,
        });
        SendError::Stopped
    }
}
