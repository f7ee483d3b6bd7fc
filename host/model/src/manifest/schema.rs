//! JSON Schemas of settings, config, payloads and targets: compiled once, with bounds.
//!
//! A schema comes from a stranger, and is compiled before anybody looks at who signed it. A few lines of references can
//! unfold into more rules than memory holds, and a pattern can take for ever to match; so only references within the
//! schema are followed, none to itself, the unfolded size is counted and patterns are weighed before anything is
//! compiled, and patterns run on an engine without backtracking.
//!
//! What is counted has to be what is compiled. So whatever the compiler reads in another way than a plain JSON pointer
//! is refused: identifiers, escapes in a reference, and other drafts within a schema.

use std::collections::BTreeMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::patterns::Patterns;

/// Rules of one schema after unfolding its references.
const UNFOLDED: u64 = 20_000;
/// Levels of one schema after unfolding its references.
const DEPTH: usize = 200;
/// Bytes of the ways to all rules of a schema: the compiler writes one out for each, with all names on it.
const WAYS: usize = 4 * 1024 * 1024;
/// Bytes of one compiled pattern. [`Patterns`] weighs all of them; this holds where it weighed one too light.
const PATTERN_BYTES: usize = 256 * 1024;
/// What that was before patterns were weighed.
const KNOWN_PATTERN_BYTES: usize = 1024 * 1024;
/// Drafts that a schema may be written in. In an older one, `id` leads references elsewhere.
const DRAFTS: &[&str] = &[
    "json-schema.org/draft-06/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft/2020-12/schema",
];

/// Compiles a schema that a manifest carries, or a provider.
///
/// # Errors
/// Why not, for the connector's author.
pub fn compile_schema(schema: &Value) -> Result<Validator, String> {
    rules_of(schema)?;
    Patterns::default().add_all_of(schema)?;
    build(schema, PATTERN_BYTES)
}

/// The same of a schema that was taken with its release: what is asked of new ones since then does not end a release
/// that people work with.
///
/// # Errors
/// What the compiler says.
pub fn compile_known_schema(schema: &Value) -> Result<Validator, String> {
    build(schema, KNOWN_PATTERN_BYTES)
}

fn build(schema: &Value, pattern_bytes: usize) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(pattern_bytes).dfa_size_limit(pattern_bytes))
        .build(schema)
        .map_err(|error| format!("{error} (at {:?})", error.instance_path().to_string()))
}

/// How many rules a schema has once its references are unfolded.
///
/// # Errors
/// Why it is not compiled, for the connector's author.
pub(super) fn rules_of(schema: &Value) -> Result<u64, String> {
    let mut unfolding = Unfolding { root: schema, sizes: BTreeMap::new(), depth: 0, seen: 0, way: 0, ways: 0 };
    let rules = unfolding.size(schema)?;
    if rules > UNFOLDED { Err(too_many()) } else { Ok(rules) }
}

fn too_many() -> String {
    format!("it has more than {UNFOLDED} rules once its references unfold")
}

struct Unfolding<'a> {
    root: &'a Value,
    /// By pointer; none while it is being counted.
    sizes: BTreeMap<&'a str, Option<u64>>,
    /// Levels that the walk is in, references followed.
    depth: usize,
    /// Values that were looked at; there are at least so many rules.
    seen: u64,
    /// Bytes of the way to where the walk is.
    way: usize,
    /// Bytes of the ways to all that was looked at.
    ways: usize,
}

