//! Looking again for what the provider can be asked for, once looking by itself has come to its end.

use patchbay_it::DeskItem;
use patchbay_test_support::{
    Result,
    fakes::{
        Act,
        desk::{Kind, Lag},
    },
};
use serde_json::{Value, json};

use super::{Scene, stands};

/// A task that was lost, not found twice, sent once more, and lost again: from here on only a person goes on.
fn lost_twice(scene: &Scene, second: Act) -> Result<(DeskItem, String)> {
    let task = DeskItem::of("task", "one");
    scene.desk().script.add(task.on("create", Act::Drop));
    scene.desk().script.add(task.on("create", second));
    let push = scene.tenant.push(&task)?;
    let unknown = scene.tenant.push_ended(&push)?;
    assert_eq!((stands(&unknown), &unknown["next_at"]), (("unknown", "PB4004"), &Value::Null), "{unknown}");
    assert_eq!((&unknown["steps"][0]["reopened"], scene.writes()), (&json!(1), 2), "{unknown}");
    Ok((task, push))
}

#[test]
fn looked_for_again_it_is_found() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (task, push) = lost_twice(&scene, Act::LoseAnswer)?;
    scene.say(&push, "resolve", &json!({ "decision": "look_again" }))?.expect(200)?;
    let done = scene.tenant.push_ended(&push)?;
    assert_eq!((stands(&done).0, &done["object"]["id"]), ("done", &json!(task.objects(scene.desk())[0].id)), "{done}");
    assert_eq!((scene.rig.written_once(&[task])?, scene.writes()), (1, 2));
    assert_eq!(scene.own_doings(&push)?, ["push.decided"]);
    assert_eq!(scene.told(&push)?.last(), Some(&("push.ended".to_owned(), "done".to_owned())));
    Ok(())
}

#[test]
fn while_the_search_does_not_show_it_a_person_can_say_that_it_is_there() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    scene.desk().provider.lag(Kind::Task, Lag::UntilTold);
    let (task, push) = lost_twice(&scene, Act::LoseAnswer)?;
    let object = task.objects(scene.desk()).remove(0).id;
    let word = json!({ "decision": "done", "object": { "id": object } });
    let done = scene.say(&push, "resolve", &word)?.expect(200)?;
    assert_eq!((stands(&done.json).0, &done.json["object"]["id"]), ("done", &json!(object)));
    assert_eq!(scene.rig.written_once(&[task])?, 1);
    Ok(())
}
