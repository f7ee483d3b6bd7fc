//! **Nothing runs here whose publisher the operator has not confirmed**, and each thing that can be wrong with a signature
//! has its own code and its own words (trust.md, S13).

mod anew;
mod ceiling;
mod keys;
mod nodes;
mod policy;
mod terminal;
mod wrong;

use patchbay_it::{Rig, RigSetup, Variant, post_signed, signature_of};
use patchbay_model::package::signature::SigningKey;
use patchbay_test_support::{Answer, Result};
use serde_json::Value;

/// A host as it is where nobody says anything about unsigned connectors.
fn strict() -> Result<Rig> {
    RigSetup { more: CONNECTORS.to_owned(), ..RigSetup::default() }.start()
}

/// What holds where nobody says otherwise; a rig says otherwise.
const CONNECTORS: &str = "[connectors]\nunsigned = \"refuse\"\n";

/// The guests as this version.
fn guests(version: &str) -> Result<Vec<u8>> {
    Variant::of_guests(version)?.pack()
}

/// Posts what the holder of a key signed.
fn post(rig: &Rig, packaged: &[u8], key: &SigningKey, trust: Option<&SigningKey>) -> Result<Answer> {
    let document = signature_of(packaged, key)?.to_json();
    let trust = trust.map(|key| key.public().fingerprint());
    post_signed(&rig.operator, packaged, Some(document.as_bytes()), trust.as_deref())
}

/// Installs what becomes active; its release.
fn install(rig: &Rig, packaged: &[u8], key: &SigningKey, trust: Option<&SigningKey>) -> Result<String> {
    let answer = post(rig, packaged, key, trust)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "active", "{}", answer.text());
    answer.text_at("/release/id")
}

/// The code of a refusal, which has to say all of these.
fn refused(answer: &Answer, says: &[&str]) -> Result<String> {
    let text = answer.text_at("/detail").unwrap_or_else(|_| answer.text());
    for part in says {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    answer.text_at("/code")
}

/// The versions of the guests that are known, with their states.
fn versions(rig: &Rig) -> Result<Vec<(String, String)>> {
    let answer = rig.operator.get("/v1/connectors/patchbay.guests")?;
    if answer.status == 404 {
        return Ok(Vec::new());
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = answer.expect(200)?.array_at("/items")?;
    Ok(rows.iter().map(|row| (text(row, "version"), text(row, "state"))).collect())
}
