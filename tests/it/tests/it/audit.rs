//! **Who did what is written with what was done, and nobody can change the telling of it** unseen (S16).

use std::process::Output;

use patchbay_it::{Database, Rig, Tenant, kinds, patchbay};
use patchbay_test_support::{Api, Result, Trouble};
use serde_json::{Value, json};

/// A host on which two tenants did something.
struct Scene {
    rig: Rig,
    tenants: [Tenant; 2],
    connection: String,
}

impl Scene {
    fn open() -> Result<Self> {
        let rig = Rig::start()?;
        let kind = kinds(&rig.fakes.logins.provider).into_iter().find(|kind| kind.name == "key-header");
        let kind = kind.ok_or_else(|| Trouble::new("there is no kind key-header"))?;
        rig.install_kind(&kind)?;
        let tenants = [rig.tenant("A")?, rig.tenant("B")?];
        let connection = tenants[0].connect_kind(&rig, &kind)?;
        tenants[1].connect_kind(&rig, &kind)?;
        tenants[0].api.patch(&format!("/v1/connections/{connection}"), &json!({ "name": "Kantoor" }))?.expect(200)?;
        for tenant in &tenants {
            tenant.return_address()?;
            tenant.settled()?;
        }
        Ok(Self { rig, tenants, connection })
    }

    fn database(&self) -> Result<Database> {
        Database::open(&self.rig.host.data_dir().join("patchbay.db"))
    }

    /// `patchbay audit verify`, beside the running host.
    fn verify(&self) -> Result<Output> {
        let (config, base) = (self.rig.host.config_path(), self.rig.host.base());
        let config = config.to_string_lossy().into_owned();
        patchbay(self.rig.host.folder(), &["--config", &config, "audit", "--host", &base, "verify"])
    }

    fn assert_whole(&self, what: &str) -> Result<u64> {
        let output = self.verify()?;
        assert_eq!(output.status.code(), Some(0), "{what}: {}", said(&output));
        let verdict = self.rig.operator.get("/v1/audit/verification")?.expect(200)?.json;
        assert_eq!(verdict["broken"], Value::Null, "{what}: {verdict}");
        Ok(verdict["lines"].as_u64().unwrap_or_default())
    }

    /// All of a caller's lines, newest first.
    fn lines(api: &Api, query: &str) -> Result<Vec<Value>> {
        let (mut all, mut before) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/v1/audit?limit=3{query}{before}"))?.expect(200)?;
            all.extend(page.array_at("/items")?);
            match page.json["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => return Ok(all),
            }
        }
    }
}

