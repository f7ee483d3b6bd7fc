//! A list of connectors is followed for as long as it can be believed, and renews only what it lists itself.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use patchbay_it::{Nodes, Rig, RigSetup, ServerDatabase, Variant};
use patchbay_model::{
    SystemRandom,
    package::signature::{PublicKey, SigningKey},
};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use crate::registry::{Author, REGISTRY, releases, write_key};

const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const GUESTS: &str = "patchbay.guests";

/// An author who also keeps a list.
struct Keeper {
    author: Author,
    key: PublicKey,
}

impl Keeper {
    fn start() -> Result<Self> {
        let author = Author::start()?;
        let key = SigningKey::fresh(&SystemRandom);
        write_key(author.folder(), "index.key", &key)?;
        Ok(Self { author, key: key.public() })
    }

    /// Publishes this version, lists it, and serves the list.
    fn release(&self, version: &str) -> Result<()> {
        self.release_of(version, &Variant::of_guests(version)?)
    }

    fn release_of(&self, version: &str, variant: &Variant) -> Result<()> {
        let file = self.author.keep(version, variant)?;
        let published = self.author.publish(&file, version)?;
        self.list(&file, published["pinned"].as_str().unwrap_or_default())?;
        self.serve("index.key", 30)
    }

    fn list(&self, file: &Path, source: &str) -> Result<()> {
        let file = file.display().to_string();
        self.author.run(&["index", "add", "list.json", &file, source]).map(drop)
    }

    /// Signs the list and serves it.
    fn serve(&self, key: &str, days: u32) -> Result<()> {
        let days = days.to_string();
        self.author.run(&["index", "sign", "list.json", "--key", key, "--days", &days, "--out", "signed.json"])?;
        self.serve_again(&self.signed()?);
        Ok(())
    }

    fn signed(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.author.folder().join("signed.json"))?)
    }

    fn serve_again(&self, signed: &[u8]) {
        self.author.registry.serve("/index.json", "application/json", signed);
    }

    /// A host that follows it, with its clock in the test's hand; `more` is further TOML.
    fn host(&self, more: &str) -> Result<Rig> {
        self.setup(more).start()
    }

    fn setup(&self, more: &str) -> RigSetup {
        let followed = format!(
            "[[indexes]]\nname = \"acme\"\nurl = \"https://{REGISTRY}/index.json\"\nkey = \"{}\"\n{more}",
            self.key
        );
        RigSetup { test_clock: true, ..self.author.setup(&followed) }
    }

    fn install(&self, rig: &Rig, body: &Value) -> Result<patchbay_test_support::Answer> {
        let mut body = body.clone();
        body["trust_key"] = json!(self.author.key.fingerprint());
        rig.operator.post("/v1/connectors/fetch", &body)
    }
}

/// Asks the index at once; how it stands with it.
fn refresh(rig: &Rig) -> Result<Value> {
    let answer = rig.operator.post("/v1/indexes/refresh", &json!({}))?.expect(200)?;
    Ok(answer.json["items"][0].clone())
}

fn active(rig: &Rig) -> Result<Value> {
    let all = releases(rig)?;
    Ok(all.into_iter().find(|release| release["state"] == json!("active")).unwrap_or_default())
}

fn state_of(rig: &Rig, version: &str) -> Result<Option<Value>> {
    Ok(releases(rig)?.into_iter().find(|release| release["version"] == json!(version)))
}

