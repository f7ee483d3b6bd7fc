//! Hosts and rates: where requests may go, and how fast.

use super::{
    address::{self, Refusal},
    auth::{fillable, subdomains},
    names, root,
};
use crate::manifest::{
    Host, Manifest, Rate,
    problem::{Findings, Path},
};

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
    if let Err((message, remedy)) = address::origin(&host.origin, &subdomains(&manifest.auths)) {
        findings.add(path.key("origin"), message, remedy);
    }
    names::said(&host.reason, 400, path.key("reason"), findings);
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

fn prefix_of(manifest: &Manifest, prefix: &str, path: Path, findings: &mut Findings) {
    let checked: Result<(), Refusal> = address::path(prefix).and_then(|used| {
        let known = fillable(manifest);
        match used.into_iter().find(|name| !known.contains(name)) {
            Some(name) => Err((
                format!("{{{name}}} is no fact, and no field that may stand in an address"),
                format!("write an [[auth.fact]] with id = {name:?}, or a field of type text, select or subdomain"),
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
    if figures.iter().all(|(_, figure)| figure.is_none()) && rate.remaining_header.is_none() {
        findings.add(
            path.key("scope"),
            "this rate limits nothing",
            "write per-second, per-minute, concurrency or remaining-header",
        );
    }
}
