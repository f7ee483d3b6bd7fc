//! **Streams that only a connection can name are found, and read only once somebody switches them on; what vanishes at
//! the provider keeps its records.**

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const DISCOVERED: &str = "\n[discovered]\nprefix = \"model.\"\nmode = \"full\"\nschedule = \"1d\"\n\
    function = \"relations\"\nmeaning = \"Custom models.\"\nlimit = 3\n";

struct Scene {
    rig: Rig,
    tenant: Tenant,
    connection: String,
}

impl Scene {
    /// A connection whose connector finds these streams.
    fn start(found: &Value, accounts: u32) -> Result<Self> {
        let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
        let mut variant = Variant::of_login("key-header", &format!("{}{DISCOVERED}", rig.kind("key-header")?.tables))?;
        if let Some(config) = &mut variant.manifest.config {
            config.defaults["discover"] = found.clone();
            config.defaults["accounts"] = json!(accounts);
        }
        rig.install(variant.pack()?)?;
        let tenant = rig.tenant("A")?;
        let known = rig.fakes.logins.provider.credentials("one");
        let body = json!({ "connector": "patchbay.key-header", "fields": { "api_key": known.api_key } });
        tenant.api.post("/v1/connections", &body)?.expect(201)?;
        let connection = tenant.get("/v1/connections")?.text_at("/items/0/id")?;
        tenant.settled()?;
        Ok(Self { rig, tenant, connection })
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/connections/{}{rest}", self.connection)
    }

    /// Says what is found from now on: the guest reads it from its config.
    fn finds(&self, found: &Value) -> Result<()> {
        let body = json!({ "config": { "discover": found } });
        self.rig.operator.put("/v1/connectors/patchbay.key-header/config", &body)?.expect(200).map(drop)
    }

    /// Asks, as soon as nobody else does: the host asks by itself after connecting.
    fn discover(&self) -> Result<Value> {
        let answer = wait_until("the end of another discovery", LIMIT, || {
            let answer = self.tenant.api.post(&self.path("/discover"), &json!({}))?;
            Ok((answer.status != 409).then_some(answer))
        })?;
        Ok(answer.expect(200)?.json)
    }

    fn syncs(&self) -> Result<Vec<Value>> {
        let all = self.tenant.get(&self.path("/syncs"))?.array_at("/items")?;
        Ok(all.into_iter().filter(|sync| sync["discovered"] == json!(true)).collect())
    }

    fn sync(&self, stream: &str) -> Result<Value> {
        let found = self.syncs()?.into_iter().find(|sync| sync["stream"] == json!(stream));
        Ok(found.unwrap_or_default())
    }

    fn switch(&self, stream: &str, on: bool) -> Result<String> {
        let id = self.sync(stream)?["id"].as_str().unwrap_or_default().to_owned();
        self.tenant.api.patch(&format!("/v1/syncs/{id}"), &json!({ "enabled": on }))?.expect(200)?;
        Ok(id)
    }

    fn last_end(&self, stream: &str) -> Result<Value> {
        wait_until("the end of a run", LIMIT, || {
            let sync = self.sync(stream)?;
            Ok(sync["last_run"]["state"].is_string().then(|| sync["last_run"].clone()))
        })
    }

    fn records(&self, stream: &str) -> Result<usize> {
        Ok(self.tenant.get(&self.path(&format!("/records/{stream}")))?.array_at("/items")?.len())
    }
}

