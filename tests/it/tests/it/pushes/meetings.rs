//! A meeting: one call that becomes a report, notes and tasks.

use patchbay_it::{DESK, Variant, pdf};
use patchbay_model::manifest::TodosOfReport;
use patchbay_test_support::{Answer, Result, fakes::desk::Kind};
use serde_json::{Value, json};

use super::{Scene, refusal, refused, stands, text};

const SMALL: usize = 64 * 1024;

fn meeting(blob: &str) -> Value {
    json!({
        "connector": DESK, "source": "meeting-7", "target": { "id": "c1", "folder": "2026" },
        "title": "Year-end talk", "date": "2026-03-12",
        "report": { "attachments": [{ "blob": blob }] },
        "notes": [{ "id": "n1", "title": "Agreed", "text": "We agreed." }, { "title": "Asked", "text": "They asked.", "date": "2026-03-13" }],
        "todos": [
            { "id": "t1", "title": "Send the figures", "text": "Of March.", "due": "2026-03-31", "assignee": "An" },
            { "id": "t2", "title": "Call the bank", "text": "About the loan." },
            { "title": "Pay", "text": "The invoice." },
        ],
    })
}

fn send(scene: &Scene, meeting: &Value) -> Result<Answer> {
    scene.tenant.api.post("/v1/meetings", meeting)
}

/// Part, place, action and what the item did of each part.
fn parts(answer: &Answer) -> Result<Vec<(String, u64, String, String)>> {
    let items = answer.array_at("/items")?;
    let told = |item: &Value| {
        let change =
            if item["problem"].is_null() { text(&item["push"], "change") } else { text(&item["problem"], "code") };
        (text(item, "part"), item["index"].as_u64().unwrap_or(99), text(item, "action"), change)
    };
    Ok(items.iter().map(told).collect())
}

fn six(change: &str) -> Vec<(String, u64, String, String)> {
    let part = |part: &str, index, action: &str| (part.to_owned(), index, action.to_owned(), change.to_owned());
    let todo = |index| part("todo", index, "task");
    vec![part("report", 0, "report"), part("note", 0, "note"), part("note", 1, "note"), todo(0), todo(1), todo(2)]
}

fn pushes(answer: &Answer) -> Result<Vec<String>> {
    Ok(answer.array_at("/items")?.iter().map(|item| text(&item["push"], "id")).collect())
}

fn uploaded(scene: &Scene) -> Result<String> {
    scene.tenant.upload("talk.pdf", "application/pdf", pdf(9, SMALL))
}

#[test]
fn each_part_becomes_an_item_of_the_action_that_takes_it_and_again_doubles_nothing() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let meeting = meeting(&uploaded(&scene)?);
    let sent = send(&scene, &meeting)?.expect(200)?;
    assert_eq!(parts(&sent)?, six("created"));
    let ids = pushes(&sent)?;
    for push in &ids {
        assert_eq!(scene.tenant.push_ended(push)?["state"], json!("done"));
    }
    let provider = &scene.desk().provider;
    let titles = |kind: Kind| {
        let mut titles = provider.titles(kind, "c1");
        titles.sort();
        titles
    };
    assert_eq!(titles(Kind::Report), ["Year-end talk"]);
    assert_eq!(titles(Kind::Note), ["Agreed", "Asked"]);
    assert_eq!(titles(Kind::Task), ["Call the bank", "Pay", "Send the figures"]);
    let tasks = provider.objects(Kind::Task);
    let first = tasks.iter().find(|task| task.text("title") == "Send the figures").map(|task| task.content.clone());
    let first = first.unwrap_or_default();
    assert_eq!(
        (&first["due"], &first["assignee"], &first["folder"]),
        (&json!("2026-03-31"), &json!("An"), &json!("2026"))
    );

    assert_eq!(scene.listed("source=meeting-7")?, ids);
    let again = send(&scene, &meeting)?.expect(200)?;
    assert_eq!((parts(&again)?, pushes(&again)?), (six("duplicate"), ids));
    assert_eq!(scene.writes(), 7, "six, and the upload");
    // The parts in another order are the same parts.
    let mut turned = meeting;
    turned["todos"].as_array_mut().into_iter().for_each(|todos| todos.reverse());
    assert_eq!(parts(&send(&scene, &turned)?.expect(200)?)?, six("duplicate"));
    assert_eq!((scene.writes(), scene.listed("")?.len()), (7, 6));
    Ok(())
}

