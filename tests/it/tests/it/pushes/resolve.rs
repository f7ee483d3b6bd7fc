//! What a person says about a call whose answer was lost: the provider knows no key and cannot be asked.

use patchbay_it::{DeskItem, items};
use patchbay_test_support::{
    Answer, Result,
    fakes::{Act, desk::Kind},
};
use serde_json::{Value, json};

use super::{Scene, refusal, refused, stands, text};

/// A call of which it is not known whether it was made.
fn lost(scene: &Scene, key: &str, act: Act) -> Result<(DeskItem, String)> {
    let call = DeskItem::of("call", key);
    scene.desk().script.add(call.on("send", act));
    let push = scene.tenant.push(&call)?;
    let unknown = scene.tenant.push_ended(&push)?;
    assert_eq!((stands(&unknown), &unknown["next_at"]), (("unknown", "PB4004"), &Value::Null), "{unknown}");
    assert_eq!(scene.told(&push)?, [("push.unknown".to_owned(), "unknown".to_owned())]);
    Ok((call, push))
}

fn decided(scene: &Scene, push: &str, decision: &str) -> Result<Answer> {
    scene.say(push, "resolve", &json!({ "decision": decision }))
}

/// What was decided about a push, oldest first, all of it by the tenant's key.
fn decided_so(scene: &Scene, push: &str) -> Result<Vec<String>> {
    let doings = scene.own_doings(push)?;
    assert!(doings.iter().all(|action| action == "push.decided"), "{doings:?}");
    Ok(scene.audit(push)?.iter().map(|(.., detail)| text(detail, "state")).collect())
}

#[test]
fn a_call_whose_answer_was_lost_is_left_to_a_person_and_never_made_again_by_itself() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (call, push) = lost(&scene, "one", Act::LoseAnswer)?;
    assert_eq!(scene.tenant.send(&call)?.expect(200)?.text_at("/duplicate_of")?, push);
    assert_eq!(refusal(&decided(&scene, &push, "look_again")?).0, 409, "there is no looking");
    assert_eq!(refusal(&scene.say(&push, "send", &json!({}))?), refused(409, "PB4007", &[]));
    assert_eq!(refusal(&scene.say(&push, "withdraw", &json!({}))?), refused(409, "PB4007", &[]));
    let now = scene.push(&push)?;
    assert_eq!((stands(&now), scene.writes(), decided_so(&scene, &push)?), (("unknown", "PB4004"), 1, vec![]));
    assert_eq!(now["steps"][0]["state"], json!("lost"));
    let unknown = items(&scene.tenant.api, "/v1/pushes?state=unknown")?;
    assert_eq!(unknown.len(), 1);
    Ok(())
}

#[test]
fn it_is_done_when_a_person_says_so_with_the_object_that_the_person_names() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (_, push) = lost(&scene, "one", Act::LoseAnswer)?;
    let object = scene.desk().provider.objects(Kind::Call).remove(0).id;
    let url = format!("https://desk.test/show/{object}");
    let word = |id: &str, url: &str| json!({ "decision": "done", "object": { "id": id, "url": url } });
    for (wrong, pointer) in [
        (word("", &url), "/object/id"),
        (word("a\nb", &url), "/object/id"),
        (word(&object, "javascript:alert(1)"), "/object/url"),
        (json!({ "decision": "give_up", "object": { "id": object } }), "/object"),
        (json!({ "decision": "forget" }), "/decision"),
        (json!({}), ""),
    ] {
        let answer = scene.say(&push, "resolve", &wrong)?;
        assert_eq!(refusal(&answer), refused(422, "PB5001", &[pointer]), "{wrong}");
    }
    assert_eq!(stands(&scene.push(&push)?).0, "unknown");

    let done = scene.say(&push, "resolve", &word(&object, &url))?.expect(200)?;
    assert_eq!((stands(&done.json), &done.json["object"]), (("done", ""), &json!({ "id": object, "url": url })));
    assert_eq!(scene.told(&push)?.last(), Some(&("push.ended".to_owned(), "done".to_owned())));
    let history = scene.push(&push)?["history"].as_array().cloned().unwrap_or_default();
    let last = history.last().cloned().unwrap_or_default();
    assert_eq!(last["state"], json!("done"));
    assert!(text(&last, "actor").starts_with("tenant "), "{last}");
    assert!(history.iter().rev().skip(1).all(|to| to["actor"].is_null()), "{history:?}");
    for word in ["done", "give_up", "send_anyway", "look_again"] {
        assert_eq!(decided(&scene, &push, word)?.status, 409, "it has ended");
    }
    assert_eq!((scene.writes(), decided_so(&scene, &push)?), (1, vec!["done".to_owned()]));
    Ok(())
}

