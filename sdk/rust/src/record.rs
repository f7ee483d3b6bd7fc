//! Members added to a record's text without re-serialising its values.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{Error, Result, shape};

/// The object's text with string members put before its own; one that it has already is replaced.
pub(crate) fn with_members(row: &RawValue, members: &[(&str, &str)]) -> Result<String> {
    let own: Members<'_> = serde_json::from_str(row.get()).map_err(|error| {
        Error::invalid_response("The provider sent a record that cannot be read.").detail(shape::of(&error))
    })?;
    let mut text = String::with_capacity(row.get().len() + 32 * members.len());
    for (name, value) in members {
        put(&mut text, name, &serde_json::Value::from(*value).to_string());
    }
    for (name, value) in own.0.iter().filter(|(name, _)| !members.iter().any(|(added, _)| added == name)) {
        put(&mut text, name, value.get());
    }
    if text.is_empty() {
        text.push('{');
    }
    text.push('}');
    Ok(text)
}

fn put(text: &mut String, name: &str, value: &str) {
    text.push(if text.is_empty() { '{' } else { ',' });
    text.push_str(&serde_json::Value::from(name).to_string());
    text.push(':');
    text.push_str(value);
}

/// An object's members in their order, values as text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name.0, map.next_value::<&'de RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Collect)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::with_members;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_stand_before_the_records_own_and_values_keep_their_text() {
        let text = with_members(&raw(r#"{"id":1.0,"a\"b":{"x": [1]}}"#), &[("company_id", "7")]).unwrap();
        assert_eq!(text, r#"{"company_id":"7","id":1.0,"a\"b":{"x": [1]}}"#);
    }

    #[test]
    fn a_member_that_is_there_already_is_replaced() {
        assert_eq!(with_members(&raw(r#"{"id":1,"p":2}"#), &[("p", "\"")]).unwrap(), r#"{"p":"\"","id":1}"#);
    }

    #[test]
    fn an_empty_record_is_still_an_object() {
        assert_eq!(with_members(&raw("{}"), &[]).unwrap(), "{}");
        assert_eq!(with_members(&raw("{}"), &[("p", "1")]).unwrap(), r#"{"p":"1"}"#);
    }
}
