//! Bytes that the host keeps, for files that do not fit through a call.
//!
//! To send a file, name its blob in the request ([`Part::blob`](crate::http::Part::blob)); its bytes then never enter the
//! connector. An id belongs to one connection and one run.

use crate::host;

/// Its size in bytes; none when the id means nothing here.
#[must_use]
pub fn size(blob: &str) -> Option<u64> {
    host::blob_size(blob)
}

/// Up to `len` bytes from `offset`, at most 1 MiB a call; none when the id means nothing here.
#[must_use]
pub fn read(blob: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
    host::blob_read(blob, offset, len)
}

/// Begins an empty blob of this media type and gives its id.
#[must_use]
pub fn create(media_type: &str) -> String {
    host::blob_create(media_type)
}

/// Adds bytes to a blob that this run created; false when it is not this run's, or is full.
#[must_use]
pub fn append(blob: &str, data: &[u8]) -> bool {
    host::blob_append(blob, data)
}
