//! JSON Schemas of settings, config, payloads and targets: compiled once, with bounds.
//!
//! A schema comes from a stranger. A few lines of references can unfold into more rules than memory
//! holds, and a pattern can take for ever to match; so only references within the schema are followed,
//! none to itself, the unfolded size is counted before anything is compiled, and patterns run on an
//! engine without backtracking.

use std::collections::BTreeMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Rules of one schema after unfolding its references.
const UNFOLDED: u64 = 20_000;
/// Levels of one schema after unfolding its references.
const DEPTH: usize = 200;
/// Bytes of one compiled pattern.
const PATTERN_BYTES: usize = 1024 * 1024;

/// Compiles a schema that a manifest carries.
///
/// # Errors
/// Why not, for the connector's author.
pub fn compile_schema(schema: &Value) -> Result<Validator, String> {
    let mut unfolding = Unfolding { root: schema, sizes: BTreeMap::new(), depth: 0 };
    if unfolding.size(schema)? > UNFOLDED {
        return Err(format!("its references unfold into more than {UNFOLDED} rules"));
    }
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
        .build(schema)
        .map_err(|error| format!("{error} (at {:?})", error.instance_path().to_string()))
}

struct Unfolding<'a> {
    root: &'a Value,
    /// By pointer; none while it is being counted.
    sizes: BTreeMap<&'a str, Option<u64>>,
    /// Levels that the walk is in, references followed.
    depth: usize,
}

impl<'a> Unfolding<'a> {
    fn size(&mut self, value: &'a Value) -> Result<u64, String> {
        let mut size = 1_u64;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("it is more than {DEPTH} levels deep"));
        }
        match value {
            Value::Array(values) => {
                for value in values {
                    size = size.saturating_add(self.size(value)?);
                }
            }
            Value::Object(entries) => {
                for (key, value) in entries {
                    let more = match (key.as_str(), value) {
                        ("$dynamicRef" | "$recursiveRef" | "$id" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                            return Err(format!("it uses {key}, which is not taken here"));
                        }
                        ("$ref", Value::String(target)) => self.reference(target)?,
                        _ => self.size(value)?,
                    };
                    size = size.saturating_add(more);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.depth -= 1;
        Ok(size)
    }

    fn reference(&mut self, target: &'a str) -> Result<u64, String> {
        match self.sizes.get(target) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(format!("its reference {target:?} leads to itself")),
            None => {}
        }
        let inside = target.strip_prefix('#').filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        let found =
            inside.ok_or_else(|| format!("its reference {target:?} leads outside; only #/… is taken")).and_then(
                |pointer| self.root.pointer(pointer).ok_or_else(|| format!("its reference {target:?} leads nowhere")),
            )?;
        self.sizes.insert(target, None);
        let size = self.size(found)?;
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
        ] {
            let refusal = compile_schema(&schema).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
