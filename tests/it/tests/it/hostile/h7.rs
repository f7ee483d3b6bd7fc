//! H7: handles that are never given back end at the table; sockets are refused before there is one.

use patchbay_test_support::Result;

use super::{Guest, Stand, assert_all, assert_ended};

/// By how many descriptors the host may differ: connections of the office come and go.
const DESCRIPTORS: usize = 60;

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    let before = guest.stand.descriptors()?;
    assert_all(&guest.everywhere("handles")?, "PB1101");
    for deed in ["handles", "polls", "zeroes"] {
        assert_ended(&guest.reads(deed)?, "failed", "PB1101", "");
    }
    assert_ended(&guest.reads("sockets")?, "failed", "PB1104", "calls of the host");
    let after = guest.stand.descriptors()?;
    assert!(after <= before + DESCRIPTORS, "{before} descriptors, then {after}");
    Ok(())
}

#[test]
fn handles_end_at_the_table_and_sockets_are_never_made() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h7")?)).map(drop)
}
