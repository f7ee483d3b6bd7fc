//! **What a publisher only assumed, an operator corrects without a new build; and no correction leads a credential
//! elsewhere unseen.**

use patchbay_it::{Enter, Rig, Tenant, Variant};
use patchbay_test_support::{Answer, Result, fakes::logins::Logins};
use serde_json::{Value, json};

const CONFIG: &str = "/v1/connectors/patchbay.assumed/config";
const DEFAULTS: &str = r#"{"login": "https://logins.example/session", "api": "https://logins.example",
    "prefix": "/api/", "ask": {"url": "https://logins.example/api/session/me"}, "names": {"a": "one"}}"#;

/// A session whose addresses stand in the config, with a schema that takes only texts for them.
fn tables(defaults: &str, more: &str) -> String {
    format!(
        "[[auth]]\nid = \"login\"\nkind = \"session\"\nlabel = \"Log in\"\n\
         [[auth.field]]\nid = \"user\"\nlabel = \"User\"\ntype = \"text\"\n\
         [[auth.field]]\nid = \"password\"\nlabel = \"Password\"\ntype = \"secret\"\n\
         [[auth.field]]\nid = \"database\"\nlabel = \"Database\"\ntype = \"text\"\n\
         [auth.login]\nurl = \"{{config.login}}\"\nplace = \"json\"\n\
         [auth.login.params]\nuser = \"{{user}}\"\npassword = \"{{password}}\"\ndatabase = \"{{database}}\"\n\
         [auth.answer]\naccess-token = \"/token\"\nexpires-in = \"/expires_in\"\n\
         [[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"header\"\nname = \"X-Session\"\n\
         value = \"{{access_token}}\"\n\
         [[host]]\norigin = \"{{config.api}}\"\npaths = [\"{{config.prefix}}\"]\nmethods = [\"GET\", \"POST\"]\n\
         slots = [\"key\"]\nreason = \"The provider of the test.\"\n\
         [config]\nschema = '''{{\"type\": \"object\", \"required\": [\"login\", \"api\", \"prefix\"], \"properties\": {{\
         \"login\": {{\"type\": \"string\"}}, \"api\": {{\"type\": \"string\"}}, \"prefix\": {{\"type\": \"string\"}}, \
         \"names\": {{\"type\": \"object\", \"additionalProperties\": {{\"type\": \"string\"}}}}{more}}}}}'''\n\
         defaults = '''{defaults}'''\n"
    )
}

struct Scene {
    rig: Rig,
    tenant: Tenant,
}

impl Scene {
    fn start() -> Result<Self> {
        let rig = Rig::start()?;
        rig.install(Variant::of_login("assumed", &tables(DEFAULTS, ""))?.pack()?)?;
        let tenant = rig.tenant("A")?;
        Ok(Self { rig, tenant })
    }

    fn logins(&self) -> &Logins {
        &self.rig.fakes.logins.provider
    }

    /// Logs in, with a request to where sessions are opened.
    fn connect(&self) -> Result<Answer> {
        let known = self.logins().credentials("one");
        let fields = json!({ "user": known.user, "password": known.password, "database": known.database });
        self.tenant.api.post("/v1/connections", &json!({ "connector": "patchbay.assumed", "fields": fields }))
    }

    fn put(&self, config: &Value, approve: bool) -> Result<Answer> {
        self.rig.operator.put(CONFIG, &json!({ "config": config, "approve_powers": approve }))
    }

    /// What a connector was told of the config in its last record.
    fn told(&self, connection: &str) -> Result<Value> {
        let run = self.tenant.ended(&self.tenant.run(&self.tenant.sync(connection, "chosen")?)?)?;
        assert_eq!(run["state"], json!("done"), "{run}");
        let records = self.tenant.get(&format!("/v1/connections/{connection}/records/chosen"))?;
        let config = records.text_at("/items/0/record/config")?;
        Ok(serde_json::from_str(&config)?)
    }
}

/// Status, code and the pointers that are named.
fn refusal(answer: &Answer) -> (u16, String, Vec<String>) {
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (answer.status, text(&answer.json["code"]), errors.iter().map(|error| text(&error["pointer"])).collect())
}

