//! How long the lists of a manifest may be; whatever is checked afterwards is bounded by them.

use super::root;
use crate::manifest::{Manifest, problem::Findings};

/// Entries of one path, method and slot that all hosts make together.
const REACH: usize = 5_000;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let mut most = |path, count: usize, most: usize| {
        if count > most {
            findings.add(path, format!("there are {count} of them"), format!("write at most {most}"));
        }
    };
    for (key, count, limit) in [
        ("recommended-for", manifest.recommended_for.len(), 50),
        ("checklist", manifest.checklist.len(), 50),
        ("guide", manifest.guides.len(), 20),
        ("auth", manifest.auths.len(), 20),
        ("host", manifest.hosts.len(), 100),
        ("rate", manifest.rates.len(), 50),
        ("stream", manifest.streams.len(), 300),
        ("picker", manifest.pickers.len(), 100),
        ("action", manifest.actions.len(), 100),
    ] {
        most(root().key(key), count, limit);
    }
    for (index, auth) in manifest.auths.iter().enumerate().take(20) {
        let path = root().entry("auth", index);
        for (key, count, limit) in [
            ("field", auth.fields.len(), 50),
            ("scope", auth.scopes.len(), 200),
            ("fact", auth.facts.len(), 50),
            ("slot", auth.slots.len(), 20),
            ("expired", auth.expired.len(), 50),
            ("dead", auth.dead.len(), 50),
            ("throttled", auth.throttled.len(), 50),
            ("misconfigured", auth.misconfigured.len(), 50),
            ("region", auth.regions.len(), 50),
        ] {
            most(path.key(key), count, limit);
        }
        for (place, field) in auth.fields.iter().enumerate().take(50) {
            most(path.entry("field", place).key("options"), field.options.len(), 500);
        }
        for (key, request) in auth.requests() {
            most(path.key(key).key("params"), request.map_or(0, |request| request.params.len()), 50);
        }
        most(path.key("answer").key("more"), auth.answer.more.len(), 20);
        for (place, region) in auth.regions.iter().enumerate().take(50) {
            most(path.entry("region", place).key("values"), region.values.len(), 20);
        }
        for (place, slot) in auth.slots.iter().enumerate().take(20) {
            most(path.entry("slot", place).key("with"), slot.with.len(), 20);
        }
    }
    for (index, host) in manifest.hosts.iter().enumerate().take(100) {
        most(root().entry("host", index).key("ports"), host.ports.len(), 20);
    }
    for (index, stream) in manifest.streams.iter().enumerate().take(300) {
        most(root().entry("stream", index).key("key"), stream.key.len(), 10);
    }
    let reach = manifest.hosts.iter().fold(0_usize, |sum, host| {
        // A host without any path or method reaches nothing, and its other lists are still gone through.
        let (paths, methods) = (host.paths.len().max(1), host.methods.len().max(1));
        let slots = host.slots.len().saturating_add(1);
        sum.saturating_add(paths.saturating_mul(methods).saturating_mul(slots))
    });
    if reach > REACH {
        let message = format!("paths, methods and slots make {reach} combinations");
        findings.add(root().key("host"), message, format!("write shorter paths, so that there are at most {REACH}"));
    }
}
