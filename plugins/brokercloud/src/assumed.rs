//! What Brokercloud does not publish: paths of files, and fields of a party. The only place that reads the configuration;
//! each name and its default stand in the manifest and in the README.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// The operator's configuration.
#[derive(Deserialize)]
pub(crate) struct Assumed {
    pub(crate) origin: String,
    /// Empty where nothing tells whose login it is.
    pub(crate) paths_me: String,
    /// With `{party_id}`.
    pub(crate) paths_party_files: String,
    pub(crate) paths_files: String,
    pub(crate) files_mode: FilesMode,
    pub(crate) party_name: String,
    pub(crate) party_first_name: String,
    pub(crate) party_email: String,
}

/// How a file is uploaded.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilesMode {
    Multipart,
    JsonBase64,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }

    /// The path of a party's files.
    pub(crate) fn files_of(&self, party: u64) -> String {
        self.paths_party_files.replace("{party_id}", &party.to_string())
    }
}
