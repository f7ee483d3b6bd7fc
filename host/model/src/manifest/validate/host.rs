//! Hosts and rates: where requests may go, and how fast.

use super::{
    address::{self, Refusal},
    auth::{fillable, fillers},
    names, root,
};
use crate::manifest::{
    FieldKind, Host, Manifest, Rate, RateScope,
    problem::{Findings, Path},
};

/// Ports that no browser opens, because other protocols live there (WHATWG Fetch, "bad port").
const REFUSED_PORTS: &[u16] = &[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    for (index, host) in manifest.hosts.iter().enumerate() {
        one(manifest, host, &root().entry("host", index), findings);
    }
    for (index, rate) in manifest.rates.iter().enumerate() {
        speed(manifest, rate, &root().entry("rate", index), findings);
    }
    for (index, auth) in manifest.auths.iter().enumerate() {
        for (place, slot) in auth.slots.iter().enumerate() {
            if !manifest.hosts.iter().any(|host| host.slots.contains(&slot.id)) {
                findings.add(
                    root().entry("auth", index).entry("slot", place).key("id"),
                    format!("no host takes the slot {:?}", slot.id),
                    format!("write slots = [{:?}] in the [[host]] where the credential goes", slot.id),
                );
            }
        }
    }
}

fn one(manifest: &Manifest, host: &Host, path: &Path, findings: &mut Findings) {
    names::said(&host.reason, 400, path.key("reason"), findings);
    let own = match address::origin(&host.origin, &fillers(&manifest.auths)) {
        Ok(filled) => filled.origin,
        Err((message, remedy)) => {
            findings.add(path.key("origin"), message, remedy);
            None
        }
    };
    ports(host, own.is_some(), path, findings);
    if let Some(field) = own {
        own_reason(manifest, host, field, path.key("reason"), findings);
    }
    if host.paths.is_empty() {
        findings.add(
            path.key("paths"),
            "no path may be reached",
            "write paths = [\"/\"], or leave it out for all paths",
        );
    }
    for (place, prefix) in host.paths.iter().enumerate() {
        prefix_of(manifest, prefix, path.entry("paths", place), findings);
    }
    if host.methods.is_empty() {
        findings.add(
            path.key("methods"),
            "no method may be used",
            "write methods = [\"GET\"], and what else is needed",
        );
    }
    for (place, method) in host.methods.iter().enumerate() {
        if !METHODS.contains(&method.as_str()) {
            let upper = method.to_ascii_uppercase();
            let remedy = if METHODS.contains(&upper.as_str()) {
                format!("write {upper:?}")
            } else {
                format!("write one of {}", METHODS.join(", "))
            };
            findings.add(path.entry("methods", place), format!("{method:?} is not a method"), remedy);
        }
    }
    for (place, slot) in host.slots.iter().enumerate() {
        let slots: Vec<&str> =
            manifest.auths.iter().flat_map(|auth| &auth.slots).map(|slot| slot.id.as_str()).collect();
        if !slots.contains(&slot.as_str()) {
            let remedy = if slots.is_empty() {
                format!("write an [[auth.slot]] with id = {slot:?}")
            } else {
                format!("name one of the slots: {}", slots.join(", "))
            };
            findings.add(path.entry("slots", place), format!("there is no slot {slot:?}"), remedy);
        }
    }
}

/// Ports of customers' own addresses: few, and none where something else than a web server is expected.
fn ports(host: &Host, own: bool, path: &Path, findings: &mut Findings) {
    if !own && !host.ports.is_empty() {
        findings.add(
            path.key("ports"),
            "the port of this host stands in its origin",
            "leave ports out; they are for origin = \"{field}\" with a field of type origin",
        );
        return;
    }
    for (place, port) in host.ports.iter().enumerate() {
        let at = path.entry("ports", place);
        if *port == 443 {
            findings.add(at, "443 is allowed anyway", "leave it out");
        } else if host.ports.iter().take(place).any(|before| before == port) {
            findings.add(at, format!("{port} is there twice"), "leave one of them out");
        } else if *port == 0 || REFUSED_PORTS.contains(port) {
            let remedy = "write the provider's usual port, e.g. 8069, or leave it out: an operator may allow others";
            findings.add(at, format!("no web server is expected on port {port}"), remedy);
        }
    }
}

/// Whoever approves has to see that the address is not in the manifest.
fn own_reason(manifest: &Manifest, host: &Host, field: &str, path: Path, findings: &mut Findings) {
    let fields = manifest.auths.iter().flat_map(|auth| &auth.fields);
    let labels: Vec<&str> = fields
        .filter(|one| one.id == field && one.kind == FieldKind::Origin)
        .map(|one| one.label.as_str())
        .filter(|label| !label.trim().is_empty())
        .collect();
    let reason = host.reason.to_lowercase();
    if let Some(label) = labels.first()
        && !labels.iter().any(|label| reason.contains(&label.to_lowercase()))
    {
        findings.add(
            path,
            "it does not say that the customer decides what is reached",
            format!("name the field in it: \"The server that is entered as {label}: …\""),
        );
    }
}

fn prefix_of(manifest: &Manifest, prefix: &str, path: Path, findings: &mut Findings) {
    let checked: Result<(), Refusal> = address::path(prefix).and_then(|used| {
        let known = fillable(manifest);
        match used.into_iter().find(|name| !known.iter().any(|one| one == name)) {
            Some(name) => Err((
                format!("{{{name}}} is no fact, and no field that may stand in an address"),
                format!("write an [[auth.fact]] with id = {name:?}, or an [[auth.field]] that is no secret"),
            )),
            None => Ok(()),
        }
    });
    if let Err((message, remedy)) = checked {
        findings.add(path, message, remedy);
    }
}

fn speed(manifest: &Manifest, rate: &Rate, path: &Path, findings: &mut Findings) {
    if let Some(prefix) = &rate.path {
        prefix_of(manifest, prefix, path.key("path"), findings);
    }
    let figures = [("per-second", rate.per_second), ("per-minute", rate.per_minute), ("concurrency", rate.concurrency)];
    for (key, figure) in figures {
        if figure == Some(0) {
            findings.add(path.key(key), "nothing could ever be sent", format!("write 1 or more, or leave {key} out"));
        }
    }
    let headers = [("remaining-header", &rate.remaining_header), ("reset-header", &rate.reset_header)];
    for (key, header) in headers {
        if let Some(header) = header {
            names::header(header, path.key(key), findings);
        }
    }
    if figures.iter().all(|(_, figure)| figure.is_none()) && rate.remaining_header.is_none() && !rate.alone {
        findings.add(
            path.key("scope"),
            "this rate limits nothing",
            "write per-second, per-minute, concurrency, remaining-header or alone",
        );
    }
    if rate.alone && rate.path.is_none() && rate.scope != RateScope::Account {
        findings.add(
            path.key("alone"),
            "it is the whole connection that waits, also without this",
            "write scope = \"account\", or the path of the requests that wait alone; or leave it out",
        );
    }
}