#[test]
fn a_part_whose_function_is_off_is_skipped_and_goes_on_when_the_meeting_is_sent_after_it_is_on() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    scene.tenant.change(&connection, &json!({ "functions": { "tasks": false } }))?;
    let meeting = meeting(&uploaded(&scene)?);
    let sent = send(&scene, &meeting)?.expect(200)?;
    assert_eq!(parts(&sent)?, six("created"));
    for (push, item) in pushes(&sent)?.iter().zip(sent.array_at("/items")?) {
        let wanted = if item["part"] == json!("todo") { ("skipped", "PB4009") } else { ("done", "") };
        assert_eq!(stands(&scene.tenant.push_ended(push)?), wanted);
    }
    assert_eq!((scene.writes(), scene.writes_to("/tasks")), (4, 0));
    scene.tenant.change(&connection, &json!({ "functions": { "tasks": true } }))?;
    let again = send(&scene, &meeting)?.expect(200)?;
    let changes: Vec<String> = parts(&again)?.into_iter().map(|(_, _, _, change)| change).collect();
    assert_eq!(changes, ["duplicate", "duplicate", "duplicate", "revived", "revived", "revived"]);
    for push in pushes(&again)? {
        assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    }
    assert_eq!(scene.writes(), 7);
    Ok(())
}

#[test]
fn a_part_that_the_connector_does_not_take_is_said_to_go_nowhere() -> Result<()> {
    let scene = Scene::bare()?;
    let mut variant = Variant::of_fake("desk")?;
    variant.manifest.version = "0.1.1".to_owned();
    for action in &mut variant.manifest.actions {
        if action.name == "note" {
            action.meeting = None;
        }
    }
    scene.rig.install(variant.pack()?)?;
    scene.connect("owner")?;
    let sent = send(&scene, &meeting(&uploaded(&scene)?))?.expect(200)?;
    for item in sent.array_at("/items")? {
        let nowhere = item["part"] == json!("note");
        assert_eq!((item["action"].is_null(), item["push"].is_null()), (nowhere, nowhere), "{item}");
        assert_eq!(item["problem"], Value::Null);
    }
    for push in pushes(&sent)?.iter().filter(|push| !push.is_empty()) {
        assert_eq!(scene.tenant.push_ended(push)?["state"], json!("done"));
    }
    assert_eq!((scene.writes_to("/notes"), scene.listed("source=meeting-7")?.len()), (0, 4));
    Ok(())
}

#[test]
fn before_there_is_a_connection_all_parts_wait_and_then_all_are_sent() -> Result<()> {
    let scene = Scene::bare()?;
    let sent = send(&scene, &meeting(&uploaded(&scene)?))?.expect(200)?;
    for item in sent.array_at("/items")? {
        assert_eq!(stands(&item["push"]), ("waiting", "PB4013"), "{item}");
    }
    scene.connect("owner")?;
    for push in pushes(&sent)? {
        assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    }
    assert_eq!(scene.writes(), 7);
    Ok(())
}

#[test]
fn a_part_that_is_wrong_keeps_none_of_the_others_from_being_sent() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let mut odd = meeting("blb_00000000000000000000000000");
    odd["todos"][1]["due"] = json!("soon");
    odd["notes"][0]["title"] = Value::Null;
    let sent = send(&scene, &odd)?.expect(200)?;
    let items = sent.array_at("/items")?;
    let problem =
        |at: usize| (text(&items[at]["problem"], "code"), text(&items[at]["problem"]["errors"][0], "pointer"));
    assert_eq!(problem(0), ("PB4011".to_owned(), "/attachments/0/blob".to_owned()));
    assert_eq!(problem(1), ("PB4002".to_owned(), "/payload".to_owned()));
    assert_eq!(problem(4), ("PB4002".to_owned(), "/payload/due".to_owned()));
    for at in [2, 3, 5] {
        assert_eq!(scene.tenant.push_ended(&text(&items[at]["push"], "id"))?["state"], json!("done"));
    }
    assert_eq!(scene.writes(), 3);
    Ok(())
}

