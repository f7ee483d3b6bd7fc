//! Items that are sent when somebody says so, and items that are taken back.

use patchbay_it::DeskItem;
use patchbay_test_support::{Result, fakes::Act};
use serde_json::{Value, json};

use super::{LIMIT, Scene, refusal, refused, stands};

#[test]
fn an_item_on_demand_waits_for_somebody_who_says_so() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let task = DeskItem::of("task", "asked").with("send", json!("on_demand"));
    let waits = scene.tenant.send(&task)?.expect(201)?;
    let push = waits.text_at("/id")?;
    assert_eq!((stands(&waits.json), waits.text_at("/send")?), (("waiting", "PB4014"), "on_demand".to_owned()));
    assert_eq!(scene.listed("ready=true")?, [push.as_str()]);
    // Another one passes; this one had its chance.
    scene.done(&DeskItem::of("task", "passes"))?;
    assert_eq!((stands(&scene.push(&push)?).0, scene.writes()), ("waiting", 1));
    assert_eq!(scene.tenant.send(&task)?.expect(200)?.text_at("/duplicate_of")?, push, "again is no word");

    scene.say(&push, "send", &json!({}))?.expect(200)?;
    let done = scene.tenant.push_ended(&push)?;
    assert_eq!((&done["state"], task.objects(scene.desk()).len()), (&json!("done"), 1), "{done}");
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4007", &[]), "it is done");
    assert_eq!(scene.own_doings(&push)?, ["push.sent"]);
    assert_eq!(scene.listed("ready=true")?, Vec::<String>::new());
    Ok(())
}

#[test]
fn before_there_is_a_connection_nobody_can_send_and_afterwards_it_is_ready() -> Result<()> {
    let scene = Scene::bare()?;
    let push = scene.tenant.push(&DeskItem::of("task", "asked").with("send", json!("on_demand")))?;
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4013", &["/connection"]));
    assert_eq!((scene.listed("ready=true")?, scene.listed("ready=false")?), (vec![], vec![push.clone()]));
    scene.connect("owner")?;
    assert_eq!(scene.listed("ready=true")?, [push.as_str()]);
    scene.done(&DeskItem::of("task", "passes"))?;
    assert_eq!(stands(&scene.push(&push)?), ("waiting", "PB4014"));
    scene.say(&push, "send", &json!({}))?.expect(200)?;
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    Ok(())
}

#[test]
fn an_item_without_a_target_is_sent_with_the_one_that_is_chosen_and_with_no_other() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("task", "aimless");
    let waits = scene.tenant.send(&item.clone().with("target", Value::Null))?.expect(201)?;
    let push = waits.text_at("/id")?;
    assert_eq!((stands(&waits.json), &waits.json["target"]), (("waiting", "PB4008"), &Value::Null));
    assert_eq!((scene.listed("ready=true")?.len(), scene.listed("ready=false")?), (0, vec![push.clone()]));
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4008", &["/target"]));
    for (target, pointer) in
        [(json!({}), "/target"), (json!({ "id": 7 }), "/target/id"), (json!({ "id": "c1", "x": 1 }), "/target")]
    {
        let answer = scene.say(&push, "send", &json!({ "target": target }))?;
        assert_eq!(refusal(&answer), refused(422, "PB4002", &[pointer]), "{target}");
    }
    assert_eq!((stands(&scene.push(&push)?).0, scene.writes()), ("waiting", 0));
    scene.say(&push, "send", &json!({ "target": { "id": "c2" } }))?.expect(200)?;
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(item.objects(scene.desk())[0].text("client"), "c2");

    // One that has its target keeps it.
    let kept = scene.tenant.push(&DeskItem::of("task", "kept").with("send", json!("on_demand")))?;
    let other = scene.say(&kept, "send", &json!({ "target": { "id": "c2" } }))?;
    assert_eq!((other.status, refusal(&other).2), (409, vec!["/target".to_owned()]));
    scene.say(&kept, "send", &json!({ "target": { "id": "c1" } }))?.expect(200)?;
    Ok(())
}

