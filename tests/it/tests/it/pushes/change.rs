//! The same key with other content: a change where the action says so, a mistake where it does not.

use patchbay_it::{ACTIONS, DeskItem};
use patchbay_test_support::{
    Result,
    fakes::{Act, desk::Kind},
};
use serde_json::{Value, json};

use super::{LIMIT, Scene, refusal, refused, stands, text};

#[test]
fn other_content_changes_the_object_that_was_written_and_is_the_next_revision() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let note = DeskItem::of("note", "one");
    let first = scene.done(&note)?;
    let push = text(&first, "id");
    let changed = note.clone().text("Agreed otherwise.");
    let answer = scene.tenant.send(&changed)?.expect(200)?;
    assert_eq!((answer.text_at("/change")?, answer.text_at("/id")?), ("updated".to_owned(), push.clone()));
    assert_eq!((&answer.json["revision"], &answer.json["duplicate_of"]), (&json!(2), &Value::Null));
    let second = scene.tenant.push_ended(&push)?;
    assert_eq!(
        (stands(&second).0, &second["result"], &second["object"]),
        ("done", &json!("updated"), &first["object"])
    );
    let note = note.objects(scene.desk()).remove(0);
    assert_eq!((note.writes, note.text("text")), (2, "Agreed otherwise."));
    let path = format!("/notes/{}", note.id);
    let writes: Vec<(String, String)> = scene
        .desk()
        .journal
        .entries()
        .into_iter()
        .filter(|entry| entry.method != "GET")
        .map(|entry| (entry.method, entry.path))
        .collect();
    assert_eq!(writes, [("POST".to_owned(), "/notes".to_owned()), ("PATCH".to_owned(), path)]);
    let steps: Vec<(String, Value)> = second["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|step| (text(step, "step"), step["revision"].clone()))
        .collect();
    assert_eq!(steps, [("create".to_owned(), json!(1)), ("change".to_owned(), json!(2))]);

    assert_eq!(scene.tenant.send(&changed)?.expect(200)?.text_at("/change")?, "duplicate");
    assert_eq!(scene.writes(), 2);
    Ok(())
}

#[test]
fn for_an_action_that_changes_nothing_it_is_refused_and_the_first_stays() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let actions = ACTIONS.iter().map(|(action, _)| *action).filter(|action| !["note", "report"].contains(action));
    let items: Vec<DeskItem> = actions.map(|action| DeskItem::of(action, "one")).collect();
    for item in &items {
        let first = scene.done(item)?;
        let other = item.clone().with("payload", json!({ "title": "Something else", "text": "x" }));
        let other = if item.action() == "entry" {
            item.clone().with("payload", json!({ "title": "Something else" }))
        } else {
            other
        };
        assert_eq!(refusal(&scene.tenant.send(&other)?), refused(409, "PB4003", &["/key"]), "{}", item.action());
        let elsewhere = scene.tenant.send(&item.clone().to("c2"))?;
        assert_eq!(refusal(&elsewhere), refused(409, "PB4003", &["/key"]), "another target: {}", item.action());
        let now = scene.push(&text(&first, "id"))?;
        assert_eq!(
            (&now["state"], &now["payload"], &now["target"]),
            (&first["state"], &first["payload"], &first["target"])
        );
    }
    assert_eq!((scene.rig.written_once(&items)?, scene.writes()), (items.len(), items.len()));
    Ok(())
}

#[test]
fn a_note_is_not_changed_while_it_is_sent_nor_to_another_target() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let note = DeskItem::of("note", "one");
    scene.desk().script.add(note.on("create", Act::Hold { name: "sent".to_owned(), applied: true }));
    let push = scene.tenant.push(&note)?;
    assert!(scene.desk().script.wait_until_held("sent", LIMIT));
    let changed = note.clone().text("Agreed otherwise.");
    assert_eq!(refusal(&scene.tenant.send(&changed)?), refused(409, "PB4007", &[]));
    assert_eq!(scene.tenant.send(&note)?.expect(200)?.text_at("/duplicate_of")?, push, "the same is no change");
    scene.desk().script.release("sent");
    assert_eq!(scene.tenant.push_ended(&push)?["revision"], json!(1));
    assert_eq!(refusal(&scene.tenant.send(&changed.clone().to("c2"))?), refused(409, "PB4003", &["/key"]));

    assert_eq!(scene.tenant.send(&changed)?.expect(200)?.text_at("/change")?, "updated");
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!((scene.rig.written_once(&[note])?, scene.writes()), (1, 2));
    Ok(())
}

#[test]
fn a_note_that_waits_is_written_as_it_was_said_last() -> Result<()> {
    let scene = Scene::bare()?;
    let note = DeskItem::of("note", "early");
    let push = scene.tenant.push(&note)?;
    for text in ["Second thoughts.", "Third thoughts."] {
        let answer = scene.tenant.send(&note.clone().text(text))?.expect(200)?;
        assert_eq!((answer.text_at("/change")?, stands(&answer.json)), ("updated".to_owned(), ("waiting", "PB4013")));
    }
    scene.connect("owner")?;
    let done = scene.tenant.push_ended(&push)?;
    assert_eq!((&done["state"], &done["revision"], &done["result"]), (&json!("done"), &json!(3), &json!("created")));
    let notes = scene.desk().provider.objects(Kind::Note);
    assert_eq!((notes.len(), notes[0].writes, notes[0].text("text")), (1, 1, "Third thoughts."));
    Ok(())
}

#[test]
fn a_change_whose_answer_was_lost_is_found_and_not_made_again() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let note = DeskItem::of("note", "one");
    let push = text(&scene.done(&note)?, "id");
    let changed = note.clone().text("Agreed otherwise.");
    scene.desk().script.add(changed.on("change", Act::LoseAnswer));
    assert_eq!(scene.tenant.send(&changed)?.expect(200)?.text_at("/change")?, "updated");
    scene.until(&push, "unknown", |push| push["state"] == "unknown")?;
    assert_eq!(refusal(&scene.tenant.send(&note.clone().text("And again."))?), refused(409, "PB4007", &[]));
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    let note = note.objects(scene.desk()).remove(0);
    assert_eq!((note.writes, note.text("text"), scene.writes()), (2, "Agreed otherwise.", 2));
    Ok(())
}
