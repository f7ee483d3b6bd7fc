//! An item of a fixture, as a connector is given it.

use patchbay_fixture::Item;
use patchbay_model::contract::Item as Written;

use crate::blobs::Files;

/// The item, and the files that it names.
pub(crate) fn written(item: &Item, attempt: u32) -> (Files, Written) {
    let (files, attachments) = Files::of(&item.attachments);
    let written = Written {
        action: item.action.clone(),
        key: item.key.clone(),
        target: item.target.as_ref().map(|target| target.to_string().into_bytes()).unwrap_or_default(),
        payload: item.payload.to_string().into_bytes(),
        attachments,
        attempt,
        ext: item.ext.clone().into_iter().collect(),
    };
    (files, written)
}
