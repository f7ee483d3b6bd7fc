//! What definition and manifest say of each other.
//!
//! The manifest is read by everybody who decides (host, operator, the person who connects), the definition by the
//! component. Where they differ, one of them promises what the other does not do.

mod actions;
mod known;
mod manifest;
mod streams;

use serde::Deserialize;
use serde_json::Value;

use self::{known::Known, manifest::Manifest};
use crate::{
    check::base_parts,
    definition::Definition,
    finding::{Finding, Findings, Path},
};

/// Everything in which they do not agree. `manifest` is the packed manifest's JSON, without a `[config]`.
#[must_use]
pub fn agree(definition: &Definition, manifest: &Value) -> Vec<Finding> {
    let (mut findings, root) = (Findings::default(), Path::default());
    let manifest = match Manifest::deserialize(manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            let message = format!("connector.toml cannot be read: {error}");
            return vec![Finding::of(root, message, "correct connector.toml first")];
        }
    };
    if manifest.config.is_some() {
        let message = "connector.toml has a [config], and the definition is the configuration of this connector";
        findings.add(root.clone(), message, "leave [config] out of connector.toml");
    }
    let known = Known::of(definition, &manifest);
    base(definition, &manifest, &mut findings);
    credentials(definition, &manifest, &mut findings);
    let ping = root.key("ping");
    known.request("GET", &definition.ping.path, &ping.key("path"), &mut findings);
    known.path(&definition.ping.path, &ping.key("path"), &mut findings);
    known.texts(&definition.ping.query, &ping.key("query"), &mut findings);
    known.texts(&definition.headers, &root.key("headers"), &mut findings);
    if let Some(accounts) = &definition.accounts {
        let at = root.key("accounts");
        known.request("GET", &accounts.path, &at.key("path"), &mut findings);
        known.path(&accounts.path, &at.key("path"), &mut findings);
        known.texts(&accounts.query, &at.key("query"), &mut findings);
        known.dropped(&accounts.paging, &at.key("paging"), &mut findings);
    }
    streams::agree(definition, &manifest, &known, &mut findings);
    actions::agree(definition, &manifest, &known, &mut findings);
    for picker in manifest.pickers.iter().filter(|picker| picker.from_stream.is_none()) {
        let message =
            format!("the picker {:?} of connector.toml asks the connector, which has no pickers", picker.name);
        findings.add(root.clone(), message, "write from-stream = \"…\" there: the host searches what was read");
    }
    findings.0
}

/// The base address is one of the manifest's hosts.
fn base(definition: &Definition, manifest: &Manifest, findings: &mut Findings) {
    let at = Path::default().key("base-url");
    let Some((host, _)) = base_parts(&definition.base_url) else { return };
    let origin = if host.ends_with('}') { host.to_owned() } else { format!("https://{host}") };
    if !manifest.hosts.iter().any(|known| known.origin == origin) {
        let remedy =
            format!("write a [[host]] with origin = {origin:?} there, or the origin of one that is there here");
        findings.add(at.clone(), format!("connector.toml has no host {origin:?}"), remedy);
    }
    let Some((field, rest)) = host.strip_prefix('{').and_then(|open| open.split_once('}')) else { return };
    let kind = if rest.is_empty() { "origin" } else { "subdomain" };
    for auth in &manifest.auths {
        if !auth.fields.iter().any(|one| one.id == field && one.kind == kind) {
            let message =
                format!("{{{field}}} is no field of type {kind} in the [[auth]] {:?} of connector.toml", auth.id);
            findings.add(
                at.clone(),
                message,
                format!("write an [[auth.field]] with id = {field:?} and type = {kind:?} there"),
            );
        }
    }
}

/// Which requests carry a credential, and that no header of the definition stands in its place.
fn credentials(definition: &Definition, manifest: &Manifest, findings: &mut Findings) {
    let at = Path::default().key("no-credential");
    for (index, id) in definition.no_credential.iter().enumerate() {
        match manifest.auths.iter().find(|auth| auth.id == *id) {
            None => findings.add(at.at(index), format!("connector.toml has no [[auth]] {id:?}"), "leave it out"),
            Some(auth) if !auth.slots.is_empty() => {
                findings.add(
                    at.at(index),
                    format!("the [[auth]] {id:?} has a slot"),
                    "leave it out: its slot is filled",
                );
            }
            Some(_) => {}
        }
    }
    for auth in manifest.auths.iter().filter(|auth| auth.slots.is_empty()) {
        if !definition.no_credential.contains(&auth.id) {
            let remedy = format!("write no-credential = [{:?}] here, or an [[auth.slot]] there", auth.id);
            findings.add(Path::default(), format!("the [[auth]] {:?} of connector.toml has no slot", auth.id), remedy);
        }
    }
}
