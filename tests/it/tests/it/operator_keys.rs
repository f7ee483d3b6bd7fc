//! A key of those who run the host is replaced while it serves: by the API, and from a terminal.

use std::os::unix::fs::PermissionsExt;

use patchbay_it::{Rig, Tab, patchbay};
use patchbay_test_support::Result;
use serde_json::json;

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
    assert!(!made && said.contains("is there already"), "{said}");
    let (made, said) = run(&["new", "Ben", "--out", "nowhere/ben.key"])?;
    assert!(!made && said.contains("no key was made"), "{said}");

    let (ended, said) = run(&["revoke", &first, "--key-file", "ann.key"])?;
    assert!(ended && said.contains("is void"), "{said}");
    let (listed, said) = run(&["list"])?;
    assert!(!listed && said.contains("PB5003"), "the file of the first start opens nothing any more: {said}");
    let (_, said) = run(&["list", "--key-file", "ann.key"])?;
    let works: Vec<&str> = said.lines().filter(|line| line.contains("  works  ")).collect();
    assert!(matches!(works[..], [line] if line.ends_with("Ann's laptop")), "{said}");
    Ok(())
}