impl<'a> Unfolding<'a> {
    fn size(&mut self, value: &'a Value) -> Result<u64, String> {
        let mut size = 1_u64;
        self.enter()?;
        match value {
            Value::Array(values) => {
                for value in values {
                    size = size.saturating_add(self.below("0000", value)?);
                }
            }
            Value::Object(entries) => {
                let says =
                    |key: &String| !["$ref", "$schema", "$comment", "$defs", "definitions"].contains(&key.as_str());
                let refers = entries.get("$ref").is_some_and(Value::is_string);
                if refers && entries.keys().any(says) && self.is_old() {
                    return Err(
                        "in draft 6 and 7 what stands beside a $ref says nothing, and people would read it all the \
                         same: put it where the reference leads, or name draft 2020-12"
                            .to_owned(),
                    );
                }
                for (key, value) in entries {
                    let more = match (key.as_str(), value) {
                        ("$dynamicRef" | "$recursiveRef" | "$id" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                            return Err(format!("it uses {key}, which is not taken here"));
                        }
                        ("$schema", Value::String(draft)) => self.draft(draft)?,
                        ("$ref", Value::String(target)) => self.reference(target)?,
                        _ => self.below(key, value)?,
                    };
                    size = size.saturating_add(more);
                }
                // What says what is left over has all that stands beside it compiled once more, at each level.
                if entries.contains_key("unevaluatedProperties") || entries.contains_key("unevaluatedItems") {
                    size = size.saturating_mul(2);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.depth -= 1;
        Ok(size)
    }

    /// Counts what is looked at before its inside is.
    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        self.seen += 1;
        self.ways = self.ways.saturating_add(self.way);
        if self.depth > DEPTH {
            return Err(format!("it is more than {DEPTH} levels deep"));
        }
        if self.seen > UNFOLDED {
            return Err(too_many());
        }
        if self.ways > WAYS {
            return Err(format!("the ways to its rules have more than {WAYS} bytes together: shorten the names in it"));
        }
        Ok(())
    }

    /// One step of the way further.
    fn below(&mut self, step: &str, value: &'a Value) -> Result<u64, String> {
        let way = self.way;
        self.way = way.saturating_add(step.len()).saturating_add(1);
        let size = self.size(value)?;
        self.way = way;
        Ok(size)
    }

    /// Whether it is in a draft that ignores what stands beside a reference: a form does not, so that words and rules that
    /// nothing holds anybody to would be shown, and what is said of them here would not be so.
    fn is_old(&self) -> bool {
        let draft = self.root.get("$schema").and_then(Value::as_str).unwrap_or_default();
        draft.contains("draft-06") || draft.contains("draft-07")
    }

    fn draft(&self, draft: &str) -> Result<u64, String> {
        let plain = draft.trim_end_matches('#');
        let plain = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://")).unwrap_or(plain);
        if self.depth == 1 && DRAFTS.contains(&plain) {
            return Ok(1);
        }
        Err(format!("$schema {draft:?} is not taken here: name draft 6, 7, 2019-09 or 2020-12, and only at the top"))
    }

    fn reference(&mut self, target: &'a str) -> Result<u64, String> {
        match self.sizes.get(target) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(format!("its reference {target:?} leads to itself")),
            None => {}
        }
        if target.contains('%') {
            return Err(format!("its reference {target:?} has a %, which is not taken here: write the letter itself"));
        }
        let inside = target.strip_prefix('#').filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        let found =
            inside.ok_or_else(|| format!("its reference {target:?} leads outside; only #/… is taken")).and_then(
                |pointer| self.root.pointer(pointer).ok_or_else(|| format!("its reference {target:?} leads nowhere")),
            )?;
        self.sizes.insert(target, None);
        let way = std::mem::replace(&mut self.way, target.len());
        let size = self.size(found)?;
        self.way = way;
        self.sizes.insert(target, Some(size));
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_ordinary_schema_compiles_and_checks() {
        let schema = json!({
            "type": "object",
            "properties": { "title": { "$ref": "#/$defs/text" } },
            "$defs": { "text": { "type": "string", "pattern": "^[a-z]+$" } },
        });
        let validator = compile_schema(&schema).unwrap();
        assert!(validator.is_valid(&json!({ "title": "abc" })));
        assert!(!validator.is_valid(&json!({ "title": "ABC" })));
    }

    #[test]
    fn a_schema_that_unfolds_without_end_is_refused_before_it_is_compiled() {
        let mut definitions = serde_json::Map::new();
        for level in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
            definitions.insert(format!("a{level}"), json!({ "allOf": [next.clone(), next] }));
        }
        definitions.insert("a60".to_owned(), json!({}));
        let schema = json!({ "$ref": "#/$defs/a0", "$defs": definitions });
        assert!(compile_schema(&schema).unwrap_err().contains("unfold"));
    }

    #[test]
    fn references_to_itself_or_elsewhere_are_refused() {
        for (schema, word) in [
            (json!({ "properties": { "x": { "$ref": "#" } } }), "itself"),
            (json!({ "$ref": "https://example.com/s.json" }), "outside"),
            (json!({ "$ref": "#/$defs/none" }), "nowhere"),
            (json!({ "$id": "https://example.com/s.json" }), "$id"),
            (json!({ "type": "objekt" }), "objekt"),
            (json!({ "pattern": "(?=x)" }), "pattern"),
            (json!({ "items": { "patternProperties": { "x{9000}": {} } } }), "1000 are the most"),
        ] {
            let refusal = compile_schema(&schema).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
    }

    /// Else what is counted is one thing, and what is compiled another.
    #[test]
    fn whatever_leads_a_reference_elsewhere_than_where_it_is_counted_is_refused() {
        let decoy = json!({ "allOf": [{ "$ref": "#/%24defs/a" }], "$defs": { "a": {} }, "%24defs": { "a": {} } });
        let old = "http://json-schema.org/draft-04/schema#";
        for (schema, word) in [
            (decoy, "has a %"),
            (json!({ "$schema": old, "id": "https://example.com/s.json" }), "draft 6"),
            (json!({ "items": { "$schema": old, "id": "https://example.com/s.json" } }), "at the top"),
            (json!({ "$schema": "https://example.com/own.json" }), "draft 6"),
        ] {
            let refusal = compile_schema(&schema).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"] {
            assert!(compile_schema(&json!({ "$schema": draft, "type": "object" })).is_ok(), "{draft}");
        }
    }

    /// The form shows what stands there, and merges it; the validator of such a draft does not see it.
    #[test]
    fn what_an_old_draft_ignores_is_refused() {
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-06/schema"] {
            let beside = json!({ "$schema": draft, "$defs": { "t": { "type": "string" }, "w": { "type": "boolean" } },
                "properties": { "folder": { "$ref": "#/$defs/t", "allOf": [{ "$ref": "#/$defs/w" }] } } });
            let refusal = compile_schema(&beside).unwrap_err();
            assert!(refusal.contains("beside a $ref"), "{refusal}");
            let mut now = beside;
            now["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            assert!(!compile_schema(&now).expect("compiled").is_valid(&json!({ "folder": "text" })), "it counts there");
            let alone = json!({ "$schema": draft, "$defs": { "t": { "type": "string" } },
                "properties": { "$ref": { "type": "string" }, "folder": { "$ref": "#/$defs/t" } } });
            assert!(compile_schema(&alone).is_ok(), "{draft}");
            // As generators write it.
            let whole =
                json!({ "$schema": draft, "$ref": "#/definitions/a", "definitions": { "a": { "type": "object" } } });
            assert!(compile_schema(&whole).is_ok(), "{draft}");
        }
    }

    #[test]
    fn what_was_taken_before_there_was_a_rule_still_compiles() {
        for schema in [
            json!({ "pattern": "^.{1,300}$" }),
            json!({ "$schema": "http://json-schema.org/draft-04/schema#", "type": "object" }),
        ] {
            assert!(compile_schema(&schema).is_err(), "a new one: {schema}");
            assert!(compile_known_schema(&schema).is_ok(), "{schema}");
        }
    }

    #[test]
    fn long_names_and_leftovers_at_every_level_count_as_much_as_is_compiled_of_them() {
        // A name of 100 KB stands on the way to each of a hundred properties.
        let properties: serde_json::Map<String, Value> =
            (0..100).map(|number| (format!("p{number}"), json!({}))).collect();
        let long = json!({ "properties": { "x".repeat(100_000): { "properties": properties } } });
        assert!(compile_schema(&long).unwrap_err().contains("shorten the names"));
        let mut nested = json!({ "properties": { "a": {} } });
        assert!(rules_of(&json!({ "allOf": [nested.clone()], "unevaluatedProperties": false })).is_ok());
        for _ in 0..20 {
            nested = json!({ "allOf": [nested], "unevaluatedProperties": false });
        }
        assert!(compile_schema(&nested).unwrap_err().contains("unfold"));
    }
}
