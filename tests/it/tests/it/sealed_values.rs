//! **A sealed value opens only in its own place, and only as it was sealed** (trust.md, 2.4 and S15). Whoever can
//! write the database and does not have the key can break a connection, and that is said on it; nothing else
//! stops, and nothing is sent with what somebody else put there.

use std::fs;

use patchbay_it::{Database, Kind, Rig, Tenant, bytes, kinds, of_bytes};
use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

use crate::canary::seed;

/// A statement and its parameters.
type Change = (&'static str, Vec<Value>);

/// A host, two tenants, and connections to both business accounts.
struct Scene {
    rig: Rig,
    tenants: [Tenant; 2],
    /// Tenant and connection: A to `one`, A to `two`, B to `one`.
    connections: Vec<(usize, String)>,
}

impl Scene {
    fn open() -> Result<Self> {
        let rig = Rig::start()?;
        rig.install_kind(&kind(&rig)?)?;
        let tenants = [rig.tenant("A")?, rig.tenant("B")?];
        let mut connections = Vec::new();
        for (tenant, account) in [(0, "one"), (0, "two"), (1, "one")] {
            connections.push((tenant, connect(&rig, &tenants[tenant], account)?.text_at("/id")?));
        }
        tenants.iter().try_for_each(Tenant::settled)?;
        Ok(Self { rig, tenants, connections })
    }

    fn id(&self, place: usize) -> Value {
        json!(self.connections[place].1)
    }

    fn database(&self) -> Result<Database> {
        Database::open(&self.rig.host.data_dir().join("patchbay.db"))
    }

    /// Stops the host, changes its database, and starts it again.
    fn tamper(&mut self, changes: &[Change]) -> Result<()> {
        assert!(self.rig.host.stop()?.success(), "{}", self.rig.host.log_tail());
        let mut database = self.database()?;
        for (sql, values) in changes {
            database.change(sql, values)?;
        }
        drop(database);
        self.rig.host.restart()
    }

    /// The connections at these places do not work and say why; the others do. Nothing was sent for those.
    fn assert_broken(&self, broken: &[usize], what: &str) -> Result<()> {
        for (place, (tenant, connection)) in self.connections.iter().enumerate() {
            let api = &self.tenants[*tenant].api;
            let path = format!("/v1/connections/{connection}");
            let sent = self.rig.fakes.logins.journal.last();
            let answer = api.post(&format!("{path}/identify"), &json!({}))?;
            let sent = self.rig.fakes.logins.journal.since(sent).len();
            let shown = api.get(&path)?.expect(200)?;
            if broken.contains(&place) {
                assert!(answer.status >= 400 && sent == 0, "{what}, connection {place}: {sent} sent, {answer:?}");
                assert_eq!(shown.text_at("/state")?, "broken", "{what}, connection {place}: {}", shown.text());
                assert_eq!(shown.text_at("/reason/code")?, "PB2010", "{what}, connection {place}: {}", shown.text());
            } else {
                assert_eq!(answer.status, 200, "{what}, connection {place}: {}", answer.text());
                assert_eq!(shown.text_at("/state")?, "active", "{what}, connection {place}: {}", shown.text());
            }
        }
        // Listing is never stopped by one that cannot be opened.
        for (place, tenant) in self.tenants.iter().enumerate() {
            let wanted = self.connections.iter().filter(|(of, _)| *of == place).count();
            assert_eq!(tenant.get("/v1/connections")?.array_at("/items")?.len(), wanted, "{what}");
            tenant.get("/v1/catalog")?;
        }
        Ok(())
    }
}

fn kind(rig: &Rig) -> Result<Kind> {
    let kind = kinds(&rig.fakes.logins.provider).into_iter().find(|kind| kind.name == "key-header");
    kind.ok_or_else(|| Trouble::new("there is no kind key-header"))
}

fn connect(rig: &Rig, tenant: &Tenant, account: &str) -> Result<patchbay_test_support::Answer> {
    let key = rig.fakes.logins.provider.credentials(account).api_key;
    tenant.api.post("/v1/connections", &json!({ "connector": "patchbay.key-header", "fields": { "api_key": key } }))
}

const SEALED: &str = "SELECT sealed FROM credentials WHERE connection = ?";
const VERSION: &str = "SELECT row_version FROM credentials WHERE connection = ?";
const PUT: &str = "UPDATE credentials SET sealed = ? WHERE connection = ?";
const PUT_VERSION: &str = "UPDATE credentials SET row_version = ? WHERE connection = ?";
/// As if the person had connected again: what was put back works.
const MENDED: &str =
    "UPDATE connections SET state = 'active', reason_code = NULL, reason = NULL WHERE state = 'broken'";

#[test]
fn a_ciphertext_moved_to_another_connection_tenant_column_or_version_opens_nowhere() -> Result<()> {
    let mut scene = Scene::open()?;
    scene.assert_broken(&[], "at first")?;
    // A client's secret of the deployment, and a login that waits for its completion.
    let code = kinds(&scene.rig.fakes.logins.provider).into_iter().find(|kind| kind.name == "code-basic");
    scene.rig.install_kind(&code.ok_or_else(|| Trouble::new("no such kind"))?)?;

    let mut database = scene.database()?;
    let mut sealed = Vec::new();
    for place in 0..3 {
        sealed.push(database.value(SEALED, &[scene.id(place)])?);
    }
    let client = database.value("SELECT secret FROM oauth_clients LIMIT 1", &[])?;
    let audit_key = database.value("SELECT value FROM meta WHERE key = 'audit_key'", &[])?;
    let wrapped = database.value("SELECT wrapped FROM data_keys WHERE owner = ?", &[json!(scene.tenants[0].id)])?;
    let version = database.value(VERSION, &[scene.id(0)])?.as_i64().unwrap_or_default();

    // The same connection after its key was entered again: what was sealed for the version before is old.
    let renewed = connect(&scene.rig, &scene.tenants[0], "one")?.expect(200)?;
    assert_eq!(json!(renewed.text_at("/id")?), scene.id(0));
    let now = database.value(SEALED, &[scene.id(0)])?;
    let next = database.value(VERSION, &[scene.id(0)])?.as_i64().unwrap_or_default();
    assert!(next > version && now != sealed[0], "it is sealed anew: version {next} after {version}");
    drop(database);

    let put = |value: &Value, place: usize, scene: &Scene| (PUT, vec![value.clone(), scene.id(place)]);
    let cases: Vec<(&str, Vec<Change>, Vec<usize>)> = vec![
        ("two connections of a tenant", vec![put(&sealed[1], 0, &scene), put(&now, 1, &scene)], vec![0, 1]),
        ("two tenants", vec![put(&sealed[2], 0, &scene), put(&now, 2, &scene)], vec![0, 2]),
        ("the version before", vec![put(&sealed[0], 0, &scene)], vec![0]),
        ("a later version", vec![(PUT_VERSION, vec![json!(next + 1), scene.id(0)])], vec![0]),
        ("a client's secret", vec![put(&client, 0, &scene)], vec![0]),
        ("the audit log's key", vec![put(&audit_key, 1, &scene)], vec![1]),
        ("a wrapped data key", vec![put(&wrapped, 0, &scene)], vec![0]),
        ("nothing", vec![put(&bytes(b""), 0, &scene)], vec![0]),
        ("one byte", vec![put(&bytes(&[1]), 2, &scene)], vec![2]),
        ("noise", vec![put(&bytes(&[0xA5; 200]), 0, &scene)], vec![0]),
    ];
    for (what, changes, broken) in cases {
        scene.tamper(&changes)?;
        scene.assert_broken(&broken, what)?;
        let mut mended: Vec<Change> = vec![(MENDED, Vec::new()), (PUT_VERSION, vec![json!(next), scene.id(0)])];
        for (place, value) in [&now, &sealed[1], &sealed[2]].into_iter().enumerate() {
            mended.push(put(value, place, &scene));
        }
        let mut database = scene.database()?;
        for (sql, values) in mended {
            database.change(sql, &values)?;
        }
        scene.assert_broken(&[], &format!("after {what}"))?;
    }

    // A broken connection is mended by its owner, under the same id.
    scene.tamper(&[put(&sealed[1], 0, &scene)])?;
    scene.assert_broken(&[0], "before it is entered again")?;
    let mended = connect(&scene.rig, &scene.tenants[0], "one")?.expect(200)?;
    assert_eq!(json!(mended.text_at("/id")?), scene.id(0));
    scene.assert_broken(&[], "after it was entered again")
}

#[test]
fn a_sealed_credential_with_any_byte_changed_is_refused() -> Result<()> {
    let scene = Scene::open()?;
    let mut database = scene.database()?;
    let sealed = database.value(SEALED, &[scene.id(0)])?;
    let right = of_bytes(&sealed).ok_or_else(|| Trouble::new(format!("no bytes: {sealed}")))?;
    let tenant = &scene.tenants[0];
    let path = format!("/v1/connections/{}", scene.connections[0].1);
    let before = scene.rig.fakes.logins.journal.last();
    let mut bit = seed();
    for at in 0..right.len() {
        let mut wrong = right.clone();
        wrong[at] ^= 1 << (bit % 8);
        bit = bit.wrapping_add(3);
        database.change(PUT, &[bytes(&wrong), scene.id(0)])?;
        let answer = tenant.api.post(&format!("{path}/identify"), &json!({}))?;
        assert!((400..500).contains(&answer.status), "byte {at} of {}: {answer:?}", right.len());
    }
    for length in [0, 1, 8, 9, 32, 33, 48, 49, right.len() - 1] {
        database.change(PUT, &[bytes(&right[..length]), scene.id(0)])?;
        let answer = tenant.api.post(&format!("{path}/identify"), &json!({}))?;
        assert!((400..500).contains(&answer.status), "{length} bytes: {answer:?}");
    }
    assert_eq!(scene.rig.fakes.logins.journal.since(before).len(), 0, "nothing was ever sent with it");
    println!("{} bytes", right.len());
    scene.assert_broken(&[0], "the last of them")?;
    // What was read before stays, and the person is told what to do.
    let shown = tenant.get(&path)?;
    assert!(shown.text_at("/reason/detail").is_ok_and(|text| text.contains("again")), "{}", shown.text());
    assert!(!tenant.feed(0)?.is_empty());
    database.change(PUT, &[sealed, scene.id(0)])?;
    database.change(MENDED, &[])?;
    scene.assert_broken(&[], "put back")
}

#[test]
fn a_run_of_a_connection_that_cannot_be_opened_fails_with_the_reason_and_others_go_on() -> Result<()> {
    let scene = Scene::open()?;
    let mut database = scene.database()?;
    let other = database.value(SEALED, &[scene.id(1)])?;
    database.change(PUT, &[other, scene.id(0)])?;
    let tenant = &scene.tenants[0];
    let runs: Vec<String> = [0, 1]
        .into_iter()
        .map(|place| tenant.run(&tenant.sync(&scene.connections[place].1, "chosen")?))
        .collect::<Result<_>>()?;
    let failed = tenant.ended(&runs[0])?;
    assert_eq!(failed["state"], json!("failed"), "{failed}");
    let good = tenant.ended(&runs[1])?;
    assert_eq!(good["state"], json!("done"), "{good}");
    let shown = tenant.get(&format!("/v1/connections/{}", scene.connections[0].1))?;
    assert_eq!((shown.text_at("/state")?, shown.text_at("/reason/code")?), ("broken".into(), "PB2010".into()));
    let card = tenant.get("/v1/catalog/patchbay.key-header")?;
    assert_eq!(card.text_at("/status")?, "action_required");
    scene.assert_broken(&[0], "after the run")
}

/// What a host says that does not start.
fn refusal(scene: &mut Scene) -> String {
    scene.rig.host.restart().err().map_or_else(|| "it started".to_owned(), |trouble| trouble.to_string())
}

#[test]
fn a_changed_data_key_breaks_its_tenant_and_nobody_else() -> Result<()> {
    let mut scene = Scene::open()?;
    let owner = json!(scene.tenants[0].id);
    let read = "SELECT wrapped FROM data_keys WHERE owner = ?";
    let put = "UPDATE data_keys SET wrapped = ? WHERE owner = ?";
    let kept = scene.database()?.value(read, std::slice::from_ref(&owner))?;
    let right = of_bytes(&kept).ok_or_else(|| Trouble::new("no bytes"))?;
    let foreign = scene.database()?.value(read, &[json!(scene.tenants[1].id)])?;
    let mut changed = right.clone();
    changed[40] ^= 1;
    for (what, wrong) in [("a changed byte", bytes(&changed)), ("another tenant's", foreign)] {
        scene.tamper(&[(put, vec![wrong, owner.clone()])])?;
        scene.assert_broken(&[0, 1], what)?;
        scene.tamper(&[(put, vec![kept.clone(), owner.clone()]), (MENDED, Vec::new())])?;
        scene.assert_broken(&[], "put back")?;
    }
    Ok(())
}

#[test]
fn a_host_whose_own_keys_were_changed_or_are_missing_says_so_and_does_not_start() -> Result<()> {
    let mut scene = Scene::open()?;
    let meta = "UPDATE meta SET value = ? WHERE key = ?";
    for (name, code) in [("key_check", "PB2009"), ("audit_key", "PB2010")] {
        let right = scene.database()?.value("SELECT value FROM meta WHERE key = ?", &[json!(name)])?;
        let mut wrong = of_bytes(&right).ok_or_else(|| Trouble::new("no bytes"))?;
        let last = wrong.len() - 1;
        wrong[last] ^= 1;
        assert!(scene.rig.host.stop()?.success());
        scene.database()?.change(meta, &[bytes(&wrong), json!(name)])?;
        let refused = refusal(&mut scene);
        assert!(refused.contains(code) && refused.contains("exit status"), "{name}: {refused}");
        assert!(!refused.contains("panicked"), "{name}: {refused}");
        scene.database()?.change(meta, &[right, json!(name)])?;
        scene.rig.host.restart()?;
        scene.assert_broken(&[], name)?;
    }

    // The key in use is not in the file any more, only one that was made and not taken into use yet.
    let path = scene.rig.host.data_dir().join("patchbay.key");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, format!("patchbay-key 1\n{}\n", "0123456789abcdef".repeat(4)))?;
    let refused = refusal(&mut scene);
    assert!(refused.contains("exit status: 3") && refused.contains("PB2009"), "{refused}");
    assert!(refused.contains("does not belong to this database"), "in words: {refused}");
    fs::write(&path, text)?;
    scene.rig.host.restart()?;
    scene.assert_broken(&[], "the right file")
}
