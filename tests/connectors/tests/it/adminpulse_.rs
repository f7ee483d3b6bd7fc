//! AdminPulse: by login and by key; lists that are read whole, e-mails by day; a meeting with its report and to-dos as one
//! interaction on the timeline; 401 that is a missing scope and 401 that is the end.

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_it::{Rig, RigSetup, Tenant, pdf};
use patchbay_test_support::{
    Result,
    fakes::{Act, FakesConfig, adminpulse::Adminpulse, also},
};
use serde_json::{Value, json};

use super::consent::walk;

/// What one meeting writes: a file, a report at an address, two to-dos, and the interaction.
const MEETING: &[(&str, usize)] = &[("document", 2), ("task", 2), ("interaction", 1)];

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Adminpulse>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| {
            let login = scene.fake::<Adminpulse>()?.login();
            scene.connect_by_session(&[], |browser, address| walk(browser, address, &login))
        },
        reconnect: |scene, connection| {
            let login = scene.fake::<Adminpulse>()?.login();
            scene.reconnect_by_session(&[], connection, |browser, address| walk(browser, address, &login))
        },
        break_credential: |scene| {
            scene.fake::<Adminpulse>()?.revoke_all();
            Ok(())
        },
        rows: |_| Ok(rows()),
        ..by_key()
    }
}

/// The same office by a key that somebody made there.
pub(crate) fn by_key() -> Case {
    Case {
        connect: |scene| scene.connect_by_fields("key", &key(scene)?),
        reconnect: |scene, connection| {
            scene.fake::<Adminpulse>()?.accept("owner", true);
            scene.reconnect_by_fields("key", &key(scene)?, connection)
        },
        account: "Kantoor Peeters",
        settings: |_| Ok(json!({ "language": "fr" })),
        streams: vec![
            StreamCase::of("relations", |scene| rows_of(scene, "relation")),
            StreamCase::of("tasks", tasks),
            StreamCase::of("emails", |scene| rows_of(scene, "email")).asks_since("2026"),
            StreamCase::of("users", |scene| rows_of(scene, "user")),
            StreamCase::of("companies", |scene| rows_of(scene, "company")),
            StreamCase::of("invoices", |scene| rows_of(scene, "invoice")),
            StreamCase::of("registrations", |scene| rows_of(scene, "registration")),
        ],
        change,
        actions: vec![
            ActionCase::of("interaction", target, meeting, MEETING).with(vec![File::pdf("verslag.pdf")]),
            ActionCase::of(
                "todo",
                target,
                |text| json!({ "text": text, "due": "2026-12-05", "about": "Overleg" }),
                &[("task", 1)],
            ),
        ],
        break_credential: |scene| {
            scene.fake::<Adminpulse>()?.accept("owner", false);
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Adminpulse>()?.secrets()),
        ..Case::of("adminpulse", stage::<Adminpulse>)
    }
}

fn key(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "key": scene.fake::<Adminpulse>()?.key("owner"), "key_ends": "2030-06-30" }))
}

fn meeting(text: &str) -> Value {
    json!({
        "subject": "Overleg",
        "text": text,
        "date": "2026-11-21",
        "links": [{ "url": "https://files.example/bijlage.pdf", "name": "Bijlage.pdf" }],
        "todos": [
            { "text": format!("Nakijken: {text}"), "due": "2026-12-05", "assignee": "m1@kantoorpeeters.example" },
            { "title": "Bellen", "text": text, "due": "volgende week" },
        ],
    })
}

fn rows_of(scene: &Scene<'_>, kind: &str) -> Result<Vec<Row>> {
    Ok(scene.fake::<Adminpulse>()?.records(kind).into_iter().map(Row::by_id).collect())
}

/// A task without a deadline is in no window of deadlines.
fn tasks(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let mut rows = rows_of(scene, "task")?;
    rows.retain(|row| row.record.get("deadline").is_some_and(Value::is_string));
    Ok(rows)
}

/// The first relation, by what tasks and documents name it.
fn target(scene: &Scene<'_>) -> Result<Value> {
    let relations = scene.fake::<Adminpulse>()?.records("relation");
    Ok(json!({ "id": relations.first().map(|relation| relation["uniqueIdentifier"].clone()) }))
}

fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Adminpulse>()?;
    let number = fake.records("relation").len();
    let id = |kind: &str, at: usize| {
        let record = fake.records(kind).into_iter().nth(at).unwrap_or_default();
        record["id"].as_str().unwrap_or_default().to_owned()
    };
    fake.change("relation", &id("relation", 1), "name", json!(format!("Hernoemd {number}")));
    fake.remove("relation", &id("relation", 2));
    let unique = fake.add_relation(&format!("Nieuw {number}"));
    fake.add_relation(&format!("Ook nieuw {number}"));
    fake.add_task(&unique, &format!("Taak {number}"), "2026-12-31");
    fake.change("task", &id("task", 0), "name", json!(format!("Jaarrekening {number}")));
    fake.add_email(&format!("Bericht {number}"));
    fake.change("user", &id("user", 0), "name", json!(format!("Medewerker nr {number}")));
    fake.change("company", &id("company", 0), "vatNumber", json!(format!("04{number:08}")));
    fake.change("invoice", &id("invoice", 0), "amount", json!(number));
    fake.change("registration", &id("registration", 0), "minutes", json!(number));
    Ok(())
}

/// A token that was taken a moment ago is not renewed because of a 401.
fn older(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))
}

fn rows() -> Vec<ErrorRow> {
    let relations = ("GET", "/relations");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "relations", relations, act, code);
    let task = ("POST", "/tasks");
    let todo = |name: &str, act: Act, code| ErrorRow::write(name, "todo", task, act, code);
    let meeting =
        |name: &str, path: &str, act: Act, code| ErrorRow::write(name, "interaction", ("POST", path), act, code);
    vec![
        read("400", Act::status(400), "PB1105").then(Then::Never),
        read("401 of one list: a scope is missing", Act::status(401), "PB2012").then(Then::Never),
        ErrorRow::read("401 of all", "relations", ("GET", "/"), Act::status(401), "PB2002").breaks("PB2002"),
        read("a grant that was taken back", Act::empty(), "PB2002")
            .by(
                |scene| {
                    scene.fake::<Adminpulse>()?.revoke_all();
                    Ok(())
                },
                |_| Ok(()),
            )
            .breaks("PB2002"),
        read("an access token that ended", Act::empty(), "")
            .by(
                |scene| {
                    older(scene)?;
                    scene.fake::<Adminpulse>()?.expire_access();
                    Ok(())
                },
                |_| Ok(()),
            )
            .survived(),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        read("429 with a wait", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 without a wait", Act::status(429), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("500", Act::status(500), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        todo("400 at a to-do", Act::status(400), "PB4001"),
        todo("404 at a to-do", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        ErrorRow {
            before: older,
            ..todo("401 once at a to-do: the token is renewed", Act::status(401), "").survived()
        },
        todo("500 at a to-do", Act::status(500), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        todo("HTML at a to-do", Act::html(), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        todo("a to-do whose answer is lost", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
        meeting("429 at an upload", "/documents/add", Act::status(429), "PB3003")
            .ends("planned", Some("PB3003"))
            .then(Then::Later),
        meeting("429 at a to-do: what stands before it is not written again", "/tasks", Act::status(429), "PB3003")
            .ends("planned", Some("PB3003"))
            .then(Then::Later),
        meeting("400 at an upload", "/documents/add", Act::status(400), "PB4001"),
        meeting("an upload whose answer is lost: a person looks", "/documents/add", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .leaving(&[("document", 1)]),
        meeting("400 at the interaction: what stands before it is there", "/interactions", Act::status(400), "PB4001")
            .ends("unknown", Some("PB4001"))
            .leaving(&[("document", 2), ("task", 2)]),
        meeting("an interaction whose answer is lost: a person looks", "/interactions", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .leaving(MEETING),
    ]
}

#[test]
fn connected_by_login_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn connected_by_key_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&by_key())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}

/// A tenant that connected by a key.
fn connected(key: &str) -> Result<(Rig, Tenant, String)> {
    let also = also::all().into_iter().filter(|one| one.name() == "adminpulse").collect();
    let rig = RigSetup { fakes: Some(FakesConfig { also, ..FakesConfig::small() }), ..RigSetup::default() }.start()?;
    rig.install_connectors(&["adminpulse"])?;
    let tenant = rig.tenant("A")?;
    let fields = json!({ "key": fake(&rig).key(key) });
    let wanted = json!({ "connector": "patchbay.adminpulse", "auth": "key", "fields": fields });
    let id = tenant.api.post("/v1/connections", &wanted)?.expect(201)?.text_at("/id")?;
    Ok((rig, tenant, id))
}

fn fake(rig: &Rig) -> &Adminpulse {
    &rig.fakes.stand::<Adminpulse>().expect("the fake was started").provider
}

/// One of a kind.
fn only(rig: &Rig, kind: &str) -> Value {
    let all = fake(rig).records(kind);
    assert_eq!(all.len(), 1, "{kind}: {all:?}");
    all.into_iter().next().unwrap_or_default()
}

#[test]
fn a_meeting_is_one_interaction_with_its_report_and_todos_on_the_relation_that_was_picked() -> Result<()> {
    let (rig, tenant, id) = connected("owner")?;
    // Typed as it stands on a letter.
    let choices = tenant.pick(&id, "relations", "BE 0710.000.007", &[])?;
    let [choice] = choices.as_slice() else { panic!("one relation: {choices:?}") };
    assert_eq!(choice["hint"], "K-0007 · 0710000007");
    let blob = tenant.upload("verslag.pdf", "application/pdf", pdf(3, 30_000))?;
    let meeting = json!({
        "connector": "patchbay.adminpulse", "source": "meeting-7", "target": { "id": choice["id"] },
        "title": "Overleg btw", "date": "2026-11-21",
        "report": { "text": "Besproken & beslist.", "attachments": [{ "blob": blob }] },
        "todos": [
            { "id": "t1", "title": "Aangifte", "text": "Nakijken.", "due": "2026-12-05", "assignee": "Medewerker 1" },
            { "id": "t2", "text": "Bel de klant" },
        ],
    });
    for change in ["created", "duplicate"] {
        let sent = tenant.api.post("/v1/meetings", &meeting)?.expect(200)?;
        let items = sent.array_at("/items")?;
        assert_eq!(items[0]["push"]["change"], change, "{items:?}");
        let push = items[0]["push"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(tenant.push_ended(&push)?["state"], "done");
    }
    let (document, interaction) = (only(&rig, "document"), only(&rig, "interaction"));
    let tasks = fake(&rig).records("task");
    let made: Vec<&Value> = tasks.iter().filter(|task| task.get("externalReference").is_some()).collect();
    assert_eq!(made.iter().map(|task| &task["name"]).collect::<Vec<_>>(), ["Aangifte", "Bel de klant"]);
    assert_eq!(interaction["relationIdentifier"], choice["id"]);
    assert_eq!(interaction["documentIds"], json!([document["id"]]));
    assert_eq!(interaction["taskIds"], json!([made[0]["id"], made[1]["id"]]));
    assert_eq!(interaction["description"], "<p>Besproken &amp; beslist.</p>");
    assert_eq!((&interaction["subject"], &interaction["date"]), (&json!("Overleg btw"), &json!("2026-11-21T00:00:00")));
    assert_eq!((&document["fileName"], &document["file"]["size"]), (&json!("verslag.pdf"), &json!(30_000)));
    Ok(())
}

#[test]
fn a_key_that_may_only_read_tasks_reads_tasks_and_says_what_it_lacks_for_the_rest() -> Result<()> {
    let (_rig, tenant, id) = connected("limited")?;
    let connection = tenant.get(&format!("/v1/connections/{id}"))?.json;
    assert_eq!(
        (&connection["business_name"], &connection["state"]),
        (&json!("AdminPulse (limited key)"), &json!("active"))
    );
    let run = |stream: &str| tenant.ended(&tenant.run(&tenant.sync(&id, stream)?)?);
    assert_eq!(run("tasks")?["state"], "done");
    let refused = run("relations")?;
    assert_eq!((&refused["state"], &refused["reason"]["code"]), (&json!("failed"), &json!("PB2012")), "{refused}");
    assert_eq!(tenant.get(&format!("/v1/connections/{id}"))?.json["state"], "active");
    Ok(())
}