#[test]
fn a_listed_connector_is_found_and_installed_by_its_name() -> Result<()> {
    let keeper = Keeper::start()?;
    keeper.release("0.1.0")?;
    keeper.release("0.2.0")?;
    let rig = keeper.host("")?;
    let status = refresh(&rig)?;
    assert_eq!((&status["problem"], &status["serial"], &status["connectors"]), (&Value::Null, &json!(2), &json!(1)));
    assert_eq!(status["key"], json!(keeper.key.fingerprint()));

    let config = rig.host.config_path().display().to_string();
    let host = rig.host.base();
    let ask = |words: &[&str]| {
        let start = ["--config", &config, "connectors", "--host", &host];
        keeper.author.run(&[&start, words].concat())
    };
    let found = ask(&["search", "GUESTS"])?;
    assert!(found.contains(GUESTS) && found.contains("0.2.0") && found.contains("acme"), "{found}");
    assert!(ask(&["search", "nothing", "of", "the", "kind"])?.contains("no index lists"));
    let key = keeper.author.key.fingerprint();
    let installed = ask(&["install", "patchbay.guests@0.1.0", "--trust-key", &key])?;
    assert!(installed.contains("patchbay.guests 0.1.0 active"), "{installed}");
    let source = active(&rig)?["source"].as_str().unwrap_or_default().to_owned();
    assert!(source.starts_with(&format!("{REGISTRY}/patchbay/guests@sha256:")), "{source}");

    let newer = ask(&["update", "--check"])?;
    assert!(newer.contains("0.2.0") && newer.contains("too young"), "{newer}");
    assert_eq!(active(&rig)?["version"], json!("0.1.0"), "to look is to take nothing");
    let taken = ask(&["update", "--all"])?;
    assert!(taken.contains("patchbay.guests 0.2.0 active"), "{taken}");
    assert!(ask(&["update", "--all"])?.contains("nothing newer"));

    // What a policy holds back is told with why, and with what brings it into use.
    assert!(ask(&["upgrades", GUESTS])?.contains("all (as the configuration says)"));
    assert!(ask(&["upgrades", GUESTS, "manual"])?.contains("manual (said of it)"));
    let next = keeper.author.pack("0.2.1")?.display().to_string();
    keeper.author.run(&["sign", &next, "--key", "author.key"])?;
    let held = ask(&["install", &next])?;
    assert!(held.contains("0.2.1 ready") && held.contains("(`manual`)"), "{held}");
    assert!(held.ends_with("patchbay connectors approve patchbay.guests 0.2.1\n"), "{held}");
    assert!(ask(&["approve", GUESTS, "0.2.1"])?.contains("0.2.1 is active"));
    assert!(ask(&["upgrades", GUESTS, "default"])?.contains("all (as the configuration says)"));
    let unknown = keeper.install(&rig, &json!({ "connector": "patchbay.other" }))?.expect(404)?;
    assert_eq!(unknown.text_at("/code")?, "PB1035");
    let unknown = keeper.install(&rig, &json!({ "connector": GUESTS, "version": "9.9.9" }))?.expect(404)?;
    assert_eq!(unknown.text_at("/code")?, "PB1035");
    Ok(())
}

#[test]
fn a_key_that_others_may_read_signs_no_list_and_publishes_nothing() -> Result<()> {
    let keeper = Keeper::start()?;
    let file = keeper.author.pack("0.1.0")?;
    keeper.list(&file, "https://books.acme.example/books.wasm")?;
    for name in ["index.key", "author.key"] {
        std::fs::set_permissions(keeper.author.folder().join(name), std::fs::Permissions::from_mode(0o644))?;
    }
    for refused in [keeper.serve("index.key", 30), keeper.author.publish(&file, "0.1.0").map(drop)] {
        let why = refused.expect_err("refused").to_string();
        assert!(why.contains("chmod 600"), "{why}");
    }
    assert_eq!(keeper.author.registry.asked().len(), 0, "nobody was asked anything");
    Ok(())
}

