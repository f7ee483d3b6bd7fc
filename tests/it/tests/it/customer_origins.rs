//! **An address that a customer enters is reached only while the operator grants it**, at connect, at each
//! request, and at each renewal of its access; and it is never one of the inside.

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, Variant, kinds};
use patchbay_test_support::{Answer, Result, Trouble, fakes::logins::TokenKind};
use serde_json::{Value, json};

const OWN: &str = "https://odoo.kantoor.example";
const OTHER: &str = "https://odoo.two.example";
const ODD_PORT: &str = "https://odoo.kantoor.example:8443";

/// What every such login has: the address, and a host that is that address.
fn tables(kind: &str, middle: &str, path: &str, slot: &str, ports: &str) -> String {
    format!(
        "[[auth]]\nid = \"login\"\nkind = \"{kind}\"\nlabel = \"Log in\"\n{middle}\
         [[host]]\norigin = \"{{address}}\"\npaths = [\"/api/\"]\nmethods = [\"GET\", \"POST\"]\nslots = [\"{slot}\"]\n\
         {ports}reason = \"The server that is entered as Address.\"\n\
         [config]\nschema = '{{ \"type\": \"object\" }}'\ndefaults = '{}'\n",
        json!({ "ask": { "url": format!("{{address}}{path}") } })
    )
}

const FIELD: &str = "[[auth.field]]\nid = \"address\"\nlabel = \"Address\"\ntype = \"origin\"\n";
const PERSON: &str = "[[auth.field]]\nid = \"user\"\nlabel = \"User\"\ntype = \"text\"\n\
    [[auth.field]]\nid = \"password\"\nlabel = \"Password\"\ntype = \"secret\"\n";

/// User and password with each request.
fn basic(ports: &str) -> String {
    let slot = "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"basic\"\nvalue = \"{user}:{password}\"\n";
    tables("fields", &format!("{FIELD}{PERSON}{slot}"), "/api/basic/me", "key", ports)
}

/// A session at the customer's own server, as Odoo has it.
fn session() -> String {
    let login = "[auth.login]\nurl = \"{address}/session\"\nplace = \"json\"\n\
        [auth.login.params]\nuser = \"{user}\"\npassword = \"{password}\"\n\
        [auth.answer]\naccess-token = \"/token\"\nexpires-in = \"/expires_in\"\n\
        [[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"header\"\nname = \"X-Session\"\n\
        value = \"{access_token}\"\n";
    tables("session", &format!("{FIELD}{PERSON}{login}"), "/api/session/me", "key", "")
}

/// A session from the customer's own server for the work at the provider's: only the renewal meets the grant.
fn split() -> String {
    session()
        .replace("origin = \"{address}\"\npaths", "origin = \"https://logins.example\"\npaths")
        .replace("{address}/api/", "https://logins.example/api/")
}

/// A login of a machine at the customer's own server, with a client that is entered.
fn machine() -> String {
    let login = "[[auth.field]]\nid = \"client_id\"\nlabel = \"Client\"\ntype = \"text\"\n\
        [[auth.field]]\nid = \"client_secret\"\nlabel = \"Secret\"\ntype = \"secret\"\n\
        [auth.token]\nurl = \"{address}/oauth/token\"\nclient-auth = \"basic\"\n\
        [[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
        value = \"Bearer {access_token}\"\n";
    tables("oauth2-client-credentials", &format!("{FIELD}{login}"), "/api/bearer/me", "bearer", "")
}

struct Scene {
    rig: Rig,
    tenant: Tenant,
}

impl Scene {
    fn open(setup: RigSetup) -> Result<Self> {
        let customers = [OWN, OTHER, ODD_PORT].map(str::to_owned).to_vec();
        let rig = RigSetup { customers, ..setup }.start()?;
        let tenant = rig.tenant("A")?;
        Ok(Self { rig, tenant })
    }

    fn install(&self, name: &str, tables: &str) -> Result<()> {
        self.rig.install(Variant::of_login(name, tables)?.pack()?).map(drop)
    }

    fn grant(&self, name: &str, origins: &Value) -> Result<()> {
        let body = json!({ "customer_origins": origins });
        let put = self.rig.operator.put(&format!("/v1/connectors/patchbay.{name}/grant"), &body)?.expect(200)?;
        assert_eq!(put.json, json!({ "customer_origins": origins, "asked": true }));
        Ok(())
    }

    /// Connects as the account `one`, at the other address as `two`: one account id at two addresses would be two
    /// accounts.
    fn connect(&self, name: &str, address: &str) -> Result<Answer> {
        let known = self.rig.fakes.logins.provider.credentials(if address == OTHER { "two" } else { "one" });
        let fields = json!({ "address": address, "user": known.user, "password": known.password });
        self.tenant.api.post("/v1/connections", &json!({ "connector": format!("patchbay.{name}"), "fields": fields }))
    }

