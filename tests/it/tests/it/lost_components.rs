//! The file of a component that was lost or damaged is whole again as soon as somebody has its bytes: an operator, the folder
//! of connectors. (Another node: `releases_on_nodes`.)

use std::{
    fs,
    path::{Path, PathBuf},
};

use patchbay_it::{Rig, Tenant};
use patchbay_model::package;
use patchbay_test_support::{HostProcess, Result};
use serde_json::json;

use crate::rollback::{TELLS, runs_once, telling};

/// What may become of a file.
pub(crate) const LOSSES: [&str; 3] = ["lost", "cut off", "written over"];

pub(crate) fn lose(file: &Path, what: &str) -> Result<()> {
    match what {
        "lost" => fs::remove_file(file)?,
        "cut off" => fs::File::options().write(true).open(file)?.set_len(1_000)?,
        _ => fs::write(file, b"\0asm\x0d\0\x01\0")?,
    }
    Ok(())
}

/// Where a host keeps a packaged component.
pub(crate) fn file_of(host: &HostProcess, packed: &[u8]) -> PathBuf {
    host.data_dir().join("components").join(format!("{}.wasm", package::digest(packed)))
}

/// A host with a release that one connection runs: the packaged file, the tenant, the connection.
fn scene() -> Result<(Rig, Vec<u8>, Tenant, String)> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let packed = telling("0.1.0", 1)?.pack()?;
    rig.install(packed.clone())?;
    let connection = tenant.connect_guests("0123456789", TELLS)?;
    assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    Ok((rig, packed, tenant, connection))
}

#[test]
fn the_same_bytes_once_more_mend_what_was_lost_or_damaged() -> Result<()> {
    let (mut rig, packed, tenant, connection) = scene()?;
    let file = file_of(&rig.host, &packed);
    for what in LOSSES {
        lose(&file, what)?;
        // What is mapped needs no file.
        rig.host.restart()?;
        let run = runs_once(&tenant, &connection)?;
        assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB1012")), "{what}: {run}");
        let known = rig.post(packed.clone())?.expect(200)?;
        assert_eq!(known.text_at("/release/state")?, "active", "{what}");
        assert!(fs::read(&file)? == packed, "{what}");
        let run = runs_once(&tenant, &connection)?;
        assert_eq!(run["state"], json!("done"), "{what}: {run}");
    }
    Ok(())
}

#[test]
fn a_start_mends_from_the_folder_what_was_lost_or_damaged() -> Result<()> {
    let (mut rig, packed, tenant, connection) = scene()?;
    let file = file_of(&rig.host, &packed);
    for what in LOSSES {
        rig.host.stop()?;
        lose(&file, what)?;
        fs::write(rig.host.data_dir().join("connectors").join("guests.wasm"), &packed)?;
        rig.host.restart()?;
        assert!(fs::read(&file)? == packed, "{what}");
        let run = runs_once(&tenant, &connection)?;
        assert_eq!(run["state"], json!("done"), "{what}: {run}");
    }
    Ok(())
}
