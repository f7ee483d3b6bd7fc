//! Ways to log in: fields, facts and slots; the requests of OAuth stand in `oauth`.

mod oauth;
mod slot;

use super::{
    address::{self, Subdomain},
    names, root,
};
use crate::manifest::{
    Auth, AuthKind, Availability, Fact, Field, FieldKind, Manifest, ResponseRule,
    problem::{Findings, Path},
};

/// What an OAuth login has of its own; no field or fact may be called so there.
const OF_THE_HOST: &[&str] =
    &["access_token", "client_id", "client_secret", "code", "redirect_uri", "refresh_token", "state"];

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    if manifest.auths.is_empty() && manifest.availability == Availability::Available {
        findings.add(root().key("auth"), "there is no way to log in", "write an [[auth]] with id, kind and label");
    }
    for (index, auth) in manifest.auths.iter().enumerate() {
        let path = root().entry("auth", index);
        names::name(&auth.id, path.key("id"), findings);
        names::said(&auth.label, 100, path.key("label"), findings);
        for (place, one) in auth.fields.iter().enumerate() {
            field(auth, one, &path.entry("field", place), findings);
        }
        for (place, one) in auth.facts.iter().enumerate() {
            fact(auth, one, &path.entry("fact", place), findings);
        }
        let fields = auth.fields.iter().enumerate().map(|(i, one)| (one.id.as_str(), path.entry("field", i).key("id")));
        let facts = auth.facts.iter().enumerate().map(|(i, one)| (one.id.as_str(), path.entry("fact", i).key("id")));
        names::unique(fields.chain(facts), findings);
        slot::check(auth, &path, findings);
        oauth::check(auth, &subdomains(std::slice::from_ref(auth)), &path, findings);
        for (place, rule) in auth.expired.iter().enumerate() {
            answer_rule(rule, &path.entry("expired", place), findings);
        }
    }
    let ids = manifest.auths.iter().enumerate().map(|(i, auth)| (auth.id.as_str(), root().entry("auth", i).key("id")));
    names::unique(ids, findings);
}

/// The fields of type `subdomain` of these ways to log in.
pub(super) fn subdomains(auths: &[Auth]) -> Vec<Subdomain<'_>> {
    let fields = auths.iter().flat_map(|auth| &auth.fields);
    let subdomains = fields.filter(|field| field.kind == FieldKind::Subdomain);
    subdomains.map(|field| (field.id.as_str(), field.suffix.as_deref())).collect()
}

/// Names that may stand in a path: facts, and fields that are no secret.
pub(super) fn fillable(manifest: &Manifest) -> Vec<&str> {
    manifest.auths.iter().flat_map(|auth| facts(auth).chain(plain_fields(auth))).collect()
}

fn facts(auth: &Auth) -> impl Iterator<Item = &str> {
    auth.facts.iter().map(|fact| fact.id.as_str())
}

fn plain_fields(auth: &Auth) -> impl Iterator<Item = &str> {
    auth.fields.iter().filter(|field| field.kind != FieldKind::Secret).map(|field| field.id.as_str())
}

fn placeholder_name(auth: &Auth, id: &str, path: Path, findings: &mut Findings) {
    names::name(id, path.clone(), findings);
    if auth.kind == AuthKind::Oauth2 && OF_THE_HOST.contains(&id) {
        findings.add(path, format!("{{{id}}} belongs to the login itself"), "give it another name");
    }
}

fn field(auth: &Auth, field: &Field, path: &Path, findings: &mut Findings) {
    placeholder_name(auth, &field.id, path.key("id"), findings);
    names::said(&field.label, 100, path.key("label"), findings);
    if let Some(pattern) = &field.pattern {
        names::pattern(pattern, path.key("pattern"), findings);
    }
    match (field.kind, field.options.is_empty()) {
        (FieldKind::Select, true) => {
            findings.add(path.key("options"), "there is nothing to select", "write options = [\"…\", \"…\"]");
        }
        (FieldKind::Text | FieldKind::Secret | FieldKind::Subdomain, false) => {
            findings.add(
                path.key("options"),
                "only a select has options",
                "leave options out, or write type = \"select\"",
            );
        }
        _ => {}
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

fn fact(auth: &Auth, fact: &Fact, path: &Path, findings: &mut Findings) {
    placeholder_name(auth, &fact.id, path.key("id"), findings);
    names::pattern(&fact.pattern, path.key("pattern"), findings);
    if auth.kind == AuthKind::Fields {
        findings.add(
            path.key("from"),
            "a login by fields has no callback and no answer",
            "leave the fact out: a field of type text is a fact by itself",
        );
        return;
    }
    let secret = ["access_token", "refresh_token", "id_token", "client_secret", "code", "state"];
    let (kind, name) = fact.from.split_once(':').unwrap_or((&fact.from, ""));
    let good = match kind {
        "callback" => !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()),
        "answer" => names::is_pointer(name),
        _ => false,
    };
    if !good {
        let message = format!("{:?} says not where the fact comes from", fact.from);
        findings.add(path.key("from"), message, "write callback:NAME or answer:/json/pointer");
    } else if secret.contains(&name.trim_start_matches('/').to_ascii_lowercase().as_str()) {
        findings.add(
            path.key("from"),
            format!("{name:?} is a secret, and a fact is told to the connector"),
            "leave it out, or take another value that is no secret",
        );
    }
}

fn answer_rule(rule: &ResponseRule, path: &Path, findings: &mut Findings) {
    if let Some(pointer) = &rule.pointer {
        names::pointer(pointer, path.key("pointer"), findings);
    }
    if rule.status.is_some_and(|status| !(100..=599).contains(&status)) {
        findings.add(path.key("status"), "this is not an HTTP status", "write a number from 400 to 599");
    }
    if rule.equals.is_some() && rule.pointer.is_none() {
        findings.add(path.key("equals"), "equals what?", "write the pointer to the value in the answer");
    }
    if rule.pointer.is_none() && rule.status.is_none_or(|status| (200..300).contains(&status)) {
        findings.add(
            if rule.status.is_some() { path.key("status") } else { path.clone() },
            "good answers would count as an expired credential",
            "write status = 401, or the pointer to a value in the answer",
        );
    }
}
