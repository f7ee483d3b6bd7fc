//! What a manifest has to mean, beyond being readable.
//!
//! Everything that is wrong is found in one go. The same checks run on an author's `connector.toml` and
//! on the packed JSON of an upload, so that a hand-packed manifest gets no further than a written one.

mod action;
mod address;
mod auth;
mod burden;
mod config;
mod entered;
mod host;
mod identity;
mod names;
mod picker;
mod sizes;
mod stream;
mod written;

use super::{
    Finding, Manifest, Problem,
    problem::{Findings, Path},
};

/// Everything that is wrong with a manifest; the lines are unknown here.
#[must_use]
pub fn validate(manifest: &Manifest) -> Vec<Problem> {
    findings(manifest).into_iter().map(|finding| finding.on_line(None)).collect()
}

/// The same, with the ways into the manifest. What costs too much is not looked at any further.
pub(crate) fn findings(manifest: &Manifest) -> Vec<Finding> {
    let bounds = bounds(manifest);
    if bounds.is_empty() { meaning(manifest) } else { bounds }
}

/// Everything of a manifest that was taken once, whatever it costs.
pub(crate) fn findings_of_known(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = bounds(manifest);
    findings.extend(meaning(manifest));
    findings
}

fn bounds(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Findings::default();
    sizes::check(manifest, &mut findings);
    if findings.0.is_empty() {
        burden::check(manifest, &mut findings);
    }
    findings.0
}

fn meaning(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Findings::default();
    config::findings(manifest, &mut findings);
    // From here on an address is an address, wherever it is written; one that could not be filled is told of once.
    let unfilled = findings.0.len();
    let manifest = &manifest.filled();
    identity::check(manifest, &mut findings);
    auth::check(manifest, &mut findings);
    host::check(manifest, &mut findings);
    stream::check(manifest, &mut findings);
    picker::check(manifest, &mut findings);
    action::check(manifest, &mut findings);
    written::check(manifest, &mut findings);
    entered::check(manifest, &mut findings);
    let rest = findings.0.split_off(unfilled);
    let told = |finding: &Finding| findings.0.iter().any(|first| first.path == finding.path);
    let rest: Vec<Finding> = rest.into_iter().filter(|finding| !told(finding)).collect();
    findings.0.extend(rest);
    findings.0
}

pub(crate) use config::check as config_places;
pub(crate) use names::is_pointer;

/// A manifest with a login and an action, and nothing wrong in it.
#[cfg(test)]
fn smallest() -> Manifest {
    let text = "id = \"acme.books\"\nversion = \"1.0.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\n\
         category = \"accounting\"\nsummary = \"Books.\"\n[[auth]]\nid = \"key\"\nkind = \"fields\"\n\
         label = \"Key\"\n[[action]]\nname = \"note\"\ntitle = \"Note\"\nfunction = \"notes\"\n\
         meaning = \"Writes.\"\nidempotency = \"none\"\nschema = '{\"type\": \"object\"}'\n";
    super::parse::parse(text, &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn root() -> Path {
    Path::default()
}
