//! What a manifest costs whoever reads it, counted before anything in it is compiled.
//!
//! A manifest is read on every node, and before anybody looks at who signed it. Each schema has bounds of its own
//! ([`compile_schema`](crate::manifest::compile_schema)), but a manifest may carry two hundred of them: so what they
//! cost together is bounded here, with the patterns of fields and facts.

use serde_json::Value;

use super::root;
use crate::manifest::{
    Manifest,
    patterns::{self, Patterns},
    problem::{Findings, Path},
    schema,
};

/// Rules of all schemas together, their references unfolded.
const RULES: u64 = 40_000;
/// Bytes of a payload that is made of a meeting: every rule of the schema is tried on it.
const PAYLOAD: usize = 16 * 1024;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    if let Err((path, error)) = weigh(manifest) {
        findings.add(path, error, patterns::REMEDY);
    }
    let mut rules = 0_u64;
    for (path, schema) in schemas(manifest) {
        // One that cannot be unfolded is told of where it would be compiled.
        rules = rules.saturating_add(schema::rules_of(schema).unwrap_or_default());
        if rules > RULES {
            let message = format!("all schemas together have more than {RULES} rules once their references unfold");
            findings.add(path, message, "write smaller schemas: describe what has to hold, and no more");
            break;
        }
    }
    for (index, action) in manifest.actions.iter().enumerate() {
        let Some(meeting) = &action.meeting else { continue };
        let path = root().entry("action", index).key("meeting");
        let todos = meeting.todos.as_ref().map(|todos| (path.key("todos"), &todos.payload));
        for (path, payload) in std::iter::once((path.clone(), &meeting.payload)).chain(todos) {
            let bytes = payload.to_string().len();
            if bytes > PAYLOAD {
                let message = format!("the payload has {bytes} bytes");
                findings.add(path.key("payload"), message, format!("write at most {PAYLOAD}"));
            }
        }
    }
}

/// All patterns of the manifest; where it stops, with the place.
fn weigh(manifest: &Manifest) -> Result<(), (Path, String)> {
    let mut patterns = Patterns::default();
    for (index, auth) in manifest.auths.iter().enumerate() {
        let path = root().entry("auth", index);
        let fields = auth.fields.iter().enumerate().map(|(place, field)| ("field", place, field.pattern.as_deref()));
        let facts = auth.facts.iter().enumerate().map(|(place, fact)| ("fact", place, Some(fact.pattern.as_str())));
        for (key, place, pattern) in fields.chain(facts) {
            let Some(pattern) = pattern else { continue };
            patterns.add(pattern).map_err(|error| (path.entry(key, place).key("pattern"), error))?;
        }
    }
    for (path, schema) in schemas(manifest) {
        patterns.add_all_of(schema).map_err(|error| (path, error))?;
    }
    Ok(())
}

/// Every schema, with the way to it.
fn schemas(manifest: &Manifest) -> impl Iterator<Item = (Path, &Value)> {
    let settings = manifest.settings.iter().map(|schema| (root().key("settings"), schema));
    let config = manifest.config.iter().map(|config| (root().key("config").key("schema"), &config.schema));
    let actions = manifest.actions.iter().enumerate().flat_map(|(index, action)| {
        let path = root().entry("action", index);
        let target = action.target.as_ref().map(|target| (path.key("target"), target));
        std::iter::once((path.key("schema"), &action.schema)).chain(target)
    });
    settings.chain(config).chain(actions)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::{Map, json};

    use super::*;
    use crate::manifest::{validate, validate::smallest as manifest};

    /// A schema with so many properties, each with a pattern of its own.
    fn properties(number: usize, pattern: impl Fn(usize) -> String) -> Value {
        let all: Map<String, Value> =
            (0..number).map(|at| (format!("p{at}"), json!({ "pattern": pattern(at) }))).collect();
        json!({ "type": "object", "properties": all })
    }

    /// What is wrong, and nothing besides.
    fn only(manifest: &Manifest) -> String {
        let problems = validate(manifest);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        problems[0].to_string()
    }

    /// Compiled, these are ten gigabytes: a test that compiles them does not end.
    #[test]
    fn a_manifest_of_patterns_that_compile_to_gigabytes_is_refused_at_once() {
        let begun = Instant::now();
        let heavy = properties(9_900, |at| format!("x{{9000}}y{at}"));
        assert!(heavy.to_string().len() < 512 * 1024);
        for place in ["settings", "config.schema", "action[0].schema", "action[0].target"] {
            let mut manifest = manifest();
            match place {
                "settings" => manifest.settings = Some(heavy.clone()),
                "config.schema" => {
                    manifest.config = Some(crate::manifest::ConfigAsked { schema: heavy.clone(), defaults: json!({}) });
                }
                "action[0].schema" => manifest.actions[0].schema = heavy.clone(),
                _ => manifest.actions[0].target = Some(heavy.clone()),
            }
            let told = only(&manifest);
            assert!(told.contains(&format!("{place}: ")) && told.contains("1000 are the most"), "{told}");
        }
        // Minutes and not seconds, if it were compiled; the bound is wide for a machine that is busy.
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    #[test]
    fn what_no_schema_has_alone_is_bounded_for_all_of_them_together() {
        let mut many = manifest();
        let action = many.actions[0].clone();
        many.actions = (0..6)
            .map(|at| {
                let schema = properties(99, |_| "^[0-9]{1,9}$".to_owned());
                crate::manifest::Action { name: format!("note{at}"), schema, ..action.clone() }
            })
            .collect();
        assert!(only(&many).contains("more than 500 patterns"), "{}", only(&many));
        for (at, action) in many.actions.iter_mut().enumerate() {
            action.schema = properties(at + 1, |_| "x{600}".to_owned());
        }
        assert!(only(&many).contains("all patterns together have more than 10000 parts"), "{}", only(&many));
        for action in &mut many.actions {
            // Few letters, and eleven thousand rules.
            let part = json!({ "$ref": "#/$defs/a" });
            let whole = json!({ "allOf": vec![part; 70] });
            let rules: Map<String, Value> = (0..50).map(|at| (format!("p{at}"), json!({}))).collect();
            action.schema = json!({ "type": "object", "allOf": [{ "$ref": "#/$defs/b" }, { "$ref": "#/$defs/b" }],
                "$defs": { "a": { "properties": rules }, "b": whole } });
        }
        assert!(only(&many).contains("all schemas together have more than 40000 rules"), "{}", only(&many));
    }

    #[test]
    fn patterns_of_fields_and_facts_count_and_a_payload_of_a_meeting_is_short() {
        let mut manifest = manifest();
        manifest.auths[0].fields = (0..3)
            .map(|at| {
                let field = json!({ "id": format!("f{at}"), "label": "F", "type": "text", "pattern": "[a-z]{1001}" });
                serde_json::from_value(field).unwrap()
            })
            .collect();
        assert!(only(&manifest).contains("auth[0].field[0].pattern: "), "{}", only(&manifest));
        manifest.auths[0].fields.clear();
        let meeting = json!({ "part": "note", "payload": { "text": vec![0; 9_000] } });
        manifest.actions[0].meeting = Some(serde_json::from_value(meeting).unwrap());
        assert!(only(&manifest).contains("write at most 16384"), "{}", only(&manifest));
    }
}