    fn identify(&self, connection: &str) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))
    }

    /// Requests that came to the provider while `work` was done, by path.
    fn asked(&self, work: impl FnOnce() -> Result<()>) -> Result<Vec<String>> {
        let before = self.rig.fakes.logins.journal.last();
        work()?;
        Ok(self.rig.fakes.logins.journal.since(before).into_iter().map(|entry| entry.path).collect())
    }
}

/// Status, code and place of a refusal.
fn told(answer: &Answer) -> (u16, &str, &str) {
    let text = |pointer: &str| answer.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    (answer.status, text("/code"), text("/errors/0/pointer"))
}

#[test]
fn a_customers_address_is_taken_only_where_the_grant_names_it_or_all() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    for (name, tables) in [("basic", basic("")), ("session", session())] {
        scene.install(name, &tables)?;
        for (grant, address, taken) in [
            (json!("none"), OWN, false),
            (json!({ "listed": [] }), OWN, false),
            (json!({ "listed": [OTHER] }), OWN, false),
            (json!({ "listed": [ODD_PORT] }), OWN, false),
            (json!({ "listed": [OTHER, OWN] }), OWN, true),
            (json!({ "listed": [OWN] }), "HTTPS://Odoo.Kantoor.Example:443/web/login?db=x#top", true),
            (json!({ "listed": [OWN] }), OTHER, false),
            (json!("any_public"), OTHER, true),
        ] {
            scene.grant(name, &grant)?;
            let mut answer = None;
            let asked = scene.asked(|| {
                answer = Some(scene.connect(name, address)?);
                Ok(())
            })?;
            let answer = answer.ok_or_else(|| Trouble::new("no answer"))?;
            if taken {
                assert!([200, 201].contains(&answer.status), "{name}, {grant}, {address}: {}", answer.text());
                assert!(!asked.is_empty());
                // Its first run asks there as well: not while the next one is counted.
                scene.tenant.settled()?;
            } else {
                let refused = (answer.status, answer.json["code"].as_str().unwrap_or_default());
                assert_eq!(refused, (422, "PB2019"), "{name}, {grant}, {address}: {}", answer.text());
                assert_eq!(told(&answer).2, "/fields/address", "{}", answer.text());
                assert_eq!(asked, Vec::<String>::new(), "{name}, {grant}, {address}: nothing is sent there");
            }
        }
    }
    // A release that was approved may ask any public address until the operator says otherwise; another
    // connector's grant is its own.
    scene.install("fresh", &basic(""))?;
    assert_eq!(
        scene.rig.operator.get("/v1/connectors/patchbay.fresh/grant")?.expect(200)?.json,
        json!({ "customer_origins": "any_public", "asked": true })
    );
    // One whose addresses all stand in its manifest has nothing to be granted.
    scene.rig.install_connectors(&["github"])?;
    let github = scene.rig.operator.get("/v1/connectors/patchbay.github/grant")?.expect(200)?.json;
    assert_eq!(github["asked"], json!(false), "{github}");
    scene
        .tenant
        .api
        .put("/v1/connectors/patchbay.basic/grant", &json!({ "customer_origins": "any_public" }))?
        .expect(403)?;
    Ok(())
}

#[test]
fn a_grant_lists_whole_origins_and_nothing_else() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    scene.install("basic", &basic(""))?;
    for wrong in [
        "http://odoo.kantoor.example",
        "https://odoo.kantoor.example/",
        "https://odoo.kantoor.example/web",
        "https://Odoo.kantoor.example",
        "https://odoo.kantoor.example:443",
        "https://user@odoo.kantoor.example",
        "https://*.kantoor.example",
        "https://*",
        "odoo.kantoor.example",
        "*",
        "",
    ] {
        let body = json!({ "customer_origins": { "listed": [OWN, wrong] } });
        let refused = scene.rig.operator.put("/v1/connectors/patchbay.basic/grant", &body)?;
        assert_eq!(told(&refused), (422, "PB5001", "/customer_origins/listed/1"), "{wrong}: {}", refused.text());
    }
    for wrong in [json!("all"), json!({ "any_public": true }), json!(["https://a.example"]), json!(null)] {
        let refused =
            scene.rig.operator.put("/v1/connectors/patchbay.basic/grant", &json!({ "customer_origins": wrong }))?;
        assert_eq!(refused.status, 422, "{}", refused.text());
    }
    Ok(())
}

