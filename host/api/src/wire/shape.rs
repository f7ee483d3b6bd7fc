//! What fields a stream's records have, and how that changed, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Raw, Time};
use crate::problem::Problem;

/// The fields that the records of a sync have had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schema {
    /// Places in a record, by JSON pointer, each with the types of value that were seen there; null before the first
    /// record. `*` stands for every item of a list. `truncated` is true where there are more places than are kept.
    #[schema(example = json!({"/id": ["number"], "/lines": ["array"], "/lines/*/amount": ["null", "number"]}))]
    shape: Option<Raw>,
    /// JSON Schema of a record as the connector said it when it was asked for the connection's streams; null where it said
    /// none. Records are not held to it.
    declared: Option<Raw>,
}

impl TryFrom<patchbay_app::RecordSchema> for Schema {
    type Error = Problem;

    fn try_from(of: patchbay_app::RecordSchema) -> Result<Self, Problem> {
        let raw = |text: Option<String>| text.map(Raw::try_from).transpose();
        Ok(Self { shape: raw(of.shape)?, declared: raw(of.declared)? })
    }
}

/// Something that the records of a sync did not have before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Drift {
    /// Where, by JSON pointer; `*` stands for every item of a list.
    #[schema(example = "/lines/*/amount")]
    path: String,
    /// What: `added` (there was nothing at this place), `new_type` (there were only values of other types).
    #[schema(example = "new_type")]
    kind: String,
    /// The types that are new there.
    #[schema(example = "string")]
    detail: String,
    /// The run that met it.
    run: String,
    /// When.
    at: Time,
}

impl From<patchbay_app::Drift> for Drift {
    fn from(row: patchbay_app::Drift) -> Self {
        Self { path: row.path, kind: row.kind, detail: row.detail, run: row.run.to_string(), at: row.at.into() }
    }
}
