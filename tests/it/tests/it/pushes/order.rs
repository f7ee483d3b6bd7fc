//! Items of an ordered action arrive in their order, target by target.

use patchbay_it::DeskItem;
use patchbay_test_support::{
    Result,
    fakes::{
        Act, Rule,
        desk::{Kind, Lag},
    },
};
use serde_json::{Value, json};

use super::{Scene, stands, text};

const MANY: usize = 20;

fn entries(client: &str, count: usize) -> Vec<DeskItem> {
    (0..count).map(|number| DeskItem::of("entry", &format!("{client}-{number}")).to(client)).collect()
}

fn titles(items: &[DeskItem]) -> Vec<&str> {
    items.iter().map(DeskItem::title).collect()
}

/// Sends them in one batch; their pushes.
fn sent(scene: &Scene, items: &[DeskItem]) -> Result<Vec<String>> {
    let bodies: Vec<&Value> = items.iter().map(|item| &item.body).collect();
    let results = scene.tenant.api.post("/v1/pushes/batch", &json!({ "items": bodies }))?.expect(200)?;
    Ok(results.array_at("/results")?.iter().map(|result| text(&result["push"], "id")).collect())
}

fn all_done(scene: &Scene, pushes: &[String]) -> Result<()> {
    for push in pushes {
        let push = scene.tenant.push_ended(push)?;
        assert_eq!(push["state"], json!("done"), "{push}");
        assert_eq!(push["waits_for"], Value::Null);
    }
    Ok(())
}

#[test]
fn items_for_one_target_arrive_in_their_order_and_hold_up_no_other_target() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (slow, quick) = (entries("c1", MANY), entries("c2", MANY));
    scene.desk().script.add(slow[0].on("create", Act::Hold { name: "first".to_owned(), applied: false }));
    let of_slow = sent(&scene, &slow)?;
    let of_quick = sent(&scene, &quick)?;
    all_done(&scene, &of_quick)?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c2"), titles(&quick));
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), Vec::<String>::new());
    for push in &of_slow[1..] {
        let push = scene.push(push)?;
        assert_eq!((stands(&push).0, &push["waits_for"]), ("planned", &json!(of_slow[0])), "{push}");
    }
    let first = scene.push(&of_slow[0])?;
    assert_eq!((stands(&first).0, &first["waits_for"]), ("sending", &Value::Null));
    // An action without an order goes on, too.
    scene.done(&DeskItem::of("task", "beside"))?;

    scene.desk().script.release("first");
    all_done(&scene, &of_slow)?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), titles(&slow));
    Ok(())
}

#[test]
fn they_do_so_though_the_first_ones_are_told_to_come_back_later() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let items = entries("c1", MANY);
    scene.desk().script.add(items[0].on("create", Act::too_many("1")));
    scene.desk().script.add(items[1].on("create", Act::status(503)));
    scene.desk().script.add(items[4].on("create", Act::Delay { ms: 500 }));
    let pushes = sent(&scene, &items)?;
    all_done(&scene, &pushes)?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), titles(&items));
    assert_eq!(scene.rig.written_once(&items)?, MANY);
    Ok(())
}

#[test]
fn one_that_is_wrong_ends_and_those_behind_it_go_on() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let items = entries("c1", 5);
    let refusal = json!({ "error": { "code": "wrong", "message": "no" } }).to_string();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    scene.desk().script.add(items[0].on("create", Act::Answer { status: 422, headers, body: refusal }));
    let pushes = sent(&scene, &items)?;
    assert_eq!(scene.tenant.push_ended(&pushes[0])?["state"], json!("rejected"));
    all_done(&scene, &pushes[1..])?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), titles(&items[1..]));
    Ok(())
}

#[test]
fn one_that_is_unknown_holds_up_those_behind_it_and_they_say_for_whom_they_wait() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (items, others) = (entries("c1", 5), entries("c2", 5));
    scene.desk().script.add(items[0].on("create", Act::LoseAnswer));
    // Looking for it fails: it stays unknown.
    scene.desk().script.add(Rule::on("GET", "/entries", Act::status(500)).times(0));
    let pushes = sent(&scene, &items)?;
    let first = scene.until(&pushes[0], "looked for", |push| push["looks"].as_u64() > Some(0))?;
    assert_eq!(stands(&first), ("unknown", "PB4004"), "{first}");
    let of_others = sent(&scene, &others)?;
    all_done(&scene, &of_others)?;
    for push in &pushes[1..] {
        let push = scene.push(push)?;
        assert_eq!((stands(&push).0, &push["waits_for"], &push["steps"]), ("planned", &json!(pushes[0]), &json!([])));
    }
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), [items[0].title()]);

    scene.desk().script.clear();
    scene.say(&pushes[0], "resolve", &json!({ "decision": "look_again" }))?;
    all_done(&scene, &pushes)?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), titles(&items));
    assert_eq!(scene.rig.written_once(&[items, others].concat())?, 10);
    Ok(())
}

#[test]
fn a_search_that_lags_makes_no_double_and_no_disorder() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let items = entries("c1", 4);
    scene.desk().provider.lag(Kind::Entry, Lag::Time(std::time::Duration::from_millis(1_300)));
    scene.desk().script.add(items[0].on("create", Act::LoseAnswer));
    scene.desk().script.add(items[1].on("create", Act::Drop));
    let pushes = sent(&scene, &items)?;
    all_done(&scene, &pushes)?;
    assert_eq!(scene.desk().provider.titles(Kind::Entry, "c1"), titles(&items));
    assert_eq!(scene.rig.written_once(&items)?, 4);
    Ok(())
}
