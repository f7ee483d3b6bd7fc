//! SIGKILL at each of the six points of a refresh: with a provider that takes the old token for a while after
//! a rotation, no connection is lost.

use std::time::Duration;

use patchbay_it::{RigSetup, kinds};
use patchbay_test_support::{
    Result, Trouble,
    fakes::logins::{Behaviour, Renewal},
};
use serde_json::json;

const POINTS: [&str; 6] = [
    "refresh.before_intent",
    "refresh.after_intent",
    "refresh.request_sent",
    "refresh.answer_received",
    "refresh.before_commit",
    "refresh.after_commit",
];
/// Longer than any lease on a refresh, shorter than the grace.
const LATER: Duration = Duration::from_secs(300);

#[test]
fn no_connection_is_lost_where_the_provider_has_a_grace_period() -> Result<()> {
    let mut rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let mut all = kinds(&rig.fakes.logins.provider);
    let at = all.iter().position(|kind| kind.name == "code-basic").ok_or_else(|| Trouble::new("no such kind"))?;
    let mut kind = all.swap_remove(at);
    let renewal = Renewal::Rotating { grace: Duration::from_secs(3_600), family: true };
    kind.behaviour = Behaviour { renewal, access_life: Duration::from_secs(3_600), ..kind.behaviour };
    rig.install_kind(&kind)?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_kind(&rig, &kind)?;
    tenant.settled()?;
    let sync = tenant.sync(&connection, "chosen")?;
    for point in POINTS {
        rig.host.restart_at(Some(point))?;
        rig.advance(Duration::from_secs(3_600))?;
        tenant.run(&sync)?;
        rig.host.wait_for_mark(Duration::from_secs(30))?;
        rig.host.kill()?;
        rig.host.restart_at(None)?;
        rig.advance(LATER)?;
        tenant.settled()?;
        let run = tenant.ended(&tenant.run(&sync)?)?;
        assert_eq!(run["state"], json!("done"), "{point}: {run}");
        assert_eq!(tenant.get(&format!("/v1/connections/{connection}"))?.text_at("/state")?, "active", "{point}");
    }
    assert!(rig.fakes.logins.provider.calls().iter().all(|call| !call.family), "no family was revoked");
    Ok(())
}
