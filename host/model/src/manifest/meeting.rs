//! How one part of a meeting becomes the payload of an action: the manifest's template, filled.
//!
//! There is no language in it. A text that is one placeholder (`"{due}"`) becomes the value, and goes from its object
//! or its list where there is none; in a longer text each placeholder is replaced by its text, or by nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fill::{Encoding, fill, placeholders};

/// The payload that a template makes of these values, by the names of [`MeetingPart::placeholders`].
///
/// # Errors
/// What is wrong with the template, for the connector's author; a validated manifest has none.
///
/// [`MeetingPart::placeholders`]: super::MeetingPart::placeholders
pub fn payload_of(template: &Value, values: &BTreeMap<String, String>) -> Result<Value, String> {
    Ok(filled(template, values)?.unwrap_or_else(|| Value::Object(Map::new())))
}

/// Every placeholder of a template.
pub(super) fn named(template: &Value) -> Result<Vec<&str>, String> {
    match template {
        Value::String(text) => placeholders(text),
        Value::Array(items) => items.iter().map(named).collect::<Result<Vec<_>, _>>().map(|lists| lists.concat()),
        Value::Object(members) => {
            members.values().map(named).collect::<Result<Vec<_>, _>>().map(|lists| lists.concat())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Vec::new()),
    }
}

/// None where the only placeholder of a text has no value.
fn filled(template: &Value, values: &BTreeMap<String, String>) -> Result<Option<Value>, String> {
    Ok(Some(match template {
        Value::String(text) => {
            let names = placeholders(text)?;
            if let [only] = names.as_slice()
                && *text == format!("{{{only}}}")
            {
                return Ok(values.get(*only).map(|value| Value::String(value.clone())));
            }
            let missing = names.iter().filter(|name| !values.contains_key(**name));
            let mut values = values.clone();
            values.extend(missing.map(|name| ((*name).to_owned(), String::new())).collect::<Vec<_>>());
            Value::String(fill(text, &values, Encoding::Raw)?)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| filled(item, values)).collect::<Result<Vec<_>, _>>()?;
            Value::Array(items.into_iter().flatten().collect())
        }
        Value::Object(members) => {
            let mut there = Map::new();
            for (name, member) in members {
                if let Some(value) = filled(member, values)? {
                    there.insert(name.clone(), value);
                }
            }
            Value::Object(there)
        }
        plain => plain.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_text_that_is_one_placeholder_goes_where_there_is_no_value() {
        let template = json!({"title": "{title}", "due": "{due}", "tags": ["{assignee}", "meeting"], "kind": 7});
        let made = payload_of(&template, &values(&[("title", "Call {them}")])).expect("a payload");
        assert_eq!(made, json!({"title": "Call {them}", "tags": ["meeting"], "kind": 7}));
    }

    #[test]
    fn in_a_longer_text_a_placeholder_is_replaced_and_a_value_is_no_template() {
        let template = json!({"text": "{meeting-title} ({meeting-date}): {text}"});
        let made = payload_of(&template, &values(&[("meeting-title", "{text}"), ("text", "Pay")])).expect("a payload");
        assert_eq!(made, json!({"text": "{text} (): Pay"}));
    }

    #[test]
    fn a_broken_brace_is_an_error_of_the_author() {
        assert!(payload_of(&json!({"text": "{text"}), &values(&[])).is_err());
        assert!(named(&json!(["{Text}"])).is_err());
    }
}
