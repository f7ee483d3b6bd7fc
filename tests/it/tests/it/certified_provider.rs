//! Against a certified OpenID provider: PKCE required, access tokens of 20 seconds, rotation, and the second
//! use of a refresh token ends the whole login.

use std::time::Duration;

use patchbay_it::RigSetup;
use patchbay_test_support::Result;
use serde_json::json;

/// Refreshes that follow each other, forced by the clock.
const REFRESHES: u32 = 100;

#[test]
fn a_hundred_refreshes_follow_each_other_and_none_is_asked_twice() -> Result<()> {
    let rig = RigSetup { oidc: true, test_clock: true, ..RigSetup::default() }.start()?;
    rig.install_oidc()?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_oidc(&rig, "els")?;
    tenant.settled()?;
    let sync = tenant.sync(&connection, "chosen")?;
    let before = rig.oidc()?.journal()?;
    for _ in 0..REFRESHES {
        rig.advance(Duration::from_secs(20))?;
        let run = tenant.ended(&tenant.run(&sync)?)?;
        assert_eq!(run["state"], json!("done"), "{run}");
    }
    let after = rig.oidc()?.journal()?;
    assert_eq!((after.refreshes - before.refreshes, after.refused, after.families_revoked), (REFRESHES, 0, 0));
    Ok(())
}
