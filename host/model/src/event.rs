//! What happens in Patchbay that a tenant's application is told, as signed webhooks.
//!
//! An event names what it is about and how much there was of it: **ids, words and counts, never a record, a
//! field's value or a message of a provider.** An endpoint may be somebody else's by tomorrow, and what it
//! was sent cannot be taken back; the application asks the API, with its key, for what it wants to see.
//!
//! | word | `data` |
//! |---|---|
//! | `connection.broken` | `{"connection", "connector", "state", "code"}`: a person has to act; `code` is a page |
//! | `connection.restored` | `{"connection", "connector", "state", "enabled"}`: it works again |
//! | `connection.created` | `{"connection", "connector", "state", "enabled"}`: there is a new one, perhaps `pending` |
//! | `connection.changed` | `{"connection", "connector", "state", "enabled"}`: what a list shows of it is different, also whether its streams have trouble |
//! | `connection.deleted` | `{"connection", "connector", "state", "enabled"}`: it is gone |
//! | `records.changed` | `{"connection", "account", "stream", "run", "changed", "deleted", "sequence"}`: read the feed up to `sequence` |
//! | `run.failed` | `{"connection", "account", "stream", "run", "state", "code", "attempts"}`: nothing more is tried before the next slot |
//! | `push.ended` | `{"push", "connection", "action", "key", "state", "code"}`: `key` is the caller's own |
//! | `push.unknown` | `{"push", "connection", "action", "key", "state", "code"}`: whether it was written only a person can tell |
//! | `stream.drifted` | `{"connection", "connector", "stream", "run", "added", "changed"}`: how many paths are new, how many have a new type |
//! | `connector.quarantined` | `{"connector", "release", "version", "deaths"}`: the release is not started any more |
//! | `connector.rolled_back` | `{"connector", "release", "version", "to"}`: the release broke down again and again; version `to` runs instead |
//! | `connector.activated` | `{"connector", "release", "version"}`: new work of its connections uses this release |
//! | `webhook.disabled` | `{"webhook", "failing_since", "attempts"}`: told to the tenant's other endpoints |
//! | `webhook.test` | `{"webhook"}`: somebody tries this endpoint; nobody else is told |
//!
//! An endpoint that names no kinds is told all but `connection.created`, `connection.changed`, `connection.deleted` and
//! `connector.activated`: a page that looks on wants to know these, and a backend mostly did them itself. One that names them
//! is told them, too.
//!
//! Around it stands, for each of them, `{"type", "timestamp", "data"}` as Standard Webhooks recommends.

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What sort of thing happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {$(
            $(#[$doc])*
            $name,
        )*}

        impl EventKind {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As the API, the database and the webhook spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

events! {
    /// A connection needs a person.
    ConnectionBroken = "connection.broken";
    /// A connection that needed a person works again.
    ConnectionRestored = "connection.restored";
    /// There is a new connection.
    ConnectionCreated = "connection.created";
    /// What is shown of a connection is different.
    ConnectionChanged = "connection.changed";
    /// A connection is gone.
    ConnectionDeleted = "connection.deleted";
    /// A run stored something that was not there before.
    RecordsChanged = "records.changed";
    /// A run failed and is not tried again before its next slot.
    RunFailed = "run.failed";
    /// A push came to its end, whichever.
    PushEnded = "push.ended";
    /// It is not known whether a push was written, and nothing more is tried by itself.
    PushUnknown = "push.unknown";
    /// The records of a stream have fields that they did not have.
    StreamDrifted = "stream.drifted";
    /// A release brought the host down and is not started any more.
    ConnectorQuarantined = "connector.quarantined";
    /// A release broke down again and again, and the one before it runs instead.
    ConnectorRolledBack = "connector.rolled_back";
    /// New work of a connector uses another release.
    ConnectorActivated = "connector.activated";
    /// An endpoint failed for days and is told nothing any more.
    WebhookDisabled = "webhook.disabled";
    /// Somebody tries an endpoint, which alone is told.
    WebhookTest = "webhook.test";
}

impl EventKind {
    /// Whether only those are told who name it, and not those who want to hear of everything.
    #[must_use]
    pub const fn is_quiet(self) -> bool {
        matches!(
            self,
            Self::ConnectionCreated | Self::ConnectionChanged | Self::ConnectionDeleted | Self::ConnectorActivated
        )
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_word_of_its_own_and_says_what_it_carries() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.as_str()), Some(*kind));
            let row = format!("//! | `{kind}` | `{{\"");
            assert!(include_str!("event.rs").contains(&row), "{kind} has no line in the table");
        }
        assert_eq!(EventKind::from_word("connection.Broken"), None);
        assert_eq!(EventKind::from_word(""), None);
    }
}
