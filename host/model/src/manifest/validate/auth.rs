//! Ways to log in. Each kind has requests and keys of its own (`kind`); what they say is checked beside.

mod answer;
mod fact;
mod field;
mod kind;
mod opaque;
mod region;
mod renew;
mod request;
mod slot;
mod together;

use super::{address, names, root};
use crate::manifest::{
    Auth, AuthKind, Availability, Field, FieldKind, Manifest, REGION,
    problem::{Findings, Path},
};

/// What a login with tokens has of its own; no field or fact may be called so there.
const OF_THE_HOST: &[&str] =
    &["access_token", "client_id", "client_secret", "code", "redirect_uri", "refresh_token", "state"];

/// Names of what must not be told to a connector.
const SECRETS: &[&str] = &["access_token", "refresh_token", "id_token", "client_secret", "code", "state"];

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    if manifest.auths.is_empty() && manifest.availability == Availability::Available {
        findings.add(root().key("auth"), "there is no way to log in", "write an [[auth]] with id, kind and label");
    }
    for (index, auth) in manifest.auths.iter().enumerate() {
        let path = root().entry("auth", index);
        names::name(&auth.id, path.key("id"), findings);
        names::said(&auth.label, 100, path.key("label"), findings);
        field::check(manifest, auth, &path, findings);
        fact::check(auth, &path, findings);
        let fields = auth.fields.iter().enumerate().map(|(i, one)| (one.id.as_str(), path.entry("field", i).key("id")));
        let facts = auth.facts.iter().enumerate().map(|(i, one)| (one.id.as_str(), path.entry("fact", i).key("id")));
        names::unique(fields.chain(facts), findings);
        region::check(auth, &path, findings);
        slot::check(auth, &path, findings);
        together::check(auth, &manifest.hosts, &path, findings);
        kind::check(auth, &path, findings);
        for (key, asked) in auth.requests() {
            if let (Some(asked), true) = (asked, kind::may_ask(auth.kind, key)) {
                request::check(auth, key, asked, &path.key(key), findings);
            }
        }
        answer::check(auth, &path, findings);
        renew::check(auth, &path, findings);
    }
    let ids = manifest.auths.iter().enumerate().map(|(i, auth)| (auth.id.as_str(), root().entry("auth", i).key("id")));
    names::unique(ids, findings);
}

/// What may fill the hosts of these ways to log in.
pub(super) fn fillers(auths: &[Auth]) -> address::Fillers<'_> {
    let fields = || auths.iter().flat_map(|auth| &auth.fields);
    let of_kind = |kind| fields().filter(move |field| field.kind == kind);
    address::Fillers {
        subdomains: of_kind(FieldKind::Subdomain).map(|field| (field.id.as_str(), field.suffix.as_deref())).collect(),
        origins: of_kind(FieldKind::Origin).map(|field| field.id.as_str()).collect(),
        tables: auths.iter().map(|auth| auth.regions.as_slice()).collect(),
    }
}

/// Names that may stand in a path: facts, fields that are no secret, and the values of regions.
pub(super) fn fillable(manifest: &Manifest) -> Vec<String> {
    let own = |auth| facts(auth).chain(plain_fields(auth)).map(str::to_owned).chain(region_names(auth));
    manifest.auths.iter().flat_map(own).collect()
}

fn facts(auth: &Auth) -> impl Iterator<Item = &str> {
    auth.facts.iter().map(|fact| fact.id.as_str())
}

fn plain_fields(auth: &Auth) -> impl Iterator<Item = &str> {
    auth.fields.iter().filter(|field| field.kind != FieldKind::Secret).map(|field| field.id.as_str())
}

fn secret_fields(auth: &Auth) -> impl Iterator<Item = &Field> {
    auth.fields.iter().filter(|field| field.kind == FieldKind::Secret)
}

/// `region`, and `region.NAME` for all that the table says.
fn region_names(auth: &Auth) -> Vec<String> {
    let Some(first) = auth.regions.first() else { return Vec::new() };
    let values = first.values.keys().map(|name| format!("{REGION}.{name}"));
    std::iter::once(REGION.to_owned()).chain(values).collect()
}

/// Whether client credentials are entered, and not the operator's.
fn enters_client(auth: &Auth) -> bool {
    auth.kind == AuthKind::Oauth2ClientCredentials
        && auth.fields.iter().any(|field| ["client_id", "client_secret"].contains(&field.id.as_str()))
}

fn placeholder_name(auth: &Auth, id: &str, path: Path, findings: &mut Findings) {
    names::name(id, path.clone(), findings);
    let entered = auth.kind == AuthKind::Oauth2ClientCredentials && ["client_id", "client_secret"].contains(&id);
    if auth.kind != AuthKind::Fields && OF_THE_HOST.contains(&id) && !entered {
        findings.add(path.clone(), format!("{{{id}}} belongs to the login itself"), "give it another name");
    }
    if auth.answer.more.contains_key(id) {
        let message = format!("{id:?} is the name of a token in [auth.answer.more] already");
        findings.add(path, message, "give one of them another name");
    }
}

/// The names in braces, for a remedy.
fn braced<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(|name| format!("{{{}}}", name.as_ref())).collect::<Vec<_>>().join(", ")
}
