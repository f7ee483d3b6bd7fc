//! A connector is loaded, and replaced, while the host works.

use std::{fs, time::Duration};

use patchbay_it::{BRISK, Database, Rig, RigSetup, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::json;

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
    assert_eq!(
        (cards.len(), &cards[0]["connector"], &cards[0]["status"]),
        (1, &json!("patchbay.guests"), &json!("connect"))
    );
    let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["release"]), (&json!("done"), &json!(release)), "{run}");

    // The folder's rule is the one of a post: more power waits, whoever writes there.
    let mut more = Variant::of_guests("0.2.0")?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    drop_file(&rig, "more", &more.pack()?)?;
    let waiting = wait_until("0.2.0 to be ready", LIMIT, || {
        let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
        let mut newer = releases.into_iter().filter(|release| release["version"] == json!("0.2.0"));
        Ok(newer.find(|release| release["state"] == json!("ready") && release["reason"].is_string()))
    })?;
    assert_eq!(active(&rig, "0.1.0")?, release);

    // A start finds the folder again and changes nothing.
    rig.host.restart()?;
    assert_eq!(active(&rig, "0.1.0")?, release);
    let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
    assert_eq!((releases.len(), releases.contains(&waiting)), (2, true), "{waiting} {releases:?}");
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
    let taken = rig.post(variant.pack()?)?.expect(409)?;
    assert_eq!(taken.text_at("/code")?, "PB1010");
    assert!(taken.text().contains("raise `version`"), "{}", taken.text());
    assert_eq!(active(&rig, "0.1.0")?, release);
    Ok(())
}

#[test]
fn a_connector_is_replaced_while_twenty_runs_are_in_flight_and_none_fails() -> Result<()> {
    // What is replaced is the connector and not a worker: on a machine that is busy otherwise none is to be taken for dead.
    let rig = RigSetup { jobs: Some(BRISK.replace("lease_seconds = 3", "lease_seconds = 60")), ..RigSetup::default() }
        .start()?;
    let first = rig.install_guests("0.1.0")?;
    let second = Variant::of_guests("0.2.0")?.pack()?;
    let tenants: Vec<Tenant> =
        (0..RUNS).map(|number| rig.tenant(&format!("Tenant {number}"))).collect::<Result<_>>()?;
    // 60 pages of 200 ms: long enough to find all of them in flight, and to compile another version, on a slow machine too.
    let flights: Vec<(&Tenant, String)> = tenants
        .iter()
        .map(|tenant| Ok((tenant, tenant.connect_guests("0123456789abcdef", "paged:60:https://echo.example/slow")?)))
        .collect::<Result<_>>()?;
    let in_flight = || -> Result<usize> {
        let mut open = 0;
        for (tenant, connection) in &flights {
            open += tenant.runs(connection)?.iter().filter(|run| run["state"] == json!("running")).count();
        }
        Ok(open)
    };
    wait_until("all runs to be in flight", LIMIT, || Ok((in_flight()? == RUNS).then_some(())))?;
    drop_file(&rig, "guests", &second)?;
    let release = active(&rig, "0.2.0")?;
    assert_eq!(in_flight()?, RUNS, "else nothing is proved");

    for (tenant, connection) in &flights {
        let run = tenant.first_run(connection)?;
        let told = (&run["state"], &run["pages"], &run["release"], &run["attempts"]);
        assert_eq!(told, (&json!("done"), &json!(60), &json!(first), &json!(1)), "{run}");
    }
    let next: Vec<String> = flights
        .iter()
        .map(|(tenant, connection)| tenant.run(&tenant.sync(connection, "chosen")?))
        .collect::<Result<_>>()?;
    for ((tenant, _), run) in flights.iter().zip(&next) {
        let run = tenant.ended(run)?;
        assert_eq!((&run["state"], &run["release"]), (&json!("done"), &json!(release)), "{run}");
        assert_eq!(tenant.feed(0)?.len(), 600, "the same records, stored once");
    }
    assert!(rig.echo.most_open() >= RUNS / 2, "they were at work together: {}", rig.echo.most_open());
    Ok(())
}

/// What the log says of a file, in its order: that it is left for later, that it does not compile, that it is left as it is.
fn told_of(rig: &Rig, file: &str) -> Result<Vec<&'static str>> {
    const SAID: [(&str, &str); 3] =
        [("left", "is tried again once the host serves"), ("compiled", "PB1007"), ("known", "as before")];
    let log = fs::read_to_string(rig.host.log_path())?;
    let lines = log.lines().filter(|line| line.contains(file));
    Ok(lines.filter_map(|line| SAID.iter().find(|(_, says)| line.contains(says)).map(|(kind, _)| *kind)).collect())
}

#[test]
fn a_file_that_was_refused_is_tried_again_once_by_each_start_and_when_the_host_serves() -> Result<()> {
    let mut rig = Rig::start()?;
    let mut broken = Variant::of_guests("0.1.0")?.pack()?;
    // A core module that exports a function that is not there: only compiling tells.
    broken.extend(b"\x01\x0f\0asm\x01\0\0\0\x07\x05\x01\x01x\0\x05");
    let said = |rig: &Rig, wanted: &[&str]| {
        let what = format!("the log to say {wanted:?} of the file");
        wait_until(&what, LIMIT, || Ok((told_of(rig, "broken.wasm")? == wanted).then_some(())))
    };
    drop_file(&rig, "broken", &broken)?;
    said(&rig, &["compiled"])?;

    rig.host.restart()?;
    said(&rig, &["compiled", "left", "compiled"])?;
    // By the same process it would be refused again.
    drop_file(&rig, "broken", &broken)?;
    said(&rig, &["compiled", "left", "compiled", "known"])?;
    // An operator who posts it wants it to be tried.
    let answer = rig.post(broken)?.expect(422)?;
    assert_eq!(answer.text_at("/code")?, "PB1007", "{}", answer.text());

    // Also where nobody watches the folder.
    rig.host.restart_with(&format!("{BRISK}\n[connectors]\nunsigned = \"local\"\nwatch = false\n"))?;
    said(&rig, &["compiled", "left", "compiled", "known", "left", "compiled"])
}

/// A host that is ended while it compiles must not meet the same file again before it serves anybody.
#[test]
fn an_installation_that_was_cut_short_is_finished_once_the_host_serves() -> Result<()> {
    let mut rig = Rig::start()?;
    drop_file(&rig, "guests", &Variant::of_guests("0.1.0")?.pack()?)?;
    let release = active(&rig, "0.1.0")?;
    assert!(rig.host.stop()?.success(), "{}", rig.host.log_tail());
    let mut database = Database::open(&rig.host.data_dir().join("patchbay.db"))?;
    let cut = "UPDATE releases SET state = 'verified', activated_at = NULL, activated_by = NULL WHERE id = ?";
    database.change(cut, &[json!(release)])?;
    drop(database);
    rig.host.restart()?;
    assert_eq!(active(&rig, "0.1.0")?, release);
    assert_eq!(told_of(&rig, "guests.wasm")?, ["left"]);
    Ok(())
}
