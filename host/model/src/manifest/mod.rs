//! The manifest: what a connector is and asks for, as plain data.
//!
//! Written by people as `connector.toml`, packed by `patchbay package` as JSON into the component's
//! first custom section, so that it can be read before any code of the connector is compiled or run.
//! [`parse`](parse::parse) reads the text and names line and remedy of what is wrong.

mod action;
pub mod asks;
mod auth;
mod corrected;
mod discovered;
mod duration;
mod fill;
mod host;
mod json_text;
mod logo;
mod meeting;
pub mod parse;
mod patterns;
mod places;
mod problem;
mod schema;
mod secrecy;
mod stream;
mod typed;
mod validate;

pub use action::{Action, Attachments, FromMeeting, Idempotency, MeetingPart, TodosOfReport};
pub use asks::Asks;
pub use auth::{
    AnswerPlaces, Auth, AuthKind, AuthScope, ClientAuth, ExchangePlace, Fact, Field, FieldKind, REGION, Region,
    RegionBy, Renewal, ResponseRule, RevokeEnds, Signature, SignatureEncoding, SignedInto, Slot, SlotPlace,
    TokenRequest,
};
pub use corrected::lay_over;
pub use discovered::{Discovered, Found, schema_of};
pub use duration::{duration_text, parse_duration};
pub use fill::{Encoding, fill, placeholders};
pub use host::{Host, Rate, RateScope};
pub use logo::check as check_logo;
pub use meeting::payload_of;
pub use problem::Problem;
pub use schema::{compile_known_schema, compile_schema};
pub use secrecy::{SHORTEST_TOKEN, is_named_like_a_secret, looks_like_a_token};
pub use stream::{CursorKind, CursorRule, Picker, PickerParent, Stream, StreamMode};
pub use validate::validate;

pub(crate) use problem::Finding;
pub(crate) use validate::findings;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The whole manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// `publisher.name`, lower case.
    pub id: String,
    /// Semantic version of this release.
    pub version: String,
    /// Version of the contract that it was built against, e.g. `0.1.0`.
    pub contract: String,
    /// What people call the provider.
    pub name: String,
    /// Where it stands in the catalog.
    pub category: Category,
    /// One or two sentences for the card.
    pub summary: String,
    /// SVG text of the logo, or the name of an SVG file beside `connector.toml` that packing reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether it can be installed yet.
    #[serde(default)]
    pub availability: Availability,
    /// Industries for which the catalog recommends it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommended_for: Vec<String>,
    /// What an end user needs before starting, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<String>,
    /// Step-by-step instructions, by audience.
    #[serde(default, rename = "guide", skip_serializing_if = "Vec::is_empty")]
    pub guides: Vec<Guide>,
    /// Ways to log in.
    #[serde(default, rename = "auth", skip_serializing_if = "Vec::is_empty")]
    pub auths: Vec<Auth>,
    /// Where its requests may go.
    #[serde(default, rename = "host", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// How fast.
    #[serde(default, rename = "rate", skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Rate>,
    /// What can be read.
    #[serde(default, rename = "stream", skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<Stream>,
    /// What can be read besides, where only a connection can name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered: Option<Discovered>,
    /// Typeaheads for targets.
    #[serde(default, rename = "picker", skip_serializing_if = "Vec::is_empty")]
    pub pickers: Vec<Picker>,
    /// What can be written.
    #[serde(default, rename = "action", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// JSON Schema of a connection's settings, as JSON text in the TOML.
    #[serde(default, with = "json_text::optional", skip_serializing_if = "Option::is_none")]
    pub settings: Option<Value>,
    /// What the operator may correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigAsked>,
    /// Limits it asks for.
    #[serde(default)]
    pub limits: LimitsAsked,
}

/// Where a card stands in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Accounting.
    Accounting,
    /// Communication.
    Communication,
    /// Marketing.
    Marketing,
    /// Productivity.
    Productivity,
    /// Sales and customer relations.
    SalesCrm,
}

/// Whether a connector can be installed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// It can.
    #[default]
    Available,
    /// It is only listed.
    ComingSoon,
}

/// A named group of streams and actions: what a switch turns off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Relations, companies, parties, contacts.
    Relations,
    /// Ledgers, invoices, periods and other figures.
    Accounting,
    /// Notes, comments and remarks.
    Notes,
    /// Tasks, to-dos, issues.
    Tasks,
    /// Reports and other files.
    Reports,
    /// Messages to people: e-mail, chat.
    Messages,
    /// Calendars and events.
    Events,
    /// Campaigns, audiences, advertising figures.
    Marketing,
    /// Source code and what belongs to it.
    Code,
}

impl Function {
    /// As the manifest spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Relations => "relations",
            Self::Accounting => "accounting",
            Self::Notes => "notes",
            Self::Tasks => "tasks",
            Self::Reports => "reports",
            Self::Messages => "messages",
            Self::Events => "events",
            Self::Marketing => "marketing",
            Self::Code => "code",
        }
    }
}

/// Instructions for one audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guide {
    /// Part of its public address, e.g. `end-user`.
    pub id: String,
    /// Whom it is for, e.g. `the person who connects`.
    pub audience: String,
    /// Its heading.
    pub title: String,
    /// Markdown.
    pub text: String,
}

/// What the operator may correct without a new build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigAsked {
    /// JSON Schema, as JSON text in the TOML.
    #[serde(with = "json_text::required")]
    pub schema: Value,
    /// What holds when the operator says nothing, as JSON text in the TOML. A text at its top level may be an
    /// address, which stands as `{config.NAME}` where it is used.
    #[serde(with = "json_text::required")]
    pub defaults: Value,
}

/// Limits that a connector asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsAsked {
    /// Memory of one instance, MiB.
    pub memory_mib: u32,
    /// Time of one run, minutes.
    pub run_minutes: u32,
}

impl Default for LimitsAsked {
    fn default() -> Self {
        Self { memory_mib: 64, run_minutes: 30 }
    }
}

impl Manifest {
    /// The auth method of this id.
    #[must_use]
    pub fn auth(&self, id: &str) -> Option<&Auth> {
        self.auths.iter().find(|auth| auth.id == id)
    }

    /// The stream of this name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// What it serves, each function once, in the order of the closed list.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<Function> {
        let streams = self.streams.iter().map(|stream| stream.function);
        let discovered = self.discovered.iter().map(|asked| asked.function);
        streams.chain(discovered).chain(self.actions.iter().map(|action| action.function)).collect()
    }

    /// The picker of this name.
    #[must_use]
    pub fn picker(&self, name: &str) -> Option<&Picker> {
        self.pickers.iter().find(|picker| picker.name == name)
    }
}
