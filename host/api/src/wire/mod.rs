//! The types on the wire: this room's own, one file per resource, made from what `app` returns.
//!
//! Ids are text, times RFC 3339 in UTC, states words of a closed list. What a provider or a connector
//! wrote as JSON goes out as it is, in [`Raw`].

mod activity;
mod audit;
mod blob;
mod brand;
mod browser_session;
mod canary;
mod card;
mod change;
mod connection;
mod connector_config;
mod dead_letter;
mod event;
mod form;
mod grant;
mod health;
mod index;
mod key;
mod meeting;
mod node;
mod oauth_client;
mod offer;
mod permission_card;
mod picker;
mod progress;
mod publisher;
mod push;
mod push_batch;
mod push_detail;
mod push_item;
mod record;
mod rehearsal;
mod release;
mod release_detail;
mod return_address;
mod rotation;
mod run;
mod schedule;
mod session;
mod shape;
mod stream;
mod sync;
mod tenant;
mod used_system;
mod webhook;
mod words;

pub(crate) use activity::{Activity, Span};
pub(crate) use audit::{AuditPage, AuditVerification};
pub(crate) use blob::{Blob, FileBody};
pub(crate) use brand::Brand;
pub(crate) use browser_session::{EndedPortalSessions, NewPortalSession, OperatorInvitation, Session};
pub(crate) use canary::Canary;
pub(crate) use card::{Card, CatalogEntry};
pub(crate) use change::Changes;
pub(crate) use connection::{ConnectionDetail, ConnectionList};
pub(crate) use connector_config::ConnectorConfig;
pub(crate) use dead_letter::DeadLetter;
pub(crate) use event::{Event, EventKind};
pub(crate) use grant::{Grant, Granted};
pub(crate) use health::DeploymentHealth;
pub(crate) use index::{ConnectorUpdate, Index, ListedConnector};
pub(crate) use key::{Key, NewKey};
pub(crate) use meeting::MeetingResults;
pub(crate) use node::{CircuitBreaker, Node};
pub(crate) use oauth_client::OauthClient;
pub(crate) use picker::{Picked, Refreshing};
pub(crate) use progress::RunProgress;
pub(crate) use publisher::{Publisher, PublisherKey};
pub(crate) use push::{AcceptedPush, Push, SendWhen};
pub(crate) use push_batch::BatchResults;
pub(crate) use push_detail::PushDetail;
pub(crate) use push_item::{AttachmentWanted, Item};
pub(crate) use record::{Record, RecordList};
pub(crate) use rehearsal::Rehearsal;
pub(crate) use release::{Connector, InstalledRelease, Release, ReleaseStanding};
pub(crate) use release_detail::ReleaseDetail;
pub(crate) use return_address::ReturnAddress;
pub(crate) use rotation::KeyRotation;
pub(crate) use run::{LogLine, QueuedRun, Run};
pub(crate) use schedule::{Schedule, ScheduleWanted};
pub(crate) use session::{ConnectSession, NewConnectSession, Verification};
pub(crate) use shape::{Drift, Schema};
pub(crate) use stream::{DiscoveredStreams, Stream};
pub(crate) use sync::{ApprovedDeletions, Sync};
pub(crate) use tenant::Tenant;
pub(crate) use used_system::UsedFunction;
pub(crate) use webhook::{Delivery, DeliveryState, IssuedWebhook, QueuedEvent, Replayed, Webhook};
pub(crate) use words::{CardStatus, Category, ConnectionState, Language, PushState, RunState, Upgrades};

use patchbay_model::{Code, Fault, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The page, in the order of the list.
    pub(crate) items: Vec<T>,
    /// Pass it as `after` for the next page; null at the end.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// A page of what `app` returns.
    pub(crate) fn of<R: Into<T>>(page: patchbay_app::Page<R>) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), next: page.next }
    }

    /// The same, of rows that may turn out not to be what they should.
    pub(crate) fn checked<R>(page: patchbay_app::Page<R>) -> Result<Self, Problem>
    where
        T: TryFrom<R, Error = Problem>,
    {
        let items = page.items.into_iter().map(T::try_from).collect::<Result<_, _>>()?;
        Ok(Self { items, next: page.next })
    }

    /// A list that is never long enough to be cut.
    pub(crate) fn whole<R: Into<T>>(rows: Vec<R>) -> Self {
        Self { items: rows.into_iter().map(Into::into).collect(), next: None }
    }
}

/// A moment, RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-12T10:20:05Z")]
pub(crate) struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Reason {
    /// The code, for programs; its page stands under `/errors/{code}`.
    #[schema(example = "PB2002")]
    code: String,
    /// What happened, for a person.
    detail: String,
}

impl Reason {
    /// A code and its text, or the code's own.
    pub(crate) fn of(code: Option<Code>, person: Option<String>) -> Option<Self> {
        let code = code?;
        Some(Self { code: code.id().to_owned(), detail: person.unwrap_or_else(|| code.title().to_owned()) })
    }
}

/// JSON that was stored as text and goes out as it is, character for character.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct Raw(Box<RawValue>);

impl TryFrom<String> for Raw {
    type Error = Problem;

    /// One scan says that it is JSON; an answer with a row that is none would be unreadable as a whole.
    fn try_from(text: String) -> Result<Self, Problem> {
        RawValue::from_string(text)
            .map(Self)
            .map_err(|error| Problem(Fault::new(Code::Internal).operator(format!("stored JSON: {error}"))))
    }
}

/// An account as lists name it: none where a stream is read once for the whole connection.
fn account(provider_id: String) -> Option<String> {
    (!provider_id.is_empty()).then_some(provider_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_json_goes_out_character_for_character() {
        let text = r#"{ "b": 1.50,  "a": "é" }"#;
        let raw = Raw::try_from(text.to_owned()).ok().expect("JSON");
        assert_eq!(serde_json::to_string(&raw).expect("an answer"), text);
    }

    #[test]
    fn a_row_that_is_no_json_is_a_defect_and_not_an_answer() {
        assert!(Raw::try_from(r#"{"a":"#.to_owned()).is_err());
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let time = Time::from(Timestamp::from_millis(1_773_310_805_000));
        assert_eq!(serde_json::to_string(&time).expect("an answer"), "\"2026-03-12T10:20:05Z\"");
    }
}
