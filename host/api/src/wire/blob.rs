//! Files on the wire. Their bytes are never in JSON.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::Time;

/// A file that items can carry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blob {
    /// Its id, `blb_…`: what an item names.
    #[schema(example = "blb_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// Its name.
    #[schema(example = "Report Q3.pdf")]
    name: String,
    /// Its media type, without parameters.
    #[schema(example = "application/pdf")]
    media_type: String,
    /// Its bytes.
    #[schema(example = 20_971_520)]
    size: u64,
    /// SHA-256 of them, lower-case hexadecimal: what arrived is what you sent.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    /// When it goes if no item names it until then; null while one does that has not ended.
    expires_at: Option<Time>,
    /// When its upload began.
    created_at: Time,
}

impl From<patchbay_app::Blob> for Blob {
    fn from(row: patchbay_app::Blob) -> Self {
        let hash = row.sha256.unwrap_or_default();
        Self {
            id: row.id.to_string(),
            name: row.name,
            media_type: row.media_type,
            size: row.size,
            sha256: data_encoding::HEXLOWER.encode(&hash),
            expires_at: row.expires_at.map(Into::into),
            created_at: row.created_at.into(),
        }
    }
}

/// The bytes of a file, as the body of a request or an answer.
pub(crate) struct FileBody;

impl ToSchema for FileBody {}

impl PartialSchema for FileBody {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        let file = ObjectBuilder::new().schema_type(Type::String).format(Some(binary));
        file.description(Some("The bytes of a file.")).into()
    }
}
