//! Which upgrades go ahead by themselves.

use patchbay_it::{RigSetup, publisher_key};
use patchbay_test_support::Result;
use serde_json::json;

use super::{CONNECTORS, guests, install, post};

#[test]
fn an_upgrade_that_asks_for_no_more_goes_ahead_as_far_as_the_operator_lets_it() -> Result<()> {
    // The configuration says nothing, so `minor` holds.
    let rig = RigSetup { more: CONNECTORS.to_owned(), ..RigSetup::default() }.start()?;
    let key = publisher_key(1);
    let policy = "/v1/connectors/patchbay.guests/upgrades";
    install(&rig, &guests("0.1.0")?, &key, Some(&key))?;
    assert_eq!(rig.operator.get(policy)?.expect(200)?.json, json!({ "upgrades": "minor", "said": null }));
    install(&rig, &guests("0.1.1")?, &key, None)?;
    let held = post(&rig, &guests("0.2.0")?, &key, None)?.expect(201)?;
    assert_eq!((held.text_at("/release/state")?, held.array_at("/asks_beyond")?.len()), ("ready".to_owned(), 0));
    assert!(held.text_at("/release/reason")?.contains("0.2.0 may change what 0.1.1 does"), "{}", held.text());

    let say = |upgrades: serde_json::Value| {
        rig.operator.patch("/v1/connectors/patchbay.guests", &json!({ "upgrades": upgrades }))
    };
    assert_eq!(say(json!("manual"))?.expect(200)?.json, json!({ "upgrades": "manual", "said": "manual" }));
    let held = post(&rig, &guests("0.1.2")?, &key, None)?.expect(201)?;
    assert!(held.text_at("/release/reason")?.contains("`manual`"), "{}", held.text());
    say(json!("all"))?.expect(200)?;
    install(&rig, &guests("0.3.0")?, &key, None)?;
    say(json!(null))?.expect(200)?;
    assert_eq!(post(&rig, &guests("0.4.0")?, &key, None)?.expect(201)?.text_at("/release/state")?, "ready");
    // One that waits and was overtaken is older than what was in use.
    let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
    let overtaken = releases.iter().find(|row| row["version"] == json!("0.2.0")).expect("it waits");
    let path = format!("/v1/releases/{}/approve", overtaken["id"].as_str().unwrap_or_default());
    assert_eq!(rig.operator.post(&path, &json!({}))?.expect(409)?.text_at("/code")?, "PB1025");

    for wrong in [json!({}), json!({ "upgrades": "major" }), json!({ "upgrades": "all", "more": 1 })] {
        let answer = rig.operator.patch("/v1/connectors/patchbay.guests", &wrong)?;
        assert_eq!(answer.text_at("/code")?, "PB5001", "{wrong}: {}", answer.text());
    }
    let none = rig.operator.patch("/v1/connectors/acme.none", &json!({ "upgrades": "all" }))?.expect(404)?;
    assert_eq!(none.text_at("/code")?, "PB1013");
    Ok(())
}
