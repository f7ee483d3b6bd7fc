//! Bodies with placeholders.
//!
//! A text that is exactly one placeholder becomes that value with its type and its digits, and goes where there is none.
//! The bytes of a file stay at the host: a null stands where the gate puts them.

use patchbay_definition::{
    pointer,
    template::{Name, alone},
};
use patchbay_sdk::{Error, RawValue, Result};
use serde_json::Value;

use crate::values::Values;

/// A body, and the places where the gate puts blobs.
pub(crate) struct Rendered {
    pub(crate) json: Box<RawValue>,
    /// Pointer and blob.
    pub(crate) blobs: Vec<(String, String)>,
}

/// Fills a body's template.
pub(crate) fn body(template: &Value, values: &Values<'_>) -> Result<Rendered> {
    let mut blobs = Vec::new();
    let text = one(template, values, "", &mut blobs)?.unwrap_or_else(|| "null".to_owned());
    let json =
        serde_json::from_str(&text).map_err(|_| Error::other("The body of this request could not be written."))?;
    Ok(Rendered { json, blobs })
}

/// The JSON text of a part of a template; none where it is one placeholder without a value.
fn one(template: &Value, values: &Values<'_>, at: &str, blobs: &mut Vec<(String, String)>) -> Result<Option<String>> {
    match template {
        Value::String(text) => match alone(text) {
            Some(Name::Attachment(what)) if what == "content" => Ok(values.blob().map(|blob| {
                blobs.push((at.to_owned(), blob.to_owned()));
                "null".to_owned()
            })),
            Some(name) => Ok(values.json(&name)?.map(|json| json.into_owned())),
            None => Ok(Some(Value::from(values.text(text)?.unwrap_or_default()).to_string())),
        },
        Value::Array(items) => {
            let mut parts = Vec::new();
            for item in items {
                parts.extend(one(item, values, &format!("{at}/{}", parts.len()), blobs)?);
            }
            Ok(Some(format!("[{}]", parts.join(","))))
        }
        Value::Object(members) => {
            let mut parts = Vec::new();
            for (name, item) in members {
                if let Some(value) = one(item, values, &format!("{at}/{}", pointer::escaped(name)), blobs)? {
                    parts.push(format!("{}:{value}", Value::from(name.as_str())));
                }
            }
            Ok(Some(format!("{{{}}}", parts.join(","))))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Some(template.to_string())),
    }
}

/// Puts a text into a template, as text and not as a template.
pub(crate) fn put(template: &mut Value, pointer: &str, value: Value) {
    let value = match value {
        Value::String(text) => Value::String(text.replace('{', "{{").replace('}', "}}")),
        other => other,
    };
    let Some((parent, _)) = pointer.rsplit_once('/') else { return };
    let name = pointer::tokens(pointer).last().unwrap_or_default();
    // The check of the definition has seen that an object is there.
    if let Some(Value::Object(members)) = template.pointer_mut(parent) {
        members.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::{Attachment, Context, Item};
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::{body, put};
    use crate::values::Values;

    fn rendered(template: &Value, payload: &str, file: bool) -> (String, Vec<(String, String)>) {
        let ctx = Context::default();
        let attachment = Attachment {
            blob: "blob-1".to_owned(),
            name: "r.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 7,
            sha256: "00".to_owned(),
        };
        let attachments = if file { vec![attachment] } else { Vec::new() };
        let item = Item { payload: payload.as_bytes().to_vec(), attachments, ..Item::default() };
        let values = Values::of(&ctx).unwrap().with(&item).unwrap();
        let rendered = body(template, &values).unwrap();
        (rendered.json.get().to_owned(), rendered.blobs)
    }

    #[test]
    fn a_value_keeps_its_type_and_its_digits() {
        let template = json!({ "a": "{n}", "b": "n = {n}", "c": ["{list}", 1], "d": "{flag}", "e": "{null}" });
        let payload = r#"{"n":12345678901234567890.10,"list":[1.0,{}],"flag":true,"null":null}"#;
        let (text, _) = rendered(&template, payload, false);
        assert_eq!(
            text,
            r#"{"a":12345678901234567890.10,"b":"n = 12345678901234567890.10","c":[[1.0,{}],1],"d":true,"e":null}"#
        );
    }

    #[test]
    fn what_is_missing_is_left_out() {
        let template = json!({ "a": "{x}", "b": ["{x}", "{y}"], "c": { "d": "{x}" }, "e": "- {x}" });
        assert_eq!(rendered(&template, r#"{"y":2}"#, false).0, r#"{"b":[2],"c":{},"e":"- "}"#);
    }

    #[test]
    fn a_file_is_a_null_that_the_gate_fills() {
        let template = json!({ "list": ["{x}", { "a/b": "{attachment.content}", "name": "{attachment.name}", "size": "{attachment.size}" }] });
        let (text, blobs) = rendered(&template, "{}", true);
        assert_eq!(text, r#"{"list":[{"a/b":null,"name":"r.pdf","size":7}]}"#);
        assert_eq!(blobs, [("/list/0/a~1b".to_owned(), "blob-1".to_owned())]);
        assert_eq!(rendered(&template, "{}", false).0, r#"{"list":[{}]}"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn what_is_put_into_a_template_is_no_template(token in any::<String>()) {
            let mut template = json!({ "page": {} });
            put(&mut template, "/page/token", Value::from(token.as_str()));
            let (text, _) = rendered(&template, "{}", false);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read["page"]["token"], &json!(token));
        }
    }
}
