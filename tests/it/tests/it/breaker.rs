//! A release that breaks down again and again is given up by itself.

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use crate::rollback::{TELLS, release, runs_once, telling, told};

const LIMIT: Duration = Duration::from_secs(60);

/// A release whose runs trap.
fn broken(version: &str) -> Result<Variant> {
    Variant::of_release(version, 9, json!({ "said": version, "read": "trap" }))
}

/// Two tenants with one connection each, as the present release serves them.
fn two(rig: &Rig) -> Result<Vec<(Tenant, String)>> {
    ["A", "B"]
        .iter()
        .map(|name| {
            let tenant = rig.tenant(name)?;
            let connection = tenant.connect_guests("0123456789", TELLS)?;
            tenant.first_run(&connection)?;
            Ok((tenant, connection))
        })
        .collect()
}

/// So many runs, one connection after the other; their codes.
fn runs(of: &[(Tenant, String)], times: usize) -> Result<Vec<Value>> {
    of.iter()
        .cycle()
        .take(times)
        .map(|(tenant, connection)| Ok(runs_once(tenant, connection)?["reason"]["code"].clone()))
        .collect()
}

#[test]
fn five_traps_of_two_connections_bring_back_the_release_before() -> Result<()> {
    let rig = Rig::start()?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let both = two(&rig)?;
    rig.install(broken("0.2.0")?.pack()?)?;
    assert_eq!(runs(&both, 4)?, vec![json!("PB1101"); 4]);
    assert_eq!(release(&rig, "0.2.0")?["state"], json!("active"), "four are not enough");
    assert_eq!(runs(&both, 1)?, [json!("PB1101")]);
    let left = wait_until("0.2.0 to be set aside", LIMIT, || {
        Ok(Some(release(&rig, "0.2.0")?).filter(|release| release["state"] == json!("quarantined")))
    })?;
    assert!(left["reason"].as_str().is_some_and(|reason| reason.contains("broke down within ten minutes")), "{left}");
    let now = release(&rig, "0.1.0")?;
    assert_eq!((&now["state"], &now["activated_by"]), (&json!("active"), &json!("breaker")), "{now}");
    for (tenant, connection) in &both {
        let run = runs_once(tenant, connection)?;
        assert_eq!((&run["state"], told(tenant, connection)?.as_str()), (&json!("done"), "0000001/0.1.0"), "{run}");
        let events = tenant.get("/v1/events?kind=connector.rolled_back")?.array_at("/items")?;
        assert_eq!(events.len(), 1, "{events:?}");
    }
    let audit = rig.operator.get("/v1/audit?limit=200")?.expect(200)?.array_at("/items")?;
    assert!(
        audit.iter().any(|line| line["action"] == json!("release.quarantined") && line["actor"] == json!("breaker"))
    );
    Ok(())
}

#[test]
fn without_a_release_before_it_is_left_alone_for_ten_minutes_and_then_one_run_tries() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    rig.install(broken("0.1.0")?.pack()?)?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    tenant.first_run(&connection)?;
    let only = [(tenant, connection)];
    runs(&only, 4)?;
    let (tenant, connection) = &only[0];
    let rests = wait_until("it to rest", LIMIT, || {
        Ok(Some(release(&rig, "0.1.0")?).filter(|release| release["rest_until"].is_string()))
    })?;
    assert_eq!(rests["state"], json!("active"), "it is not given up: {rests}");
    let waits = tenant.run(&tenant.sync(connection, "chosen")?)?;
    // An item waits, too, and is not lost.
    let item = json!({ "connection": connection, "action": "exists", "key": "k1", "payload": {} });
    let push = tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    let planned = tenant.push_is(&push, &["planned"])?;
    assert_eq!(planned["state"], json!("planned"), "{planned}");
    rig.advance(Duration::from_secs(300))?;
    assert_eq!(tenant.get(&format!("/v1/runs/{waits}"))?.text_at("/state")?, "due");

    // It breaks down again, and rests again at once.
    rig.advance(Duration::from_secs(301))?;
    assert_eq!(tenant.ended(&waits)?["reason"]["code"], json!("PB1101"));
    wait_until("it to rest again", LIMIT, || {
        Ok((release(&rig, "0.1.0")?["rest_until"] != rests["rest_until"]).then_some(()))
    })?;

    // A release that works is the end of it.
    rig.install(telling("0.2.0", 2)?.pack()?)?;
    let run = runs_once(tenant, connection)?;
    assert_eq!((&run["state"], told(tenant, connection)?.as_str()), (&json!("done"), "0000002/0.2.0"), "{run}");
    Ok(())
}

#[test]
fn a_release_that_the_host_dies_of_has_the_one_before_stand_in_for_it() -> Result<()> {
    let mut rig = Rig::start()?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    tenant.first_run(&connection)?;
    let waits = Variant::of_release("0.2.0", 9, json!({ "said": "0.2.0", "read": "wait-for-stop" }))?;
    rig.install(waits.pack()?)?;
    let run = tenant.run(&tenant.sync(&connection, "chosen")?)?;
    for deaths in 0..3 {
        wait_until("the run to be at work", LIMIT, || {
            let run = tenant.get(&format!("/v1/runs/{run}"))?.json;
            Ok((run["state"] == json!("running") && run["deaths"] == json!(deaths)).then_some(()))
        })?;
        rig.host.restart()?;
    }
    assert_eq!(tenant.ended(&run)?["deaths"], json!(3));
    wait_until("0.1.0 to stand in", LIMIT, || {
        Ok(Some(release(&rig, "0.1.0")?).filter(|release| release["state"] == json!("active")))
    })?;
    assert_eq!(release(&rig, "0.2.0")?["state"], json!("quarantined"));
    let run = runs_once(&tenant, &connection)?;
    assert_eq!((&run["state"], told(&tenant, &connection)?.as_str()), (&json!("done"), "0000001/0.1.0"), "{run}");
    Ok(())
}

#[test]
fn a_release_that_was_gone_back_to_is_left_alone_when_it_breaks_down_too() -> Result<()> {
    let rig = Rig::start()?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let both = two(&rig)?;
    rig.install(broken("0.2.0")?.pack()?)?;
    rig.install(broken("0.3.0")?.pack()?)?;
    runs(&both, 5)?;
    let is = |version: &str, state: &str| {
        wait_until(&format!("{version} to be {state}"), LIMIT, || {
            Ok(Some(release(&rig, version)?).filter(|release| release["state"] == json!(state)))
        })
    };
    is("0.3.0", "quarantined")?;
    runs(&both, 5)?;
    wait_until("0.2.0 to rest", LIMIT, || Ok(release(&rig, "0.2.0")?["rest_until"].is_string().then_some(())))?;
    assert_eq!(is("0.2.0", "active")?["activated_by"], json!("breaker"), "no further back by itself");
    Ok(())
}