#[test]
fn no_grant_opens_an_address_of_the_inside() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    for (name, tables) in [("basic", basic("")), ("session", session())] {
        scene.install(name, &tables)?;
        scene.grant(name, &json!("any_public"))?;
        for inside in [
            "https://127.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://017700000001",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[64:ff9b::7f00:1]",
            "https://10.0.0.1",
            "https://192.168.1.1:8069",
            "https://172.16.0.1",
            "https://169.254.169.254",
            "https://[fd00:ec2::254]",
            "https://0.0.0.0",
            "https://localhost",
            "https://localhost.",
            "https://intranet",
            "https://odoo.localhost",
            "https://odoo.kantoor.example@127.0.0.1",
            "https://127.0.0.1\\@odoo.kantoor.example",
            "https://１２７.0.0.1",
            "http://odoo.kantoor.example",
            "ftp://odoo.kantoor.example",
        ] {
            let mut refused = None;
            let asked = scene.asked(|| {
                refused = Some(scene.connect(name, inside)?);
                Ok(())
            })?;
            let refused = refused.ok_or_else(|| Trouble::new("no answer"))?;
            assert_eq!(told(&refused), (422, "PB2001", "/fields/address"), "{inside}: {}", refused.text());
            assert_eq!(asked, Vec::<String>::new(), "{inside}");
        }
        // A name that nobody rewrites is looked up for real, and leads nowhere or inside: no connection either way.
        let refused = scene.connect(name, "https://nowhere.invalid")?;
        assert!(refused.status >= 400, "{}", refused.text());
    }
    assert!(scene.tenant.get("/v1/connections")?.array_at("/items")?.is_empty());
    Ok(())
}

#[test]
fn a_narrower_grant_stops_connections_at_their_next_request() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    for (name, tables, kind) in [("basic", basic(""), None), ("session", session(), Some(TokenKind::Session))] {
        scene.install(name, &tables)?;
        scene.grant(name, &json!("any_public"))?;
        let connection = scene.connect(name, OWN)?.expect(201)?.text_at("/id")?;
        scene.tenant.settled()?;
        for narrow in [json!("none"), json!({ "listed": [OTHER] })] {
            scene.grant(name, &narrow)?;
            // Also where it would have to log in again first.
            if let Some(kind) = kind {
                scene.rig.fakes.logins.provider.end(kind);
            }
            let mut run = Value::Null;
            let asked = scene.asked(|| {
                let refused = scene.identify(&connection)?;
                assert!(refused.status >= 400, "{name}: {}", refused.text());
                run = scene.tenant.ended(&scene.tenant.run(&scene.tenant.sync(&connection, "chosen")?)?)?;
                Ok(())
            })?;
            assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB6001")), "{name}: {run}");
            assert_eq!(asked, Vec::<String>::new(), "{name}: {narrow}");
        }
        // It is the grant that is wrong, not the connection: it goes on with the grant.
        scene.grant(name, &json!({ "listed": [OWN] }))?;
        let path = format!("/v1/connections/{connection}");
        assert_eq!(scene.tenant.get(&path)?.text_at("/state")?, "active", "{name}");
        if kind.is_none() {
            scene.identify(&connection)?.expect(200)?;
            let run = scene.tenant.ended(&scene.tenant.run(&scene.tenant.sync(&connection, "chosen")?)?)?;
            assert_eq!(run["state"], json!("done"), "{name}: {run}");
        }
    }
    Ok(())
}

