//! Going back to the release before: one command, at once, and it stays so; what the one before was not granted is taken
//! back.

use std::time::{Duration, Instant};

use patchbay_it::{Rig, Tenant, Variant};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
pub(crate) const CONNECTOR: &str = "/v1/connectors/patchbay.guests";
/// What a connection types: one page, each record of which tells the release that read it.
pub(crate) const TELLS: &str = "versioned:1:https://echo.example/echo";

/// A release of the guests whose records tell `code/said`.
pub(crate) fn telling(version: &str, code: u32) -> Result<Variant> {
    Variant::of_release(version, code, json!({ "said": version }))
}

/// The same that asks for another method, so that it waits for an approval.
pub(crate) fn more(mut variant: Variant) -> Variant {
    variant.manifest.hosts[0].methods.push("DELETE".to_owned());
    variant
}

/// What the records of a connection say that read them; one text, where they agree.
pub(crate) fn told(tenant: &Tenant, connection: &str) -> Result<String> {
    let records = tenant.get(&format!("/v1/connections/{connection}/records/chosen?limit=100"))?.array_at("/items")?;
    let mut told: Vec<String> =
        records.iter().map(|record| record["record"]["release"].as_str().unwrap_or_default().to_owned()).collect();
    told.sort();
    told.dedup();
    Ok(told.join(" and "))
}

/// Runs the stream of a connection once more; the run.
pub(crate) fn runs_once(tenant: &Tenant, connection: &str) -> Result<Value> {
    tenant.ended(&tenant.run(&tenant.sync(connection, "chosen")?)?)
}

/// One release of the connector.
pub(crate) fn release(rig: &Rig, version: &str) -> Result<Value> {
    let all = rig.operator.get(CONNECTOR)?.expect(200)?.array_at("/items")?;
    let found = all.into_iter().find(|release| release["version"] == json!(version));
    found.ok_or_else(|| Trouble::new(format!("there is no version {version}")))
}

/// Whether the last run of a connection began at this cursor.
fn began_at(tenant: &Tenant, connection: &str, cursor: &str) -> Result<bool> {
    let records = tenant.get(&format!("/v1/connections/{connection}/records/chosen?limit=100"))?.array_at("/items")?;
    Ok(records.iter().any(|record| record["record"]["id"] == json!("0-0") && record["record"]["from"] == json!(cursor)))
}

fn back(rig: &Rig, body: &Value) -> Result<patchbay_test_support::Answer> {
    rig.operator.post(&format!("{CONNECTOR}/rollback"), body)
}

#[test]
fn going_back_is_one_command_and_what_was_left_behind_does_not_come_back_by_itself() -> Result<()> {
    let mut rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    tenant.first_run(&connection)?;
    assert_eq!(told(&tenant, &connection)?, "0000001/0.1.0");
    let newer = telling("0.2.0", 2)?.pack()?;
    rig.install(newer.clone())?;
    runs_once(&tenant, &connection)?;
    assert_eq!(told(&tenant, &connection)?, "0000002/0.2.0");

    let asked = Instant::now();
    let active = back(&rig, &json!({ "reason": "it is slow" }))?.expect(200)?;
    println!("back after {} ms", asked.elapsed().as_millis());
    assert_eq!((active.text_at("/version")?.as_str(), active.text_at("/state")?.as_str()), ("0.1.0", "active"));
    let run = runs_once(&tenant, &connection)?;
    assert_eq!((&run["state"], told(&tenant, &connection)?.as_str()), (&json!("done"), "0000001/0.1.0"));
    let left = release(&rig, "0.2.0")?;
    assert_eq!((&left["state"], &left["reason"]), (&json!("retained"), &json!("it is slow")));
    assert!(left["set_back_at"].is_string(), "{left}");
    assert_eq!(release(&rig, "0.1.0")?["connections"], json!(1));

    // The same file again, in the folder and by hand, and a start change nothing.
    let folder = rig.host.data_dir().join("connectors");
    std::fs::write(folder.join("guests.part"), &newer)?;
    std::fs::rename(folder.join("guests.part"), folder.join("guests.wasm"))?;
    assert_eq!(rig.post(newer)?.expect(200)?.text_at("/release/state")?, "retained");
    rig.host.restart()?;
    assert_eq!(release(&rig, "0.1.0")?["state"], json!("active"));

    // There is nothing further back, and forward only by name.
    assert_eq!(back(&rig, &json!({}))?.expect(409)?.text_at("/code")?, "PB1042");
    assert_eq!(back(&rig, &json!({ "version": "0.3.0" }))?.expect(409)?.text_at("/code")?, "PB1042");
    back(&rig, &json!({ "version": "0.2.0" }))?.expect(200)?;
    runs_once(&tenant, &connection)?;
    assert_eq!(told(&tenant, &connection)?, "0000002/0.2.0");
    let audit = rig.operator.get("/v1/audit?limit=200")?.expect(200)?.array_at("/items")?;
    assert_eq!(audit.iter().filter(|line| line["action"] == json!("release.rolled_back")).count(), 2);
    Ok(())
}

