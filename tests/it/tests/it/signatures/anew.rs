//! A trusted signature that comes after its bytes says whose they are, and nothing else.

use std::time::Duration;

use patchbay_it::{Rig, Variant, publisher_key};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{guests, install, post, strict};
use crate::rollback::{TELLS, release, runs_once, telling};

const LIMIT: Duration = Duration::from_secs(60);

fn upgrades(rig: &Rig, said: &str) -> Result<()> {
    rig.operator.patch("/v1/connectors/patchbay.guests", &json!({ "upgrades": said }))?.expect(200).map(drop)
}

#[test]
fn what_waits_for_its_key_alone_is_used_once_a_trusted_one_signed_it() -> Result<()> {
    let rig = strict()?;
    let (key, other) = (publisher_key(1), publisher_key(2));
    install(&rig, &guests("0.1.0")?, &key, Some(&key))?;
    let packed = guests("0.1.1")?;
    let waiting = post(&rig, &packed, &other, None)?.expect(201)?;
    assert_eq!(waiting.text_at("/release/state")?, "ready", "{}", waiting.text());
    let signed = post(&rig, &packed, &key, None)?;
    assert_eq!(signed.text_at("/release/state")?, "active", "{}", signed.text());
    assert_eq!(signed.text_at("/release/signed_by")?, key.public().fingerprint());
    Ok(())
}

#[test]
fn a_release_that_its_trial_gave_up_goes_on_waiting_though_its_bytes_come_signed() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    tenant.first_run(&connection)?;
    upgrades(&rig, "manual")?;
    let packed = Variant::of_release("0.2.0", 2, json!({ "said": "0.2.0", "read": "trap" }))?.pack()?;
    let waiting = rig.post(packed.clone())?.expect(201)?;
    assert_eq!(waiting.text_at("/release/state")?, "ready", "{}", waiting.text());
    let path = format!("/v1/releases/{}", waiting.text_at("/release/id")?);
    rig.operator.post(&format!("{path}/canary"), &json!({ "connection": connection }))?.expect(201)?;
    runs_once(&tenant, &connection)?;
    let given_up = wait_until("the trial to end", LIMIT, || {
        let shown = rig.operator.get(&path)?.expect(200)?.json;
        Ok(Some(shown).filter(|shown| shown["canary"].is_null()))
    })?;
    let reason = &given_up["release"]["reason"];
    assert!(reason.as_str().is_some_and(|reason| reason.contains("PB1101")), "{given_up}");

    // Nothing else keeps it from being used.
    upgrades(&rig, "all")?;
    let key = publisher_key(1);
    let trust = json!({ "key": key.public().to_string() });
    rig.operator.post("/v1/publishers/patchbay/keys", &trust)?.expect(201)?;
    let waits = |row: &Value| {
        let (state, signed_by) = (&row["state"], row["signed_by"].as_str());
        let key = key.public().fingerprint();
        assert_eq!((state, &row["reason"], signed_by), (&json!("ready"), reason, Some(key.as_str())), "{row}");
    };
    for _ in 0..2 {
        let again = post(&rig, &packed, &key, None)?.expect(200)?;
        waits(&again.json["release"]);
    }
    waits(&release(&rig, "0.2.0")?);
    assert_eq!(release(&rig, "0.1.0")?["state"], json!("active"));
    // A person may use it all the same.
    let active = rig.operator.post(&format!("{path}/approve"), &json!({}))?.expect(200)?;
    assert_eq!(active.text_at("/state")?, "active");
    Ok(())
}
