//! Streams of a connection on the wire: the connector's, and those that only the connection can name.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, words::Function};

/// A stream of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stream {
    /// Its name.
    #[schema(example = "model.x_project")]
    name: String,
    /// Its title.
    title: String,
    /// JSON pointers to the values that make a record's key.
    key: Vec<String>,
    /// Whether it is read once for each account.
    per_account: bool,
    /// The function that it belongs to.
    function: Function,
    /// What is read, in plain words.
    meaning: String,
    /// Whether it was discovered in this connection; else the connector has it in every one. The syncs of a discovered
    /// stream are off until you switch them on.
    discovered: bool,
    /// Since when it is not there any more; null while it is. What was read of it stays.
    gone_at: Option<Time>,
}

impl From<patchbay_app::KnownStream> for Stream {
    fn from(known: patchbay_app::KnownStream) -> Self {
        let stream = known.stream;
        Self {
            name: stream.name,
            title: stream.title,
            key: stream.key,
            per_account: stream.per_account,
            function: stream.function.into(),
            meaning: stream.meaning,
            discovered: known.discovered,
            gone_at: known.gone_at.map(Into::into),
        }
    }
}

/// What was discovered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscoveredStreams {
    /// All streams of the connection, as they are now.
    streams: Vec<Stream>,
    /// Names that were not there before.
    added: Vec<String>,
    /// Names that were there before, and are not any more.
    gone: Vec<String>,
    /// Names that were gone, and are there again.
    back: Vec<String>,
    /// What the connector said and cannot be kept, and why; for the connector's publisher.
    left_out: Vec<String>,
}

impl From<patchbay_app::Discovered> for DiscoveredStreams {
    fn from(found: patchbay_app::Discovered) -> Self {
        Self {
            streams: found.streams.into_iter().map(Into::into).collect(),
            added: found.discovery.added,
            gone: found.discovery.gone,
            back: found.discovery.back,
            left_out: found.left_out,
        }
    }
}
