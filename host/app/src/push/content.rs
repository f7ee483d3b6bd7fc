//! The content of a push: whether it fits its schema, and whether two are the same.

use patchbay_model::{Code, Fault};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Violations named in one answer; more would help nobody.
const SHOWN: usize = 20;

/// Where a value does not fit its schema: JSON pointer and reason.
pub(super) fn violations(schema: &Value, value: &Value) -> Result<Vec<(String, String)>, Fault> {
    let validator =
        jsonschema::validator_for(schema).map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))?;
    Ok(validator
        .iter_errors(value)
        .take(SHOWN)
        .map(|error| (error.instance_path().to_string(), error.to_string()))
        .collect())
}

/// SHA-256 over payload and target, whatever the order of the members was.
pub(super) fn hash(payload: &Value, target: Option<&Value>) -> [u8; 32] {
    let mut text = String::new();
    canonical(payload, &mut text);
    text.push('\n');
    canonical(target.unwrap_or(&Value::Null), &mut text);
    Sha256::digest(text.as_bytes()).into()
}

/// JSON without spaces, the members of each object in the order of their names.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                canonical(members.get(name).unwrap_or(&Value::Null), text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_members_makes_no_other_content() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#).expect("JSON");
        let two: Value = serde_json::from_str(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#).expect("JSON");
        assert_eq!(hash(&one, None), hash(&two, None));
        assert_ne!(hash(&one, None), hash(&one, Some(&json!({"id": 1}))));
        assert_ne!(hash(&json!([1, 2]), None), hash(&json!([2, 1]), None));
        assert_ne!(hash(&json!(["a,b"]), None), hash(&json!(["a", "b"]), None));
    }

    #[test]
    fn a_violation_names_its_place() {
        let schema = json!({"type": "object", "required": ["title"], "additionalProperties": false,
            "properties": {"title": {"type": "string"}, "labels": {"type": "array", "items": {"type": "string"}}}});
        let found = violations(&schema, &json!({"title": "x", "labels": ["a", 7]})).expect("a schema that compiles");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "/labels/1");
    }
}
