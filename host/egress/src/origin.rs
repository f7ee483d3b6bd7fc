//! Which origin a `[[host]]` of the manifest is for one connection, and whether it is granted.
//!
//! Values come from people (fields) and from the release's own table (regions), and each fills only
//! what it may fill, checked here again whoever checked it before: a field is one label, a region's
//! value is a host or labels of one, and only where a `{field}` is the whole origin is its value one
//! too. That value is an address of the customer's own, so the operator has the last word on it.

use std::collections::BTreeMap;

use patchbay_model::{
    CustomerOrigins,
    manifest::{Host, REGION},
};

use crate::{Grant, target::Origin, template::fill};

/// The origin of a host with its placeholders filled; none when that gives no origin, so a connection
/// whose fields are missing reaches nothing.
pub(crate) fn of(host: &Host, placeholders: &BTreeMap<String, String>) -> Option<Origin> {
    if let Some(field) = customers_field(host) {
        let value = placeholders.get(field)?;
        // In the very form that the gate would write: no user, path or other spelling hides in it.
        return Origin::parse(value).ok().filter(|origin| origin.to_string() == *value);
    }
    let part = |name: &str| {
        let fits = if is_of_region(name) { is_of_host } else { is_label };
        placeholders.get(name).filter(|value| fits(value)).cloned()
    };
    Origin::parse(&fill(&host.origin, part).ok()?).ok()
}

/// Whether a person's entry made this origin. Two connections then ask servers that have nothing in
/// common; the places of a region are the provider's, and many connections share each.
pub(crate) fn is_entered(host: &Host) -> bool {
    host.origin.split('{').skip(1).any(|rest| !is_of_region(rest))
}

/// Refuses an address of a customer's own that the operator does not grant, or a port that nobody
/// named; `ports` are the operator's. Every other origin is the manifest's, which was approved: only the
/// deployment's ceiling, which may have been lowered since, is asked about it.
pub(crate) fn granted(host: &Host, origin: &Origin, grant: &Grant, ports: &[u16]) -> Result<(), String> {
    let Some(field) = customers_field(host) else {
        return match grant.ceiling.allow(&origin.host) {
            true => Ok(()),
            false => Err(format!(
                "{} is none of the hosts that this deployment allows, whatever was approved; see connectors.ceiling.hosts",
                origin.host
            )),
        };
    };
    match &grant.customer_origins {
        CustomerOrigins::AnyPublic => {}
        CustomerOrigins::Listed(listed) if listed.iter().any(|one| Origin::parse(one).as_ref() == Ok(origin)) => {}
        CustomerOrigins::Listed(_) => {
            return Err(format!(
                "the operator grants this connector some addresses of customers' own, and {origin} is none of \
                 them; to allow it, the operator adds it to the connector's grant"
            ));
        }
        CustomerOrigins::None => {
            return Err(format!(
                "the operator grants this connector no addresses of customers' own; see the connector's grant: \
                 it would have to allow {origin}"
            ));
        }
    }
    if origin.port == 443 || host.ports.contains(&origin.port) || ports.contains(&origin.port) {
        return Ok(());
    }
    Err(format!(
        "port {0} of {origin} is not granted; to allow it, add to the [[host]] with origin = \"{{{field}}}\":\n\
         ports = [… {0}]\nor set egress.allowed_ports = [… {0}]",
        origin.port
    ))
}

/// The field that is all of a host's origin.
pub(crate) fn customers_field(host: &Host) -> Option<&str> {
    let name = host.origin.strip_prefix('{')?.strip_suffix('}')?;
    (!name.contains(['{', '}']) && !is_of_region(name)).then_some(name)
}

fn is_of_region(name: &str) -> bool {
    name.strip_prefix(REGION).is_some_and(|rest| rest.starts_with('.'))
}

/// One label: a person's entry cannot add another level, a port or a path.
fn is_label(value: &str) -> bool {
    !value.is_empty() && value.len() <= 63 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Labels with dots between, in lower case.
fn is_of_host(value: &str) -> bool {
    value.len() <= 253 && value.split('.').all(|part| is_label(part) && !part.bytes().any(|b| b.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests;