#[test]
fn the_target_may_also_come_with_the_same_item_sent_again() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("letter", "aimless");
    let push = scene.tenant.push(&item.clone().with("target", Value::Null))?;
    let revived = scene.tenant.send(&item)?.expect(200)?;
    assert_eq!((revived.text_at("/change")?, revived.text_at("/id")?), ("revived".to_owned(), push.clone()));
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!((scene.rig.written_once(&[item])?, scene.writes()), (1, 1));
    Ok(())
}

#[test]
fn with_several_connections_an_item_waits_and_is_sent_by_the_one_that_is_named() -> Result<()> {
    let (scene, first) = Scene::connected()?;
    let second = scene.connect("other")?;
    let item = DeskItem::of("task", "undecided");
    let waits = scene.tenant.send(&item)?.expect(201)?;
    let push = waits.text_at("/id")?;
    assert_eq!((stands(&waits.json), &waits.json["connection"]), (("waiting", "PB4013"), &Value::Null));
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4013", &["/connection"]));
    let nobody = json!({ "connection": "con_00000000000000000000000000" });
    assert_eq!(scene.say(&push, "send", &nobody)?.status, 404);
    let stranger = scene.rig.tenant("B")?;
    let theirs = stranger.connect_desk(scene.desk(), "load-1")?;
    assert_eq!(scene.say(&push, "send", &json!({ "connection": theirs }))?.status, 404, "another tenant's");
    assert_eq!((stands(&scene.push(&push)?).0, scene.writes()), ("waiting", 0));

    scene.say(&push, "send", &json!({ "connection": second }))?.expect(200)?;
    let done = scene.tenant.push_ended(&push)?;
    assert_eq!((&done["state"], &done["connection"]), (&json!("done"), &json!(second)));
    assert_eq!(item.objects(scene.desk())[0].office, "other");
    // What belongs to one connection is not sent by another.
    let named = DeskItem::of("task", "named").through(&first).with("send", json!("on_demand"));
    let push = scene.tenant.push(&named)?;
    let moved = scene.say(&push, "send", &json!({ "connection": second }))?;
    assert_eq!((moved.status, refusal(&moved).2), (409, vec!["/connection".to_owned()]));
    Ok(())
}

#[test]
fn an_item_that_was_taken_back_never_leaves_and_can_be_sent_after_all() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("task", "back").with("send", json!("on_demand"));
    let push = scene.tenant.push(&item)?;
    let back = scene.say(&push, "withdraw", &json!({}))?.expect(200)?;
    assert_eq!(stands(&back.json), ("skipped", "PB4015"));
    assert_eq!(scene.told(&push)?, [("push.ended".to_owned(), "skipped".to_owned())]);
    assert_eq!(refusal(&scene.say(&push, "withdraw", &json!({}))?), refused(409, "PB4007", &[]), "once");
    scene.done(&DeskItem::of("task", "passes"))?;
    assert_eq!((stands(&scene.push(&push)?), scene.writes()), (("skipped", "PB4015"), 1));

    scene.say(&push, "send", &json!({}))?.expect(200)?;
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(scene.own_doings(&push)?, ["push.withdrawn", "push.sent"]);
    Ok(())
}

#[test]
fn what_may_have_left_cannot_be_taken_back() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("task", "gone");
    scene.desk().script.add(item.on("create", Act::Hold { name: "gone".to_owned(), applied: true }));
    let push = scene.tenant.push(&item)?;
    assert!(scene.desk().script.wait_until_held("gone", LIMIT));
    assert_eq!(refusal(&scene.say(&push, "withdraw", &json!({}))?), refused(409, "PB4007", &[]));
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4007", &[]));
    scene.desk().script.release("gone");
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(refusal(&scene.say(&push, "withdraw", &json!({}))?), refused(409, "PB4007", &[]));
    assert_eq!((scene.rig.written_once(&[item])?, scene.writes()), (1, 1));
    Ok(())
}
