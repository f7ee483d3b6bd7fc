//! Whether a grant covers a request, and the refusal that names the missing manifest line.

use std::collections::BTreeMap;

use patchbay_model::manifest::Host;

use crate::{
    Grant, origin,
    target::{Origin, Target},
    template::{fill, percent},
};

/// The `[[host]]` that covers this request; `ports` are those that the operator allows besides 443 at
/// addresses of customers' own.
pub(crate) fn find<'g>(grant: &'g Grant, method: &str, target: &Target, ports: &[u16]) -> Result<&'g Host, String> {
    let named: Vec<&Host> = at(grant, &target.origin).collect();
    if named.is_empty() {
        return Err(unknown(grant, &target.origin));
    }
    let mut here = Vec::with_capacity(named.len());
    let mut refusal = None;
    for host in named {
        match origin::granted(host, &target.origin, grant, ports) {
            Ok(()) => here.push(host),
            Err(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    if let (true, Some(reason)) = (here.is_empty(), refusal) {
        return Err(reason);
    }
    let on_path = |host: &&&Host| host.paths.iter().any(|prefix| covers(prefix, &grant.placeholders, &target.path));
    let with_path: Vec<&&Host> = here.iter().filter(on_path).collect();
    if with_path.is_empty() {
        return Err(format!(
            "{}{} is not granted; to allow it, the [[host]] of that origin has to have:\npaths = [… \"{}\"]",
            target.origin, target.path, target.path
        ));
    }
    with_path.into_iter().find(|host| host.methods.iter().any(|granted| granted == method)).copied().ok_or_else(|| {
        format!(
            "{method} to {}{} is not granted; to allow it, the [[host]] of that origin has to have:\nmethods = [… \"{method}\"]",
            target.origin, target.path
        )
    })
}

/// The hosts of a grant at this origin.
fn at<'g>(grant: &'g Grant, target: &Origin) -> impl Iterator<Item = &'g Host> {
    grant.hosts.iter().filter(move |host| origin::of(host, &grant.placeholders).as_ref() == Some(target))
}

/// The refusal of an origin that no host names.
fn unknown(grant: &Grant, target: &Origin) -> String {
    let refused = format!(
        "requests to {target} are not granted; to allow them, add to connector.toml:\n[[host]]\norigin = \"{target}\""
    );
    match grant.hosts.iter().find_map(origin::customers_field) {
        Some(field) => {
            format!("{refused}\nof customers' own addresses, only the one of {{{field}}} of this connection is reached")
        }
        None => refused,
    }
}

/// Whether a person's entry made this origin, and no host of the manifest names it by itself.
pub(crate) fn is_entered(grant: &Grant, target: &Origin) -> bool {
    let mut here = at(grant, target).peekable();
    here.peek().is_some() && here.all(origin::is_entered)
}

/// Whether `path` is at or below a prefix: `/a` covers `/a` and `/a/b`, not `/ab`.
pub(crate) fn covers(prefix: &str, placeholders: &BTreeMap<String, String>, path: &str) -> bool {
    let segment = |name: &str| placeholders.get(name).filter(|value| !value.is_empty()).map(|value| percent(value));
    let Ok(prefix) = fill(prefix, segment) else {
        return false;
    };
    match path.strip_prefix(prefix.as_str()) {
        Some(rest) => rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests;
