//! What a form made of a schema leads people to type.
//!
//! Settings, payloads and targets become fields, with the publisher's words above and below them. Words are collected
//! wherever they stand in the schema, and not only where a form would look: a form follows references, and a reference may
//! take its words from anywhere. Where nothing is typed (a switch, one of a few values) words lead nobody to give anything
//! away, and they are left out.

use serde_json::{Map, Value};

/// A place where something is typed, or words that may stand at one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Typed<'s> {
    /// The last key on the way there; the name, where it is a property.
    pub(super) name: &'s str,
    /// Whether it is a property, which people see by its name where it has no title.
    pub(super) is_property: bool,
    /// What stands above it.
    pub(super) title: Option<&'s str>,
    /// What stands below it.
    pub(super) help: Option<&'s str>,
    /// What it is read as: a form shows some in another way.
    pub(super) format: Option<&'s str>,
    /// What it may look like.
    pub(super) example: Option<&'s str>,
    /// What stands in it already; JSON, where that is for its parts.
    pub(super) start: Option<String>,
    /// Whether it takes text, by itself or in its parts, and not only numbers.
    pub(super) takes_text: bool,
}

/// All that people are led to type.
pub(super) fn typed(schema: &Value) -> Vec<Typed<'_>> {
    let mut found = Vec::new();
    each(schema, &mut |name, is_property, value| match value {
        Value::Object(entries) => found.extend(one(name, is_property, entries)),
        // A property of which nothing is said takes anything.
        Value::Bool(true) if is_property => {
            found.push(Typed { name, is_property, takes_text: true, ..Typed::default() });
        }
        _ => {}
    });
    found
}

/// How the schema says itself that what is typed must not be seen, where it does.
pub(super) fn hides(schema: &Value) -> Option<&'static str> {
    let mut said = None;
    each(schema, &mut |_, _, value| {
        let is_password =
            value.get("format").and_then(Value::as_str).is_some_and(|format| format.eq_ignore_ascii_case("password"));
        if is_password {
            said = Some("\"format\": \"password\"");
        } else if value.get("writeOnly") == Some(&Value::Bool(true)) {
            said = Some("\"writeOnly\": true");
        }
    });
    said
}

