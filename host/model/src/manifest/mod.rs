//! The manifest: what a connector is and asks for, as plain data.
//!
//! Written by people as `connector.toml`, packed by `patchbay package` as JSON into the component's
//! first custom section, so that it can be read before any code of the connector is compiled or run.
//! [`parse`](parse::parse) reads the text and names line and remedy of what is wrong.

mod auth;
mod host;
pub mod parse;

pub use auth::{
    Auth, AuthKind, AuthScope, ClientAuth, ExchangePlace, Fact, Field, FieldKind, ResponseRule, Slot, SlotPlace,
    TokenRequest,
};
pub use host::{Host, Rate, RateScope};

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
    /// Typeaheads for targets.
    #[serde(default, rename = "picker", skip_serializing_if = "Vec::is_empty")]
    pub pickers: Vec<Picker>,
    /// What can be written.
    #[serde(default, rename = "action", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// JSON Schema of a connection's settings, as JSON text in the TOML.
    #[serde(default, with = "json_text", skip_serializing_if = "Option::is_none")]
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

/// A stream that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stream {
    /// Its name, lower case with underscores.
    pub name: String,
    /// Its title.
    pub title: String,
    /// JSON pointers to the values that make a record's key.
    pub key: Vec<String>,
    /// Read once for each selected account; else once for the connection.
    #[serde(default)]
    pub per_account: bool,
    /// Whether a later run can go on from the cursor, or reads everything again.
    #[serde(default)]
    pub mode: StreamMode,
    /// How often it is read when nobody says otherwise: `15m`, `6h`, `1d`.
    pub schedule: String,
    /// Which switch it belongs to.
    pub function: Function,
    /// What is read, in plain words, for the review step.
    pub meaning: String,
}

/// How a stream is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamMode {
    /// Each run reads what changed since the cursor.
    #[default]
    Incremental,
    /// Each pass reads everything; what is absent at its end is gone.
    Full,
}

/// A typeahead for targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Picker {
    /// Its name.
    pub name: String,
    /// What it picks, for the person.
    pub title: String,
    /// The stream whose records the host searches; without it the connector's `pick` is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_stream: Option<String>,
    /// JSON pointer to a choice's id, for `from-stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// JSON pointer to its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// JSON pointer to what tells equal labels apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Something that can be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Which switch it belongs to.
    pub function: Function,
    /// What is written, in plain words, for the review step.
    pub meaning: String,
    /// JSON Schema of the payload, as JSON text in the TOML.
    #[serde(with = "json_text_required")]
    pub schema: Value,
    /// JSON Schema of the target, as JSON text; none when the action has no target.
    #[serde(default, with = "json_text", skip_serializing_if = "Option::is_none")]
    pub target: Option<Value>,
    /// The picker whose choice's id is the target's `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picker: Option<String>,
    /// Whether it takes several requests.
    #[serde(default)]
    pub multi_step: bool,
    /// How a lost answer is resolved.
    pub idempotency: Idempotency,
    /// How long after the last byte `find` may be believed: `120s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<String>,
}

/// What can be done when the answer to a write was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idempotency {
    /// The provider takes a key and does nothing twice.
    Key,
    /// The connector can look for the object.
    Find,
    /// The write names its object, so twice is once.
    Upsert,
    /// Nothing: a person has to look.
    None,
}

/// What the operator may correct without a new build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigAsked {
    /// JSON Schema, as JSON text in the TOML.
    #[serde(with = "json_text_required")]
    pub schema: Value,
    /// What holds when the operator says nothing, as JSON text in the TOML.
    #[serde(with = "json_text_required")]
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

    /// The picker of this name.
    #[must_use]
    pub fn picker(&self, name: &str) -> Option<&Picker> {
        self.pickers.iter().find(|picker| picker.name == name)
    }
}

/// JSON that people write as a text in TOML, and that is a value in the packed JSON.
mod json_text_required {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => {
                serde_json::from_str(&text).map_err(|error| D::Error::custom(format!("this is not JSON: {error}")))
            }
            value => Ok(value),
        }
    }
}

/// The same, where it may be left out.
mod json_text {
    use serde::{Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
        super::json_text_required::deserialize(from).map(Some)
    }
}
