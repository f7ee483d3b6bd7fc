//! A key of those who run the host is replaced while it serves: by the API, and from a terminal.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use patchbay_it::{Rig, Tab, patchbay};
use patchbay_test_support::{Result, wait_until};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn an_operators_key_is_replaced_while_the_host_serves_and_the_last_one_stays() -> Result<()> {
    let rig = Rig::start()?;
    let first = rig.operator.get("/v1/operator-keys")?.expect(200)?;
    assert_eq!(first.array_at("/items")?.len(), 1, "{}", first.text());
    let first = first.text_at("/items/0/id")?;
    let refused = rig.operator.delete(&format!("/v1/operator-keys/{first}"))?.expect(409)?;
    assert!(refused.text_at("/detail")?.contains("Make another one first"), "{}", refused.text());

    let made = rig.operator.post("/v1/operator-keys", &json!({"name": "Ann's laptop"}))?.expect(201)?;
    let key = made.text_at("/key")?;
    let new = rig.stranger().with_key(&key);
    let listed = new.get("/v1/operator-keys")?.expect(200)?;
    assert_eq!(listed.text_at("/items/0/name")?, "Ann's laptop");
    assert!(!listed.text().contains(&key), "a key is told once");
    for place in ["/items/0/last_used_at", "/items/1/last_used_at"] {
        assert!(listed.text_at(place)?.starts_with("20"), "{}", listed.text());
    }
    // Somebody has the other one, who calls with it; that it is there says nothing.
    rig.operator.delete(&format!("/v1/operator-keys/{first}"))?.expect(409)?;

    // What was opened with the key that got out ends with it.
    let tab = Tab::operator(&rig)?;
    tab.get("/v1/tenants")?.expect(200)?;
    new.delete(&format!("/v1/operator-keys/{first}"))?.expect(204)?;
    rig.operator.get("/v1/tenants")?.expect(401)?;
    tab.get("/v1/tenants")?.expect(401)?;
    new.get("/v1/tenants")?.expect(200)?;
    // A tenant's key is none of theirs.
    let tenant = new.post("/v1/tenants", &json!({"name": "A"}))?.expect(201)?.text_at("/id")?;
    let its =
        new.post(&format!("/v1/tenants/{tenant}/keys"), &json!({"name": "backend"}))?.expect(201)?.text_at("/id")?;
    new.delete(&format!("/v1/operator-keys/{its}"))?.expect(404)?;
    Ok(())
}

#[test]
fn an_operators_key_is_replaced_from_a_terminal() -> Result<()> {
    let rig = Rig::start()?;
    let folder = tempfile::tempdir()?;
    let (config, host) = (rig.host.config_path().to_string_lossy().into_owned(), rig.host.base());
    let run = |arguments: &[&str]| -> Result<(bool, String)> {
        let base = ["--config", &config, "operator-keys", "--host", &host];
        let output = patchbay(folder.path(), &[&base[..], arguments].concat())?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    };
    let first = rig.operator.get("/v1/operator-keys")?.expect(200)?.text_at("/items/0/id")?;
    let (made, said) = run(&["new", "Ann's laptop", "--out", "ann.key"])?;
    let file = folder.path().join("ann.key");
    let key = std::fs::read_to_string(&file)?;
    assert!(made && key.starts_with("pbo_") && !said.contains(key.trim()), "{said}");
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    // What is there is not written over, and no key is made that nobody has.
    let (made, said) = run(&["new", "Ben", "--out", "ann.key"])?;
    assert!(!made && said.contains("ann.key") && std::fs::read_to_string(&file)? == key, "{said}");
    let (made, said) = run(&["new", "Ben", "--out", "nowhere/ben.key"])?;
    assert!(!made && said.contains("nowhere/ben.key"), "{said}");
    assert_eq!(rig.operator.get("/v1/operator-keys")?.expect(200)?.array_at("/items")?.len(), 2);

    let (ended, said) = run(&["revoke", &first, "--key-file", "ann.key"])?;
    assert!(ended && said.contains("is void"), "{said}");
    let (listed, said) = run(&["list"])?;
    assert!(!listed && said.contains("PB5003"), "the file of the first start opens nothing any more: {said}");
    let (_, said) = run(&["list", "--key-file", "ann.key"])?;
    let works: Vec<&str> = said.lines().filter(|line| line.contains("  works  ")).collect();
    assert!(matches!(works[..], [line] if line.ends_with("Ann's laptop")), "{said}");
    Ok(())
}

#[test]
fn whoever_starts_the_host_gets_a_key_when_none_is_left() -> Result<()> {
    let mut rig = Rig::start()?;
    let stolen = rig.operator.clone();
    // The thief ends everybody else's.
    let thiefs = stolen.post("/v1/operator-keys", &json!({"name": "thief"}))?.expect(201)?;
    let (thief, its) = (rig.stranger().with_key(&thiefs.text_at("/key")?), thiefs.text_at("/id")?);
    let first = stolen.get("/v1/operator-keys")?.expect(200)?.text_at("/items/1/id")?;
    thief.delete(&format!("/v1/operator-keys/{first}"))?.expect(204)?;
    rig.host.restart()?;
    rig.host.operator()?.get("/v1/tenants")?.expect(401)?;

    rig.host.restart_told(&["--new-operator-key"])?;
    let operator = rig.host.operator()?;
    operator.delete(&format!("/v1/operator-keys/{its}"))?.expect(204)?;
    thief.get("/v1/tenants")?.expect(401)?;
    let told = operator.get("/v1/audit?limit=50")?.expect(200)?;
    assert!(told.text().contains("api_key.created"), "{}", told.text());
    Ok(())
}

#[test]
fn a_key_that_ends_while_its_call_trickles_in_does_nothing_more() -> Result<()> {
    let rig = Rig::start()?;
    let made = rig.operator.post("/v1/operator-keys", &json!({"name": "slow"}))?.expect(201)?;
    let (id, key) = (made.text_at("/id")?, made.text_at("/key")?);
    let body = json!({"name": "its successor"}).to_string();
    let mut call = TcpStream::connect(rig.host.address())?;
    let head = format!(
        "POST /v1/operator-keys HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rig.host.address(),
        body.len()
    );
    let (some, rest) = body.split_at(4);
    call.write_all(format!("{head}{some}").as_bytes())?;
    let begun = Instant::now();
    // It was proved by its head: that it was used is noted then.
    wait_until("its call to be let in", LIMIT, || {
        let keys = rig.operator.get("/v1/operator-keys")?.expect(200)?;
        let used = keys.array_at("/items")?.iter().any(|one| one["id"] == json!(id) && one["last_used_at"].is_string());
        Ok(used.then_some(()))
    })?;
    rig.operator.delete(&format!("/v1/operator-keys/{id}"))?.expect(204)?;
    wait_until("what counts as slow", LIMIT, || Ok((begun.elapsed() > Duration::from_secs(2)).then_some(())))?;
    call.write_all(rest.as_bytes())?;
    let mut answer = String::new();
    call.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let names = rig.operator.get("/v1/operator-keys")?.expect(200)?;
    assert!(!names.text().contains("successor"), "{}", names.text());
    Ok(())
}
