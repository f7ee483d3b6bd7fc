//! What AdminPulse does not publish: paths and field names of what is written. The only place that reads the configuration;
//! each name and its default stand in the manifest and in the README.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// The operator's configuration.
#[derive(Deserialize)]
pub(crate) struct Assumed {
    pub(crate) base_url: String,
    pub(crate) paths_interactions: String,
    pub(crate) paths_tasks_create: String,
    pub(crate) paths_documents_add: String,
    pub(crate) documents_upload_mode: UploadMode,
    pub(crate) documents_type_code: u32,
    /// Where the id stands in the answer to a write.
    pub(crate) answer_id: String,
    pub(crate) interaction_relation: String,
    pub(crate) interaction_subject: String,
    pub(crate) interaction_body: String,
    pub(crate) interaction_body_format: BodyFormat,
    pub(crate) interaction_date: String,
    /// Empty where an interaction has no type.
    pub(crate) interaction_type: String,
    pub(crate) interaction_type_value: String,
    pub(crate) interaction_documents: String,
    pub(crate) interaction_tasks: String,
    pub(crate) task_relation: String,
    pub(crate) task_name: String,
    pub(crate) task_body: String,
    pub(crate) task_deadline: String,
    /// Empty where a new task has no status.
    pub(crate) task_status: String,
    /// Empty where nobody can be named.
    pub(crate) task_assignee: String,
    /// Empty where there is no field for it; lost to-dos are then not found again.
    pub(crate) external_reference: String,
}

/// How a file is uploaded.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UploadMode {
    Multipart,
    /// AdminPulse fetches it from a public address; bytes cannot be sent.
    Url,
}

/// What the text of an interaction is.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BodyFormat {
    Html,
    Text,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
