//! H5: ten million calls of the host end at the calls that one call may make.

use patchbay_test_support::Result;

use super::{Guest, Stand, assert_all, assert_ended};

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    for deed in ["flood-calls", "flood-wasi"] {
        assert_all(&guest.everywhere(deed)?, "PB1104");
        assert_ended(&guest.reads(deed)?, "failed", "PB1104", "more than 100000 calls of the host");
    }
    Ok(())
}

#[test]
fn ten_million_calls_of_the_host_end_at_the_hundred_thousandth() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h5")?)).map(drop)
}
