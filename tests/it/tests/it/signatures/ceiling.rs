//! What no approval can exceed.

use patchbay_it::{Rig, RigSetup, Variant};
use patchbay_test_support::Result;
use serde_json::json;

use super::refused;

fn bounded(ceiling: &str) -> Result<Rig> {
    let more = format!("[connectors]\nunsigned = \"local\"\nupgrades = \"all\"\n[connectors.ceiling]\n{ceiling}\n");
    RigSetup { more, ..RigSetup::default() }.start()
}

#[test]
fn what_goes_beyond_the_ceiling_is_refused_with_the_key_that_says_so() -> Result<()> {
    let packed = Variant::of_guests("0.1.0")?.pack()?;
    for (ceiling, says) in [
        ("hosts = [\"*.example.org\"]", &["echo.example", "connectors.ceiling.hosts"][..]),
        (
            "memory_mib = 32\nrun_minutes = 4",
            &["64 MiB", "connectors.ceiling.memory_mib", "connectors.ceiling.run_minutes"],
        ),
        ("push = false", &["writes", "connectors.ceiling.push"]),
    ] {
        let rig = bounded(ceiling)?;
        let answer = rig.post(packed.clone())?.expect(409)?;
        assert_eq!(refused(&answer, says)?, "PB1026");
        assert_eq!(super::versions(&rig)?, []);
    }
    bounded("hosts = [\"echo.example\"]\nmemory_mib = 64\nrun_minutes = 5")?.install(packed)?;
    Ok(())
}

/// A ceiling that is lowered holds for what was approved before.
#[test]
fn a_release_that_was_approved_before_works_within_a_lower_ceiling_and_not_beyond() -> Result<()> {
    let mut rig = bounded("")?;
    let packed = Variant::of_guests("0.1.0")?.pack()?;
    rig.install(packed.clone())?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789abcdef", "paged:1:https://echo.example/echo")?;
    assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    let before = rig.echo.received().len();

    let waiting = Variant::of_guests("0.2.0").and_then(|mut variant| {
        variant.manifest.hosts[0].methods.push("DELETE".to_owned());
        rig.post(variant.pack()?)?.expect(201)?.text_at("/release/id")
    })?;
    rig.host.restart_with(
        "[connectors]\nunsigned = \"local\"\n[connectors.ceiling]\nhosts = [\"api.example.org\"]\npush = false\n",
    )?;
    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "chosen")?)?)?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB6001")), "{run}");
    let path = format!("/v1/runs/{}", run["id"].as_str().unwrap_or_default());
    let told = rig.operator_of(&tenant).get(&path)?.expect(200)?.text_at("/operator")?;
    assert!(told.contains("connectors.ceiling.hosts"), "{told}");
    assert_eq!(rig.echo.received().len(), before, "nothing left");

    let item = json!({ "connector": "patchbay.guests", "action": "exists", "key": "k1", "payload": {} });
    let pushed = tenant.api.post("/v1/pushes", &item)?.expect(409)?;
    assert_eq!(pushed.text_at("/code")?, "PB1026", "{}", pushed.text());
    let approve = rig.operator.post(&format!("/v1/releases/{waiting}/approve"), &json!({}))?.expect(409)?;
    assert_eq!(refused(&approve, &["connectors.ceiling.hosts"])?, "PB1026");
    Ok(())
}
