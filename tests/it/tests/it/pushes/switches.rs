//! Switches: what is off is recorded with the reason, and never lost in silence.

use patchbay_it::{ACTIONS, DeskItem};
use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{Scene, refusal, refused, stands};

/// One item of each action that takes no file.
fn one_of_each(key: &str) -> Vec<DeskItem> {
    let actions = ACTIONS.iter().map(|(action, _)| *action).filter(|action| *action != "report");
    actions.map(|action| DeskItem::of(action, key)).collect()
}

#[test]
fn a_connection_that_is_off_skips_every_item_and_says_so() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    scene.tenant.change(&connection, &json!({ "enabled": false }))?;
    let items = one_of_each("off");
    for item in &items {
        let skipped = scene.tenant.send(item)?.expect(201)?;
        assert_eq!(stands(&skipped.json), ("skipped", "PB4009"), "{}", skipped.text());
        assert!(skipped.json["ended_at"].is_string());
        let push = skipped.text_at("/id")?;
        assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4009", &[]));
    }
    assert_eq!((scene.listed("state=skipped")?.len(), scene.writes()), (items.len(), 0));

    // On again: nothing goes by itself; each when it is sent again, under the same key.
    scene.tenant.change(&connection, &json!({ "enabled": true }))?;
    for item in &items {
        let revived = scene.tenant.send(item)?.expect(200)?;
        assert_eq!(revived.text_at("/change")?, "revived");
        assert_eq!(scene.tenant.push_ended(&revived.text_at("/id")?)?["state"], json!("done"));
    }
    assert_eq!(scene.rig.written_once(&items)?, items.len());
    Ok(())
}

#[test]
fn a_function_that_is_off_skips_its_own_actions_only() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    let changed = scene.tenant.change(&connection, &json!({ "functions": { "tasks": false } }))?;
    let off = changed.array_at("/functions")?.into_iter().find(|of| of["function"] == json!("tasks"));
    assert_eq!(off.map(|of| of["enabled"].clone()), Some(json!(false)), "{}", changed.text());
    for item in one_of_each("some") {
        let push = scene.tenant.push_ended(&scene.tenant.push(&item)?)?;
        let wanted = if ["task", "card"].contains(&item.action()) { ("skipped", "PB4009") } else { ("done", "") };
        assert_eq!(stands(&push), wanted, "{push}");
    }
    assert_eq!(scene.writes(), 4);
    let unknown = scene.tenant.api.patch(
        &format!("/v1/connections/{connection}"),
        &json!({ "functions": { "invoices": true, "tasks": true } }),
    )?;
    assert!((400..500).contains(&unknown.status), "{}", unknown.text());
    assert_eq!(
        scene.tenant.push_ended(&scene.tenant.push(&DeskItem::of("task", "still"))?)?["state"],
        json!("skipped")
    );
    Ok(())
}

#[test]
fn an_item_that_waited_while_its_function_was_switched_off_is_skipped_when_it_could_go() -> Result<()> {
    let scene = Scene::bare()?;
    let push = scene.tenant.push(&DeskItem::of("task", "early").with("target", Value::Null))?;
    let connection = scene.connect("owner")?;
    scene.tenant.change(&connection, &json!({ "functions": { "tasks": false } }))?;
    let refused_ = scene.say(&push, "send", &json!({ "target": { "id": "c1" } }))?;
    assert_eq!(refusal(&refused_), refused(409, "PB4009", &[]));
    // The target comes by sending the item again, whole.
    let again = scene.tenant.send(&DeskItem::of("task", "early"))?.expect(200)?;
    assert_eq!((again.text_at("/id")?, stands(&again.json)), (push, ("skipped", "PB4009")), "{}", again.text());
    assert_eq!(scene.writes(), 0);
    Ok(())
}
