//! Indexes of connectors on the wire, as operators see them.

use patchbay_app::{FoundInIndex, IndexStatus, Update};
use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// A list of connectors that this host follows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Index {
    /// What the configuration calls it.
    name: String,
    /// Where it is.
    url: String,
    /// The fingerprint of the key that signs it.
    key: String,
    /// The serial of what is known of it; 0 before it was read.
    serial: u64,
    /// How many connectors it lists.
    connectors: usize,
    /// When it was asked last.
    checked_at: Option<Time>,
    /// Until when what is known of it can be believed. After that nothing of it is shown or taken.
    expires_at: Option<Time>,
    /// What is wrong with it.
    problem: Option<String>,
}

impl From<IndexStatus> for Index {
    fn from(status: IndexStatus) -> Self {
        let IndexStatus { name, url, key, serial, connectors, checked_at, expires_at, problem } = status;
        let (checked_at, expires_at) = (checked_at.map(Into::into), expires_at.map(Into::into));
        Self { name, url, key, serial, connectors, checked_at, expires_at, problem }
    }
}

/// A connector that an index lists.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedConnector {
    /// Its id, `publisher.name`.
    #[schema(example = "acme.books")]
    id: String,
    /// What people call the provider.
    name: String,
    /// One or two sentences.
    summary: String,
    /// Where it stands in a catalog.
    category: String,
    /// The index that lists it.
    index: String,
    /// The version that is fetched when nobody says which.
    version: String,
    /// Size of that, bytes.
    size: u64,
    /// When that was published, as the index says.
    published_at: Time,
    /// The fingerprint of the key that signed that, as the index says; null for an unsigned one.
    signed_by: Option<String>,
    /// Fingerprints of the keys that the index names for the publisher. Nobody trusts them for that.
    publisher_keys: Vec<String>,
    /// Every version that can be fetched, as the index lists them.
    versions: Vec<String>,
    /// The version that is used here; null when it is not installed.
    installed: Option<String>,
}

impl From<FoundInIndex> for ListedConnector {
    fn from(found: FoundInIndex) -> Self {
        let FoundInIndex { index, connector, latest, publisher_keys, installed } = found;
        let signed = latest.signature.as_ref().and_then(|document| document.key().ok());
        let versions = connector.versions.into_iter().filter(|version| !version.yanked);
        Self {
            id: connector.id,
            name: connector.name,
            summary: connector.summary,
            category: connector.category,
            index,
            version: latest.version,
            size: latest.size,
            published_at: latest.published_at.into(),
            signed_by: signed.map(|key| key.fingerprint()),
            publisher_keys,
            versions: versions.map(|version| version.version).collect(),
            installed,
        }
    }
}

/// An installed connector for which an index lists a newer version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorUpdate {
    /// Which.
    #[schema(example = "acme.books")]
    connector: String,
    /// The version that is used.
    from: String,
    /// The newest that is listed.
    to: String,
    /// The index that lists it.
    index: String,
    /// The version that the host takes by itself at its next look; null when somebody has to ask.
    by_itself: Option<String>,
    /// Why the newest one is not taken by itself.
    waits: Option<String>,
}

impl From<Update> for ConnectorUpdate {
    fn from(update: Update) -> Self {
        let Update { connector, from, to, index, by_itself, waits } = update;
        Self { connector, from, to, index, by_itself, waits }
    }
}
