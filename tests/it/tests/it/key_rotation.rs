//! **Keys are changed while the host serves** (trust.md, 2.4 and S18): no request fails but those that a dead
//! process cannot answer, no credential is lost, and nothing is left that an old key would open.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Output,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use patchbay_it::{Database, Kind, Rig, RigSetup, Tenant, Variant, kinds, patchbay};
use patchbay_test_support::{
    Answer, Api, Dice, HostProcess, HostSetup, Result, Trouble,
    fakes::logins::{Behaviour, Renewal},
    wait_until,
};
use serde_json::{Value, json};

use crate::soak::Soak;

const LIMIT: Duration = Duration::from_secs(60);
/// Tokens live an hour and are renewed in its last quarter: after each of these steps they are due.
const STEP: Duration = Duration::from_secs(46 * 60);
/// Longer than a refresh keeps others away.
const LEASE: Duration = Duration::from_secs(31);
/// Everything that is sealed: whose it is, and the number of the data key that sealed it.
const SEALED: &str = "
    SELECT 'credential', c.tenant, substr(k.sealed, 2, 8) FROM credentials k JOIN connections c ON c.id = k.connection
    UNION ALL SELECT 'lost token', c.tenant, substr(l.sealed, 2, 8) FROM lost_tokens l JOIN connections c ON c.id = l.connection
    UNION ALL SELECT 'client', '', substr(secret, 2, 8) FROM oauth_clients WHERE secret IS NOT NULL
    UNION ALL SELECT 'attempt', tenant, substr(verifier, 2, 8) FROM attempts WHERE verifier IS NOT NULL
    UNION ALL SELECT 'pending', tenant, substr(sealed, 2, 8) FROM pending_authorisations
    UNION ALL SELECT 'revocation', tenant, substr(sealed, 2, 8) FROM revocations
    UNION ALL SELECT 'audit key', '', substr(value, 2, 8) FROM meta WHERE key = 'audit_key'";

/// A host with connections of several kinds and tenants.
struct Scene {
    rig: Rig,
    tenants: Vec<Tenant>,
    /// Tenant, connection and sync.
    connections: Vec<(usize, String, String)>,
}

impl Scene {
    fn open() -> Result<Self> {
        let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
        let logins = &rig.fakes.logins.provider;
        let chosen = ["key-header", "session", "code-basic", "code-signed"];
        let chosen: Vec<Kind> = kinds(logins).into_iter().filter(|kind| chosen.contains(&kind.name)).collect();
        for kind in &chosen {
            rig.install_kind(kind)?;
        }
        // A kill in the middle of a refresh may spend a token; this is about keys, so the old one goes on working.
        let renewal = Renewal::Rotating { grace: Duration::from_secs(90 * 24 * 3_600), family: false };
        logins.behave(Behaviour { renewal, ..Behaviour::default() });
        let tenants = vec![rig.tenant("A")?, rig.tenant("B")?];
        let mut connections = Vec::new();
        for (place, tenant) in tenants.iter().enumerate() {
            for kind in &chosen {
                let connection = tenant.connect_kind(&rig, kind)?;
                let sync = tenant.sync(&connection, "chosen")?;
                connections.push((place, connection, sync));
            }
            tenant.settled()?;
        }
        Ok(Self { rig, tenants, connections })
    }

    fn key_file(&self) -> std::path::PathBuf {
        self.rig.host.data_dir().join("patchbay.key")
    }

    fn database(&self) -> Result<Database> {
        Database::open(&self.rig.host.data_dir().join("patchbay.db"))
    }

    /// `patchbay keys …`, beside the running host.
    fn keys(&self, arguments: &[&str]) -> Result<Output> {
        let (config, base) = (self.rig.host.config_path(), self.rig.host.base());
        let config = config.to_string_lossy().into_owned();
        let all = [&["--config", &config, "keys", "--host", &base], arguments].concat();
        patchbay(self.rig.host.folder(), &all)
    }

