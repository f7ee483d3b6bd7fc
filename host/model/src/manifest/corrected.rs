//! The operator's correction of `[config]`: laid over the manifest's defaults, and judged like them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Manifest, compile_known_schema, places, validate};
use crate::contract::FieldError;

/// Bytes of what a connector is told.
const CONFIG_BYTES: usize = 64 * 1024;
/// Violations named in one answer; more would help nobody.
const SHOWN: usize = 20;
/// Characters of one violation: it quotes what was sent.
const SAID: usize = 300;

impl Manifest {
    /// The manifest as it works with a correction: the correction is a JSON object that is laid over the defaults
    /// (RFC 7396: `null` takes a key away), and addresses that stand in `[config]` are filled in.
    ///
    /// # Errors
    /// What does not fit, by JSON pointer into the config.
    pub fn corrected(&self, correction: &Value) -> Result<Self, Vec<FieldError>> {
        let Value::Object(said) = correction else {
            return Err(vec![wrong("", "has to be a JSON object")]);
        };
        if said.is_empty() {
            return Ok(self.filled());
        }
        let mut corrected = self.clone();
        let Some(config) = &mut corrected.config else {
            return Err(vec![wrong("", "is not taken: this connector has nothing that can be corrected")]);
        };
        lay_over(&mut config.defaults, correction);
        if config.defaults.to_string().len() > CONFIG_BYTES {
            return Err(vec![wrong("", format!("has more than {CONFIG_BYTES} bytes together with the defaults"))]);
        }
        let schema = compile_known_schema(&config.schema).map_err(|error| vec![wrong("", error)])?;
        let refused: Vec<FieldError> = schema
            .iter_errors(&config.defaults)
            .take(SHOWN)
            .map(|error| wrong(&error.instance_path().to_string(), error.to_string()))
            .collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let places = validate::config_places(&corrected).into_iter();
        let mut refused: Vec<FieldError> = places
            .map(|(name, finding)| {
                let pointer = name.map(|name| format!("/{name}")).unwrap_or_default();
                wrong(&pointer, format!("{}; {}", finding.message, finding.remedy))
            })
            .collect();
        if refused.is_empty() {
            // An address may be one by itself and still not fit the rest: its host, its fields, its regions.
            let mut rest = validate::findings_of_known(&corrected);
            if !rest.is_empty() {
                // What there was to find without it is not of its making: rules that came after the release was taken.
                let before = validate::findings_of_known(self);
                rest.retain(|finding| !before.contains(finding));
            }
            refused.extend(rest.into_iter().take(SHOWN).map(|finding| {
                wrong("", format!("does not fit {}: {}; {}", finding.path, finding.message, finding.remedy))
            }));
        }
        if refused.is_empty() { Ok(corrected.filled()) } else { Err(refused) }
    }

    /// The names in `[config]` that are addresses: to change one is a change of power.
    #[must_use]
    pub fn addresses_in_config(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        places::each(&mut self.clone(), &mut |_, _, _, text| {
            names.extend(places::named(text).map(|found| found.name.to_owned()));
        });
        names
    }

    /// Every address that another correction changes: the name in `[config]`, and in plain words what becomes of it.
    /// What does not fit counts as nothing said.
    #[must_use]
    pub fn addresses_changed(&self, before: &Value, after: &Value) -> Vec<(String, String)> {
        let of = |correction: &Value| self.corrected(correction).unwrap_or_else(|_| self.filled());
        let (mut before, mut after) = (of(before), of(after));
        let mut names = Vec::new();
        places::each(&mut self.clone(), &mut |_, _, _, text| {
            names.push(places::named(text).map(|found| found.name.to_owned()));
        });
        let texts = |manifest: &mut Self| {
            let mut all = Vec::new();
            places::each(manifest, &mut |_, _, words, text| all.push((words, text.clone())));
            all
        };
        let (before, after) = (texts(&mut before), texts(&mut after));
        let mut changed: Vec<(String, String)> = Vec::new();
        for ((name, (words, was)), (_, becomes)) in names.into_iter().zip(before).zip(after) {
            if let Some(name) = name
                && was != becomes
            {
                let line = (name, format!("changes the {words}: {was} becomes {becomes}"));
                if !changed.contains(&line) {
                    changed.push(line);
                }
            }
        }
        changed
    }
}

fn wrong(pointer: &str, message: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.to_owned(), message: message.into().chars().take(SAID).collect() }
}

/// JSON Merge Patch (RFC 7396).
pub fn lay_over(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                lay_over(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
