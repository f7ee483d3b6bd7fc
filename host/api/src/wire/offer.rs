//! What an integration offers on the wire: streams, actions and pickers.

use patchbay_model::manifest;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::{Function, MeetingPart, StreamMode};

/// A collection that can be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stream {
    /// Its name.
    #[schema(example = "issues")]
    name: String,
    /// Its title.
    title: String,
    /// What is read, in plain words.
    meaning: String,
    /// Which function it belongs to.
    function: Function,
    /// Whether it is read for each selected account, or once for the connection.
    per_account: bool,
    /// How it is read again.
    mode: StreamMode,
    /// How often.
    #[schema(example = "15m")]
    schedule: String,
    /// JSON pointers to the values that make a record's key.
    key: Vec<String>,
}

impl From<manifest::Stream> for Stream {
    fn from(stream: manifest::Stream) -> Self {
        Self {
            name: stream.name,
            title: stream.title,
            meaning: stream.meaning,
            function: stream.function.into(),
            per_account: stream.per_account,
            mode: stream.mode.into(),
            schedule: stream.schedule,
            key: stream.key,
        }
    }
}

/// Something that can be written with `POST /v1/pushes`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Action {
    /// Its name: what `action` names.
    #[schema(example = "issue")]
    name: String,
    /// Its title.
    title: String,
    /// What is written, in plain words.
    meaning: String,
    /// Which function it belongs to.
    function: Function,
    /// JSON Schema of `payload`.
    #[schema(value_type = Object)]
    schema: Value,
    /// JSON Schema of `target`; null when the action takes none.
    #[schema(value_type = Option<Object>)]
    target: Option<Value>,
    /// The picker whose choice's id is the target's `id`.
    picker: Option<String>,
    /// Whether items for one target are written one after the other, in the order in which they came. Otherwise they
    /// are written side by side.
    ordered: bool,
    /// Whether the same key with other content changes the object that was written. Otherwise it is refused.
    update: bool,
    /// Which files an item may carry; null when it takes none.
    attachments: Option<AttachmentsTaken>,
    /// The part of a meeting (`POST /v1/meetings`) that it takes; null when it takes none.
    meeting: Option<MeetingPart>,
}

/// Which files an item may carry.
#[derive(Debug, Serialize, ToSchema)]
struct AttachmentsTaken {
    /// At least so many.
    #[schema(example = 0)]
    min: u32,
    /// At most so many.
    #[schema(example = 5, maximum = 20)]
    max: u32,
    /// The media types that are taken, `application/pdf` or `image/*`; empty when all are.
    #[schema(example = json!(["application/pdf", "image/*"]))]
    types: Vec<String>,
}

impl From<manifest::Attachments> for AttachmentsTaken {
    fn from(taken: manifest::Attachments) -> Self {
        Self { min: taken.min, max: taken.max, types: taken.types }
    }
}

impl From<manifest::Action> for Action {
    fn from(action: manifest::Action) -> Self {
        Self {
            name: action.name,
            title: action.title,
            meaning: action.meaning,
            function: action.function.into(),
            schema: action.schema,
            target: action.target,
            picker: action.picker,
            ordered: action.ordered,
            update: action.update,
            attachments: action.attachments.map(Into::into),
            meeting: action.meeting.map(|from| from.part.into()),
        }
    }
}

/// A typeahead for targets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Picker {
    /// Its name.
    name: String,
    /// What it picks, for the person.
    title: String,
    /// Whether it searches records that the host holds, so that a refresh can read them again; else the
    /// provider is asked each time.
    refreshable: bool,
    /// The pickers whose choice it depends on: a folder of the client that was chosen before. When it is asked, the id
    /// of each such choice is given as `parent.NAME`.
    #[schema(example = json!(["client"]))]
    parents: Vec<String>,
}

impl From<manifest::Picker> for Picker {
    fn from(picker: manifest::Picker) -> Self {
        Self {
            name: picker.name,
            title: picker.title,
            refreshable: picker.from_stream.is_some(),
            parents: picker.parents.into_iter().map(|parent| parent.picker).collect(),
        }
    }
}