/// Every value of a schema with the last key on the way to it, and whether that is the name of a property.
fn each<'s>(schema: &'s Value, visit: &mut dyn FnMut(&'s str, bool, &'s Value)) {
    let mut left = vec![("", false, schema)];
    while let Some((name, is_property, value)) = left.pop() {
        visit(name, is_property, value);
        match value {
            Value::Array(values) => left.extend(values.iter().map(|value| (name, false, value))),
            Value::Object(entries) => {
                // A property may be called "properties" itself.
                let are_properties = name == "properties" && !is_property;
                left.extend(entries.iter().map(|(key, value)| (key.as_str(), are_properties, value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn one<'s>(name: &'s str, is_property: bool, entries: &'s Map<String, Value>) -> Option<Typed<'s>> {
    let text = |key: &str| entries.get(key).and_then(Value::as_str);
    let example = entries.get("examples").and_then(Value::as_array).and_then(|all| all.first());
    let typed = Typed {
        name,
        is_property,
        title: text("title"),
        help: text("description"),
        format: text("format"),
        example: example.and_then(Value::as_str),
        start: entries.get("default").and_then(start),
        takes_text: takes_text(entries),
    };
    let Typed { title, help, format, example, .. } = typed;
    let is_worded = typed.start.is_some() || [title, help, format, example].iter().any(Option::is_some);
    ((is_property || is_worded) && !is_chosen(entries)).then_some(typed)
}

/// The words of a default: of a group, or a list, it fills in the parts.
fn start(default: &Value) -> Option<String> {
    match default {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Array(values) => Some(default.to_string()).filter(|_| !values.is_empty()),
        Value::Object(members) => Some(default.to_string()).filter(|_| !members.is_empty()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn takes_text(entries: &Map<String, Value>) -> bool {
    let no_text = |one: &Value| ["integer", "number", "boolean", "null"].iter().any(|kind| one == kind);
    match entries.get("type") {
        Some(Value::Array(types)) => !types.iter().all(no_text),
        Some(only) => !no_text(only),
        None => true,
    }
}

/// Whether nothing is typed there: it is a switch, one or several of a few values, or a value that is fixed. Whoever merges this into
/// something that is typed, as a reference does, has these rules hold for it too.
fn is_chosen(entries: &Map<String, Value>) -> bool {
    let of_constants = |key: &str| {
        let all = entries.get(key).and_then(Value::as_array);
        all.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.get("const").is_some()))
    };
    let of_items = || {
        // Beside `prefixItems`, `items` says nothing of the first ones, and so holds whoever merges it to nothing.
        let items = entries.get("items").and_then(Value::as_object).filter(|_| !entries.contains_key("prefixItems"));
        entries.get("type").is_some_and(|only| only == "array") && items.is_some_and(is_chosen)
    };
    entries.get("type").is_some_and(|only| only == "boolean")
        || of_items()
        || entries.contains_key("enum")
        || entries.contains_key("const")
        || of_constants("oneOf")
        || of_constants("anyOf")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(schema: &Value) -> Vec<(&str, Option<&str>, bool)> {
        let mut all: Vec<_> = typed(schema).into_iter().map(|one| (one.name, one.title, one.takes_text)).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn whatever_is_typed_is_found_wherever_its_words_stand() {
        let schema = json!({ "type": "object", "properties": {
            "code": { "type": "string", "title": "Code" },
            "bare": { "type": "string" },
            "any": true,
            "none": false,
            "days": { "type": ["integer", "null"], "title": "Days" },
            "by_reference": { "$ref": "#/default/words" },
            "properties": { "type": "object", "properties": { "inner": { "title": "Inner" } } },
            "list": { "type": "array", "items": { "type": "string", "description": "One of them" } },
        }, "default": { "words": { "title": "Elsewhere" } } });
        assert_eq!(
            words(&schema),
            [
                // What the whole begins with.
                ("", None, true),
                ("any", None, true),
                ("bare", None, true),
                ("by_reference", None, true),
                ("code", Some("Code"), true),
                ("days", Some("Days"), false),
                ("inner", Some("Inner"), true),
                ("items", None, true),
                ("list", None, true),
                ("properties", None, true),
                ("words", Some("Elsewhere"), true),
            ]
        );
    }

    #[test]
    fn switches_and_choices_are_not_typed() {
        let schema = json!({ "type": "object", "properties": {
            "loud": { "type": "boolean", "title": "Loud" },
            "place": { "type": "string", "title": "Place", "enum": ["here", "there"] },
            "fixed": { "title": "Fixed", "const": 7 },
            "several": { "type": "array", "title": "Several", "items": { "type": "string", "enum": ["a", "b"] } },
            "storage": { "type": "string", "title": "Storage", "oneOf": [{ "const": "a", "title": "A" }] },
        } });
        assert!(words(&schema).is_empty(), "{:?}", words(&schema));
        // One that takes something else besides is no choice.
        let some = json!({ "title": "Some", "type": "array", "prefixItems": [true], "items": { "const": "x" } });
        assert_eq!(words(&some), [("", Some("Some"), true)]);
        let open = json!({ "title": "Open", "anyOf": [{ "const": "a" }, { "type": "string" }] });
        assert_eq!(words(&open), [("", Some("Open"), true)]);
    }

    #[test]
    fn what_is_not_to_be_seen_says_so_anywhere() {
        let of = |inner: Value| json!({ "allOf": [{ "properties": { "x": inner } }] });
        assert!(hides(&of(json!({ "format": "Password" }))).is_some_and(|said| said.contains("password")));
        assert!(hides(&of(json!({ "writeOnly": true }))).is_some_and(|said| said.contains("writeOnly")));
        let plain = json!({ "format": { "title": "Format" }, "writeOnly": { "type": "boolean" } });
        assert_eq!(hides(&json!({ "properties": plain })), None);
        assert_eq!(hides(&of(json!({ "format": "email", "writeOnly": false }))), None);
    }
}
