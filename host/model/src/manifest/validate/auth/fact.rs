//! Facts: what the login tells that is no secret.

use super::{SECRETS, names, opaque, placeholder_name};
use crate::manifest::{
    Auth, AuthKind, Fact, REGION, is_named_like_a_secret,
    problem::{Findings, Path},
};

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    for (place, one) in auth.facts.iter().enumerate() {
        fact(auth, one, &path.entry("fact", place), findings);
    }
}

fn fact(auth: &Auth, fact: &Fact, path: &Path, findings: &mut Findings) {
    placeholder_name(auth, &fact.id, path.key("id"), findings);
    if fact.id == REGION && !auth.regions.is_empty() {
        let message = "{region} is the id of the [[auth.region]]";
        findings.add(path.key("id"), message, "leave the fact out: it is told by itself");
    }
    names::pattern(&fact.pattern, path.key("pattern"), findings);
    if opaque::matches_a_token(&fact.pattern) {
        findings.add(
            path.key("pattern"),
            format!("{:?} would take a token for a fact, and a fact is kept in plain text and told", fact.pattern),
            "write only what the value looks like: a number [0-9]+, an id [A-Z0-9]{1,20}, a UUID \
             [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}, a host ([a-z0-9-]+\\.)+[a-z]{2,20}",
        );
    }
    if auth.kind == AuthKind::Fields {
        findings.add(
            path.key("from"),
            "a login by fields has no callback and no answer",
            "leave the fact out: a field of type text is a fact by itself",
        );
        return;
    }
    let (source, name) = fact.from.split_once(':').unwrap_or((&fact.from, ""));
    let message = format!("{:?} says not where the fact comes from", fact.from);
    match source {
        "callback" if auth.kind != AuthKind::Oauth2 => findings.add(
            path.key("from"),
            "nobody is sent to the provider, so no browser comes back",
            "write answer:/json/pointer",
        ),
        "id_token" if auth.kind != AuthKind::Oauth2 => findings.add(
            path.key("from"),
            "only a login with kind = \"oauth2\" gets an id_token",
            "write answer:/json/pointer or access_token:/claim",
        ),
        "callback" if is_parameter(name) => {}
        "answer" | "id_token" | "access_token" if names::is_pointer(name) => {}
        "id_token" | "access_token" => {
            findings.add(path.key("from"), message, format!("write {source}:/claim, e.g. {source}:/sub"));
        }
        _ => findings.add(
            path.key("from"),
            message,
            "write callback:NAME or answer:/json/pointer, or a claim: id_token:/claim or access_token:/claim",
        ),
    }
    if is_secret(auth, source, name) {
        findings.add(
            path.key("from"),
            format!("{name:?} is a secret, and a fact is told to the connector"),
            "leave it out, or take another value that is no secret",
        );
    }
}

/// Whether a secret stands there, by its usual name or by what `[auth.answer]` says.
fn is_secret(auth: &Auth, source: &str, name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let token = source == "answer" && super::answer::tokens(auth).any(|(_, pointer)| pointer == name);
    let usual = match source {
        "callback" => SECRETS.contains(&last.as_str()),
        _ => SECRETS.contains(&last.as_str()) && !["code", "state"].contains(&last.as_str()),
    };
    token || usual || is_named_like_a_secret(name)
}

/// Whether it can be the name of a callback's parameter.
pub(super) fn is_parameter(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())
}
