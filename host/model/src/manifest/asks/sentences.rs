//! What a connector asks for, in the words of the review step.

use super::{Asks, growth::listed};
use crate::manifest::{FieldKind, Manifest};

impl Asks {
    /// One sentence for each power, for the person who approves: what is read and written, what is
    /// reached and why, what is asked at the login, and the limits.
    #[must_use]
    pub fn sentences(&self, manifest: &Manifest) -> Vec<String> {
        let mut sentences = Vec::new();
        for stream in &manifest.streams {
            sentences.push(format!("Reads {}: {}", stream.title, stream.meaning));
        }
        for action in &manifest.actions {
            sentences.push(format!("Writes {}: {}", action.title, action.meaning));
        }
        for host in &manifest.hosts {
            let methods = listed(host.methods.iter().map(String::as_str));
            let paths = listed(host.paths.iter().map(String::as_str));
            let credential = if host.slots.is_empty() { "never with" } else { "with" };
            sentences.push(format!(
                "Reaches {} ({methods} under {paths}), {credential} the credential: {}",
                host.origin, host.reason
            ));
        }
        for auth in &manifest.auths {
            if let Some(authorize) = &auth.authorize {
                sentences.push(format!("Sends the person to {} to log in ({})", authorize.url, auth.label));
            }
            if let Some(token) = &auth.token {
                sentences.push(format!("Gets tokens from {}", token.url));
            }
            if let (Some(refresh), true) = (&auth.refresh, auth.refresh != auth.token) {
                sentences.push(format!("Renews tokens at {}", refresh.url));
            }
            if auth.authorize.is_some() && !auth.pkce {
                sentences.push(format!("Logs in without PKCE, which the provider rejects ({})", auth.label));
            }
            for scope in &auth.scopes {
                sentences.push(format!("Asks the provider to allow {}: {}", scope.name, scope.reason));
            }
            for field in &auth.fields {
                let secret = if field.kind == FieldKind::Secret { ", kept secret" } else { "" };
                sentences.push(format!("Asks the person for {}{secret} ({})", field.label, auth.label));
            }
        }
        let limits = self.limits;
        sentences.push(format!(
            "Uses up to {} MiB of memory and {} minutes for a run",
            limits.memory_mib, limits.run_minutes
        ));
        sentences
    }
}