#[test]
fn no_token_is_got_again_at_an_address_that_is_not_granted_any_more() -> Result<()> {
    let scene = Scene::open(RigSetup { test_clock: true, ..RigSetup::default() })?;
    let logins = &scene.rig.fakes.logins.provider;
    let machine_client = logins.credentials("one").client;
    scene.install("session", &session())?;
    scene.install("machine", &machine())?;
    for name in ["session", "machine"] {
        scene.grant(name, &json!({ "listed": [OWN] }))?;
    }
    let fields = json!({ "address": OWN, "client_id": machine_client.id, "client_secret": machine_client.secret });
    let body = json!({ "connector": "patchbay.machine", "fields": fields });
    let refused = |narrow: &Value| -> Result<()> {
        scene.grant("machine", narrow)?;
        let before = logins.calls().len();
        let refused = scene.tenant.api.post("/v1/connections", &body)?;
        assert_eq!((refused.status, refused.json["code"].as_str()), (422, Some("PB2019")), "{}", refused.text());
        assert_eq!(logins.calls().len(), before, "no secret was sent there");
        Ok(())
    };
    refused(&json!("none"))?;
    refused(&json!({ "listed": [OTHER] }))?;
    scene.grant("machine", &json!({ "listed": [OWN] }))?;
    let connections = [
        scene.connect("session", OWN)?.expect(201)?.text_at("/id")?,
        scene.tenant.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?,
    ];
    scene.tenant.settled()?;
    assert!(logins.calls().iter().all(|call| call.host == "odoo.kantoor.example"), "{:?}", logins.calls());

    // The token has ended: whoever uses the connection, the host itself among them, needs another one first, and does
    // not get it there.
    for name in ["session", "machine"] {
        scene.grant(name, &json!("none"))?;
    }
    scene.rig.advance(Duration::from_secs(2 * 3_600))?;
    for (name, connection) in ["session", "machine"].into_iter().zip(&connections) {
        let asked = scene.asked(|| {
            assert!(scene.identify(connection)?.status >= 400);
            let run = scene.tenant.ended(&scene.tenant.run(&scene.tenant.sync(connection, "chosen")?)?)?;
            assert_eq!(run["reason"]["code"], json!("PB6001"), "{name}: {run}");
            Ok(())
        })?;
        assert_eq!(asked, Vec::<String>::new(), "{name}");
        let path = format!("/v1/connections/{connection}");
        assert_eq!(scene.tenant.get(&path)?.text_at("/state")?, "active", "{name}: the grant is wrong, not it");
        let before = logins.calls().len();
        scene.grant(name, &json!({ "listed": [OWN] }))?;
        scene.identify(connection)?.expect(200)?;
        assert_eq!(logins.calls().len(), before + 1, "{name}: another token, once");
    }
    Ok(())
}

#[test]
fn a_login_elsewhere_than_the_work_is_judged_at_each_renewal() -> Result<()> {
    let scene = Scene::open(RigSetup { test_clock: true, ..RigSetup::default() })?;
    scene.install("split", &split())?;
    scene.grant("split", &json!({ "listed": [OWN] }))?;
    let connection = scene.connect("split", OWN)?.expect(201)?.text_at("/id")?;
    scene.tenant.settled()?;
    scene.grant("split", &json!("none"))?;
    scene.rig.advance(Duration::from_secs(2 * 3_600))?;
    let before = scene.rig.fakes.logins.provider.calls().len();
    let asked = scene.asked(|| {
        assert!(scene.identify(&connection)?.status >= 400);
        Ok(())
    })?;
    assert_eq!(asked, Vec::<String>::new());
    scene.grant("split", &json!({ "listed": [OWN] }))?;
    scene.identify(&connection)?.expect(200)?;
    assert_eq!(scene.rig.fakes.logins.provider.calls().len(), before + 1);
    Ok(())
}

#[test]
fn another_port_is_reached_only_where_the_manifest_or_the_operator_names_it() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    for (name, tables) in [("basic", basic("")), ("session", session())] {
        scene.install(name, &tables)?;
        scene.grant(name, &json!({ "listed": [ODD_PORT] }))?;
        let asked = scene.asked(|| {
            let refused = scene.connect(name, ODD_PORT)?;
            assert!(refused.status >= 400, "{name}: {}", refused.text());
            Ok(())
        })?;
        assert_eq!(asked, Vec::<String>::new(), "{name}");
    }
    scene.install("odd", &basic("ports = [8443]\n"))?;
    scene.grant("odd", &json!({ "listed": [ODD_PORT] }))?;
    scene.connect("odd", ODD_PORT)?.expect(201)?;
    drop(scene);

    let ports = vec![("PATCHBAY_EGRESS__ALLOWED_PORTS".to_owned(), "8443".to_owned())];
    let scene = Scene::open(RigSetup { variables: ports, ..RigSetup::default() })?;
    for (name, tables) in [("basic", basic("")), ("session", session())] {
        scene.install(name, &tables)?;
        scene.connect(name, ODD_PORT)?.expect(201)?;
        scene.grant(name, &json!({ "listed": [OWN] }))?;
        let refused = scene.connect(name, ODD_PORT)?;
        assert_eq!((refused.status, refused.json["code"].as_str()), (422, Some("PB2019")), "{}", refused.text());
    }
    Ok(())
}

#[test]
fn the_kind_of_all_the_other_tests_is_one_of_these() -> Result<()> {
    let scene = Scene::open(RigSetup::default())?;
    let all = kinds(&scene.rig.fakes.logins.provider);
    let customer = all.iter().find(|kind| kind.name == "customer").ok_or_else(|| Trouble::new("none"))?;
    assert_eq!(customer.customer, Some(OWN));
    scene.rig.install_kind(customer)?;
    scene.tenant.connect_kind(&scene.rig, customer).map(drop)
}
