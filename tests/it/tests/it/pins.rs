//! A connection stays on the release that an operator pinned it to, and a pin goes round no approval.

use patchbay_it::Rig;
use patchbay_test_support::Result;
use serde_json::{Value, json};

use crate::rollback::{TELLS, release, runs_once, telling, told};

fn id(release: &Value) -> String {
    release["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_pinned_connection_runs_its_release_whatever_becomes_active() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let first = rig.install(telling("0.1.0", 1)?.pack()?)?;
    let pinned = tenant.connect_guests("0123456789", TELLS)?;
    let operator = rig.operator_of(&tenant);
    let path = format!("/v1/connections/{pinned}");
    let answer = operator.patch(&path, &json!({ "release": first }))?.expect(200)?;
    assert_eq!(answer.text_at("/release")?, first);
    rig.install(telling("0.2.0", 2)?.pack()?)?;
    let run = runs_once(&tenant, &pinned)?;
    assert_eq!((&run["release"], told(&tenant, &pinned)?.as_str()), (&json!(first), "0000001/0.1.0"));
    assert_eq!(
        (&release(&rig, "0.1.0")?["connections"], &release(&rig, "0.2.0")?["connections"]),
        (&json!(1), &json!(0))
    );

    // What is not said stays; null lets it follow.
    assert_eq!(operator.patch(&path, &json!({ "name": "Other" }))?.expect(200)?.text_at("/release")?, first);
    let answer = operator.patch(&path, &json!({ "release": null }))?.expect(200)?;
    assert!(answer.json["release"].is_null(), "{}", answer.text());
    runs_once(&tenant, &pinned)?;
    assert_eq!(told(&tenant, &pinned)?, "0000002/0.2.0");
    Ok(())
}

#[test]
fn only_an_operator_pins_and_only_to_a_release_that_was_approved() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let first = rig.install(telling("0.1.0", 1)?.pack()?)?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    let path = format!("/v1/connections/{connection}");
    let refused = tenant.api.patch(&path, &json!({ "release": first }))?.expect(403)?;
    assert_eq!(refused.text_at("/code")?, "PB5004");

    let mut more = telling("0.2.0", 2)?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    assert_eq!(rig.post(more.pack()?)?.expect(201)?.text_at("/release/state")?, "ready");
    let operator = rig.operator_of(&tenant);
    let refused = operator.patch(&path, &json!({ "release": id(&release(&rig, "0.2.0")?) }))?.expect(409)?;
    assert_eq!(refused.text_at("/code")?, "PB1011");
    assert!(refused.text().contains("DELETE"), "it says what for: {}", refused.text());

    rig.install_connectors(&["github"])?;
    let github = rig.operator.get("/v1/connectors/patchbay.github")?.expect(200)?.array_at("/items")?;
    for other in [id(&github[0]), "rel_068r3m5e4pvk3b8c9d0e1f2g3h".to_owned()] {
        let refused = operator.patch(&path, &json!({ "release": other }))?.expect(409)?;
        assert_eq!(refused.text_at("/code")?, "PB1040", "{}", refused.text());
    }
    let there = tenant.get(&path)?;
    assert!(there.json["release"].is_null(), "{}", there.text());
    Ok(())
}

#[test]
fn an_upgrade_that_asks_for_more_leaves_every_connection_where_it_is_until_it_is_approved() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    rig.install(telling("0.1.0", 1)?.pack()?)?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    let mut more = telling("0.2.0", 2)?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    let waiting = rig.post(more.pack()?)?.expect(201)?.text_at("/release/id")?;
    runs_once(&tenant, &connection)?;
    assert_eq!(told(&tenant, &connection)?, "0000001/0.1.0");
    rig.operator.post(&format!("/v1/releases/{waiting}/approve"), &json!({}))?.expect(200)?;
    runs_once(&tenant, &connection)?;
    assert_eq!(told(&tenant, &connection)?, "0000002/0.2.0");
    Ok(())
}
