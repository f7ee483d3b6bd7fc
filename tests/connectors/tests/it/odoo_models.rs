//! What else Odoo's customers have: models of their own, records that are deleted, several companies, a meeting whose
//! report, note and to-do go to one lead, and a secret that stands in the body of each call.

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, items};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act, FakesConfig, Rule, Stand, also,
        odoo::{DATABASE, ORIGIN, Odoo},
    },
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const ID: &str = "patchbay.odoo";

struct Scene {
    rig: Rig,
    tenant: Tenant,
    connection: String,
}

impl Scene {
    /// A connection by key; every company is selected.
    fn start() -> Result<Self> {
        let rig = started()?;
        let key = fake_of(&rig)?.provider.key("owner");
        let (tenant, connection) = connected(&rig, "A", "key", &json!({ "key": key }))?;
        Ok(Self { rig, tenant, connection })
    }

    fn fake(&self) -> Result<&Stand<Odoo>> {
        fake_of(&self.rig)
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/connections/{}{rest}", self.connection)
    }

    /// The discovered streams, by name.
    fn discovered(&self) -> Result<Vec<Value>> {
        let syncs = items(&self.tenant.api, &self.path("/syncs"))?;
        Ok(syncs.into_iter().filter(|sync| sync["discovered"] == json!(true)).collect())
    }

    fn records(&self, stream: &str) -> Result<Vec<Value>> {
        items(&self.tenant.api, &self.path(&format!("/records/{stream}?limit=100")))
    }

    /// Reads everything that is switched on.
    fn read(&self) -> Result<()> {
        for run in self.tenant.run_all(&self.connection)? {
            let run = self.tenant.ended(&run)?;
            assert_eq!(run["state"], json!("done"), "{run}");
        }
        Ok(())
    }
}

/// A host with the connector, which may reach the customer's server.
fn started() -> Result<Rig> {
    let also = also::all().into_iter().filter(|fake| fake.name() == "odoo").collect();
    let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
    let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
    rig.install_connectors(&["odoo"])?;
    let grant = json!({ "customer_origins": { "listed": [ORIGIN] } });
    rig.operator.put(&format!("/v1/connectors/{ID}/grant"), &grant)?.expect(200)?;
    Ok(rig)
}

/// A tenant with a connection whose companies are all selected, when all was read once.
fn connected(rig: &Rig, name: &str, auth: &str, secret: &Value) -> Result<(Tenant, String)> {
    let tenant = rig.tenant(name)?;
    let mut fields = json!({ "server": ORIGIN, "database": DATABASE });
    if let (Some(all), Some(more)) = (fields.as_object_mut(), secret.as_object()) {
        all.extend(more.clone());
    }
    let body = json!({ "connector": ID, "auth": auth, "fields": fields });
    let connection = tenant.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
    let path = format!("/v1/connections/{connection}");
    let accounts = tenant.get(&path)?.array_at("/accounts")?;
    let all: serde_json::Map<String, Value> =
        accounts.iter().filter_map(|account| Some((account["id"].as_str()?.to_owned(), json!(true)))).collect();
    tenant.api.patch(&path, &json!({ "accounts": all }))?.expect(200)?;
    tenant.settled()?;
    Ok((tenant, connection))
}

fn fake_of(rig: &Rig) -> Result<&Stand<Odoo>> {
    rig.fakes.stand::<Odoo>().ok_or_else(|| Trouble::new("the fake was not started"))
}

#[test]
fn models_of_the_customers_own_are_found_and_read_once_they_are_switched_on() -> Result<()> {
    let scene = Scene::start()?;
    let found = wait_until("the models", LIMIT, || {
        let found = scene.discovered()?;
        Ok((found.len() == 2).then_some(found))
    })?;
    let names: Vec<&str> = found.iter().filter_map(|sync| sync["stream"].as_str()).collect();
    assert_eq!(names, ["model.x_contract", "model.x_tag"]);
    let sync = found[0]["id"].as_str().unwrap_or_default().to_owned();
    scene.tenant.api.patch(&format!("/v1/syncs/{sync}"), &json!({ "enabled": true }))?.expect(200)?;
    wait_until("its records", LIMIT, || Ok((scene.records("model.x_contract")?.len() == 14).then_some(())))?;
    let schema = scene.tenant.get(&format!("/v1/syncs/{sync}/schema"))?.json;
    assert_eq!(schema["declared"]["properties"]["x_signed"]["type"], json!("boolean"), "{schema}");
    assert!(schema["declared"]["properties"].get("x_scan").is_none(), "files are not read");

    scene.rig.advance(Duration::from_secs(90))?;
    assert!(scene.fake()?.provider.change("x_contract", 3, &json!({ "x_name": "Changed", "x_ends": "2027-01-01" })));
    let before = scene.fake()?.journal.last();
    let run = scene.tenant.ended(&scene.tenant.run(&sync)?)?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let asked = scene.fake()?.journal.since(before);
    let read = asked.iter().flat_map(|entry| &entry.served).filter(|record| record.kind == "x_contract").count();
    assert_eq!(read, 2, "what has changed, and what the look-back reads again");

    scene.fake()?.provider.uninstall("x_tag", true);
    let told = scene.tenant.api.post(&scene.path("/discover"), &json!({}))?.expect(200)?.json;
    assert_eq!(told["gone"], json!(["model.x_tag"]));
    Ok(())
}

