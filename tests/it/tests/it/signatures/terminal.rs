//! The same from a terminal: a publisher makes a key and signs, an operator trusts it and installs.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use patchbay_it::{Rig, guest_component, guest_manifest, patchbay};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{guests, strict, versions};

const LIMIT: Duration = Duration::from_secs(60);

/// What a command says, and whether it did what it was told to.
fn said(folder: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let output = patchbay(folder, arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status.success(), text))
}

/// The same of a command that calls the host.
fn told(rig: &Rig, folder: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let (host, key) = (rig.host.base(), rig.host.data_dir().join("operator.key"));
    let key = key.to_string_lossy();
    let (command, rest) = arguments.split_first().expect("a command");
    said(folder, &[&[*command, "--host", &host, "--key-file", &key], rest].concat())
}

#[test]
fn a_publisher_signs_and_an_operator_trusts_from_their_terminals() -> Result<()> {
    let rig = strict()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    fs::write(path.join("guests.wasm"), guests("0.1.0")?)?;

    let (done, text) = said(path, &["publishers", "--json", "keygen", "acme.key"])?;
    assert!(done, "{text}");
    let made: Value = serde_json::from_str(&text)?;
    let (key, fingerprint) =
        (made["key"].as_str().unwrap_or_default(), made["fingerprint"].as_str().unwrap_or_default());
    assert_eq!(fs::metadata(path.join("acme.key"))?.permissions().mode() & 0o777, 0o600);
    assert!(!said(path, &["publishers", "keygen", "acme.key"])?.0, "a key is never written over another");

    // A key that others may read is none.
    fs::set_permissions(path.join("acme.key"), fs::Permissions::from_mode(0o644))?;
    let (done, text) = said(path, &["sign", "guests.wasm", "--key", "acme.key"])?;
    assert!(!done && text.contains("chmod 600"), "{text}");
    fs::set_permissions(path.join("acme.key"), fs::Permissions::from_mode(0o600))?;
    let (done, text) = said(path, &["sign", "guests.wasm", "--key", "acme.key"])?;
    assert!(done && text.contains(&format!("patchbay publishers trust patchbay {key}")), "{text}");
    let secret = fs::read_to_string(path.join("acme.key"))?;
    let secret = secret.lines().nth(1).unwrap_or_default().to_owned();
    assert!(!text.contains(&secret) && !fs::read_to_string(path.join("guests.wasm.sig"))?.contains(&secret));

    let (done, text) = said(path, &["verify", "guests.wasm"])?;
    assert!(done && text.contains(fingerprint), "{text}");
    assert!(said(path, &["verify", "guests.wasm", "--key", fingerprint])?.0);
    let (done, text) = said(path, &["verify", "guests.wasm", "--key", "SHA256:another"])?;
    assert!(!done && text.contains("PB1021"), "{text}");
    fs::write(path.join("other.wasm"), guests("0.1.1")?)?;
    let (done, text) = said(path, &["verify", "other.wasm", "--signature", "guests.wasm.sig"])?;
    assert!(!done && text.contains("PB1018"), "{text}");
    assert!(said(path, &["verify", "other.wasm"])?.1.contains("PB1023"));

    // The operator runs the very command that the refusal names.
    let (done, text) = told(&rig, path, &["connectors", "install", "guests.wasm"])?;
    let command = format!("patchbay publishers trust patchbay {key}");
    assert!(!done && text.contains("PB1020") && text.contains(&command), "{text}");
    let (done, text) = told(&rig, path, &["publishers", "trust", "patchbay", key])?;
    assert!(done && text.contains(fingerprint), "{text}");
    let (done, text) = told(&rig, path, &["connectors", "install", "guests.wasm"])?;
    assert!(done, "{text}");
    assert_eq!(versions(&rig)?, [("0.1.0".to_owned(), "active".to_owned())]);
    let (_, text) = told(&rig, path, &["publishers", "list"])?;
    assert!(text.contains(fingerprint) && text.contains("trusted"), "{text}");
    let (done, text) = told(&rig, path, &["publishers", "revoke", "patchbay", fingerprint])?;
    assert!(done && text.contains("revoked"), "{text}");
    assert!(told(&rig, path, &["publishers", "list"])?.1.contains("revoked"));
    Ok(())
}

#[test]
fn a_signature_that_is_of_what_was_packed_before_is_told_and_one_that_still_fits_is_not() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    let (component, manifest) = (guest_component()?, fs::read_to_string(guest_manifest())?);
    let pack = |version: &str| {
        let text = manifest.replacen("version = \"0.1.0\"", &format!("version = {version:?}"), 1);
        fs::write(path.join("connector.toml"), text)?;
        said(path, &["package", &component.to_string_lossy(), "--out", "guests.wasm"])
    };
    assert!(said(path, &["publishers", "keygen", "acme.key"])?.0);
    let (done, text) = pack("0.1.0")?;
    assert!(done && !text.contains("of other bytes"), "{text}");
    assert!(said(path, &["sign", "guests.wasm", "--key", "acme.key"])?.0);
    let (done, text) = pack("0.1.0")?;
    assert!(done && !text.contains("of other bytes"), "{text}");
    let (done, text) = pack("0.1.1")?;
    assert!(done && text.contains("guests.wasm.sig is of other bytes: sign it again"), "{text}");
    Ok(())
}

#[test]
fn a_file_of_the_folder_is_installed_once_its_signature_lies_beside_it() -> Result<()> {
    let rig = strict()?;
    let folder = tempfile::tempdir()?;
    let key = patchbay_it::publisher_key(1);
    rig.operator.post("/v1/publishers/patchbay/keys", &json!({ "key": key.public().to_string() }))?.expect(201)?;
    let packed = guests("0.1.0")?;
    let connectors = rig.host.data_dir().join("connectors");
    let drop_file = |name: &str, bytes: &[u8]| -> Result<()> {
        let part = folder.path().join("part");
        fs::write(&part, bytes)?;
        fs::copy(&part, connectors.join(format!("{name}.part")))?;
        fs::rename(connectors.join(format!("{name}.part")), connectors.join(name))?;
        Ok(())
    };
    drop_file("guests.wasm", &packed)?;
    wait_until("the refusal in the log", LIMIT, || {
        Ok(fs::read_to_string(rig.host.log_path())?.contains("PB1024").then_some(()))
    })?;
    assert_eq!(versions(&rig)?, []);
    drop_file("guests.wasm.sig", patchbay_it::signature_of(&packed, &key)?.to_json().as_bytes())?;
    wait_until("the guests to be active", LIMIT, || {
        Ok((versions(&rig)? == [("0.1.0".to_owned(), "active".to_owned())]).then_some(()))
    })?;
    Ok(())
}
