//! H14: a trap breaks one instance, in whichever export; one at each start keeps a connector from being installed; and one
//! that takes the host down with it three times is set aside, while everybody else goes on.

use patchbay_test_support::{Result, wait_until};
use serde_json::json;

use super::{Guest, LIMIT, Stand, assert_all, assert_ended, odd::Behind};

/// Deaths of the host from which on a release is set aside.
const DEATHS: u64 = 3;

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    assert_all(&guest.everywhere("trap")?, "PB1101");
    assert_ended(&guest.reads("trap")?, "failed", "PB1101", "unreachable");
    assert_ended(&guest.reads("exit")?, "failed", "PB1101", "");
    assert_ended(&guest.finds("trap")?, "unknown", "PB4004", "unreachable");
    Ok(())
}

/// What breaks, or never ends, whenever it is started.
pub(super) fn at_start(stand: &Stand) -> Result<()> {
    for (name, behind, says) in [
        ("traps-at-start", Behind::traps_at_start(), "unreachable"),
        ("loops-at-start", Behind::loops_at_start(), "did not start"),
    ] {
        let answer = stand.install(name, &behind)?;
        assert_eq!((answer.status, answer.json["code"].as_str()), (422, Some("PB1008")), "{name}: {}", answer.text());
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
    }
    Ok(())
}

#[test]
fn a_trap_in_any_export_breaks_that_call_and_one_at_the_start_is_never_installed() -> Result<()> {
    Stand::start()?
        .beside(|stand| {
            deeds(&stand.guest("h14")?)?;
            at_start(stand)
        })
        .map(drop)
}

#[test]
fn a_connector_that_takes_the_host_down_three_times_is_set_aside_and_others_go_on() -> Result<()> {
    let mut stand = Stand::with("")?;
    let guest = stand.guest("h14-deaths")?;
    let (api, connector) = (guest.tenant.api.clone(), guest.connector.clone());
    guest.set("read/ask:https://wire.example/hang")?;
    let run = guest.tenant.run(&guest.tenant.sync(&guest.connection, "chosen")?)?;
    let path = format!("/v1/runs/{run}");
    for death in 0..DEATHS {
        wait_until("the run to be at work", LIMIT, || {
            let run = api.get(&path)?.expect(200)?.json;
            let at_work = run["state"] == json!("running") && run["deaths"] == json!(death);
            Ok((at_work && stand.wire.held() > 0).then_some(()))
        })?;
        stand.rig.host.restart()?;
    }
    let run = wait_until("the run to be given up", LIMIT, || {
        let run = api.get(&path)?.expect(200)?.json;
        Ok(run["ended_at"].is_string().then_some(run))
    })?;
    assert_eq!((&run["state"], &run["deaths"]), (&json!("failed"), &json!(DEATHS)), "{run}");
    let releases = stand.rig.operator.get(&format!("/v1/connectors/{connector}"))?.expect(200)?.array_at("/items")?;
    assert_eq!(releases[0]["state"], json!("quarantined"), "{releases:?}");
    assert!(releases[0]["reason"].as_str().is_some_and(|why| why.contains("died 3 times")), "{releases:?}");
    stand.beside(|_| Ok(())).map(drop)
}
