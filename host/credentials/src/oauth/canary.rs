//! No secret in any text: what tests call on everything that they print.

use std::fmt::Debug;

/// Fails when what prints itself holds a canary. Every secret of these tests has the word in it.
pub(crate) fn absent(thing: &impl Debug) {
    let printed = format!("{thing:?}{thing:#?}");
    assert!(!printed.contains("canary"), "a secret is seen: {printed}");
    assert!(!printed.contains("Y2FuYXJ5"), "a secret is seen in base64: {printed}");
}
