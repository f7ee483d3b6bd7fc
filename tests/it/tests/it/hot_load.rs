//! A connector is loaded, and replaced, while the host works.

use std::{fs, time::Duration};

use patchbay_it::{Rig, Variant};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Runs in flight while their connector is replaced.
const RUNS: usize = 20;

/// Drops a file into the folder of connectors, whole.
fn drop_file(rig: &Rig, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = rig.host.data_dir().join("connectors");
    let part = folder.join(format!("{name}.part"));
    fs::write(&part, bytes)?;
    fs::rename(&part, folder.join(format!("{name}.wasm")))?;
    Ok(())
}

/// Waits until this version of the guests is the active one; its release.
fn active(rig: &Rig, version: &str) -> Result<String> {
    wait_until(&format!("guests {version} to be active"), LIMIT, || {
        let all = rig.operator.get("/v1/connectors")?.expect(200)?.array_at("/items")?;
        let found = all.iter().map(|connector| &connector["active"]).find(|active| active["version"] == json!(version));
        Ok(found.and_then(|active| active["id"].as_str()).map(str::to_owned))
    })
}

#[test]
fn a_file_that_is_dropped_can_be_connected_without_a_restart() -> Result<()> {
    let mut rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    assert_eq!(tenant.get("/v1/catalog")?.array_at("/items")?.len(), 0);

    drop_file(&rig, "broken", b"\0asm\x0d\0\x01\0 and then nothing that fits")?;
    drop_file(&rig, "guests", &Variant::of_guests("0.1.0")?.pack()?)?;
    let release = active(&rig, "0.1.0")?;
    let cards = tenant.get("/v1/catalog")?.array_at("/items")?;
    assert_eq!((cards.len(), &cards[0]["connector"], &cards[0]["status"]), (1, &json!("patchbay.guests"), &json!("connect")));
    let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["release"]), (&json!("done"), &json!(release)), "{run}");

    // The folder's rule is the one of a post: more power waits, whoever writes there.
    let mut more = Variant::of_guests("0.2.0")?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    drop_file(&rig, "more", &more.pack()?)?;
    let waiting = wait_until("0.2.0 to be ready", LIMIT, || {
        let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
        Ok(releases.into_iter().find(|release| release["version"] == json!("0.2.0") && release["state"] == json!("ready")))
    })?;
    assert_eq!(active(&rig, "0.1.0")?, release);

    // A start finds the folder again and changes nothing.
    rig.host.restart()?;
    assert_eq!(active(&rig, "0.1.0")?, release);
    let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
    assert_eq!((releases.len(), releases.contains(&waiting)), (2, true), "{releases:?}");
    Ok(())
}

#[test]
fn a_version_of_other_bytes_is_refused_and_the_same_bytes_are_known() -> Result<()> {
    let rig = Rig::start()?;
    let mut variant = Variant::of_guests("0.1.0")?;
    let release = rig.install(variant.pack()?)?;
    let known = rig.post(variant.pack()?)?.expect(200)?;
    assert_eq!(known.text_at("/release/id")?, release);
    "Other words.".clone_into(&mut variant.manifest.summary);
    assert_eq!(rig.post(variant.pack()?)?.expect(409)?.text_at("/code")?, "PB1010");
    assert_eq!(active(&rig, "0.1.0")?, release);
    Ok(())
}

#[test]
fn a_connector_is_replaced_while_twenty_runs_are_in_flight_and_none_fails() -> Result<()> {
    let rig = Rig::start()?;
    let first = rig.install_guests("0.1.0")?;
    let second = Variant::of_guests("0.2.0")?.pack()?;
    let mut flights = Vec::new();
    for number in 0..RUNS {
        let tenant = rig.tenant(&format!("Tenant {number}"))?;
        let connection = tenant.connect_guests("0123456789abcdef", "paged:5:https://echo.example/echo")?;
        let run = tenant.first_run(&connection)?;
        assert_eq!((&run["state"], &run["pages"]), (&json!("done"), &json!(5)), "{run}");
        // From now on a page takes 200 ms, and the runs begin together.
        assert_eq!(tenant.api.post("/v1/connections", &slow(&connection))?.expect(200)?.text_at("/id")?, connection);
        flights.push((tenant, connection));
    }
    let in_flight = || -> Result<Vec<Value>> {
        let mut open = Vec::new();
        for (tenant, connection) in &flights {
            open.extend(tenant.runs(connection)?.into_iter().filter(|run| run["state"] == json!("running")));
        }
        Ok(open)
    };
    // Those that began with the reconnect may be over; then one more begins.
    for (tenant, connection) in &flights {
        tenant.settled()?;
        let before = tenant.runs(connection)?.len();
        assert!(before >= 2, "a renewed connection is read at once");
    }
    let mut runs = Vec::new();
    for (tenant, connection) in &flights {
        runs.push(tenant.run(&tenant.sync(connection, "chosen")?)?);
    }
    wait_until("all runs to be in flight", LIMIT, || Ok((in_flight()?.len() == RUNS).then_some(())))?;
    drop_file(&rig, "guests", &second)?;
    let release = active(&rig, "0.2.0")?;
    let still = in_flight()?.len();

    for ((tenant, connection), run) in flights.iter().zip(&runs) {
        let run = tenant.ended(run)?;
        let told = (&run["state"], &run["pages"], &run["release"]);
        assert_eq!(told, (&json!("done"), &json!(5), &json!(first)), "{run}");
        let next = tenant.ended(&tenant.run(&tenant.sync(connection, "chosen")?)?)?;
        assert_eq!((&next["state"], &next["release"]), (&json!("done"), &json!(release)), "{next}");
    }
    if still == 0 {
        return Err(Trouble::new("the runs ended before the connector was replaced, so nothing was proved"));
    }
    Ok(())
}

fn slow(connection: &str) -> Value {
    let fields = json!({"token": "0123456789abcdef", "choice": "paged:5:https://echo.example/slow"});
    json!({"connector": "patchbay.guests", "fields": fields, "reconnect": connection})
}