fn model(name: &str) -> Value {
    json!({ "name": format!("model.{name}"), "title": format!("Model {name}"), "key": ["/id"],
        "schema": { "type": "object", "title": name } })
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn what_a_connection_has_is_found_after_connecting_and_off_until_somebody_switches_it_on() -> Result<()> {
    let scene = Scene::start(&json!([model("tasks"), model("Projects.2")]), 0)?;
    wait_until("two syncs", LIMIT, || Ok((scene.syncs()?.len() == 2).then_some(())))?;
    scene.tenant.settled()?;
    for sync in scene.syncs()? {
        assert_eq!(
            (&sync["enabled"], &sync["last_run"], &sync["next_due_at"]),
            (&json!(false), &Value::Null, &Value::Null)
        );
    }
    assert_eq!(scene.records("model.tasks")?, 0);

    let streams = scene.tenant.get(&scene.path("/streams"))?.array_at("/items")?;
    let listed: Vec<(&str, bool)> = streams
        .iter()
        .map(|stream| (stream["name"].as_str().unwrap_or_default(), stream["discovered"].as_bool().unwrap_or_default()))
        .collect();
    assert_eq!(listed, [("chosen", false), ("model.Projects.2", true), ("model.tasks", true)]);
    assert_eq!(streams[2]["title"], json!("Model tasks"));
    let functions = scene.tenant.get(&scene.path(""))?.array_at("/functions")?;
    let relations = functions.iter().find(|one| one["function"] == json!("relations")).cloned().unwrap_or_default();
    assert_eq!(names(&relations["streams"]), ["model.Projects.2", "model.tasks"]);

    let sync = scene.switch("model.tasks", true)?;
    assert_eq!(scene.last_end("model.tasks")?["state"], json!("done"));
    assert_eq!(scene.records("model.tasks")?, 1);
    let schema = scene.tenant.get(&format!("/v1/syncs/{sync}/schema"))?;
    assert_eq!(schema.json["declared"], json!({ "title": "tasks", "type": "object" }));
    assert!(schema.json["shape"].is_object(), "{}", schema.text());
    let unknown = scene.tenant.api.get(&scene.path("/records/model.never"))?;
    assert_eq!(unknown.json["code"], json!("PB3013"), "{}", unknown.text());
    Ok(())
}

#[test]
fn a_stream_that_vanished_ends_with_a_code_keeps_its_records_and_goes_on_when_it_is_back() -> Result<()> {
    let scene = Scene::start(&json!([model("tasks"), model("notes")]), 0)?;
    wait_until("two syncs", LIMIT, || Ok((scene.syncs()?.len() == 2).then_some(())))?;
    scene.switch("model.tasks", true)?;
    assert_eq!(scene.last_end("model.tasks")?["state"], json!("done"));

    scene.finds(&json!([model("notes")]))?;
    let found = scene.discover()?;
    assert_eq!((names(&found["gone"]), names(&found["added"])), (vec!["model.tasks"], vec![]));
    scene.tenant.settled()?;
    let sync = scene.sync("model.tasks")?;
    assert_eq!((&sync["enabled"], sync["gone_at"].is_string()), (&json!(true), true), "{sync}");
    assert_eq!(
        (&sync["last_run"]["state"], &sync["last_run"]["reason"]["code"], &sync["next_due_at"]),
        (&json!("failed"), &json!("PB3019"), &Value::Null),
        "{sync}"
    );
    assert_eq!(scene.records("model.tasks")?, 1, "they stay");
    // Who runs it all the same is told the same, and the provider is not asked.
    let before = scene.rig.fakes.logins.journal.last();
    let run = scene.tenant.ended(&scene.tenant.run(sync["id"].as_str().unwrap_or_default())?)?;
    assert_eq!(run["reason"]["code"], json!("PB3019"), "{run}");
    assert_eq!(scene.rig.fakes.logins.journal.since(before).len(), 0);

    scene.finds(&json!([model("notes"), model("tasks")]))?;
    let found = scene.discover()?;
    assert_eq!(names(&found["back"]), ["model.tasks"]);
    wait_until("it goes on", LIMIT, || {
        Ok((scene.sync("model.tasks")?["last_run"]["state"] == json!("done")).then_some(()))
    })?;
    assert_eq!(scene.sync("model.tasks")?["gone_at"], Value::Null);
    Ok(())
}

#[test]
fn what_is_said_is_bounded_and_what_is_wrong_is_left_out_and_told() -> Result<()> {
    let scene = Scene::start(&json!([]), 0)?;
    let twisted = json!({ "name": "model.x\u{202e}y", "title": "x", "key": ["/id"] });
    let keyless = json!({ "name": "model.keyless", "title": "x", "key": [] });
    let other = json!({ "name": "companies", "title": "x", "key": ["/id"] });
    let declared = json!({ "name": "chosen", "title": "Other", "key": ["/other"], "schema": { "type": "object" } });
    let turned = json!({ "name": "model.turned", "title": "a\u{202e}b\nc", "key": ["/id"], "schema": "none" });
    scene.finds(&json!([twisted, keyless, other, declared, turned, turned, model("a"), model("b"), model("c")]))?;
    let found = scene.discover()?;
    assert_eq!(names(&found["added"]), ["model.turned", "model.a", "model.b"]);
    let left_out = names(&found["left_out"]).join("\n");
    for part in
        ["model.x", "keyless", "companies", "chosen", "model.turned is there twice", "4 streams are more than 3"]
    {
        assert!(left_out.contains(part), "{part}: {left_out}");
    }
    let streams = found["streams"].as_array().cloned().unwrap_or_default();
    let title = |name: &str| streams.iter().find(|one| one["name"] == json!(name)).map(|one| one["title"].clone());
    assert_eq!(title("model.turned"), Some(json!("ab c")));
    assert_eq!(title("chosen"), Some(json!("Chosen")), "what the manifest says of its own streams holds");
    let sync = scene.tenant.sync(&scene.connection, "chosen")?;
    let schema = scene.tenant.get(&format!("/v1/syncs/{sync}/schema"))?;
    assert_eq!(schema.json["declared"], json!({ "type": "object" }), "its schema is kept");
    Ok(())
}

#[test]
fn it_is_asked_again_every_day_and_read_for_each_account_where_the_stream_says_so() -> Result<()> {
    let scene = Scene::start(&json!([]), 2)?;
    assert_eq!(scene.syncs()?.len(), 0);
    let mut each = model("each");
    each["per-account"] = json!(true);
    scene.finds(&json!([each]))?;
    scene.rig.advance(Duration::from_secs(24 * 3_600 + 60))?;
    wait_until("one sync for each account", LIMIT, || Ok((scene.syncs()?.len() == 2).then_some(())))?;
    let accounts: Vec<Value> = scene.syncs()?.iter().map(|sync| sync["account"].clone()).collect();
    assert_eq!(accounts, [json!("1"), json!("2")]);

    // Choosing an account switches on what its connector always reads, and nothing that was only found.
    let account = scene.tenant.get(&scene.path(""))?.text_at("/accounts/0/id")?;
    for selected in [false, true] {
        let change = json!({ "accounts": { account.clone(): selected } });
        scene.tenant.api.patch(&scene.path(""), &change)?.expect(200)?;
    }
    assert!(scene.syncs()?.iter().all(|sync| sync["enabled"] == json!(false)));
    Ok(())
}

#[test]
fn a_connector_that_discovers_asks_for_that_power() -> Result<()> {
    let rig = Rig::start()?;
    let kind = rig.kind("key-header")?;
    rig.install(Variant::of_login("key-header", &kind.tables)?.pack()?)?;
    let mut more = Variant::of_login("key-header", &format!("{}{DISCOVERED}", kind.tables))?;
    "0.2.0".clone_into(&mut more.manifest.version);
    let answer = rig.post(more.pack()?)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "ready");
    assert!(answer.text().contains("reads streams that only a connection can name: model."), "{}", answer.text());
    Ok(())
}
