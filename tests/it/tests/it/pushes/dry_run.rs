//! A dry run: what would be sent, without secrets, and nothing happens.

use patchbay_it::{ACTIONS, DESK, DeskItem, hidden, pdf};
use patchbay_test_support::{Answer, Result};
use serde_json::{Value, json};

use super::{Scene, refusal, refused, text};

const SOME_KIB: usize = 300 * 1024;

fn rehearsed(scene: &Scene, item: &DeskItem) -> Result<Answer> {
    scene.tenant.api.post("/v1/pushes/dry-run", &item.body)
}

/// An item of each action.
fn each(scene: &Scene) -> Result<Vec<(DeskItem, &'static str)>> {
    let blob = scene.tenant.upload("report.pdf", "application/pdf", pdf(5, SOME_KIB))?;
    let item =
        |action: &str| if action == "report" { DeskItem::report("dry", &blob) } else { DeskItem::of(action, "dry") };
    Ok(ACTIONS.iter().map(|(action, steps)| (item(action), steps[0])).collect())
}

#[test]
fn it_tells_what_would_be_sent_and_nothing_is_written_anywhere() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    scene.tenant.change(&connection, &json!({ "settings": { "default_folder": "2026", "default_assignee": "An" } }))?;
    scene.tenant.settled()?;
    let mut answers = Vec::new();
    for (item, step) in each(&scene)? {
        let told = rehearsed(&scene, &item)?.expect(200)?;
        let whole = item.action() != "report";
        assert_eq!((&told.json["state"], &told.json["whole"]), (&json!("planned"), &json!(whole)), "{}", told.text());
        assert_eq!((&told.json["duplicate_of"], &told.json["reason"]), (&Value::Null, &Value::Null));
        let requests = told.array_at("/requests")?;
        let [request] = requests.as_slice() else { panic!("one request: {}", told.text()) };
        let method = if item.action() == "card" { "PUT" } else { "POST" };
        assert_eq!((text(request, "method"), text(request, "step")), (method.to_owned(), step.to_owned()));
        assert!(text(request, "url").starts_with("https://desk.test/"), "{request}");
        assert_eq!((&request["credential_slots"], &request["effect"]), (&json!(["bearer"]), &json!("write")));
        let body = text(request, "body");
        if step == "upload" {
            assert!(
                request["truncated"] == json!(true) && request["size"].as_u64() > Some(SOME_KIB as u64),
                "{request}"
            );
        } else {
            let sent: Value = serde_json::from_str(&body)?;
            assert_eq!((&sent["title"], &sent["client"]), (&json!(item.title()), &json!("c1")), "{request}");
            assert_eq!(request["size"], json!(body.len()));
        }
        let names =
            request["headers"].as_array().into_iter().flatten().map(|header| text(header, "name").to_lowercase());
        assert!(names.into_iter().all(|name| name != "authorization"), "{request}");
        answers.push(told);
    }
    hidden(&scene.rig, &answers, &[scene.desk().provider.key("owner")])?;
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    assert_eq!(scene.tenant.get(&format!("/v1/pushes?connector={DESK}"))?.array_at("/items")?.len(), 0);

    // The key is as free as before, and what was told is what is sent then.
    for (item, _) in each(&scene)? {
        let told = rehearsed(&scene, &item)?.expect(200)?.array_at("/requests")?.remove(0);
        scene.done(&item)?;
        let entries = scene.desk().journal.entries();
        let of_item = |path: &str| text(&told, "url").ends_with(path) || path.starts_with("/cards/");
        let sent = entries.iter().rev().find(|entry| entry.method == text(&told, "method") && of_item(&entry.path));
        let sent = sent.and_then(|entry| entry.body.clone()).unwrap_or_default();
        if item.action() != "report" {
            let told: Value = serde_json::from_str(&text(&told, "body"))?;
            assert_eq!((&told["title"], &told["folder"]), (&sent["title"], &sent["folder"]));
        }
    }
    Ok(())
}

#[test]
fn of_an_item_that_is_there_it_tells_which_push_it_is_and_that_nothing_would_be_sent() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    for (item, _) in each(&scene)? {
        let push = text(&scene.done(&item)?, "id");
        let before = scene.writes();
        let told = rehearsed(&scene, &item)?.expect(200)?;
        assert_eq!(told.text_at("/duplicate_of")?, push);
        assert_eq!(told.json["requests"], json!([]), "{}", item.action());
        assert_eq!((scene.writes(), scene.push(&push)?["revision"].clone()), (before, json!(1)));
    }
    Ok(())
}

#[test]
fn of_other_content_under_the_same_key_it_says_what_sending_it_would() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (note, letter) = (DeskItem::of("note", "one"), DeskItem::of("letter", "one"));
    let written = scene.done(&note)?;
    scene.done(&letter)?;
    let other = letter.text("Something else.");
    assert_eq!(refusal(&rehearsed(&scene, &other)?), refused(409, "PB4003", &["/key"]));
    // A note is changed where it is.
    let told = rehearsed(&scene, &note.text("Agreed otherwise."))?.expect(200)?;
    let object = text(&written["object"], "id");
    assert_eq!(told.text_at("/requests/0/method")?, "PATCH", "{}", told.text());
    assert_eq!(told.text_at("/requests/0/url")?, format!("https://desk.test/notes/{object}"));
    assert_eq!(scene.writes(), 2);
    Ok(())
}

#[test]
fn of_an_item_that_would_wait_or_be_skipped_it_says_so_and_why() -> Result<()> {
    let scene = Scene::bare()?;
    let item = DeskItem::of("task", "dry");
    let why = |item: &DeskItem| -> Result<(String, String)> {
        let told = rehearsed(&scene, item)?.expect(200)?;
        assert_eq!(told.json["requests"], json!([]), "{}", told.text());
        Ok((told.text_at("/state")?, told.text_at("/reason/code")?))
    };
    let waiting = |code: &str| ("waiting".to_owned(), code.to_owned());
    assert_eq!(why(&item)?, waiting("PB4013"));
    let connection = scene.connect("owner")?;
    assert_eq!(why(&item.clone().with("target", Value::Null))?, waiting("PB4008"));
    assert_eq!(why(&item.clone().with("send", json!("on_demand")))?, waiting("PB4014"));
    scene.tenant.change(&connection, &json!({ "functions": { "tasks": false } }))?;
    assert_eq!(why(&item)?, ("skipped".to_owned(), "PB4009".to_owned()));
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}

#[test]
fn a_wrong_item_is_refused_as_if_it_were_sent() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let item = DeskItem::of("task", "dry");
    for wrong in [
        item.clone().with("payload", json!({ "title": "" })),
        item.clone().with("target", json!({ "id": 7 })),
        item.clone().with("action", json!("fax")),
        item.clone().with("key", json!("")),
        item.with("attachments", json!([{ "blob": "blb_00000000000000000000000000" }])),
    ] {
        let (dry, sent) = (rehearsed(&scene, &wrong)?, scene.tenant.send(&wrong)?);
        assert!((400..500).contains(&dry.status), "{}", dry.text());
        assert_eq!(refusal(&dry), refusal(&sent));
    }
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}
