//! The first start makes a key and a database; every later one fits them or refuses.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use patchbay_it::Rig;
use patchbay_test_support::{HostProcess, HostSetup, Result, packaged};
use serde_json::json;

fn setup(folder: &Path) -> HostSetup {
    HostSetup { folder: Some(folder.to_owned()), ..HostSetup::default() }
}

/// Starts a host in a folder, makes a tenant there, and stops it; the tenant.
fn first_start(folder: &Path) -> Result<String> {
    let mut host = HostProcess::start(setup(folder))?;
    let tenant = host.operator()?.post("/v1/tenants", &json!({"name": "Kept"}))?.expect(201)?.text_at("/id")?;
    assert!(host.stop()?.success(), "{}", host.log_tail());
    Ok(tenant)
}

/// What a host says that does not start.
fn refusal(folder: &Path) -> String {
    match HostProcess::start(setup(folder)) {
        Ok(_) => "it started".to_owned(),
        Err(trouble) => trouble.to_string(),
    }
}

/// Whether the tenant is still there with the key of the first start.
fn assert_kept(folder: &Path, tenant: &str) -> Result<()> {
    let host = HostProcess::start(setup(folder))?;
    assert_eq!(host.operator()?.get(&format!("/v1/tenants/{tenant}"))?.expect(200)?.text_at("/name")?, "Kept");
    Ok(())
}

#[test]
fn keys_are_made_once_and_only_their_owner_can_read_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tenant = first_start(folder.path())?;
    let data = folder.path().join("data");
    let mode = |path: &PathBuf| -> Result<u32> { Ok(fs::metadata(path)?.permissions().mode() & 0o777) };
    let (sealing, operator) = (data.join("patchbay.key"), data.join("operator.key"));
    assert_eq!((mode(&data)?, mode(&sealing)?, mode(&operator)?), (0o700, 0o600, 0o600));
    assert_eq!(mode(&data.join("patchbay.db"))? & 0o077, 0, "the database is nobody else's either");
    let keys = (fs::read(&sealing)?, fs::read(&operator)?);
    assert_kept(folder.path(), &tenant)?;
    assert_eq!((fs::read(&sealing)?, fs::read(&operator)?), keys);
    Ok(())
}

#[test]
fn a_key_that_does_not_fit_the_database_is_refused_and_nothing_is_lost() -> Result<()> {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let tenant = first_start(folder.path())?;
    first_start(other.path())?;
    let key = folder.path().join("data/patchbay.key");
    let right = fs::read(&key)?;

    fs::copy(other.path().join("data/patchbay.key"), &key)?;
    let said = refusal(folder.path());
    assert!(said.contains("exit status: 3") && said.contains("PB2009"), "{said}");

    fs::write(&key, b"not a key at all")?;
    let said = refusal(folder.path());
    assert!(said.contains("exit status: 3") && said.contains("patchbay.key"), "{said}");

    fs::remove_file(&key)?;
    let said = refusal(folder.path());
    assert!(said.contains("exit status: 3") && said.contains("patchbay.key"), "{said}");
    assert!(!key.exists(), "a fresh key would open nothing, and would hide that the old one is missing");

    fs::write(&key, right)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    assert_kept(folder.path(), &tenant)
}

#[test]
fn a_wrong_configuration_is_refused_with_every_line_and_the_nearest_key() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut wrong = setup(folder.path());
    "[jobs]\nworker = 3\n[limits]\ncall_seconds = \"soon\"\n".clone_into(&mut wrong.more);
    wrong.variables = vec![("PATCHBAY_LISTEM".to_owned(), "127.0.0.1:0".to_owned())];
    let said = HostProcess::start(wrong).err().map(|trouble| trouble.to_string()).unwrap_or_default();
    for part in ["exit status: 3", "PB7001", "jobs.workers", "limits.call_seconds", "PATCHBAY_LISTEN"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
    first_start(folder.path()).map(drop)
}

#[test]
fn a_later_start_finds_everything_as_it_was() -> Result<()> {
    let mut rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_github(&rig)?;
    tenant.settled()?;
    let look = |tenant: &patchbay_it::Tenant| -> Result<Vec<serde_json::Value>> {
        let paths = ["/v1/connections", "/v1/catalog", "/v1/changes?limit=1000", "/v1/runs"];
        paths.iter().map(|path| Ok(tenant.get(path)?.json)).collect()
    };
    let before = look(&tenant)?;
    assert!(rig.host.stop()?.success(), "{}", rig.host.log_tail());
    rig.host.restart()?;
    assert_eq!(look(&tenant)?, before);
    let again = rig.post(fs::read(packaged("github")?)?)?.expect(200)?;
    assert_eq!(again.text_at("/release/state")?, "active");
    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "repositories")?)?)?;
    assert_eq!(run["state"], json!("done"), "its credential opens: {run}");
    Ok(())
}
