//! What a connector asks for, in the words of the review step.

mod login;

use super::{Asks, growth::listed};
use crate::manifest::{Host, Manifest};

impl Asks {
    /// One sentence for each power, for the person who approves: what is read and written, what is
    /// reached and why, what is asked at the login, and the limits.
    #[must_use]
    pub fn sentences(&self, manifest: &Manifest) -> Vec<String> {
        let manifest = &manifest.filled();
        let mut sentences = Vec::new();
        for stream in &manifest.streams {
            let only = match stream.auth.as_slice() {
                [] => String::new(),
                logins => format!(" (only with the login {})", logins.join(" or ")),
            };
            sentences.push(format!("Reads {}{only}: {}", stream.title, stream.meaning));
        }
        if let Some(discovered) = &manifest.discovered {
            sentences.push(format!(
                "Reads what is found in each connection ({}…, up to {}), each only once somebody switches it on: {}",
                discovered.prefix, discovered.limit, discovered.meaning
            ));
        }
        for action in &manifest.actions {
            sentences.push(format!("Writes {}: {}", action.title, action.meaning));
        }
        for host in &manifest.hosts {
            sentences.push(reached(host, manifest));
        }
        for auth in &manifest.auths {
            login::sentences(auth, &mut sentences);
        }
        let hosts: Vec<String> = self.client_secret_hosts().into_iter().collect();
        if !hosts.is_empty() {
            sentences.push(format!("Sends the operator's client secret to {}", hosts.join(", ")));
        }
        for setting in self.settings.iter().flatten() {
            let words = setting.in_words();
            sentences.push(format!("Asks people in the settings for {words}, in plain text, and is told it"));
        }
        let limits = self.limits;
        sentences.push(format!(
            "Uses up to {} MiB of memory and {} minutes for a run",
            limits.memory_mib, limits.run_minutes
        ));
        sentences
    }
}

fn reached(host: &Host, manifest: &Manifest) -> String {
    let methods = listed(host.methods.iter().map(String::as_str));
    let paths = listed(host.paths.iter().map(String::as_str));
    let credential = if host.slots.is_empty() { "never with" } else { "with" };
    let Some(field) = host.origin.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return format!(
            "Reaches {} ({methods} under {paths}), {credential} the credential: {}",
            host.origin, host.reason
        );
    };
    let fields = manifest.auths.iter().flat_map(|auth| &auth.fields).filter(|one| one.id == field);
    let label = listed(fields.map(|field| field.label.as_str()));
    let ports: Vec<String> =
        std::iter::once(443).chain(host.ports.iter().copied()).map(|port| port.to_string()).collect();
    format!(
        "Reaches the address of the customer's own that is entered as {label}, where the operator allows that address \
         ({methods} under {paths}, port {}), {credential} the credential: {}",
        ports.join(" or "),
        host.reason
    )
}
