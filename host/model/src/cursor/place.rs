//! Where a value stands in a JSON text.

use serde_json::value::RawValue;

use crate::page::pointer;

/// The text at `pointer` in `document` and the byte at which it begins; none when the document is no JSON or
/// holds nothing there but null, a list or an object.
pub(super) fn find<'a>(document: &'a str, pointer: &str) -> Option<(&'a str, usize)> {
    let raw: &RawValue = serde_json::from_str(document).ok()?;
    let found = pointer::raw(raw.get(), pointer)?;
    if found == "null" || found.starts_with(['{', '[']) {
        return None;
    }
    // Both are parts of the same text, so the distance of their beginnings is the place.
    let start = found.as_ptr().addr().checked_sub(document.as_ptr().addr())?;
    Some((found, start))
}
