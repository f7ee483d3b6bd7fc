//! Events on the wire: what happened, as the API lists it and as webhooks tell it.

use patchbay_model::EventKind as Inside;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Raw, Time};
use crate::problem::Problem;

macro_rules! kinds {
    ($($variant:ident = $word:tt,)*) => {
        /// What happened: `connection.broken` (a person has to act), `connection.restored`,
        /// `connection.created`, `connection.changed` (what a list shows of it is different), `connection.deleted`,
        /// `records.changed` (read the feed), `run.failed` (and is not tried again before its next slot), `push.ended`, `push.unknown` (it is
        /// not known whether it was written, and only a person can tell), `stream.drifted` (records have fields that
        /// they did not have), `connector.quarantined` (a release is not started any more),
        /// `connector.rolled_back`, `connector.activated` (new work uses another release), `webhook.disabled` (an
        /// endpoint failed for days and is told nothing any more), `webhook.test` (somebody tries this endpoint).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub(crate) enum EventKind {
            $(#[serde(rename = $word)] $variant,)*
        }

        impl From<Inside> for EventKind {
            fn from(inside: Inside) -> Self {
                match inside { $(Inside::$variant => Self::$variant,)* }
            }
        }

        impl From<EventKind> for Inside {
            fn from(word: EventKind) -> Self {
                match word { $(EventKind::$variant => Self::$variant,)* }
            }
        }
    };
}

kinds! {
    ConnectionBroken = "connection.broken",
    ConnectionRestored = "connection.restored",
    ConnectionCreated = "connection.created",
    ConnectionChanged = "connection.changed",
    ConnectionDeleted = "connection.deleted",
    RecordsChanged = "records.changed",
    RunFailed = "run.failed",
    PushEnded = "push.ended",
    PushUnknown = "push.unknown",
    StreamDrifted = "stream.drifted",
    ConnectorQuarantined = "connector.quarantined",
    ConnectorRolledBack = "connector.rolled_back",
    ConnectorActivated = "connector.activated",
    WebhookDisabled = "webhook.disabled",
    WebhookTest = "webhook.test",
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Its id, `evt_…`: the `webhook-id` of each attempt to tell it.
    id: String,
    /// What.
    kind: EventKind,
    /// To what: the id of a connection, a run, a push, a sync or an endpoint, or a connector.
    #[schema(example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    subject: String,
    /// More about it: ids, words and counts, never a record.
    #[schema(example = json!({"connection": "con_068r3m5e4pvk3b8c9d0e1f2g3h", "connector": "acme.books", "state": "broken", "code": "PB2002"}))]
    data: Raw,
    /// When.
    at: Time,
}

impl TryFrom<patchbay_app::Event> for Event {
    type Error = Problem;

    fn try_from(row: patchbay_app::Event) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id.to_string(),
            kind: row.kind.into(),
            subject: row.subject,
            data: row.data.try_into()?,
            at: row.at.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_spelled_as_the_webhooks_spell_it() {
        for &kind in Inside::ALL {
            assert_eq!(serde_json::to_value(EventKind::from(kind)).ok(), Some(kind.as_str().into()));
            assert_eq!(Inside::from(EventKind::from(kind)), kind);
        }
    }
}
