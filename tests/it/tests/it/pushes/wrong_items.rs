//! What is wrong with an item is said with its place, before anything leaves.

use patchbay_it::{DESK, DeskItem};
use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{Scene, refusal, refused};

const NOBODY: &str = "con_00000000000000000000000000";

#[test]
fn a_wrong_item_is_refused_with_the_place_that_is_wrong_and_nothing_leaves() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    let item = DeskItem::of("task", "wrong");
    let payload = |payload: Value| item.clone().with("payload", payload);
    for (wrong, status, code, pointers) in [
        (payload(Value::Null), 422, "PB5001", &[""][..]),
        (payload(json!([])), 422, "PB4002", &["/payload"]),
        (payload(json!({ "text": "x" })), 422, "PB4002", &["/payload"]),
        (payload(json!({ "title": 7 })), 422, "PB4002", &["/payload/title"]),
        (payload(json!({ "title": "", "due": "soon" })), 422, "PB4002", &["/payload/due", "/payload/title"]),
        (payload(json!({ "title": "x", "assignee": null })), 422, "PB4002", &["/payload/assignee"]),
        (item.clone().with("target", json!({ "id": "c1", "x/y": 1 })), 422, "PB4002", &["/target"]),
        (item.clone().with("target", json!({})), 422, "PB4002", &["/target"]),
        (item.clone().with("key", json!("")), 422, "PB5001", &["/key"]),
        (item.clone().with("key", json!("x".repeat(201))), 422, "PB5001", &["/key"]),
        (item.clone().with("key", json!("a\u{0}b")), 422, "PB5001", &["/key"]),
        (item.clone().with("key", json!(7)), 422, "PB5001", &["/key"]),
        (item.clone().with("key", Value::Null), 422, "PB5001", &["/key"]),
        (item.clone().with("source", json!("")), 422, "PB5001", &["/source"]),
        (item.clone().with("send", json!("later")), 422, "PB5001", &["/send"]),
        (item.clone().with("expires_at", json!(1)), 422, "PB5001", &["/expires_at"]),
        (item.clone().with("connector", Value::Null), 422, "PB5001", &["/connector"]),
        (
            item.clone().with("connection", json!(connection)).with("connector", json!("patchbay.github")),
            422,
            "PB5001",
            &["/connector"],
        ),
        (item.clone().with("titel", json!("x")), 422, "PB5001", &["/titel"]),
        (item.clone().with("connection", json!("7")), 422, "PB5001", &["/connection"]),
    ] {
        let (mut told, mut wanted) = (refusal(&scene.tenant.send(&wrong)?), refused(status, code, pointers));
        told.2.sort();
        wanted.2.sort();
        assert_eq!(told, wanted, "{}", wrong.body);
    }
    for (unknown, status) in [
        (item.clone().with("action", json!("fax")), 404),
        (item.clone().with("connector", json!("acme.nothing")), 404),
        (item.clone().with("connection", json!(NOBODY)), 404),
    ] {
        let answer = scene.tenant.send(&unknown)?;
        assert_eq!(answer.status, status, "{}: {}", unknown.body, answer.text());
    }
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}

#[test]
fn without_a_key_the_source_is_the_key() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("note", "one").with("key", Value::Null).with("source", json!("meeting-7"));
    let done = scene.done(&item)?;
    assert_eq!((&done["key"], &done["source"]), (&json!("meeting-7"), &json!("meeting-7")));
    // Another action of the same source is another item.
    let task = DeskItem::of("task", "one").with("key", Value::Null).with("source", json!("meeting-7"));
    let other = scene.done(&task)?;
    assert_ne!(done["id"], other["id"]);
    assert_eq!(json!(scene.tenant.send(&item)?.expect(200)?.text_at("/duplicate_of")?), done["id"]);
    assert_eq!(scene.listed("source=meeting-7")?.len(), 2);
    assert_eq!(scene.listed("source=meeting-7&action=task")?.len(), 1);
    assert_eq!((scene.rig.written_once(&[item, task])?, scene.writes()), (2, 2));
    Ok(())
}

#[test]
fn an_item_that_the_desk_refuses_is_rejected_with_the_places_that_it_names() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("task", "nobody").to("c-nobody");
    let push = scene.tenant.push_ended(&scene.tenant.push(&item)?)?;
    assert_eq!(push["state"], json!("rejected"), "{push}");
    assert_eq!(push["errors"][0]["pointer"], json!("/id"), "{push}");
    assert_eq!(scene.tenant.get(&format!("/v1/pushes?connector={DESK}&state=rejected"))?.array_at("/items")?.len(), 1);
    // A person that wrote it by hand says so.
    let id = push["id"].as_str().unwrap_or_default();
    let done = scene.say(id, "resolve", &json!({ "decision": "done", "object": { "id": "by-hand" } }))?.expect(200)?;
    assert_eq!((&done.json["state"], &done.json["object"]["id"]), (&json!("done"), &json!("by-hand")));
    assert_eq!(item.objects(scene.desk()).len(), 0);
    Ok(())
}
