//! Batches: a result for each item, and what is wrong with one is no trouble of the others.

use patchbay_it::DeskItem;
use patchbay_test_support::{Answer, Result};
use serde_json::{Value, json};

use super::{Scene, refusal, refused, text};

const MOST: usize = 100;

/// Whose blob nobody has.
const NO_BLOB: &str = "blb_00000000000000000000000000";

fn sent(scene: &Scene, items: &[DeskItem]) -> Result<Answer> {
    let bodies: Vec<&Value> = items.iter().map(|item| &item.body).collect();
    scene.tenant.api.post("/v1/pushes/batch", &json!({ "items": bodies }))
}

/// Items of which something is wrong, each with what is said about it: status, code, pointer.
fn wrong() -> Vec<(DeskItem, u16, &'static str, &'static str)> {
    let item = |number: usize| DeskItem::of("task", &format!("wrong {number}"));
    let payload = |number: usize, payload: Value| item(number).with("payload", payload);
    vec![
        (payload(0, json!({ "text": "x" })), 422, "PB4002", "/payload"),
        (payload(1, json!({ "title": "x".repeat(201) })), 422, "PB4002", "/payload/title"),
        (payload(2, json!({ "title": "wrong", "due": "soon" })), 422, "PB4002", "/payload/due"),
        (payload(3, json!({ "title": "wrong", "what": 1 })), 422, "PB4002", "/payload"),
        (item(4).with("target", json!({ "id": "" })), 422, "PB4002", "/target/id"),
        (item(5).with("target", json!("c1")), 422, "PB4002", "/target"),
        (item(6).with("attachments", json!([{ "blob": NO_BLOB }])), 422, "PB4002", "/attachments"),
        (item(7).with("key", Value::Null), 422, "PB5001", "/key"),
        (item(8).with("connector", Value::Null), 422, "PB5001", "/connector"),
        (DeskItem::report("wrong 9", NO_BLOB), 422, "PB4011", "/attachments/0/blob"),
    ]
}

#[test]
fn of_a_hundred_items_with_wrong_ones_among_them_each_has_its_own_result() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let wrong = wrong();
    let items: Vec<DeskItem> = (0..MOST)
        .map(|place| match wrong.get(place / 10).filter(|_| place % 10 == 7) {
            Some((item, ..)) => item.clone(),
            None => DeskItem::of(["task", "note", "letter"][place % 3], &format!("good {place}")),
        })
        .collect();
    let results = sent(&scene, &items)?.expect(200)?.array_at("/results")?;
    assert_eq!(results.len(), MOST);
    let mut accepted = Vec::new();
    for (place, result) in results.iter().enumerate() {
        assert_eq!(result["index"], json!(place));
        if place % 10 == 7 {
            let (_, status, code, pointer) = &wrong[place / 10];
            let problem = &result["problem"];
            assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{place}: {result}");
            assert_eq!(problem["errors"][0]["pointer"], json!(pointer), "{place}: {result}");
            assert!(!text(&problem["errors"][0], "detail").is_empty() && result["push"].is_null(), "{result}");
        } else {
            assert_eq!((&result["problem"], &result["push"]["change"]), (&Value::Null, &json!("created")), "{result}");
            accepted.push(text(&result["push"], "id"));
        }
    }
    for push in &accepted {
        assert_eq!(scene.tenant.push_ended(push)?["state"], json!("done"));
    }
    let good: Vec<DeskItem> =
        items.iter().enumerate().filter(|(at, _)| at % 10 != 7).map(|(_, item)| item.clone()).collect();
    assert_eq!((scene.rig.written_once(&good)?, scene.writes()), (90, 90), "nothing of the wrong ones left");
    assert_eq!(scene.listed("")?, accepted);

    let again = sent(&scene, &items)?.expect(200)?.array_at("/results")?;
    let duplicates = again.iter().filter(|result| result["push"]["change"] == json!("duplicate"));
    assert_eq!((duplicates.count(), scene.writes()), (90, 90));
    Ok(())
}

#[test]
fn the_same_key_twice_in_one_batch_is_one_item() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("letter", "twice");
    let results = sent(&scene, &[item.clone(), item.clone(), item.clone().text("Something else.")])?.expect(200)?;
    let push = results.text_at("/results/0/push/id")?;
    assert_eq!(results.text_at("/results/1/push/duplicate_of")?, push);
    assert_eq!(
        (results.text_at("/results/2/problem/code")?, &results.json["results"][2]["push"]),
        ("PB4003".to_owned(), &Value::Null)
    );
    scene.tenant.push_ended(&push)?;
    assert_eq!(scene.rig.written_once(&[item])?, 1);
    Ok(())
}

#[test]
fn a_batch_that_cannot_be_read_as_one_is_refused_as_a_whole() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let many = |count: usize| (0..count).map(|at| DeskItem::of("call", &format!("{at}"))).collect::<Vec<_>>();
    assert_eq!(refusal(&sent(&scene, &many(MOST + 1))?), refused(422, "PB5001", &["/items"]));
    assert_eq!(refusal(&sent(&scene, &[])?), refused(422, "PB5001", &["/items"]));
    let mut odd = many(3);
    odd[1] = odd[1].clone().with("titel", json!("x"));
    assert_eq!(refusal(&sent(&scene, &odd)?), refused(422, "PB5001", &["/items/1/titel"]));
    odd[1] = many(1).remove(0).with("attachments", json!([{ "blob": "psh_00000000000000000000000000" }]));
    assert_eq!(refusal(&sent(&scene, &odd)?), refused(422, "PB5001", &["/items/1/attachments/0/blob"]));
    assert_eq!((scene.listed("")?.len(), scene.writes()), (0, 0));
    Ok(())
}
