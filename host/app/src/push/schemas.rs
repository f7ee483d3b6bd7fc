//! The schemas of a release, compiled once: a push must not pay for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::Validator;
use patchbay_model::{
    Code, Fault,
    manifest::{Action, compile_known_schema},
};
use serde_json::Value;

use crate::connectors::Release;

/// Violations named in one answer; more would help nobody.
const SHOWN: usize = 20;
/// Characters of one violation: it quotes what was sent.
const SAID: usize = 300;

/// What was compiled so far, by what it is of.
#[derive(Default)]
pub(crate) struct Schemas(Mutex<HashMap<(Of, String), Arc<Validator>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Payload,
    Target,
    Settings,
}

impl Schemas {
    /// Where a payload does not fit: JSON pointer and reason.
    pub(super) fn payload(&self, action: &Action, value: &Value) -> Result<Vec<(String, String)>, Fault> {
        self.violations(Of::Payload, &action.name, &action.schema, value)
    }

    /// The same of a target.
    pub(super) fn target(&self, action: &Action, value: &Value) -> Result<Vec<(String, String)>, Fault> {
        let Some(schema) = &action.target else { return Ok(Vec::new()) };
        self.violations(Of::Target, &action.name, schema, value)
    }

    fn violations(&self, of: Of, name: &str, schema: &Value, value: &Value) -> Result<Vec<(String, String)>, Fault> {
        let key = (of, name.to_owned());
        let there = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let validator = match there {
            Some(validator) => validator,
            None => {
                let made =
                    compile_known_schema(schema).map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))?;
                let made = Arc::new(made);
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&made));
                made
            }
        };
        let told = |text: String| text.chars().take(SAID).collect::<String>();
        let found = validator.iter_errors(value).take(SHOWN);
        Ok(found.map(|error| (error.instance_path().to_string(), told(error.to_string()))).collect())
    }
}

/// Settings against the manifest's schema.
pub(crate) fn check_settings(release: &Release, settings: &Value) -> Result<(), Fault> {
    let Some(schema) = &release.manifest.settings else {
        return Err(Fault::new(Code::SettingsWrong).field("/settings", "this connector has no settings"));
    };
    let found = release.schemas.violations(Of::Settings, "", schema, settings)?;
    if found.is_empty() {
        return Ok(());
    }
    Err(found.into_iter().fold(Fault::new(Code::SettingsWrong), |fault, (pointer, message)| {
        fault.field(format!("/settings{pointer}"), message)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_violation_names_its_place_and_does_not_quote_without_end() {
        let schema = json!({"type": "object", "required": ["title"], "additionalProperties": false,
            "properties": {"title": {"type": "string"}, "labels": {"type": "array", "items": {"type": "string"}}}});
        let schemas = Schemas::default();
        let found = |value: &Value| schemas.violations(Of::Payload, "issue", &schema, value).expect("a schema");
        let one = found(&json!({"title": "x", "labels": ["a", 7]}));
        assert_eq!(one.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), ["/labels/1"]);
        let long = found(&json!({"title": {"x": "y".repeat(10_000)}}));
        assert!(long[0].1.chars().count() <= SAID);
        assert_eq!(schemas.0.lock().expect("a lock").len(), 1, "compiled once");
    }
}
