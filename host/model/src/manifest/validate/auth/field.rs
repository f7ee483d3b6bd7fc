//! Fields: what the person enters.

use super::{address, enters_client, names, placeholder_name};
use crate::manifest::{
    Auth, AuthKind, Field, FieldKind, Manifest, REGION, RegionBy,
    problem::{Findings, Path},
};

pub(super) fn check(manifest: &Manifest, auth: &Auth, path: &Path, findings: &mut Findings) {
    for (place, one) in auth.fields.iter().enumerate() {
        let at = path.entry("field", place);
        field(auth, one, &at, findings);
        host_part(manifest, auth, one, at.key("id"), findings);
    }
    if enters_client(auth) {
        client(auth, path, findings);
    }
    if auth.kind == AuthKind::Session && super::secret_fields(auth).next().is_none() {
        findings.add(
            path.key("field"),
            "nothing secret is entered, so anybody could open the session",
            "write an [[auth.field]] with type = \"secret\", e.g. the password",
        );
    }
}

fn field(auth: &Auth, field: &Field, path: &Path, findings: &mut Findings) {
    placeholder_name(auth, &field.id, path.key("id"), findings);
    let chooses = |by: &RegionBy| by.equals.is_none() && by.from.strip_prefix("field:") == Some(REGION);
    if field.id == REGION && !auth.regions.is_empty() && !auth.region_by.as_ref().is_some_and(chooses) {
        findings.add(
            path.key("id"),
            "{region} is the id of the [[auth.region]]",
            "give the field another name, or let it choose the region: from = \"field:region\", without equals",
        );
    }
    names::said(&field.label, 100, path.key("label"), findings);
    if let Some(pattern) = &field.pattern {
        names::pattern(pattern, path.key("pattern"), findings);
    }
    match (field.kind, field.options.is_empty()) {
        (FieldKind::Select, true) => {
            findings.add(path.key("options"), "there is nothing to select", "write options = [\"…\", \"…\"]");
        }
        (FieldKind::Select, false) | (_, true) => {}
        (_, false) => findings.add(
            path.key("options"),
            "only a select has options",
            "leave options out, or write type = \"select\"",
        ),
    }
    let options = field.options.iter().enumerate().map(|(i, option)| (option.as_str(), path.entry("options", i)));
    names::unique(options, findings);
    match (field.kind, &field.suffix) {
        (FieldKind::Subdomain, suffix) => {
            let good = suffix.as_ref().and_then(|suffix| suffix.strip_prefix('.')).is_some_and(address::is_registrable);
            if !good {
                findings.add(
                    path.key("suffix"),
                    "a subdomain needs the domain that follows it",
                    "write a dot and a domain of the provider: suffix = \".example.com\"",
                );
            }
        }
        (_, Some(_)) => {
            findings.add(
                path.key("suffix"),
                "only a subdomain has a suffix",
                "leave suffix out, or write type = \"subdomain\"",
            );
        }
        (_, None) => {}
    }
}

/// A field that leads to a host must lead nowhere else in another way to log in: hosts are shared by all.
fn host_part(manifest: &Manifest, auth: &Auth, field: &Field, path: Path, findings: &mut Findings) {
    if !matches!(field.kind, FieldKind::Subdomain | FieldKind::Origin) {
        return;
    }
    let otherwise = |other: &&Auth| {
        other.facts.iter().any(|fact| fact.id == field.id)
            || other.fields.iter().any(|one| one.id == field.id && one.kind != field.kind)
    };
    if let Some(other) = manifest.auths.iter().filter(|other| other.id != auth.id).find(otherwise) {
        findings.add(
            path,
            format!("{:?} is a part of a host here, and something else in the login {:?}", field.id, other.id),
            "give it a name of its own, so that no other value ever leads to a host",
        );
    } else if field.kind == FieldKind::Origin {
        let placed = format!("{{{}}}", field.id);
        let leads = auth.requests().into_iter().filter_map(|(_, asked)| asked).any(|one| one.url.starts_with(&placed));
        if !leads && !manifest.hosts.iter().any(|host| host.origin == placed) {
            findings.add(
                path,
                "nothing leads to the address that is entered",
                format!("write a [[host]] with origin = {placed:?}"),
            );
        }
    }
}

/// Client credentials that are entered: both, in the types that keep the secret one secret.
fn client(auth: &Auth, path: &Path, findings: &mut Findings) {
    for (id, kind, word) in [("client_id", FieldKind::Text, "text"), ("client_secret", FieldKind::Secret, "secret")] {
        match auth.fields.iter().position(|field| field.id == id) {
            None => findings.add(
                path.key("field"),
                format!("the client is entered, but not its {id}"),
                format!(
                    "write an [[auth.field]] with id = {id:?} and type = {word:?}, or neither of the two: then the \
                     operator's client is used"
                ),
            ),
            Some(place) => {
                let at = path.entry("field", place);
                let Some(field) = auth.fields.get(place) else { continue };
                if field.kind != kind {
                    findings.add(at.key("type"), format!("{id} is of another type"), format!("write type = {word:?}"));
                }
                if field.optional {
                    let remedy = "leave optional out; for the operator's client, leave both fields out";
                    findings.add(at.key("optional"), format!("without {id} there is no login"), remedy);
                }
            }
        }
    }
}