fn said(output: &Output) -> String {
    format!("{} {}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_tenant_reads_its_own_lines_and_no_others() -> Result<()> {
    let scene = Scene::open()?;
    let all = Scene::lines(&scene.rig.operator, "")?;
    let mut told = 0;
    for tenant in &scene.tenants {
        let own = Scene::lines(&tenant.api, "")?;
        assert!(own.iter().all(|line| line["tenant"] == json!(tenant.id)), "{own:?}");
        let wanted: Vec<&Value> = all.iter().filter(|line| line["tenant"] == json!(tenant.id)).collect();
        assert_eq!(own.iter().collect::<Vec<_>>(), wanted, "all of them, newest first");
        assert!(own.iter().any(|line| line["action"].as_str().is_some_and(|what| what.starts_with("connection."))));
        told += own.len();
        let as_operator = Scene::lines(&scene.rig.operator_of(tenant), "")?;
        assert_eq!(as_operator, own, "an operator who names a tenant sees the same");
    }
    assert!(all.len() > told, "the deployment has lines of its own: {} of {told}", all.len());

    // Naming what belongs to another shows nothing of it, by subject or by a line to go on from.
    let [owner, other] = &scene.tenants;
    let about = format!("&subject={}", scene.connection);
    assert!(Scene::lines(&owner.api, &about)?.len() >= 2, "made and renamed");
    assert!(Scene::lines(&other.api, &about)?.is_empty());
    let foreign = Scene::lines(&owner.api, "")?[0]["id"].as_str().unwrap_or_default().to_owned();
    let behind = Scene::lines(&other.api, &format!("&before={foreign}"))?;
    assert!(behind.iter().all(|line| line["tenant"] == json!(other.id)), "{behind:?}");
    owner.api.get("/v1/audit/verification")?.expect(403)?;
    scene.rig.stranger().get("/v1/audit")?.expect(401)?;
    Ok(())
}

#[test]
fn each_change_has_a_line_that_says_who_and_what() -> Result<()> {
    let scene = Scene::open()?;
    let [owner, _] = &scene.tenants;
    let keys = scene.rig.operator.get(&format!("/v1/tenants/{}/keys", owner.id))?.expect(200)?;
    let key = keys.text_at("/items/0/id")?;
    let before = Scene::lines(&scene.rig.operator, "")?.len();
    let path = format!("/v1/connections/{}", scene.connection);
    owner.api.patch(&path, &json!({ "enabled": false }))?.expect(200)?;
    owner.api.delete(&format!("{path}?records=keep"))?.expect(204)?;
    let fresh = Scene::lines(&scene.rig.operator, "")?;
    let fresh = &fresh[..fresh.len() - before];
    assert!(fresh.iter().all(|line| line["subject"] == json!(scene.connection)), "{fresh:?}");
    assert!(fresh.iter().any(|line| line["action"] == json!("connection.deleted")), "{fresh:?}");
    let who = |line: &Value| line["actor"].as_str().is_some_and(|actor| actor.contains(&key));
    assert!(fresh.len() >= 2 && fresh.iter().all(who), "{key}: {fresh:?}");
    // What changed nothing is not told.
    owner.api.patch(&path, &json!({ "enabled": true }))?.expect(404)?;
    let grant = json!({ "customer_origins": "none" });
    scene.rig.operator.put("/v1/connectors/patchbay.key-header/grant", &grant)?.expect(200)?;
    let after = Scene::lines(&scene.rig.operator, "")?;
    assert_eq!(after.len(), before + fresh.len() + 1);
    assert!(after[0]["actor"].as_str().is_some_and(|actor| actor.starts_with("operator ")), "{}", after[0]);
    scene.assert_whole("after all of it").map(drop)
}

#[test]
fn a_line_removed_changed_moved_put_in_or_cut_off_is_found_and_named() -> Result<()> {
    let mut scene = Scene::open()?;
    let lines = scene.assert_whole("at first")?;
    assert!(lines >= 8, "only {lines} lines");
    let ids = scene.database()?.rows("SELECT no, id FROM audit ORDER BY no", &[])?;
    let id = |no: u64| ids[usize::try_from(no).unwrap_or_default() - 1][1].as_str().unwrap_or_default().to_owned();
    let (middle, last) = (lines / 2, lines);
    let cut = format!("DELETE FROM audit WHERE no > {}", last - 2);
    let cases: Vec<(&str, Vec<String>, String)> = vec![
        ("removed", vec![format!("DELETE FROM audit WHERE no = {middle}")], id(middle + 1)),
        ("the first removed", vec!["DELETE FROM audit WHERE no = 1".to_owned()], id(2)),
        (
            "removed, and those behind moved up",
            vec![
                format!("DELETE FROM audit WHERE no = {middle}"),
                format!("UPDATE audit SET no = -(no - 1) WHERE no > {middle}"),
                "UPDATE audit SET no = -no WHERE no < 0".to_owned(),
            ],
            id(middle + 1),
        ),
        ("its actor changed", vec![format!("UPDATE audit SET actor = 'somebody' WHERE no = {middle}")], id(middle)),
        ("its detail changed", vec![format!("UPDATE audit SET detail = '{{\"a\":1}}' WHERE no = {last}")], id(last)),
        ("its time changed", vec![format!("UPDATE audit SET at = at + 1 WHERE no = {middle}")], id(middle)),
        ("its tenant taken away", vec!["UPDATE audit SET tenant = NULL WHERE tenant IS NOT NULL".to_owned()], String::new()),
        ("its hash changed", vec![format!("UPDATE audit SET hash = zeroblob(32) WHERE no = {middle}")], id(middle)),
        (
            "two in the other order",
            vec![
                format!("UPDATE audit SET no = -1 WHERE no = {middle}"),
                format!("UPDATE audit SET no = {middle} WHERE no = {}", middle + 1),
                format!("UPDATE audit SET no = {} WHERE no = -1", middle + 1),
            ],
            id(middle + 1),
        ),
        (
            "one put in at the end",
            vec![
                "INSERT INTO audit SELECT no + 1, 'aud_00000000000000000000000000', at, tenant, actor, action, subject, \
                 detail, hash FROM audit ORDER BY no DESC LIMIT 1"
                    .to_owned(),
            ],
            "aud_00000000000000000000000000".to_owned(),
        ),
        ("the tail cut off", vec![cut.clone()], id(last)),
        ("the tail and its mark cut off", vec![cut, "DELETE FROM meta WHERE key = 'audit_head'".to_owned()], id(last - 2)),
        ("all of it cut off", vec!["DELETE FROM audit".to_owned()], id(last)),
        ("the mark changed", vec!["UPDATE meta SET value = zeroblob(80) WHERE key = 'audit_head'".to_owned()], String::new()),
    ];
    let mut database = scene.database()?;
    database.rows("CREATE TEMP TABLE kept AS SELECT * FROM audit", &[])?;
    database.rows("CREATE TEMP TABLE mark AS SELECT * FROM meta WHERE key = 'audit_head'", &[])?;
    for (what, changes, named) in cases {
        for change in changes {
            database.change(&change, &[])?;
        }
        let output = scene.verify()?;
        assert_eq!(output.status.code(), Some(1), "{what}: {}", said(&output));
        assert!(said(&output).contains(&format!("BROKEN at {named}")), "{what}: {named} is not in {}", said(&output));

        // Life goes on, and what comes behind hides nothing; not even a new start.
        scene.tenants[0].return_address()?;
        if what == "removed" {
            assert!(scene.rig.host.stop()?.success(), "{}", scene.rig.host.log_tail());
            scene.rig.host.restart()?;
        }
        let verdict = scene.rig.operator.get("/v1/audit/verification")?.expect(200)?.json;
        assert!(verdict["broken"].is_object(), "{what}: a later line hides it: {verdict}");
        for back in [
            "BEGIN IMMEDIATE",
            "DELETE FROM audit",
            "INSERT INTO audit SELECT * FROM kept",
            "DELETE FROM meta WHERE key = 'audit_head'",
            "INSERT INTO meta SELECT * FROM mark",
            "COMMIT",
        ] {
            database.rows(back, &[])?;
        }
        let verdict = scene.rig.operator.get("/v1/audit/verification")?.expect(200)?.json;
        assert_eq!((&verdict["broken"], &verdict["lines"]), (&Value::Null, &json!(lines)), "{what}: put back");
    }
    scene.assert_whole("put back").map(drop)
}

#[test]
fn what_cannot_be_told_is_not_done() -> Result<()> {
    let scene = Scene::open()?;
    let [owner, _] = &scene.tenants;
    let (path, operator) = (format!("/v1/connections/{}", scene.connection), &scene.rig.operator);
    let release = operator.get("/v1/connectors/patchbay.key-header")?.expect(200)?;
    let look = |name: &str, api: &Api| -> Result<Value> { Ok(api.get(name)?.expect(200)?.json) };
    let before = (look(&path, &owner.api)?, look("/v1/tenants", operator)?, look("/v1/return-addresses", &owner.api)?);
    let fields = json!({ "api_key": scene.rig.fakes.logins.provider.credentials("two").api_key });
    let mut database = scene.database()?;
    database.rows(
        "CREATE TRIGGER deaf BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the audit log takes nothing'); END",
        &[],
    )?;
    let refused = [
        owner.api.patch(&path, &json!({ "name": "Anders" }))?,
        owner.api.delete(&path)?,
        owner.api.post("/v1/connections", &json!({ "connector": "patchbay.key-header", "fields": fields }))?,
        owner.api.post("/v1/return-addresses", &json!({ "name": "Other", "address": "https://other.example/" }))?,
        owner
            .api
            .post("/v1/connect-sessions", &json!({ "connector": "patchbay.key-header", "verification": "off" }))?,
        operator.post("/v1/tenants", &json!({ "name": "C" }))?,
        operator.post(&format!("/v1/tenants/{}/keys", owner.id), &json!({ "name": "more" }))?,
        operator.put("/v1/connectors/patchbay.key-header/grant", &json!({ "customer_origins": "any_public" }))?,
    ];
    for answer in &refused {
        let told = (answer.status, answer.json["code"].as_str());
        assert_eq!(told, (503, Some("PB7002")), "{}: {}", answer.asked, answer.text());
    }
    let after = (look(&path, &owner.api)?, look("/v1/tenants", operator)?, look("/v1/return-addresses", &owner.api)?);
    assert_eq!(after, before, "nothing changed");
    assert_eq!(owner.get("/v1/connections")?.array_at("/items")?.len(), 1);
    let keys = operator.get(&format!("/v1/tenants/{}/keys", owner.id))?.expect(200)?;
    assert_eq!(keys.array_at("/items")?.len(), 1);
    let grants = database.value("SELECT count(*) FROM grants", &[])?;
    assert_eq!(grants, json!(0));
    assert_eq!(look("/v1/connectors/patchbay.key-header", operator)?, release.json);
    // What is read goes on; and once the log takes lines again, so does the rest.
    assert!(owner.get("/v1/audit")?.array_at("/items")?.len() > 1);
    database.rows("DROP TRIGGER deaf", &[])?;
    owner.api.patch(&path, &json!({ "name": "Anders" }))?.expect(200)?;
    scene.assert_whole("after it").map(drop)
}
