//! Which values, paths and methods the manifest knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::manifest::Manifest;
use crate::{
    check::base_parts,
    definition::{Definition, Paging, PagingStyle},
    finding::{Findings, Path},
    template::{Name, Piece, parse},
};

pub(super) struct Known<'a> {
    /// Fields that are no secret, facts and settings.
    pub(super) plain: BTreeSet<&'a str>,
    secret: BTreeSet<&'a str>,
    /// What paths begin with, and the methods that may be used there, of the base address.
    allowed: Vec<(&'a [String], &'a [String])>,
    origin: String,
    base: &'a str,
    /// Parameters in which the gate puts a credential.
    in_query: Vec<&'a str>,
    /// Headers in which it does.
    in_header: Vec<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn of(definition: &'a Definition, manifest: &'a Manifest) -> Self {
        let (host, base) = base_parts(&definition.base_url).unwrap_or_default();
        let origin = if host.ends_with('}') { host.to_owned() } else { format!("https://{host}") };
        let hosts = manifest.hosts.iter().filter(|host| host.origin == origin);
        let mut plain: BTreeSet<&str> = BTreeSet::new();
        let mut secret = BTreeSet::new();
        let (mut in_query, mut in_header) = (Vec::new(), Vec::new());
        for auth in &manifest.auths {
            plain.extend(auth.facts.iter().map(|fact| fact.id.as_str()));
            for field in &auth.fields {
                if field.kind == "secret" { &mut secret } else { &mut plain }.insert(field.id.as_str());
            }
            for slot in &auth.slots {
                let name = slot.name.as_deref();
                match slot.place.as_str() {
                    "query" => in_query.extend(name),
                    "header" => in_header.extend(name),
                    _ => {}
                }
            }
        }
        plain.extend(properties(manifest.settings.as_ref()));
        let allowed = hosts.map(|host| (host.paths.as_slice(), host.methods.as_slice())).collect();
        Self { plain, secret, allowed, origin, base, in_query, in_header }
    }

    /// Whether the manifest lets a request through.
    pub(super) fn request(&self, method: &str, path: &str, at: &Path, findings: &mut Findings) {
        if self.allowed.is_empty() {
            // Said of the base address already.
            return;
        }
        let whole = format!("{}{path}", self.base);
        let fits = |paths: &[String]| paths.iter().any(|prefix| whole.starts_with(prefix.as_str()));
        let mut here = self.allowed.iter().filter(|(paths, _)| fits(paths)).peekable();
        if here.peek().is_none() {
            let message =
                format!("no [[host]] {:?} of connector.toml has a path that {whole:?} begins with", self.origin);
            findings.add(at.clone(), message, "add it to the paths there");
        } else if !here.any(|(_, methods)| methods.iter().any(|known| known == method)) {
            let message = format!("the [[host]] {:?} of connector.toml does not have the method {method}", self.origin);
            findings.add(at.clone(), message, format!("add {method:?} to its methods"));
        }
    }

    /// Whether the values of a path are there.
    pub(super) fn path(&self, text: &str, at: &Path, findings: &mut Findings) {
        self.plain_names(text, at, findings);
    }

    pub(super) fn texts(&self, all: &BTreeMap<String, String>, at: &Path, findings: &mut Findings) {
        for (name, text) in all {
            self.plain_names(text, &at.key(name), findings);
            self.slots(name, &at.key(name), findings);
        }
    }

    /// Parameters and headers that the gate fills are not the definition's.
    pub(super) fn slots(&self, name: &str, at: &Path, findings: &mut Findings) {
        let same = |known: &&&str| known.eq_ignore_ascii_case(name);
        if self.in_query.iter().chain(&self.in_header).any(|known| same(&known)) {
            findings.add(
                at.clone(),
                format!("{name:?} is where the credential goes"),
                "leave it out: the gate fills it in",
            );
        }
    }

    pub(super) fn body(&self, value: &Value, at: &Path, findings: &mut Findings) {
        match value {
            Value::String(text) => self.plain_names(text, at, findings),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| self.body(item, &at.at(i), findings)),
            Value::Object(members) => {
                members.iter().for_each(|(name, item)| self.body(item, &at.key(name), findings));
            }
            _ => {}
        }
    }

    fn plain_names(&self, text: &str, at: &Path, findings: &mut Findings) {
        for piece in parse(text).unwrap_or_default() {
            if let Piece::Value(Name::Plain(name)) = piece {
                self.name(&name, at, findings);
            }
        }
    }

    /// Whether a field or setting of this name is there.
    pub(super) fn name(&self, name: &str, at: &Path, findings: &mut Findings) {
        if self.plain.contains(name) {
            return;
        }
        if self.secret.contains(name) {
            let remedy = "put it in an [[auth.slot]] of connector.toml: no connector ever sees a secret";
            findings.add(at.clone(), format!("{{{name}}} is a secret"), remedy);
        } else {
            let names: Vec<&str> = self.plain.iter().copied().collect();
            let message = format!("connector.toml has no field or setting {name:?}");
            findings.add(at.clone(), message, crate::finding::nearest(name, &names));
        }
    }

    /// A key in the query comes back in addresses: masked, and twice when it is sent again.
    pub(super) fn dropped(&self, paging: &Paging, at: &Path, findings: &mut Findings) {
        if !matches!(paging.style, PagingStyle::NextUrl | PagingStyle::LinkHeader) {
            return;
        }
        for name in &self.in_query {
            if !paging.drop_params.iter().any(|dropped| dropped == name) {
                let message = format!("the next address may hold {name:?}, which the gate fills in itself");
                findings.add(at.key("style"), message, format!("write drop-params = [{name:?}]"));
            }
        }
    }
}

/// The names of an object schema's properties.
pub(super) fn properties(schema: Option<&Value>) -> impl Iterator<Item = &str> {
    let members = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    members.into_iter().flat_map(|members| members.keys().map(String::as_str))
}

/// Whether an object schema says that a property is always there.
pub(super) fn requires(schema: Option<&Value>, name: &str) -> bool {
    let names = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|one| one == name))
}
