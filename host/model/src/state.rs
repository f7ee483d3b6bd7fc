//! The states of the things that live longer than a call, spelled as the API and the tables spell them.

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {$(
            $(#[$vdoc])*
            #[serde(rename = $text)]
            $variant,
        )*}

        impl $name {
            /// Every case.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of the API and the tables.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The case of a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}

states! {
    /// A connection: `pending → needs_setup → active ⇄ broken`, `deleted`. Whether it is switched on stands apart.
    ConnectionState {
        /// Authorised, but not confirmed by the tenant's backend.
        Pending = "pending",
        /// Works, but a setting without which nothing can be done is missing.
        NeedsSetup = "needs_setup",
        /// Works.
        Active = "active",
        /// The credential is no longer accepted: somebody must reconnect.
        Broken = "broken",
        /// Removed.
        Deleted = "deleted",
    }

    /// A run of a sync.
    RunState {
        /// Waiting for its time or for a worker.
        Due = "due",
        /// A worker holds its lease.
        Running = "running",
        /// Read to the end of what there is.
        Done = "done",
        /// A limit ended it; the next run goes on from the cursor.
        MoreLater = "more_later",
        /// It failed; the reason stands beside it.
        Failed = "failed",
        /// The connector went in circles.
        Stalled = "stalled",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// Its worker lost the lease.
        Lost = "lost",
        /// It waits for a person's approval.
        Held = "held",
    }

    /// A push: `waiting → planned → sending → done | rejected | failed | unknown | skipped | expired`.
    PushState {
        /// No connection or no target yet.
        Waiting = "waiting",
        /// Accepted; nothing has left.
        Planned = "planned",
        /// A worker is at it; something may have left.
        Sending = "sending",
        /// The object is at the provider.
        Done = "done",
        /// The item is wrong; never retried.
        Rejected = "rejected",
        /// Given up.
        Failed = "failed",
        /// A write may or may not have happened; being looked up, or waiting for a person.
        Unknown = "unknown",
        /// The settings do not forward this kind of data.
        Skipped = "skipped",
        /// Waited too long.
        Expired = "expired",
    }

    /// How a push that is done got there.
    PushResult {
        /// A new object.
        Created = "created",
        /// An object that was there and is changed.
        Updated = "updated",
        /// The object was there already.
        Exists = "exists",
    }

    /// A release of a connector.
    ReleaseState {
        /// Its bytes are here.
        Fetched = "fetched",
        /// Manifest and contract were checked.
        Verified = "verified",
        /// Machine code was made of it.
        Compiled = "compiled",
        /// It was instantiated once.
        Probed = "probed",
        /// It could be used; an approval is missing.
        Ready = "ready",
        /// New runs use it.
        Active = "active",
        /// Kept for a rollback.
        Retained = "retained",
        /// It cannot be used; the reason stands beside it.
        Refused = "refused",
        /// Set aside after it did harm.
        Quarantined = "quarantined",
        /// Too old to be kept: its bytes are gone, what is known of it stays.
        Dropped = "dropped",
    }

    /// What a tenant does, for Recommended.
    Industry {
        /// Accountants, tax advisers, auditors.
        Accounting = "accounting",
        /// Insurance and credit brokers.
        Insurance = "insurance",
        /// Advertising, media, communication.
        Marketing = "marketing",
        /// Shops and trade.
        Retail = "retail",
        /// Software and information technology.
        Software = "software",
        /// Advice and other services.
        Services = "services",
        /// Everything else.
        Other = "other",
    }

    /// How a connection stands, for a person. Derived from facts, never stored.
    ConnectionStatus {
        /// Authorised, but not confirmed by the tenant's backend.
        Pending = "pending",
        /// The connection is lost, or set-up is missing.
        ActionRequired = "action_required",
        /// Data retrieval has trouble, or it is not known whether something was written.
        Warning = "warning",
        /// Connected and working.
        Active = "active",
    }

    /// The status of a card in the catalog. Derived from facts, never stored.
    CardStatus {
        /// Listed, not installable yet.
        ComingSoon = "coming_soon",
        /// Can be connected.
        Connect = "connect",
        /// The connection is lost, or set-up is missing.
        ActionRequired = "action_required",
        /// Data retrieval has trouble.
        Warning = "warning",
        /// Connected and working.
        Active = "active",
    }
}
