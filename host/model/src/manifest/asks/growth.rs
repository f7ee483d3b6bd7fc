//! What a release asks for beyond what was granted, in plain words.

mod login;
mod settings;
pub(super) mod work;

use std::collections::BTreeMap;

use super::{Asks, Reach};

impl Asks {
    /// Every power that is asked beyond `granted`, one line each; empty when nothing grew.
    #[must_use]
    pub fn beyond(&self, granted: &Self) -> Vec<String> {
        let mut lines = Lines::default();
        reach(self, granted, &mut lines);
        for (id, login) in &self.logins {
            match granted.logins.get(id) {
                None => lines.add(format!("a new way to log in: {id}")),
                Some(before) => login::changed(id, login, before, &mut lines),
            }
        }
        for host in self.client_secret_hosts().difference(&granted.client_secret_hosts()) {
            lines.add(format!("sends the operator's client secret to a new host: {host}"));
        }
        work::streams(self, granted, &mut lines);
        work::actions(self, granted, &mut lines);
        settings::typed(self, granted, &mut lines);
        work::rates(self, granted, &mut lines);
        work::face(self, granted, &mut lines);
        if self.fetch && !granted.fetch {
            lines.add("reads from the provider, which it did not before".to_owned());
        }
        if self.push && !granted.push {
            lines.add("writes to the provider, which it did not before".to_owned());
        }
        let (limits, before) = (self.limits, granted.limits);
        if limits.memory_mib > before.memory_mib {
            lines.add(format!("uses more memory: {} MiB instead of {} MiB", limits.memory_mib, before.memory_mib));
        }
        if limits.run_minutes > before.run_minutes {
            lines.add(format!("runs longer: {} minutes instead of {} minutes", limits.run_minutes, before.run_minutes));
        }
        lines.0
    }
}

fn reach(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    let mut fresh: BTreeMap<&str, Vec<&Reach>> = BTreeMap::new();
    for part in &asks.reach {
        let at_origin = || granted.reach.iter().filter(|other| other.origin == part.origin);
        let at_path = || at_origin().filter(|other| leads_into(&other.path, &part.path));
        let with_method = || at_path().filter(|other| other.method == part.method);
        let Reach { origin, path, method, slot } = part;
        if at_origin().next().is_none() {
            fresh.entry(origin).or_default().push(part);
        } else if at_path().next().is_none() {
            lines.add(format!("reaches a new path: {origin}{path}"));
        } else if with_method().next().is_none() {
            lines.add(format!("uses a new method: {method} on {origin}{path}"));
        } else if let Some(slot) = slot
            && !with_method().any(|other| other.slot.as_ref() == Some(slot))
        {
            lines.add(format!("sends the credential {slot} to a new place: {method} {origin}{path}"));
        }
    }
    for (origin, ports) in &asks.customer_origins {
        match granted.customer_origins.get(origin) {
            None => lines.add(format!("asks for addresses of customers' own: {origin}")),
            Some(before) => {
                for port in ports.difference(before) {
                    lines.add(format!("reaches another port of customers' own addresses: {origin}, port {port}"));
                }
            }
        }
    }
    for (origin, parts) in fresh {
        let methods = listed(parts.iter().map(|part| part.method.as_str()));
        let slots = listed(parts.iter().filter_map(|part| part.slot.as_deref()));
        let credential = if slots.is_empty() { "no credential".to_owned() } else { format!("the credential {slots}") };
        lines.add(format!("reaches a new host: {origin} ({methods}, with {credential})"));
    }
}

/// Whether all that starts with `asked` was granted with `granted`, whether a prefix is read as text
/// or as whole path segments.
fn leads_into(granted: &str, asked: &str) -> bool {
    asked.strip_prefix(granted).is_some_and(|rest| rest.is_empty() || granted.ends_with('/') || rest.starts_with('/'))
}

/// The different ones, with commas.
pub(super) fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut different: Vec<&str> = Vec::new();
    for word in words {
        if !different.contains(&word) {
            different.push(word);
        }
    }
    different.join(", ")
}

/// Lines without repetition, in the order in which they were found.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, line: String) {
        if !self.0.contains(&line) {
            self.0.push(line);
        }
    }
}
