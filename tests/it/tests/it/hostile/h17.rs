//! H17: no clock that a guest can read is finer than a millisecond, and WASI's stand still.

use patchbay_test_support::Result;
use serde_json::json;

use super::{Guest, Stand};

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    let run = guest.reads("clocks")?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let seen = guest.record("clocks")?;
    for still in ["monotonic", "wall"] {
        assert_eq!(seen[still]["values"], json!(1), "{still}: {seen}");
    }
    for moving in ["now", "remaining"] {
        // In milliseconds: whole ones, so the smallest step is one of them.
        assert!(seen[moving]["smallest"].as_u64().is_none_or(|step| step >= 1), "{moving}: {seen}");
        assert!(seen[moving]["values"].as_u64().is_some_and(|values| values < 2_000), "{moving}: {seen}");
    }
    assert_eq!(seen["resolutions"], json!([1_000_000, 1_000_000]), "{seen}");
    Ok(())
}

#[test]
fn no_clock_of_a_guest_is_finer_than_a_millisecond() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h17")?)).map(drop)
}
