//! What a connection reaches changes at the provider, and is asked again.

use std::time::Duration;

use patchbay_it::Variant;
use patchbay_test_support::{Answer, Result, wait_until};
use serde_json::{Value, json};

use super::{LIMIT, Scene, id};

/// The key connector, which names so many accounts.
fn with_accounts(scene: &Scene, version: &str, accounts: u32) -> Result<()> {
    let mut variant = Variant::of_login("key-header", &scene.rig.kind("key-header")?.tables)?;
    version.clone_into(&mut variant.manifest.version);
    variant.manifest.streams.iter_mut().for_each(|stream| stream.per_account = true);
    if let Some(config) = &mut variant.manifest.config {
        config.defaults["accounts"] = json!(accounts);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

#[test]
fn a_connection_is_asked_again_every_day_and_what_it_lost_is_said() -> Result<()> {
    let scene = Scene::with_clock()?;
    with_accounts(&scene, "0.2.0", 3)?;
    let connection = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
    scene.tenant.settled()?;
    let path = format!("/v1/connections/{connection}");
    let names = |answer: &Answer| -> Result<Vec<(String, bool, Value, bool)>> {
        let accounts = answer.array_at("/accounts")?;
        let text = |account: &Value| account["provider_id"].as_str().unwrap_or_default().to_owned();
        let truth = |value: &Value| value.as_bool().unwrap_or_default();
        Ok(accounts
            .iter()
            .map(|one| (text(one), truth(&one["usable"]), one["note"].clone(), truth(&one["selected"])))
            .collect())
    };
    assert_eq!(names(&scene.tenant.get(&path)?)?.iter().filter(|one| one.1 && one.3).count(), 3);
    let asked = scene.tenant.get(&path)?.text_at("/identified_at")?;

    with_accounts(&scene, "0.3.0", 1)?;
    scene.rig.advance(Duration::from_secs(23 * 3_600))?;
    // Something else of upkeep shows that the host has looked at the clock.
    let other = id(&scene.by_key("two", &json!({}))?.expect(201)?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.get(&path)?.text_at("/identified_at")?, asked, "not before a day has passed");

    scene.rig.advance(Duration::from_secs(3_600 + 60))?;
    wait_until("the daily question", LIMIT, || {
        Ok((scene.tenant.get(&path)?.text_at("/identified_at")? != asked).then_some(()))
    })?;
    let now = scene.tenant.get(&path)?;
    let accounts = names(&now)?;
    assert_eq!(accounts.len(), 3, "{accounts:?}");
    for (account, usable, note, selected) in &accounts {
        match account.as_str() {
            "1" => assert!(*usable && *selected, "{accounts:?}"),
            _ => assert!(!usable && *note == json!("access lost") && *selected, "{accounts:?}"),
        }
    }
    assert_eq!((now.text_at("/state")?.as_str(), &now.json["account_count"]), ("active", &json!(1)));
    let lines = scene.tenant.audit_about(&connection)?;
    assert_eq!(lines.last(), Some(&("connection.identified".to_owned(), "host".to_owned())), "{lines:?}");

    // They come back as they were, when somebody asks.
    with_accounts(&scene, "0.4.0", 4)?;
    let back = scene.identify(&connection)?.expect(200)?;
    let accounts = names(&back)?;
    assert_eq!((accounts.len(), accounts.iter().filter(|one| one.1).count()), (4, 4), "{accounts:?}");
    let noted: Vec<_> = accounts.iter().filter(|one| one.2 == json!("access lost")).collect();
    assert!(noted.is_empty(), "{noted:?}");
    Ok(())
}
