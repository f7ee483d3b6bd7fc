//! Webhook endpoints and their deliveries on the wire. A signing secret is in the answer that makes it, and never
//! again.

use patchbay_model::{Code, EventId, Fault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EventKind, Time};
use crate::problem::Problem;

/// An address of yours that is told what happens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Its id, `whk_…`.
    id: String,
    /// The address.
    #[schema(example = "https://app.example.com/hooks/patchbay")]
    url: String,
    /// What you call it.
    #[schema(example = "production")]
    description: String,
    /// What it is told; empty for everything but `connection.created`, `connection.changed`,
    /// `connection.deleted` and `connector.activated`, which are told to whoever names them.
    kinds: Vec<EventKind>,
    /// Whether it is told anything.
    enabled: bool,
    /// Why it is not, where the host switched it off.
    disabled_reason: Option<String>,
    /// Since when no attempt has succeeded; null while it works.
    failing_since: Option<Time>,
    /// The HTTP status that it answered last; null where no answer came.
    last_status: Option<u16>,
    /// When it last took something.
    last_success_at: Option<Time>,
    /// Since when it exists.
    created_at: Time,
    /// When somebody changed it last.
    updated_at: Time,
}

impl From<patchbay_app::Webhook> for Webhook {
    fn from(row: patchbay_app::Webhook) -> Self {
        Self {
            id: row.id.to_string(),
            url: row.url,
            description: row.description,
            kinds: row.kinds.into_iter().map(Into::into).collect(),
            enabled: row.enabled,
            disabled_reason: row.disabled_reason,
            failing_since: row.failing_since.map(Into::into),
            last_status: row.last_status,
            last_success_at: row.last_success_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// An endpoint with a signing secret that was just made. The secret is in this answer and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedWebhook {
    /// The endpoint.
    webhook: Webhook,
    /// The signing secret: `whsec_` and base64, as the libraries of Standard Webhooks take it.
    #[schema(example = "whsec_…")]
    secret: String,
}

impl From<patchbay_app::IssuedWebhook> for IssuedWebhook {
    fn from(issued: patchbay_app::IssuedWebhook) -> Self {
        Self { secret: issued.secret.expose().to_owned(), webhook: issued.webhook.into() }
    }
}

/// An event that was queued for an endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedEvent {
    /// Its id, `evt_…`: the `webhook-id` that the endpoint will see.
    event: String,
}

impl From<EventId> for QueuedEvent {
    fn from(event: EventId) -> Self {
        Self { event: event.to_string() }
    }
}

/// How many events were queued for an endpoint again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Events that are told once more; each has the id that it had.
    events: u64,
}

impl From<u64> for Replayed {
    fn from(events: u64) -> Self {
        Self { events }
    }
}

/// How a delivery stands: `due` (waits for its first or next attempt), `sending`, `done` (the endpoint took it),
/// `failed` (every attempt failed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    Due,
    Sending,
    Done,
    Failed,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Due, Self::Sending, Self::Done, Self::Failed];

    /// The word of the tables.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One event for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// The event, `evt_…`.
    event: String,
    /// What happened.
    kind: EventKind,
    /// How it stands.
    state: DeliveryState,
    /// Attempts so far.
    attempts: u32,
    /// When the next attempt is due; null where none is.
    next_at: Option<Time>,
    /// The HTTP status of the last attempt; null where no answer came.
    last_status: Option<u16>,
    /// What went wrong at the last attempt.
    last_error: Option<String>,
    /// When it was queued.
    created_at: Time,
    /// When it was taken or given up.
    ended_at: Option<Time>,
}

impl TryFrom<patchbay_app::Delivery> for Delivery {
    type Error = Problem;

    fn try_from(row: patchbay_app::Delivery) -> Result<Self, Problem> {
        let state = DeliveryState::ALL.into_iter().find(|state| state.as_str() == row.state);
        let odd = || Problem(Fault::new(Code::Internal).operator(format!("a delivery that is {}", row.state)));
        Ok(Self {
            state: state.ok_or_else(odd)?,
            event: row.event.to_string(),
            kind: row.kind.into(),
            attempts: row.attempts,
            next_at: row.next_at.map(Into::into),
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_asked_for_by_the_word_that_is_told() {
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).ok(), Some(state.as_str().into()));
        }
    }
}