#[test]
fn given_up_it_is_failed_and_can_still_be_said_to_be_done() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (call, push) = lost(&scene, "one", Act::LoseAnswer)?;
    let failed = decided(&scene, &push, "give_up")?.expect(200)?;
    assert_eq!((stands(&failed.json), failed.json["ended_at"].is_string()), (("failed", "PB4004"), true));
    assert_eq!(scene.tenant.send(&call)?.expect(200)?.text_at("/duplicate_of")?, push);
    assert_eq!(decided(&scene, &push, "send_anyway")?.status, 409);
    let done = decided(&scene, &push, "done")?.expect(200)?;
    assert_eq!(stands(&done.json), ("done", ""), "{}", done.text());
    assert_eq!((scene.writes(), decided_so(&scene, &push)?), (1, vec!["failed".to_owned(), "done".to_owned()]));
    Ok(())
}

#[test]
fn sent_anyway_it_is_made_once_more_and_no_more() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    // This one never arrived.
    let (call, push) = lost(&scene, "one", Act::Drop)?;
    decided(&scene, &push, "send_anyway")?.expect(200)?;
    let done = scene.tenant.push_ended(&push)?;
    assert_eq!((&done["state"], &done["object"]["id"]), (&json!("done"), &json!(call.objects(scene.desk())[0].id)));
    assert_eq!((scene.rig.written_once(&[call])?, scene.writes()), (1, 2));
    assert_eq!(decided_so(&scene, &push)?, ["planned"]);
    assert_eq!(decided(&scene, &push, "send_anyway")?.status, 409);
    // Lost again, it is a person's again.
    let (call, push) = lost(&scene, "two", Act::Drop)?;
    scene.desk().script.add(call.on("send", Act::Drop));
    decided(&scene, &push, "send_anyway")?.expect(200)?;
    let unknown = scene
        .until(&push, "unknown again", |push| push["state"] == "unknown" && push["steps"][0]["state"] == "lost")?;
    assert_eq!((&unknown["next_at"], call.objects(scene.desk()).len()), (&Value::Null, 0));
    Ok(())
}

#[test]
fn another_tenant_decides_nothing_and_an_operator_is_named_as_such() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (_, push) = lost(&scene, "one", Act::LoseAnswer)?;
    let stranger = scene.rig.tenant("B")?;
    for word in ["resolve", "send", "withdraw"] {
        let body = if word == "resolve" { json!({ "decision": "done" }) } else { json!({}) };
        stranger.api.post(&format!("/v1/pushes/{push}/{word}"), &body)?.expect(404)?;
    }
    stranger.api.get(&format!("/v1/pushes/{push}"))?.expect(404)?;
    let path = format!("/v1/pushes/{push}/resolve");
    scene.rig.operator_of(&scene.tenant).post(&path, &json!({ "decision": "give_up" }))?.expect(200)?;
    let doings = scene.audit(&push)?;
    assert_eq!(doings.len(), 1, "{doings:?}");
    assert!(doings[0].0.starts_with("operator key_"), "{doings:?}");
    Ok(())
}
