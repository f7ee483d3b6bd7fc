//! H4: recursion ends at the stack of the guest, and lists that are larger in the host than in the guest at the bytes of a
//! call; nothing of it is the host's stack or memory.

use patchbay_test_support::Result;

use super::{Guest, Stand, assert_all, assert_ended};

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    for deed in ["recurse", "mutual"] {
        assert_all(&guest.everywhere(deed)?, "PB1101");
        assert_ended(&guest.reads(deed)?, "failed", "PB1101", "stack");
    }
    // What a guest passes, and what it answers.
    for deed in ["many-headers:1000000", "many-fields:1000000", "large-argument", "deletions:2000000"] {
        assert_ended(&guest.reads(deed)?, "failed", "PB1101", "fuel");
    }
    for (told, what) in [
        (guest.identifies("accounts:300000")?, "accounts"),
        (guest.identifies("facts:1000000")?, "facts"),
        (guest.picks("choices:600000")?, "choices"),
        (guest.discovers("streams:300000")?, "streams"),
    ] {
        assert_eq!(told.json["code"].as_str(), Some("PB1101"), "{what}: {}", told.text());
    }
    Ok(())
}

#[test]
fn recursion_and_lists_without_end_are_traps_of_one_instance() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h4")?)).map(drop)
}