#[test]
fn a_newer_version_is_taken_by_itself_once_it_is_old_enough_and_asks_for_no_more() -> Result<()> {
    let keeper = Keeper::start()?;
    keeper.release("0.1.0")?;
    let rig = keeper.host("[connectors]\nunsigned = \"refuse\"\nupgrades = \"minor\"\n")?;
    refresh(&rig)?;
    keeper.install(&rig, &json!({ "connector": GUESTS }))?.expect(201)?;

    keeper.release("0.1.1")?;
    keeper.release("0.2.0")?;
    refresh(&rig)?;
    rig.advance(Duration::from_secs(23 * 3_600))?;
    let status = wait_until("the index to be asked again", LIMIT, || {
        let all = rig.operator.get("/v1/indexes/updates")?.expect(200)?.array_at("/items")?;
        Ok(all.into_iter().next())
    })?;
    assert_eq!((&status["to"], &status["by_itself"]), (&json!("0.2.0"), &Value::Null), "{status}");
    assert!(status["waits"].as_str().is_some_and(|why| why.contains("too young")), "{status}");
    assert_eq!(active(&rig)?["version"], json!("0.1.0"));

    // A day after it was seen the one is taken that the policy lets through, and not the newest.
    rig.advance(Duration::from_secs(2 * 3_600))?;
    wait_until("0.1.1 to be used", LIMIT, || Ok((active(&rig)?["version"] == json!("0.1.1")).then_some(())))?;
    assert_eq!(state_of(&rig, "0.2.0")?, None);

    // One that asks for more comes, and waits; one that was withdrawn does not even come.
    let mut more = Variant::of_guests("0.1.2")?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    keeper.release_of("0.1.2", &more)?;
    keeper.release("0.1.3")?;
    keeper.author.run(&["index", "yank", "list.json", GUESTS, "0.1.3"])?;
    keeper.serve("index.key", 30)?;
    refresh(&rig)?;
    rig.advance(DAY + Duration::from_secs(3_600))?;
    let waiting = wait_until("0.1.2 to wait", LIMIT, || {
        Ok(state_of(&rig, "0.1.2")?.filter(|release| release["reason"].is_string()))
    })?;
    assert_eq!(waiting["state"], json!("ready"), "{waiting}");
    assert_eq!(active(&rig)?["version"], json!("0.1.1"));
    assert_eq!(state_of(&rig, "0.1.3")?, None);
    let yanked = keeper.install(&rig, &json!({ "connector": GUESTS, "version": "0.1.3" }))?.expect(404)?;
    assert_eq!(yanked.text_at("/code")?, "PB1035");
    Ok(())
}

#[test]
fn an_index_that_lies_is_not_believed_and_what_was_known_stays() -> Result<()> {
    let keeper = Keeper::start()?;
    keeper.release("0.1.0")?;
    let first = keeper.signed()?;
    keeper.release("0.2.0")?;
    let rig = keeper.host("")?;
    assert_eq!(refresh(&rig)?["serial"], json!(2));
    let listed = || -> Result<Value> {
        let found = rig.operator.get("/v1/indexes/connectors?q=guests")?.expect(200)?;
        Ok(found.json["items"][0]["version"].clone())
    };
    let second = keeper.signed()?;
    let changed = String::from_utf8_lossy(&second).replace("0.2.0", "0.2.1").into_bytes();
    let other = SigningKey::fresh(&SystemRandom);
    write_key(keeper.author.folder(), "other.key", &other)?;
    keeper.serve("other.key", 30)?;
    let foreign = keeper.signed()?;
    for (served, part) in [
        (first, "it goes back"),
        (changed, "changed after it was signed"),
        (foreign, "signed by the key"),
        (b"<html>".to_vec(), "cannot be read"),
        (vec![b' '; 5 * 1024 * 1024], "larger than 4194304 bytes"),
    ] {
        keeper.serve_again(&served);
        let status = refresh(&rig)?;
        assert!(status["problem"].as_str().is_some_and(|why| why.contains(part)), "{part}: {status}");
        assert_eq!((&status["serial"], listed()?), (&json!(2), json!("0.2.0")), "{part}");
    }
    keeper.serve_again(&second);
    assert_eq!(refresh(&rig)?["problem"], Value::Null);

    // Nobody signs it afresh: from its last day on nothing of it is shown or taken.
    rig.advance(31 * DAY)?;
    let status = rig.operator.get("/v1/indexes")?.expect(200)?.json["items"][0].clone();
    assert!(status["problem"].as_str().is_some_and(|why| why.contains("expired")), "{status}");
    assert_eq!(listed()?, Value::Null);
    let expired = keeper.install(&rig, &json!({ "connector": GUESTS }))?;
    assert_eq!(expired.text_at("/code")?, "PB1034", "it goes on speaking for what it listed: {}", expired.text());
    assert!(refresh(&rig)?["problem"].as_str().is_some_and(|why| why.contains("expired")));
    Ok(())
}