#[test]
fn what_is_no_meeting_is_refused_whole() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let with = |change: fn(&mut Value)| {
        let mut meeting = meeting("blb_00000000000000000000000000");
        change(&mut meeting);
        meeting
    };
    for (body, pointer) in [
        (with(|m| m["source"] = json!("")), "/source"),
        (with(|m| m["source"] = json!("x".repeat(121))), "/source"),
        (with(|m| m["connector"] = Value::Null), "/connector"),
        (with(|m| m["notes"][0]["id"] = json!("a/b")), "/notes/0/id"),
        (with(|m| m["todos"][1]["id"] = json!("t1")), "/todos/1/id"),
        (with(|m| m["todos"][1]["dew"] = json!("x")), "/todos/1/dew"),
        (with(|m| m["notes"] = json!(vec![json!({ "text": "x" }); 201])), "/notes"),
        (json!({ "connector": DESK, "source": "nothing" }), ""),
    ] {
        assert_eq!(refusal(&send(&scene, &body)?), refused(422, "PB5001", &[pointer]), "{body}");
    }
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}

/// A desk whose reports take the to-dos of their meeting.
fn links_todos() -> Result<Vec<u8>> {
    let mut variant = Variant::of_fake("desk")?;
    variant.manifest.version = "0.1.2".to_owned();
    for action in variant.manifest.actions.iter_mut().filter(|action| action.name == "report") {
        action.schema["properties"]["todos"] = json!({ "type": "array", "items": { "type": "object" } });
        let payload = json!({ "what": "{title}", "until": "{due}" });
        if let Some(from) = &mut action.meeting {
            from.todos = Some(TodosOfReport { into: "todos".to_owned(), payload });
        }
    }
    variant.pack()
}

/// Part, change or nothing, and whether it went with the report.
fn along(answer: &Answer) -> Result<Vec<(String, String, bool)>> {
    let told = |item: &Value| (text(item, "part"), text(&item["push"], "change"), item["with_report"] == json!(true));
    Ok(answer.array_at("/items")?.iter().map(told).collect())
}

fn seen(told: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    told.iter().map(|(part, change, along)| ((*part).to_owned(), (*change).to_owned(), *along)).collect()
}