#[test]
fn what_was_corrected_reaches_the_connector_and_can_be_taken_back() -> Result<()> {
    let scene = Scene::start()?;
    let shown = scene.rig.operator.get(CONFIG)?.expect(200)?;
    assert_eq!((&shown.json["correction"], &shown.json["updated_at"]), (&Value::Null, &Value::Null));
    assert_eq!(shown.json["addresses"], json!(["api", "login", "prefix"]));
    assert_eq!(shown.json["config"], shown.json["defaults"]);
    scene.connect()?.expect(201)?;
    let connection = scene.tenant.get("/v1/connections")?.text_at("/items/0/id")?;
    assert_eq!(scene.told(&connection)?["names"], json!({ "a": "one" }));

    let answer = scene.put(&json!({ "names": { "a": null, "b": "two" } }), false)?.expect(200)?;
    assert_eq!(answer.json["config"]["names"], json!({ "b": "two" }));
    assert_eq!(answer.json["correction"], json!({ "names": { "a": null, "b": "two" } }));
    assert!(answer.json["updated_by"].is_string());
    assert_eq!(scene.told(&connection)?["names"], json!({ "b": "two" }), "from the next run on");

    // A release that asks for nothing more takes it over.
    let mut next = Variant::of_login("assumed", &tables(DEFAULTS, ""))?;
    "0.2.0".clone_into(&mut next.manifest.version);
    scene.rig.install(next.pack()?)?;
    assert_eq!(scene.told(&connection)?["names"], json!({ "b": "two" }), "whatever the release");

    let back = scene.rig.operator.delete(CONFIG)?.expect(200)?;
    assert_eq!((&back.json["correction"], &back.json["config"]), (&Value::Null, &back.json["defaults"]));
    assert_eq!(scene.told(&connection)?["names"], json!({ "a": "one" }));
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_by_pointer_and_nobody_but_the_operator_is_asked() -> Result<()> {
    let scene = Scene::start()?;
    for (config, pointer) in [
        (json!({ "names": { "a": 1 } }), "/config/names/a"),
        (json!({ "login": null }), "/config"),
        (json!({ "login": "http://logins.example/session" }), "/config/login"),
        (json!({ "login": "https://user@logins.example/session" }), "/config/login"),
        (json!({ "api": "https://127.0.0.1" }), "/config/api"),
        (json!({ "api": "https://logins.example/api" }), "/config/api"),
        (json!({ "prefix": "api" }), "/config/prefix"),
    ] {
        for approve in [false, true] {
            let answer = refusal(&scene.put(&config, approve)?);
            assert_eq!(answer, (422, "PB1014".to_owned(), vec![pointer.to_owned()]), "{config}");
        }
    }
    let body = json!({ "config": {} });
    for answer in
        [scene.tenant.api.get(CONFIG)?, scene.tenant.api.put(CONFIG, &body)?, scene.tenant.api.delete(CONFIG)?]
    {
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    assert_eq!(scene.rig.operator.put("/v1/connectors/patchbay.nobody/config", &body)?.status, 404);
    assert_eq!(scene.rig.operator.put(CONFIG, &json!({ "config": [] }))?.status, 422);
    assert_eq!(scene.rig.operator.get(CONFIG)?.expect(200)?.json["correction"], Value::Null);
    Ok(())
}

#[test]
fn an_address_is_changed_only_by_who_says_that_it_is_meant_and_no_password_goes_there_before() -> Result<()> {
    let scene = Scene::start()?;
    scene.connect()?.expect(201)?;
    let elsewhere = json!({ "login": "https://echo.example/session" });
    let answer = scene.put(&elsewhere, false)?;
    let (status, code, pointers) = refusal(&answer);
    assert_eq!((status, code.as_str(), pointers[0].as_str()), (409, "PB1015", "/config/login"), "{}", answer.text());
    let text = answer.text();
    assert!(text.contains("https://logins.example/session becomes https://echo.example/session"), "{text}");
    assert_eq!(scene.rig.operator.get(CONFIG)?.expect(200)?.json["correction"], Value::Null);
    scene.connect()?.expect(200)?;
    assert_eq!(scene.rig.echo.received().len(), 0, "nothing went there");

    scene.put(&elsewhere, true)?.expect(200)?;
    // The echo opens no session.
    let refused = scene.connect()?;
    assert!(refused.status >= 400, "{}", refused.text());
    let received = scene.rig.echo.received();
    assert!(!received.is_empty() && received.iter().all(|one| one.target == "/session"), "{received:?}");

    // The way back is a change of address too, and the log knows both.
    let back = scene.rig.operator.delete(CONFIG)?;
    assert_eq!(refusal(&back).1, "PB1015", "{}", back.text());
    scene.rig.operator.delete(&format!("{CONFIG}?approve_powers=true"))?.expect(200)?;
    scene.connect()?.expect(200)?;
    let lines = scene.rig.operator.get("/v1/audit?subject=patchbay.assumed")?.expect(200)?.text();
    assert_eq!(lines.matches("connector.corrected").count(), 2, "{lines}");
    assert!(lines.contains("changes the session's login address"), "{lines}");
    Ok(())
}

#[test]
fn a_release_that_does_not_take_the_correction_waits_and_says_why() -> Result<()> {
    let scene = Scene::start()?;
    scene.connect()?.expect(201)?;
    scene.put(&json!({ "names": { "b": "two" } }), false)?.expect(200)?;
    let mut other = Variant::of_login("assumed", &tables(DEFAULTS, ""))?;
    "0.2.0".clone_into(&mut other.manifest.version);
    if let Some(config) = &mut other.manifest.config {
        config.schema["properties"]["names"]["properties"] = json!({ "b": { "type": "number" } });
    }
    let answer = scene.rig.post(other.pack()?)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "ready");
    let beyond = answer.array_at("/asks_beyond")?;
    assert!(beyond.iter().any(|line| line.as_str().is_some_and(|line| line.contains("/names/b"))), "{beyond:?}");
    let release = answer.text_at("/release/id")?;
    let detail = scene.rig.operator.get(&format!("/v1/releases/{release}"))?.expect(200)?;
    assert!(detail.text().contains("/names/b"), "{}", detail.text());
    let approve = format!("/v1/releases/{release}/approve");
    assert_eq!(refusal(&scene.rig.operator.post(&approve, &json!({}))?).1, "PB1016");
    scene.connect()?.expect(200)?;

    scene.rig.operator.delete(CONFIG)?.expect(200)?;
    scene.rig.operator.post(&approve, &json!({}))?.expect(200)?;
    scene.put(&json!({ "names": { "b": 7 } }), false)?;
    Ok(())
}

#[test]
fn an_upgrade_that_only_moves_its_default_address_waits_for_approval_like_any_wider_one() -> Result<()> {
    let scene = Scene::start()?;
    let moved = DEFAULTS.replace("https://logins.example/session", "https://echo.example/session");
    let mut other = Variant::of_login("assumed", &tables(&moved, ""))?;
    "0.2.0".clone_into(&mut other.manifest.version);
    let answer = scene.rig.post(other.pack()?)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "ready", "{}", answer.text());
    assert!(answer.text().contains("echo.example"), "{}", answer.text());
    // What the operator corrected holds for the next release too: then it asks for nothing new.
    scene.put(&json!({ "login": "https://logins.example/session" }), false)?.expect(200)?;
    "0.3.0".clone_into(&mut other.manifest.version);
    let answer = scene.rig.post(other.pack()?)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "active", "{}", answer.text());
    scene.connect()?.expect(201)?;
    assert_eq!(scene.rig.echo.received().len(), 0);
    Ok(())
}

#[test]
fn the_kinds_of_login_take_their_addresses_from_the_config_too() -> Result<()> {
    let scene = Scene::start()?;
    let kind = scene.rig.kind("machine")?;
    let token = "url = \"https://logins.example/oauth/token\"";
    assert!(kind.tables.contains(token), "{}", kind.tables);
    let tables = kind.tables.replace(token, "url = \"https://logins.example{config.token-path}\"");
    let tables = tables.replace("defaults = '{", "defaults = '{ \"token-path\": \"/oauth/token\", ");
    scene.rig.install(Variant::of_login("machine-assumed", &tables)?.pack()?)?;
    let Enter::Fields(fields) = &kind.enter else { return Ok(()) };
    scene.rig.fakes.logins.provider.behave(kind.behaviour.clone());
    let body = json!({ "connector": "patchbay.machine-assumed", "fields": fields });
    scene.tenant.api.post("/v1/connections", &body)?.expect(201)?;
    Ok(())
}