#[test]
fn going_back_takes_back_what_only_the_release_that_is_left_was_granted() -> Result<()> {
    let rig = Rig::start()?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    rig.install_and_approve(more(telling("0.2.0", 2)?).pack()?)?;
    back(&rig, &json!({ "reason": "it was approved by mistake" }))?.expect(200)?;

    // Its publisher asks for the same again.
    let next = rig.post(more(telling("0.3.0", 3)?).pack()?)?.expect(201)?;
    assert_eq!(next.text_at("/release/state")?, "ready", "{}", next.text());
    let beyond = next.array_at("/asks_beyond")?;
    assert!(beyond.iter().any(|line| line.as_str().is_some_and(|line| line.contains("DELETE"))), "{beyond:?}");
    assert_eq!(release(&rig, "0.1.0")?["state"], json!("active"));

    // What asks for no more goes ahead, and so does the same again once an operator goes to it by name.
    rig.install(telling("0.4.0", 4)?.pack()?)?;
    back(&rig, &json!({ "version": "0.2.0" }))?.expect(200)?;
    rig.install(more(telling("0.5.0", 5)?).pack()?)?;
    Ok(())
}

#[test]
fn runs_in_flight_end_on_the_release_that_is_gone_back_from() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let newer = rig.install(telling("0.2.0", 2)?.pack()?)?;
    let connection = tenant.connect_guests("0123456789", "versioned:8:https://echo.example/slow")?;
    wait_until("the run to be in flight", LIMIT, || {
        let pages = tenant.runs(&connection)?.first().map(|run| run["pages"].clone());
        Ok(pages.and_then(|pages| pages.as_u64()).filter(|pages| *pages > 0))
    })?;
    back(&rig, &json!({}))?.expect(200)?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["release"], &run["pages"]), (&json!("done"), &json!(newer), &json!(8)), "{run}");
    assert_eq!(told(&tenant, &connection)?, "0000002/0.2.0", "all pages are of one release");
    Ok(())
}

#[test]
fn a_stream_that_a_newer_release_declared_otherwise_is_read_afresh_and_loses_nothing() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let mut newer = telling("0.2.0", 2)?;
    newer.manifest.streams[0].cursor = Some(serde_json::from_value(json!({ "pointer": "", "kind": "number" }))?);
    rig.install(newer.pack()?)?;
    let connection = tenant.connect_guests("0123456789", "versioned:3:https://echo.example/echo")?;
    tenant.first_run(&connection)?;
    back(&rig, &json!({}))?.expect(200)?;

    let run = runs_once(&tenant, &connection)?;
    assert_eq!((&run["state"], &run["pages"]), (&json!("done"), &json!(3)), "{run}");
    assert_eq!(told(&tenant, &connection)?, "0000001/0.1.0");
    assert!(began_at(&tenant, &connection, "")?, "from its beginning");
    let log = tenant.get(&format!("/v1/runs/{}/log", run["id"].as_str().unwrap_or_default()))?;
    assert!(log.text().contains("goes on from no cursor of version 0.2.0"), "{}", log.text());
    let deleted = tenant.feed(0)?.iter().filter(|change| change["operation"] == json!("delete")).count();
    assert_eq!(deleted, 0, "what was there stays");

    // The same release goes on from its own cursor; nothing is said about it.
    let run = runs_once(&tenant, &connection)?;
    assert!(began_at(&tenant, &connection, "3")?, "from where it was");
    let log = tenant.get(&format!("/v1/runs/{}/log", run["id"].as_str().unwrap_or_default()))?;
    assert!(!log.text().contains("goes on from no cursor"), "{}", log.text());
    Ok(())
}
