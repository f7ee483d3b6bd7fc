//! Who the connector is, its guides, logo, config and limits.

use super::{names, root};
use crate::Industry;
use crate::manifest::{Manifest, compile_schema, logo, problem::Findings};

/// Memory that can be asked for, MiB.
const MEMORY_MIB: std::ops::RangeInclusive<u32> = 1..=512;
/// Time of a run that can be asked for, minutes.
const RUN_MINUTES: std::ops::RangeInclusive<u32> = 1..=240;
/// Bytes of the config's defaults.
const DEFAULTS_BYTES: usize = 64 * 1024;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    id(&manifest.id, findings);
    for (key, text) in [("version", &manifest.version), ("contract", &manifest.contract)] {
        if semver::Version::parse(text).is_err() {
            let message = format!("{text:?} is not a semantic version");
            findings.add(root().key(key), message, "write three numbers with dots, e.g. 0.1.0");
        }
    }
    names::said(&manifest.name, 60, root().key("name"), findings);
    names::said(&manifest.summary, 400, root().key("summary"), findings);
    if let Some(text) = &manifest.logo
        && let Err(error) = logo::check(text)
    {
        findings.add(root().key("logo"), error, "save it as a plain SVG of shapes, without scripts, images or links");
    }
    industries(&manifest.recommended_for, findings);
    guides(manifest, findings);
    if let Some(settings) = &manifest.settings {
        super::action::object_schema(settings, root().key("settings"), findings);
    }
    config(manifest, findings);
    limits(manifest, findings);
}

fn id(id: &str, findings: &mut Findings) {
    let part = |part: &str| names::is_name(part) && !part.contains('_') && !part.ends_with('-');
    if !id.split_once('.').is_some_and(|(publisher, name)| part(publisher) && part(name)) {
        findings.add(
            root().key("id"),
            format!("{id:?} is not an id"),
            "write publisher.name, each of lower-case letters, digits and hyphens",
        );
    }
}

fn industries(named: &[String], findings: &mut Findings) {
    for (index, industry) in named.iter().enumerate() {
        if Industry::from_word(industry).is_none() {
            let known: Vec<&str> = Industry::ALL.iter().map(|industry| industry.as_str()).collect();
            let message = format!("{industry:?} is no industry");
            findings.add(root().entry("recommended-for", index), message, format!("write one of {}", known.join(", ")));
        }
    }
}

fn guides(manifest: &Manifest, findings: &mut Findings) {
    let at = |index, key: &str| root().entry("guide", index).key(key);
    for (index, guide) in manifest.guides.iter().enumerate() {
        names::name(&guide.id, at(index, "id"), findings);
        names::said(&guide.audience, 100, at(index, "audience"), findings);
        names::said(&guide.title, 100, at(index, "title"), findings);
        names::said(&guide.text, 50_000, at(index, "text"), findings);
    }
    names::unique(manifest.guides.iter().enumerate().map(|(i, guide)| (guide.id.as_str(), at(i, "id"))), findings);
}

fn config(manifest: &Manifest, findings: &mut Findings) {
    let Some(config) = &manifest.config else { return };
    let path = root().key("config");
    if !super::action::object_schema(&config.schema, path.key("schema"), findings) {
        return;
    }
    let defaults = path.key("defaults");
    if config.defaults.to_string().len() > DEFAULTS_BYTES {
        let remedy = format!("write at most {DEFAULTS_BYTES} bytes of JSON");
        findings.add(defaults, "the defaults are too long", remedy);
        return;
    }
    match compile_schema(&config.schema) {
        Ok(schema) => {
            if let Err(error) = schema.validate(&config.defaults) {
                let message =
                    format!("the defaults do not fit the schema at {:?}: {error}", error.instance_path().to_string());
                findings.add(defaults, message, "write a JSON object that the schema allows");
            }
        }
        Err(error) => findings.add(path.key("schema"), error, "write a JSON Schema"),
    }
}

fn limits(manifest: &Manifest, findings: &mut Findings) {
    let limits = manifest.limits;
    for (key, value, range, unit) in [
        ("memory-mib", limits.memory_mib, MEMORY_MIB, "MiB"),
        ("run-minutes", limits.run_minutes, RUN_MINUTES, "minutes"),
    ] {
        if !range.contains(&value) {
            findings.add(
                root().key("limits").key(key),
                format!("{value} {unit} cannot be had"),
                format!("ask for {} to {} {unit}", range.start(), range.end()),
            );
        }
    }
}