    /// Waits until all that is sealed is sealed with the current key of its owner, and all data keys are wrapped
    /// with one key; how many values.
    fn resealed(&self) -> Result<usize> {
        let mut database = self.database()?;
        let mut behind = String::new();
        let waited = wait_until("everything to be sealed again", LIMIT, || {
            let rotation = self.rig.operator.get("/v1/key-rotation")?.expect(200)?;
            let wrapped = database.rows("SELECT DISTINCT substr(wrapped, 2, 8) FROM data_keys", &[])?;
            let current = database.rows("SELECT owner, number FROM data_keys WHERE retired_at IS NULL", &[])?;
            let sealed = database.rows(SEALED, &[])?;
            let old = sealed.iter().filter(|row| !current.contains(&vec![row[1].clone(), row[2].clone()]));
            behind = format!("{} {wrapped:?} {:?}", rotation.text(), old.clone().collect::<Vec<_>>());
            let done = old.count() == 0 && wrapped.len() == 1 && rotation.json["state"] == json!("idle");
            Ok(done.then_some(sealed.len()))
        });
        waited.map_err(|error| Trouble::new(format!("{error}: {behind}")))
    }

    /// Every credential opens, and its provider takes it.
    fn all_work(&self) -> Result<()> {
        for (tenant, connection, _) in &self.connections {
            let path = format!("/v1/connections/{connection}");
            let api = &self.tenants[*tenant].api;
            api.post(&format!("{path}/identify"), &json!({}))?.expect(200)?;
            let state = api.get(&path)?.expect(200)?;
            assert_eq!(state.text_at("/state")?, "active", "{}", state.text());
        }
        Ok(())
    }

    /// What the work of the meantime came to: no run failed, every push is done.
    fn nothing_failed(&self) -> Result<()> {
        for tenant in &self.tenants {
            tenant.settled()?;
            let mut failed = tenant.get("/v1/runs?state=failed")?.array_at("/items")?;
            // A run that was at work at three kills is given up, whatever they were for.
            failed.retain(|run| run["deaths"].as_u64() < Some(3));
            assert!(failed.is_empty(), "{failed:?}");
            let mut open = Vec::new();
            let done = wait_until("all pushes to be done", LIMIT, || {
                open = tenant.get("/v1/pushes?limit=200")?.array_at("/items")?;
                // One that was at work at three kills is given up, too.
                let given_up = |push: &Value| push["reason"]["code"] == json!("PB1101") && push["attempts"] == json!(3);
                open.retain(|push| push["state"] != json!("done") && !given_up(push));
                Ok(open.is_empty().then_some(()))
            });
            done.map_err(|error| Trouble::new(format!("{error}: {open:?}")))?;
        }
        Ok(())
    }
}

/// Who asks all the time, and what was answered with a failure.
struct Load {
    base: String,
    down: AtomicBool,
    /// Starts of the host.
    starts: AtomicU64,
    over: AtomicBool,
    answered: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Load {
    fn new(base: String) -> Self {
        let (down, over) = (AtomicBool::new(false), AtomicBool::new(false));
        let (starts, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { base, down, starts, over, answered, failures: Mutex::default() }
    }

    /// Asks until it is over: the connection is read, identified, run, pushed to.
    fn ask(&self, caller: usize, key: &str, connection: &str, sync: &str) {
        let (mut starts, mut number) = (u64::MAX, 0_u64);
        let mut api = Api::new(&self.base).with_key(key);
        while !self.over.load(Ordering::SeqCst) {
            let now = self.starts.load(Ordering::SeqCst);
            if now != starts {
                // A connection to the process before is no failure of this one.
                (starts, api) = (now, Api::new(&self.base).with_key(key));
            }
            let push = json!({
                "connection": connection, "action": "exists", "key": format!("{caller}-{number}"), "payload": {}
            });
            let (wanted, answer) = match number % 4 {
                0 => (200, api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))),
                1 => (201, api.post("/v1/pushes", &push)),
                2 => (202, api.post(&format!("/v1/syncs/{sync}/run"), &json!({}))),
                _ => (200, api.get(&format!("/v1/connections/{connection}"))),
            };
            number += 1;
            self.note(now, wanted, answer);
        }
    }