#[test]
fn what_is_deleted_at_odoo_is_deleted_here_and_nothing_else() -> Result<()> {
    let scene = Scene::start()?;
    let (before, fake) = (scene.records("leads")?.len(), &scene.fake()?.provider);
    assert_eq!(before, fake.records("crm.lead", Some(1)).len() + fake.records("crm.lead", Some(3)).len());
    assert!(fake.remove("crm.lead", 903) && fake.remove("calendar.event", 305));
    // Not at once: everything would be read anew for each record that is deleted.
    scene.rig.advance(Duration::from_secs(3_600))?;
    scene.read()?;
    assert_eq!(scene.records("leads")?.len(), before);
    scene.rig.advance(Duration::from_secs(6 * 3_600))?;
    scene.tenant.settled()?;
    scene.read()?;
    let left = scene.records("leads")?;
    assert_eq!((left.len(), scene.records("events")?.len()), (before - 1, 15));
    assert!(!left.iter().any(|record| record["key"] == json!("903")), "{left:?}");
    Ok(())
}

#[test]
fn what_a_long_transaction_wrote_is_read_by_the_run_after_its_end() -> Result<()> {
    let scene = Scene::start()?;
    let fake = &scene.fake()?.provider;
    scene.rig.advance(Duration::from_secs(3_600))?;
    // Both belong to no company, so each account's stream has them. The second transaction began fourteen minutes ago and
    // ends only now, behind a run that read what is newer.
    fake.add("project.task", &json!({ "name": "Newer", "project_id": 4 }));
    scene.read()?;
    fake.add_late("project.task", &json!({ "name": "Imported", "project_id": 4 }), 14 * 60);
    scene.read()?;
    let tasks = scene.records("tasks")?;
    let read = |name: &str| tasks.iter().filter(|record| record["record"]["name"] == json!(name)).count();
    assert_eq!((read("Newer"), read("Imported")), (2, 2), "{tasks:?}");
    Ok(())
}

#[test]
fn a_to_do_is_there_once_although_its_answer_was_lost_and_to_dos_became_something_other() -> Result<()> {
    let scene = Scene::start()?;
    let set = |settings: Value| {
        let told = scene.tenant.api.patch(&scene.path(""), &json!({ "settings": settings }))?.expect(200);
        told.and_then(|_| scene.tenant.settled())
    };
    let (activity, task) = (json!({ "todos": "activity" }), json!({ "todos": "task", "todo_project": 4 }));
    for (before, path, after, kind) in [
        (&activity, "/json/2/crm.lead/activity_schedule", &task, "mail.activity"),
        (&task, "/json/2/project.task/create", &activity, "project.task"),
        (&task, "/json/2/project.task/create", &json!({ "todos": "task", "todo_project": 5 }), "project.task"),
    ] {
        let known = scene.fake()?.journal.objects().len();
        set(before.clone())?;
        scene.fake()?.script.add(Rule::on("POST", path, Act::LoseAnswer));
        let push = json!({
            "connection": scene.connection, "action": "todo", "key": format!("todo-{known}"),
            "target": { "id": "crm.lead,901" }, "payload": { "text": "Bellen" },
        });
        let push = scene.tenant.api.post("/v1/pushes", &push)?.expect(201)?.text_at("/id")?;
        scene.tenant.push_is(&push, &["unknown"])?;
        scene.fake()?.script.clear();
        set(after.clone())?;
        // Long enough for two looks: what neither finds would be sent again.
        scene.rig.advance(Duration::from_secs(180))?;
        let done = scene.tenant.push_is(&push, &["done", "failed", "rejected"])?;
        let written = scene.fake()?.journal.objects().split_off(known);
        let kinds: Vec<&str> = written.iter().map(|object| object.kind.as_str()).collect();
        assert_eq!((&done["state"], kinds.as_slice()), (&json!("done"), [kind].as_slice()), "{done}");
        assert_eq!(done["object"]["id"], json!(written[0].id), "{done}");
    }
    Ok(())
}