#[test]
fn an_index_can_give_neither_other_bytes_nor_renew_what_is_not_its_own() -> Result<()> {
    let keeper = Keeper::start()?;
    let (one, two) = (keeper.author.pack("0.1.0")?, keeper.author.pack("0.2.0")?);
    keeper.author.publish(&one, "0.1.0")?;
    let second = keeper.author.publish(&two, "0.2.0")?;
    // It names the bytes of the one and the place of the other.
    keeper.list(&one, second["pinned"].as_str().unwrap_or_default())?;
    keeper.serve("index.key", 30)?;
    let rig = keeper.host("[updates]\nage_hours = 0\n")?;
    refresh(&rig)?;
    let answer = keeper.install(&rig, &json!({ "connector": GUESTS }))?;
    assert_eq!(answer.text_at("/code")?, "PB1033", "{}", answer.text());
    assert_eq!(releases(&rig)?.len(), 0);

    // An operator's own build of the same name is nobody else's to replace.
    rig.install(Variant::of_guests("0.0.9")?.pack()?)?;
    rig.advance(DAY)?;
    refresh(&rig)?;
    assert_eq!(rig.operator.get("/v1/indexes/updates")?.expect(200)?.array_at("/items")?.len(), 0);
    assert_eq!(active(&rig)?["version"], json!("0.0.9"));
    Ok(())
}

#[test]
fn an_index_cannot_list_one_connector_or_version_as_another() -> Result<()> {
    let keeper = Keeper::start()?;
    keeper.release("0.1.0")?;
    let rig = keeper.host("[updates]\nage_hours = 0\n")?;
    let path = keeper.author.folder().join("list.json");
    let write = |is: &str, said: &str| -> Result<()> {
        let list = std::fs::read_to_string(&path)?;
        assert!(list.contains(is), "{list}");
        // Only what names it: a signature beside it stays what it was.
        Ok(std::fs::write(&path, list.replacen(is, said, 1))?)
    };
    for (is, said, connector) in
        [("\"0.1.0\"", "\"0.1.1\"", GUESTS), ("\"patchbay.guests\"", "\"patchbay.other\"", "patchbay.other")]
    {
        write(is, said)?;
        keeper.serve("index.key", 30)?;
        refresh(&rig)?;
        let answer = keeper.install(&rig, &json!({ "connector": connector }))?;
        assert_eq!(answer.text_at("/code")?, "PB1033", "{said}: {}", answer.text());
        assert_eq!(releases(&rig)?.len(), 0, "{said}");
        write(said, is)?;
    }
    Ok(())
}

#[test]
fn of_several_nodes_one_asks_the_index_and_all_have_what_it_took() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let keeper = Keeper::start()?;
    keeper.release("0.1.0")?;
    let nodes = Nodes::start(2, &database, keeper.setup("[updates]\nage_hours = 0\n"))?;
    let rig = &nodes.rig;
    refresh(rig)?;
    keeper.install(rig, &json!({ "connector": GUESTS }))?.expect(201)?;
    keeper.release("0.1.1")?;
    keeper.author.registry.forget();
    // An hour for both at once: whoever is first asks.
    rig.advance(Duration::from_secs(3_600))?;
    nodes.host(1)?.advance(Duration::from_secs(3_600))?;
    wait_until("0.1.1 to be used", LIMIT, || Ok((active(rig)?["version"] == json!("0.1.1")).then_some(())))?;
    let asked = keeper.author.registry.asked();
    let of = |start: &str| asked.iter().filter(|asked| asked.target.starts_with(start)).count();
    assert_eq!((of("/index.json"), of("/v2/patchbay/guests/blobs/")), (1, 1), "{asked:?}");

    // The other one was never given the bytes, and runs them.
    for node in 0..2 {
        let tenant = nodes.tenant_at(node, &rig.tenant(&format!("Tenant {node}"))?)?;
        let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
        assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    }
    Ok(())
}
