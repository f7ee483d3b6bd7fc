//! The closed lists of words. Each mirrors one of `model`; a case that appears there has to be given a
//! place here before this room compiles again.

use patchbay_app::{
    Language as AppLanguage, PushChange as AppChange, SessionKind as AppSessionKind, Trigger as AppTrigger,
};
use patchbay_model::{
    self as model,
    contract::Effect as ContractEffect,
    manifest::{
        AuthKind, Availability as ManifestAvailability, Category as ManifestCategory, FieldKind as ManifestField,
        Function as ManifestFunction, MeetingPart as ManifestPart, StreamMode as ManifestMode,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $from:ty { $($variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($variant,)* }

        impl From<$from> for $name {
            fn from(inside: $from) -> Self {
                match inside { $(<$from>::$variant => Self::$variant,)* }
            }
        }

        impl From<$name> for $from {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant,)* }
            }
        }
    )*};
}

words! {
    /// How a connection stands: `pending` (authorised, not confirmed by the backend
    /// yet), `needs_setup` (an account has to be chosen),
    /// `active` (works), `broken` (the credential is no longer accepted: reconnect), `deleted`.
    ConnectionState = model::ConnectionState { Pending, NeedsSetup, Active, Broken, Deleted, }

    /// How a run stands: `due`, `running`, then `done` (read to the end), `more_later` (a limit ended it, the
    /// next goes on from there), `failed`, `stalled` (the connector went in circles), `cancelled`, `lost`
    /// (its worker died) or `held` (waits for a person's approval).
    RunState = model::RunState { Due, Running, Done, MoreLater, Failed, Stalled, Cancelled, Lost, Held, }

    /// What a run may use only so much of: how long it takes, pages, records, or bytes that come in.
    Budget = model::Budget { Time, Pages, Records, Bytes, }

    /// How a push stands: `waiting` (for a connection, a target, or somebody's word), `planned`, `sending`, then
    /// `done`, `rejected` (the item is wrong), `failed`, `unknown` (a write may or may not have happened; it is looked
    /// up, never repeated blindly), `skipped` (a switch is off, or somebody took it back) or `expired` (it waited too
    /// long).
    PushState = model::PushState { Waiting, Planned, Sending, Done, Rejected, Failed, Unknown, Skipped, Expired, }

    /// How a push that is done got there: a new object, a changed one, or one that was there already.
    PushResult = model::PushResult { Created, Updated, Exists, }

    /// What an item did: `created` (it is new), `duplicate` (it is the same again: nothing), `revived` (its push had
    /// been skipped or had expired, or lacked the target that came now, and goes on) or `updated` (its content is other
    /// than before, and changes the object that was written).
    PushChange = AppChange { Created, Duplicate, Revived, Updated, }

    /// What a request does at the provider: `read` (nothing), `repeatable` (something that does no harm when done
    /// twice) or `write` (something that must not be done twice).
    Effect = ContractEffect { Read, Repeatable, Write, }

    /// Which upgrades of a connector go ahead by themselves, of those that ask for nothing beyond what was approved:
    /// `manual` (none), `minor` (within a major version, or a minor one before 1.0) or `all`.
    Upgrades = model::Upgrades { Manual, Minor, All, }

    /// A part of a meeting.
    MeetingPart = ManifestPart { Report, Note, Todo, }

    /// How far a release is: `fetched`, `verified`, `compiled`, `probed`, `ready` (an approval is missing),
    /// `active` (new runs use it), `retained` (kept for a rollback), `refused`, `quarantined`.
    ReleaseState = model::ReleaseState {
        Fetched, Verified, Compiled, Probed, Ready, Active, Retained, Refused, Quarantined,
        Dropped,
    }

    /// How a connection stands, for a person: `pending` (not confirmed by the backend yet), `action_required` (the
    /// connection is lost or needs set-up), `warning` (data retrieval has trouble, or it is not known whether an item was
    /// written) or `active`. Derived, by the same rule as the card's.
    ConnectionStatus = model::ConnectionStatus { Pending, ActionRequired, Warning, Active, }

    /// The status of a card: `coming_soon` (listed only), `connect` (can be connected), `action_required`
    /// (a connection is lost or needs set-up), `warning` (data retrieval has trouble), `active`.
    CardStatus = model::CardStatus { ComingSoon, Connect, ActionRequired, Warning, Active, }

    /// Where a card stands in the catalog.
    Category = ManifestCategory { Accounting, Communication, Marketing, Productivity, SalesCrm, }

    /// Whether a connector can be connected yet.
    Availability = ManifestAvailability { Available, ComingSoon, }

    /// A named group of streams and actions.
    Function = ManifestFunction {
        Relations, Accounting, Notes, Tasks, Reports, Messages, Events, Marketing, Code,
    }

    /// How a person logs in: `oauth2` at the provider, in a browser; the others by entering what the form asks
    /// for: `fields` (keys, or user and password), `session` (the host opens a session with them) and
    /// `oauth2_client_credentials` (the host asks for a token with them, or with the operator's client).
    LoginKind = AuthKind { Fields, Oauth2, Oauth2ClientCredentials, Session, }

    /// The type of a field. `subdomain` takes a bare word or a pasted address, `origin` an address of the
    /// customer's own, `date` a day as `YYYY-MM-DD`.
    FieldKind = ManifestField { Text, Secret, Select, Subdomain, Date, Origin, }

    /// Whose browser is signed in: an operator's, or that of a tenant's user in the portal.
    SessionKind = AppSessionKind { Operator, Portal, }

    /// The language of the hosted journey: English, Dutch or Polish.
    Language = AppLanguage { En, Nl, Pl, }

    /// How a stream is read again: only what changed, or everything.
    StreamMode = ManifestMode { Incremental, Full, }

    /// Why a run was made: it was time, somebody asked, the connection was made or renewed, the run before
    /// failed in a way that passes, or it stopped at a limit.
    Trigger = AppTrigger { Schedule, Manual, Connect, Retry, More, }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word<T: Serialize>(value: T) -> String {
        serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).expect("a word")
    }

    #[test]
    fn a_state_is_spelled_as_the_tables_and_logs_spell_it() {
        for &state in model::ConnectionState::ALL {
            assert_eq!(word(ConnectionState::from(state)), state.as_str());
        }
        for &state in model::RunState::ALL {
            assert_eq!(word(RunState::from(state)), state.as_str());
        }
        for &budget in model::Budget::ALL {
            assert_eq!(word(Budget::from(budget)), budget.as_str());
        }
        for &state in model::PushState::ALL {
            assert_eq!(word(PushState::from(state)), state.as_str());
        }
        for &result in model::PushResult::ALL {
            assert_eq!(word(PushResult::from(result)), result.as_str());
        }
        for &state in model::ReleaseState::ALL {
            assert_eq!(word(ReleaseState::from(state)), state.as_str());
        }
        for &status in model::ConnectionStatus::ALL {
            assert_eq!(word(ConnectionStatus::from(status)), status.as_str());
        }
        for &status in model::CardStatus::ALL {
            assert_eq!(word(CardStatus::from(status)), status.as_str());
        }
        for part in [ManifestPart::Report, ManifestPart::Note, ManifestPart::Todo] {
            assert_eq!(word(MeetingPart::from(part)), part.word());
        }
    }
}