#[test]
fn each_company_has_its_records_and_those_of_nobody_and_never_anothers() -> Result<()> {
    let scene = Scene::start()?;
    for record in scene.records("contacts")? {
        let company = &record["record"]["company_id"][0];
        let account = record["account"].as_str().unwrap_or_default();
        let fits = company.is_null() || json!(format!("{DATABASE}:{company}")) == json!(account);
        assert!(fits, "{record}");
    }
    let asked = scene.fake()?.journal.entries();
    assert!(asked.iter().all(|entry| entry.refusal.is_none()));
    Ok(())
}

#[test]
fn report_note_and_to_do_of_a_meeting_go_to_the_record_that_was_picked() -> Result<()> {
    let scene = Scene::start()?;
    let picked = scene.tenant.get(&scene.path("/pickers/records?q=Offerte"))?.array_at("/choices")?;
    let lead = picked.iter().find(|choice| choice["id"] == json!("crm.lead,905"));
    assert!(
        lead.is_some_and(|choice| choice["hint"].as_str().is_some_and(|hint| hint.starts_with("Lead"))),
        "{picked:?}"
    );
    let meeting = json!({
        "connector": ID, "source": "meeting-7", "target": { "id": "crm.lead,905" }, "title": "Jaargesprek",
        "date": "2026-11-21", "report": { "text": "Alles besproken." },
        "notes": [{ "title": "Afspraak", "text": "Nieuwe offerte." }],
        "todos": [{ "title": "Offerte sturen", "text": "Voor vrijdag.", "due": "2026-11-27", "assignee": "Lotte Janssens" }],
    });
    for push in scene.tenant.api.post("/v1/meetings", &meeting)?.expect(200)?.array_at("/items")? {
        let id = push["push"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(scene.tenant.push_is(&id, &["done", "failed", "rejected"])?["state"], json!("done"), "{push}");
    }
    let written = scene.fake()?.journal.objects();
    assert!(written.iter().all(|object| object.parent == "crm.lead,905"), "{written:?}");
    let text = |kind: &str, name: &str| -> Vec<String> {
        let of_kind = written.iter().filter(|object| object.kind == kind);
        of_kind.filter_map(|object| object.content[name].as_str().map(str::to_owned)).collect()
    };
    let bodies = text("mail.message", "body");
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().any(|body| body.contains("<strong>Jaargesprek (2026-11-21)</strong>")), "{bodies:?}");
    assert_eq!(text("mail.activity", "summary"), ["Offerte sturen"]);
    assert!(text("mail.activity", "note")[0].contains("Jaargesprek 2026-11-21"));
    Ok(())
}

#[test]
fn every_version_from_14_to_19_is_read_and_written_by_login_and_password() -> Result<()> {
    let rig = started()?;
    let stand = fake_of(&rig)?;
    for version in 14..=19 {
        stand.provider.set_version(version);
        let (before, known) = (stand.journal.last(), stand.provider.login());
        let secret = json!({ "user": known.user, "password": known.password });
        let (tenant, connection) = connected(&rig, &format!("V{version}"), "login", &secret)?;
        for (stream, records) in [("contacts", 46), ("leads", 16), ("events", 16), ("tasks", 16), ("companies", 2)] {
            let found = items(&tenant.api, &format!("/v1/connections/{connection}/records/{stream}?limit=100"))?;
            assert_eq!(found.len(), records, "{version}: {stream}");
        }
        for (action, target, payload) in [
            ("note", "crm.lead,901", json!({ "text": "Besproken." })),
            ("todo", "res.partner,40", json!({ "text": "Bellen", "due": "2026-12-05", "assignee": "Lotte Janssens" })),
            ("task", "4", json!({ "name": "Nakijken", "due": "2026-12-05", "assignee": "meetings@acme.example" })),
        ] {
            let push = json!({
                "connection": connection, "action": action, "key": action, "target": { "id": target }, "payload": payload,
            });
            let push = tenant.api.post("/v1/pushes", &push)?;
            let id = push.text_at("/id").or_else(|_| push.text_at("/push/id"))?;
            let ended = tenant.push_is(&id, &["done", "failed", "rejected", "unknown"])?;
            assert_eq!(ended["state"], json!("done"), "{version}: {ended}");
        }
        let asked = stand.journal.since(before);
        let refused: Vec<&String> = asked.iter().filter_map(|entry| entry.refusal.as_ref()).collect();
        assert!(refused.is_empty(), "{version}: {refused:?}");
        let bodies = stand.provider.records("mail.message", None);
        let body = bodies[0]["body"].as_str().unwrap_or_default();
        assert!(body.starts_with("<p>Besproken.</p>"), "{version}: {body}");
        assert_eq!(stand.provider.records("mail.activity", None)[0]["user_id"][0], json!(6), "{version}");
    }
    Ok(())
}
