//! H2: a guest that waits in a call of the host ends with the time of its call, and its provider is let go of.

use patchbay_test_support::{Result, wait_until};

use super::{Guest, LIMIT, Stand, assert_all};

/// Each of its deeds takes this long.
const SHORT: &str = "[limits]\ncall_seconds = 2\ncompute_seconds = 1\ninstances = 8\n";

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    assert_all(&guest.everywhere("sleep")?, "PB1103");
    assert_all(&guest.everywhere("ask:https://wire.example/hang")?, "PB1103");
    wait_until("the silent provider to be let go of", LIMIT, || Ok((guest.stand.wire.held() == 0).then_some(())))
}

#[test]
fn a_guest_that_waits_in_any_export_ends_with_its_time_and_lets_go_of_its_provider() -> Result<()> {
    Stand::with(SHORT)?.beside(|stand| deeds(&stand.guest("h2")?)).map(drop)
}