    fn note(&self, starts: u64, wanted: u16, answer: Result<Answer>) {
        let failure = match answer {
            Ok(answer) if answer.status == wanted => {
                self.answered.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Ok(answer) => format!("{}: {} {}", answer.asked, answer.status, answer.text()),
            // Asked of a process that was killed meanwhile.
            Err(_) if self.down.load(Ordering::SeqCst) || self.starts.load(Ordering::SeqCst) != starts => return,
            Err(error) => error.to_string(),
        };
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
    }

    /// Asks on a thread for each connection while `work` is done; how many were answered.
    fn during(self, scene: &mut Scene, work: impl FnOnce(&Self, &mut Scene) -> Result<()>) -> Result<u64> {
        let callers: Vec<(String, String, String)> = scene
            .connections
            .iter()
            .map(|(tenant, connection, sync)| (scene.tenants[*tenant].key.clone(), connection.clone(), sync.clone()))
            .collect();
        let load = &self;
        thread::scope(|scope| {
            for (caller, (key, connection, sync)) in callers.iter().enumerate() {
                scope.spawn(move || load.ask(caller, key, connection, sync));
            }
            let done = work(load, scene);
            load.over.store(true, Ordering::SeqCst);
            done
        })?;
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let first = failures.first().cloned().unwrap_or_default();
        assert!(
            failures.is_empty(),
            "{} requests failed, the first: {first}\n{}",
            failures.len(),
            scene.rig.host.log_tail()
        );
        Ok(self.answered.into_inner())
    }
}

/// The lines of a key file without its header, the current key first.
fn key_lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    Ok(text.lines().filter(|line| line.len() == 64).map(str::to_owned).collect())
}

