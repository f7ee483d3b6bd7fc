//! Nothing is read before there is something that may be read.

use patchbay_it::{RigSetup, USER, Variant, Walk};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{CONNECTOR, LIMIT, Scene};

/// The connector that reads account by account, with so many accounts.
fn by_account(scene: &Scene, accounts: u32) -> Result<()> {
    let mut variant = Variant::of_login("code-basic", &scene.rig.kind("code-basic")?.tables)?;
    "0.2.0".clone_into(&mut variant.manifest.version);
    variant.manifest.streams.iter_mut().for_each(|stream| stream.per_account = true);
    if let Some(config) = &mut variant.manifest.config {
        config.defaults["accounts"] = json!(accounts);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

#[test]
fn a_connection_whose_accounts_have_to_be_chosen_reads_nothing_before() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    by_account(&scene, 60)?;
    let made = scene.tenant.connect_through(&scene.rig, &mut Walk::of(scene.one()?, CONNECTOR), "one")?;
    assert_eq!((&made["state"], &made["account_count"]), (&json!("needs_setup"), &json!(60)));
    let connection = made["id"].as_str().unwrap_or_default();
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "action_required");
    // Another connection that is read from start to end shows that the first one had its chance.
    scene.rig.install_kind(&scene.rig.kind("key-header")?)?;
    let other = scene.tenant.connect_kind(&scene.rig, &scene.rig.kind("key-header")?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.runs(connection)?, Vec::<Value>::new());

    let account = |at: usize, member: &str| made["accounts"][at][member].as_str().unwrap_or_default().to_owned();
    let path = format!("/v1/connections/{connection}");
    scene.tenant.api.patch(&path, &json!({ "name": "Ours" }))?.expect(200)?;
    assert_eq!(scene.tenant.stands(connection)?.0, "needs_setup", "a name is no account");
    let changed = scene.tenant.api.patch(&path, &json!({ "accounts": { account(7, "id"): true } }))?.expect(200)?;
    assert_eq!(changed.text_at("/state")?, "active");
    scene.tenant.settled()?;
    let runs = scene.tenant.runs(connection)?;
    assert_eq!((runs.len(), &runs[0]["state"]), (1, &json!("done")), "{runs:?}");
    let feed = scene.tenant.feed(0)?;
    let read: Vec<&Value> = feed
        .iter()
        .filter(|change| change["connection"] == json!(connection))
        .map(|change| &change["account"])
        .collect();
    assert_eq!(read, [&json!(account(7, "provider_id"))]);
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "active");
    Ok(())
}

#[test]
fn nothing_is_read_and_nothing_can_be_done_before_the_completion() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    by_account(&scene, 3)?;
    let mut walk = Walk::of(scene.one()?, CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let waiting = scene.tenant.connections()?.pop().unwrap_or_default();
    assert_eq!(scene.tenant.stands(&waiting)?.0, "pending");
    let path = format!("/v1/connections/{waiting}");
    let shown = scene.tenant.get(&path)?.json;
    assert_eq!((&shown["accounts"], &shown["verified"]), (&json!([]), &json!(false)), "{shown}");
    assert_eq!(scene.tenant.get(&format!("{path}/syncs"))?.array_at("/items")?, Vec::<Value>::new());
    let asked = scene.tenant.api.post(&format!("{path}/identify"), &json!({}))?;
    assert_eq!(asked.status, 409, "{}", asked.text());
    let push = json!({ "connection": waiting, "action": "exists", "key": "k", "payload": {} });
    let pushed = scene.tenant.api.post("/v1/pushes", &push)?;
    let state = pushed.json["state"].as_str().unwrap_or_default().to_owned();
    assert!(pushed.status >= 400 || state == "waiting", "{}", pushed.text());
    // Another connection that is read from start to end shows that this one had its chance.
    scene.rig.install_kind(&scene.rig.kind("key-header")?)?;
    let other = scene.tenant.connect_kind(&scene.rig, &scene.rig.kind("key-header")?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.runs(&waiting)?, Vec::<Value>::new());
    let bearer = |scene: &Scene| {
        let entries = scene.rig.fakes.logins.journal.entries();
        entries.iter().filter(|entry| entry.path.starts_with("/api/bearer/")).count()
    };
    assert_eq!(bearer(&scene), 1, "it was asked whose it is, once");

    let code = walk.code(&last)?;
    let made = scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    assert_eq!((made.text_at("/id")?, made.text_at("/state")?.as_str()), (waiting.clone(), "active"));
    wait_until("the first runs", LIMIT, || Ok((scene.tenant.runs(&waiting)?.len() == 3).then_some(())))?;
    Ok(())
}
