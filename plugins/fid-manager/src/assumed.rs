//! What nobody documents: read here from the operator's configuration, and from nowhere else. The defaults stand in
//! `connector.toml`.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Assumed {
    /// What the address of an office ends with; empty for any.
    pub(crate) host_suffix: String,
    pub(crate) paths: Paths,
    pub(crate) page: Paging,
    pub(crate) fields: Fields,
    /// Where a document can be after it came. The first one waits for approval.
    pub(crate) statuses: Vec<String>,
}

/// Each from the root of the office's server.
#[derive(Deserialize)]
pub(crate) struct Paths {
    /// Empty when there is no such call.
    pub(crate) me: String,
    pub(crate) clients: String,
    /// With `{id}` for the client.
    pub(crate) folders: String,
    pub(crate) document_types: String,
    pub(crate) documents: String,
}

/// How lists are asked and answered.
#[derive(Deserialize)]
pub(crate) struct Paging {
    pub(crate) page_param: String,
    pub(crate) size_param: String,
    /// Empty when clients cannot be asked by change.
    pub(crate) since_param: String,
    pub(crate) status_param: String,
    pub(crate) code_param: String,
    pub(crate) max: u32,
    pub(crate) rows: String,
    pub(crate) total: String,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    pub(crate) client: ClientFields,
    pub(crate) folder: FolderFields,
    pub(crate) document_type: DocumentTypeFields,
    pub(crate) document: DocumentFields,
}

#[derive(Deserialize)]
pub(crate) struct ClientFields {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) enterprise_number: String,
    pub(crate) active: String,
    pub(crate) updated_at: String,
}

#[derive(Deserialize)]
pub(crate) struct FolderFields {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) category: String,
}

#[derive(Deserialize)]
pub(crate) struct DocumentTypeFields {
    pub(crate) active: String,
}

/// Fields of the form that puts a document; rows of documents have the same names.
#[derive(Deserialize)]
pub(crate) struct DocumentFields {
    pub(crate) id: String,
    pub(crate) created_at: String,
    pub(crate) file: String,
    pub(crate) client: String,
    pub(crate) folder: String,
    pub(crate) partner_code: String,
    pub(crate) title: String,
    pub(crate) date: String,
    pub(crate) external_id: String,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}

impl ClientFields {
    /// What records are known by here, and what each is called in FID-Manager.
    pub(crate) fn names(&self) -> [(&'static str, &str); 6] {
        [
            ("id", &self.id),
            ("name", &self.name),
            ("number", &self.number),
            ("enterprise_number", &self.enterprise_number),
            ("active", &self.active),
            ("updated_at", &self.updated_at),
        ]
    }
}

impl FolderFields {
    /// As [`ClientFields::names`].
    pub(crate) fn names(&self) -> [(&'static str, &str); 3] {
        [("id", &self.id), ("name", &self.name), ("category", &self.category)]
    }
}