fn write_keys(path: &Path, keys: &[String]) -> Result<()> {
    fs::write(path, format!("patchbay-key 1\n{}\n", keys.join("\n")))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

fn said(output: &Output) -> String {
    format!("{} {}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Why a host does not start; a text that says so when it does.
fn refusal(host: &mut HostProcess) -> String {
    host.restart().err().map_or_else(|| "it started".to_owned(), |trouble| trouble.to_string())
}

/// The old key is not needed any more, and the new one is.
fn only_the_new_key_is_needed(scene: &mut Scene) -> Result<()> {
    let path = scene.key_file();
    let keys = key_lines(&path)?;
    assert!(keys.len() >= 2, "the keys before are kept: {}", keys.len());
    write_keys(&path, &keys[..1])?;
    scene.rig.host.restart()?;
    scene.all_work()?;
    assert_eq!(scene.rig.operator.get("/v1/audit/verification")?.expect(200)?.json["broken"], Value::Null);

    write_keys(&path, &keys[1..])?;
    let refused = refusal(&mut scene.rig.host);
    assert!(refused.contains("exit status: 3") && refused.contains("PB2009"), "{refused}");
    assert!(keys.iter().all(|key| !refused.contains(key.as_str())), "a key is never told");
    write_keys(&path, &keys)?;
    scene.rig.host.restart()?;
    scene.all_work()
}

#[test]
fn a_new_key_is_taken_into_use_while_all_goes_on_and_the_old_one_is_not_needed_any_more() -> Result<()> {
    let mut scene = Scene::open()?;
    let before = scene.rig.operator.get("/v1/key-rotation")?.expect(200)?.text_at("/key")?;
    let load = Load::new(scene.rig.host.base());
    let answered = load.during(&mut scene, |_, scene| {
        for _ in 0..2 {
            scene.rig.advance(STEP)?;
            let made = scene.keys(&["new"])?;
            assert!(made.status.success(), "{}", said(&made));
            let rotated = scene.keys(&["rotate", "--wait"])?;
            assert!(rotated.status.success(), "{}", said(&rotated));
        }
        Ok(())
    })?;
    assert!(answered > 50, "there was load: {answered} answers");
    let sealed = scene.resealed()?;
    assert!(sealed > scene.connections.len(), "{sealed} sealed values");
    let after = scene.rig.operator.get("/v1/key-rotation")?.expect(200)?.text_at("/key")?;
    assert_ne!(after, before);
    // Ten minutes later nothing carries an old data key's number, so they are gone.
    scene.rig.advance(Duration::from_secs(11 * 60))?;
    let mut database = scene.database()?;
    wait_until("the old data keys to be dropped", LIMIT, || {
        let old = database.value("SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL", &[])?;
        Ok((old == json!(0)).then_some(()))
    })?;
    scene.nothing_failed()?;
    scene.all_work()?;
    only_the_new_key_is_needed(&mut scene)
}

/// New keys under load, and a kill somewhere in the middle of each rotation.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let mut dice = Dice::of(soak.seed);
    let mut scene = Scene::open()?;
    let load = Load::new(scene.rig.host.base());
    let mut met = 0;
    let answered = load.during(&mut scene, |load, scene| {
        for round in 0..soak.rounds {
            let told = |error: Trouble| Trouble::new(format!("seed {}, round {round}: {error}", soak.seed));
            scene.rig.advance(STEP)?;
            let made = scene.keys(&["new"])?;
            assert!(made.status.success(), "{}", said(&made));
            let begun = scene.rig.operator.post("/v1/key-rotation", &json!({}))?;
            // The one that the kill before interrupted may still be under way: that one is cut off then.
            assert!([202, 409].contains(&begun.status), "seed {}, round {round}: {begun:?}", soak.seed);
            let instant = Duration::from_micros(dice.below(60_000));
            // The kill comes at a moment that chance chooses.
            thread::sleep(instant);
            load.down.store(true, Ordering::SeqCst);
            scene.rig.host.kill()?;
            // Something was still sealed with a key out of use, or a data key wrapped with the key before.
            let behind = "SELECT (SELECT count(*) FROM credentials WHERE substr(sealed, 2, 8) NOT IN \
                (SELECT number FROM data_keys WHERE retired_at IS NULL)) + (SELECT count(DISTINCT substr(wrapped, 2, 8)) - 1 \
                FROM data_keys)";
            met += u64::from(scene.database()?.value(behind, &[])? != json!(0));
            // Three kills in the middle of one run would set its release aside: right for a connector that brings the
            // host down, and not what this is about.
            scene.database()?.change("UPDATE runs SET deaths = 0", &[])?;
            // A refresh that was cut off is nobody's any more: this is about keys.
            scene.rig.advance(LEASE)?;
            scene.rig.host.restart().map_err(told)?;
            load.starts.fetch_add(1, Ordering::SeqCst);
            load.down.store(false, Ordering::SeqCst);
        }
        Ok(())
    })?;
    println!("{answered} answers around {} kills, {met} of them in the middle of a rotation", soak.rounds);
    assert!(met > 0 || soak.rounds < 50, "no kill met a rotation: that proves nothing");
    let rotated = scene.keys(&["rotate", "--wait"])?;
    assert!(rotated.status.success() || said(&rotated).contains("PB5007"), "{}", said(&rotated));
    scene.resealed()?;
    scene.nothing_failed()?;
    scene.all_work()?;
    only_the_new_key_is_needed(&mut scene)
}

#[test]
fn a_rotation_whose_source_lost_the_key_in_use_is_refused_and_nothing_changes() -> Result<()> {
    let scene = Scene::open()?;
    let path = scene.key_file();
    let keys = key_lines(&path)?;
    write_keys(&path, &["5eed".repeat(16)])?;
    let refused = scene.keys(&["rotate", "--wait"])?;
    assert!(!refused.status.success() && said(&refused).contains("PB2009"), "{}", said(&refused));
    scene.all_work()?;
    fs::write(&path, "nothing of the kind")?;
    let refused = scene.keys(&["rotate", "--wait"])?;
    assert!(!refused.status.success() && said(&refused).contains("PB7001"), "{}", said(&refused));
    scene.all_work()?;
    write_keys(&path, &keys)?;
    let rotated = scene.keys(&["rotate", "--wait"])?;
    assert!(rotated.status.success(), "{}", said(&rotated));
    scene.resealed().map(drop)
}

/// A host whose key comes from elsewhere than its own file.
fn host(folder: &Path, source: &str, variables: &[(&str, &str)]) -> Result<HostProcess> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let more = format!("[key]\n{source}\n");
    HostProcess::start(HostSetup { folder: Some(folder.to_owned()), more, variables, ..HostSetup::default() })
}

/// Seals a client's secret the first time, and finds it the other times.
fn keeps_a_secret(host: &mut HostProcess, again: bool) -> Result<()> {
    let operator = host.operator()?;
    if !again {
        let tables = "[[auth]]\nid = \"login\"\nkind = \"oauth2\"\nlabel = \"Log in\"\n\
            [auth.authorize]\nurl = \"https://logins.example/oauth/authorize\"\n\
            [auth.token]\nurl = \"https://logins.example/oauth/token\"\n\
            [[auth.scope]]\nname = \"read\"\nreason = \"To read.\"\n\
            [[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
            value = \"Bearer {access_token}\"\n\
            [[host]]\norigin = \"https://logins.example\"\npaths = [\"/api/\"]\nmethods = [\"GET\"]\nslots = [\"bearer\"]\n\
            reason = \"The provider of the test.\"\n";
        let packed = Variant::of_login("kept", tables)?.pack()?;
        operator.send("POST", "/v1/connectors", Some("application/wasm"), packed)?.expect(201)?;
        let body = json!({ "client_id": "kept", "client_secret": "kept-0123456789abcdef" });
        operator.put("/v1/connectors/patchbay.kept/oauth-client", &body)?.expect(200)?;
    }
    wait_until("a rotation to begin", LIMIT, || {
        // What the process before left goes on at first.
        let rotated = operator.post("/v1/key-rotation", &json!({}))?;
        if rotated.status == 409 { Ok(None) } else { rotated.expect(202).map(Some) }
    })?;
    wait_until("the rotation", LIMIT, || {
        let rotation = operator.get("/v1/key-rotation")?.expect(200)?.json;
        Ok((rotation["state"] == json!("idle") && rotation["values"]["unreadable"] == json!(0)).then_some(()))
    })?;
    assert!(host.stop()?.success(), "{}", host.log_tail());
    Ok(())
}

#[test]
fn a_key_from_a_variable_or_a_command_seals_and_one_that_is_wrong_is_refused_without_being_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (right, other) = ("c0ffee11".repeat(8), "deadbea7".repeat(8));
    let text = format!("patchbay-key 1\n{right}\n");
    keeps_a_secret(&mut host(folder.path(), "env = \"SEALING\"", &[("SEALING", &text)])?, false)?;
    assert!(!folder.path().join("data/patchbay.key").exists(), "no key file is made beside another source");
    let log = fs::read_to_string(folder.path().join("host.log"))?;
    assert!(log.contains("the variable SEALING"), "that others may read it is said: {log}");

    // The same key by a command.
    let program = folder.path().join("key.sh");
    fs::write(&program, format!("#!/bin/sh\necho {right}\n"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
    let command = "command = [\"./key.sh\"]";
    keeps_a_secret(&mut host(folder.path(), command, &[])?, true)?;

    fs::write(folder.path().join("wrong.sh"), format!("#!/bin/sh\necho {right}\nexit 3\n"))?;
    fs::write(folder.path().join("loud.sh"), format!("#!/bin/sh\necho nothing like {right}\n"))?;
    for program in ["wrong.sh", "loud.sh"] {
        fs::set_permissions(folder.path().join(program), fs::Permissions::from_mode(0o700))?;
    }
    for (what, source, variables, code) in [
        ("another key", "env = \"SEALING\"", vec![("SEALING", other.as_str())], "PB2009"),
        ("no key", "env = \"SEALING\"", vec![("SEALING", "hunter2hunter2")], "PB7001"),
        ("an empty variable", "env = \"SEALING\"", vec![("SEALING", "")], "PB7001"),
        ("no variable", "env = \"SEALING\"", vec![], "PB7001"),
        ("a command that fails", "command = [\"./wrong.sh\"]", vec![], "PB7001"),
        ("a command that says more", "command = [\"./loud.sh\"]", vec![], "PB7001"),
        ("a command that is not there", "command = [\"./none.sh\"]", vec![], "PB7001"),
        ("two sources", "env = \"SEALING\"\ncommand = [\"./key.sh\"]", vec![("SEALING", text.as_str())], "PB7001"),
        ("a file that is not there", "file = \"none.key\"", vec![], "PB7001"),
    ] {
        let refused = host(folder.path(), source, &variables).err().map(|trouble| trouble.to_string());
        let refused = refused.unwrap_or_else(|| panic!("{what}: it started"));
        let last = refused.rsplit_once("Its log ends:").map_or(refused.as_str(), |(_, log)| log);
        assert!(refused.contains("exit status: 3") && last.contains(code), "{what}: {refused}");
        let log = fs::read_to_string(folder.path().join("host.log"))?;
        assert!(![&right, &other, "hunter2"].iter().any(|key| log.contains(*key)), "{what}: a key is never told");
    }
    assert!(!folder.path().join("none.key").exists(), "a fresh key would open nothing");
    keeps_a_secret(&mut host(folder.path(), command, &[])?, true)
}