#[test]
fn todos_go_with_the_report_where_the_provider_links_them_and_stay_as_they_went() -> Result<()> {
    let scene = Scene::bare()?;
    scene.rig.install_and_approve(links_todos()?)?;
    let connection = scene.connect("owner")?;
    let switch = |on: bool| scene.tenant.change(&connection, &json!({ "functions": { "tasks": on } }));
    let blob = uploaded(&scene)?;
    let talk = |source: &str| {
        json!({
            "connector": DESK, "source": source, "target": { "id": "c1", "folder": "2026" }, "title": "Talk",
            "report": { "attachments": [{ "blob": blob }] },
            "todos": [{ "id": "t1", "title": "Pay", "text": "The invoice.", "due": "2026-03-31" }],
        })
    };
    let sent = send(&scene, &talk("m-1"))?.expect(200)?;
    assert_eq!(along(&sent)?, seen(&[("report", "created", false), ("todo", "", true)]));
    let report = text(&sent.array_at("/items")?[0]["push"], "id");
    let ended = scene.tenant.push_ended(&report)?;
    assert_eq!(ended["payload"]["todos"], json!([{ "what": "Pay", "until": "2026-03-31" }]), "{ended}");
    assert_eq!((scene.writes_to("/tasks"), scene.listed("source=m-1")?.len()), (0, 1));
    // A report that was written otherwise is refused, and its to-dos are not sent once more beside it.
    let mut other = talk("m-1");
    other["report"]["title"] = json!("Another title");
    let refused = send(&scene, &other)?.expect(200)?;
    assert_eq!(along(&refused)?, seen(&[("report", "", false), ("todo", "", true)]));
    assert_eq!(text(&refused.array_at("/items")?[0]["problem"], "code"), "PB4003");
    // Off: what is there already is no other content.
    switch(false)?;
    let again = send(&scene, &talk("m-1"))?.expect(200)?;
    assert_eq!(along(&again)?, seen(&[("report", "duplicate", false), ("todo", "", true)]));
    // A meeting whose to-dos are switched off: they are recorded as skipped, and go by themselves once they are on.
    let apart = send(&scene, &talk("m-2"))?.expect(200)?;
    assert_eq!(along(&apart)?, seen(&[("report", "created", false), ("todo", "created", false)]));
    let todo = text(&apart.array_at("/items")?[1]["push"], "id");
    assert_eq!(stands(&scene.tenant.push_ended(&todo)?), ("skipped", "PB4009"));
    switch(true)?;
    let on = send(&scene, &talk("m-2"))?.expect(200)?;
    assert_eq!(along(&on)?, seen(&[("report", "duplicate", false), ("todo", "revived", false)]));
    assert_eq!(scene.tenant.push_ended(&todo)?["state"], json!("done"));
    assert_eq!(scene.writes_to("/tasks"), 1);
    // The to-dos first, the report later: what was sent by itself does not go once more with the report.
    let whole = talk("m-3");
    let mut early = whole.clone();
    early["report"] = Value::Null;
    let sent = send(&scene, &early)?.expect(200)?;
    assert_eq!(along(&sent)?, seen(&[("todo", "created", false)]));
    let sent = send(&scene, &whole)?.expect(200)?;
    assert_eq!(along(&sent)?, seen(&[("report", "created", false), ("todo", "duplicate", false)]));
    // The report first and alone; then it comes otherwise, which is refused, with a to-do, which that report has not.
    let mut alone = talk("m-4");
    alone["todos"] = json!([]);
    assert_eq!(along(&send(&scene, &alone)?.expect(200)?)?, seen(&[("report", "created", false)]));
    let mut later = talk("m-4");
    later["report"]["title"] = json!("Another title");
    let sent = send(&scene, &later)?.expect(200)?;
    assert_eq!(along(&sent)?, seen(&[("report", "", false), ("todo", "created", false)]));
    Ok(())
}

#[test]
fn a_report_with_todos_is_held_by_their_switch_too() -> Result<()> {
    let scene = Scene::bare()?;
    scene.rig.install_and_approve(links_todos()?)?;
    let blob = uploaded(&scene)?;
    let item = |key: &str| {
        json!({
            "connector": DESK, "action": "report", "key": key, "target": { "id": "c1" }, "send": "on_demand",
            "payload": { "title": "Talk", "todos": [{ "what": "Pay" }] }, "attachments": [{ "blob": blob }],
        })
    };
    // It waits while nobody has switched anything off, and is asked again when it is to go.
    let waits = scene.tenant.api.post("/v1/pushes", &item("r-1"))?.expect(201)?.text_at("/id")?;
    let connection = scene.connect("owner")?;
    scene.tenant.change(&connection, &json!({ "functions": { "tasks": false } }))?;
    let sent = scene.tenant.api.post(&format!("/v1/pushes/{waits}/send"), &json!({}))?;
    assert_eq!((sent.status, text(&sent.json, "code").as_str()), (409, "PB4009"), "{}", sent.text());
    let skipped = scene.tenant.api.post("/v1/pushes", &item("r-2"))?;
    assert_eq!(stands(&skipped.json), ("skipped", "PB4009"), "{}", skipped.text());
    assert_eq!(scene.writes_to("/reports"), 0);
    Ok(())
}
