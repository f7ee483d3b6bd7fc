//! The permission card on the wire: two columns, and who stands for the release.

use patchbay_model::manifest::asks::{self, CardLine};
use serde::Serialize;
use utoipa::ToSchema;

use super::publisher::KeyState;

/// One line of the permission card.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionLine {
    /// What it is about.
    group: PermissionGroup,
    /// Of what in it: a stream, an address, a login.
    #[schema(example = "https://api.acme.com/v1/")]
    subject: String,
    /// What was approved last; null where nothing was.
    #[schema(example = "GET, with bearer")]
    before: Option<String>,
    /// What this release asks for; null where it asks no more.
    #[schema(example = "GET, POST, with bearer")]
    after: Option<String>,
    /// What becomes of it.
    change: PermissionChange,
}

/// What a line of the card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PermissionGroup {
    /// Who it says that it is.
    Is,
    /// What it reads.
    Reads,
    /// What it writes.
    Writes,
    /// Where its requests go.
    Reaches,
    /// How one logs in, and where what is entered goes.
    LogsIn,
    /// What it may use.
    Uses,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PermissionChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is other than before. Whether that is more, `asks_beyond` says.
    Changed,
    /// It is as before.
    Same,
}

/// Who stands for a release.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleasePublisher {
    /// The publisher: what stands before the dot of the connector's id.
    #[schema(example = "acme")]
    id: String,
    /// Fingerprint of the key that signed it; null for one that is not signed.
    fingerprint: Option<String>,
    /// How that key stands today; null for one that is not signed.
    key: Option<KeyState>,
}

impl ReleasePublisher {
    pub(crate) fn of(release: &patchbay_app::Release, key: Option<&patchbay_app::PublisherKey>) -> Self {
        Self {
            id: patchbay_model::package::signature::publisher(&release.connector).to_owned(),
            fingerprint: release.signed_by.clone(),
            key: key.map(Into::into),
        }
    }
}

impl From<CardLine> for PermissionLine {
    fn from(line: CardLine) -> Self {
        let change = match line.change() {
            asks::CardChange::Added => PermissionChange::Added,
            asks::CardChange::Removed => PermissionChange::Removed,
            asks::CardChange::Changed => PermissionChange::Changed,
            asks::CardChange::Same => PermissionChange::Same,
        };
        let group = match line.group {
            asks::CardGroup::Is => PermissionGroup::Is,
            asks::CardGroup::Reads => PermissionGroup::Reads,
            asks::CardGroup::Writes => PermissionGroup::Writes,
            asks::CardGroup::Reaches => PermissionGroup::Reaches,
            asks::CardGroup::LogsIn => PermissionGroup::LogsIn,
            asks::CardGroup::Uses => PermissionGroup::Uses,
        };
        Self { group, subject: line.subject, before: line.before, after: line.after, change }
    }
}
