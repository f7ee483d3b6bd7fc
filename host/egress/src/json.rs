//! Fills one null of a JSON document by pointer (RFC 6901) and leaves every other byte as it was, so
//! that no number loses a digit on the way through the gate.

use std::{fmt, ops::Range};

use serde::{
    Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The document with `value` at `pointer`, where null stood.
pub(crate) fn fill(document: &[u8], pointer: &str, value: &str) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(document).map_err(|_| "the body is not UTF-8".to_owned())?;
    let range = find(text, pointer)?;
    if text.get(range.clone()) != Some("null") {
        return Err(format!("what stands at `{pointer}` must be null: the gate fills it"));
    }
    let value = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let (before, after) = (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default());
    Ok([before, value.as_str(), after].concat().into_bytes())
}

/// Where in `text` the value at `pointer` stands.
fn find(text: &str, pointer: &str) -> Result<Range<usize>, String> {
    let missing = || format!("the body has nothing at `{pointer}`: put null there and the gate fills it");
    let mut here: &RawValue = serde_json::from_str(text).map_err(|error| format!("the body is not JSON: {error}"))?;
    let rest = match pointer.strip_prefix('/') {
        None if pointer.is_empty() => None,
        None => return Err(missing()),
        Some(rest) => Some(rest),
    };
    for token in rest.into_iter().flat_map(|rest| rest.split('/')) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let mut reader = serde_json::Deserializer::from_str(here.get());
        here = match here.get().as_bytes().first() {
            Some(b'{') => reader.deserialize_map(Member(&token)),
            Some(b'[') => {
                let index = token.parse::<usize>().ok().filter(|index| index.to_string() == token);
                reader.deserialize_seq(Element(index.ok_or_else(missing)?))
            }
            _ => return Err(missing()),
        }
        .map_err(|error| format!("the body cannot be filled: {error}"))?
        .ok_or_else(missing)?;
    }
    // Both borrow from the same text.
    let start = here.get().as_ptr().addr().checked_sub(text.as_ptr().addr()).ok_or_else(missing)?;
    Ok(start..start + here.get().len())
}

/// One member of an object.
struct Member<'t>(&'t str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<&RawValue>()?;
            // Which of two the provider reads is anybody's guess.
            if key == self.0 && found.replace(value).is_some() {
                return Err(serde::de::Error::custom("the member of the pointer stands there twice"));
            }
        }
        Ok(found)
    }
}

/// One element of an array.
struct Element(usize);

impl<'de> Visitor<'de> for Element {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut index) = (None, 0);
        while let Some(value) = seq.next_element::<&RawValue>()? {
            if index == self.0 {
                found = Some(value);
            }
            index += 1;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(document: &str, pointer: &str) -> Result<String, String> {
        fill(document.as_bytes(), pointer, "p\"w").map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    }

    #[test]
    fn only_the_null_changes() {
        assert_eq!(
            filled(" {\"n\": 1.10e400, \"params\":{\"args\":[\"db\",2, null ,{\"a/b\":null}]}}", "/params/args/2"),
            Ok(" {\"n\": 1.10e400, \"params\":{\"args\":[\"db\",2, \"p\\\"w\" ,{\"a/b\":null}]}}".to_owned())
        );
        assert_eq!(filled("{\"a/b\":{\"~\":null}}", "/a~1b/~0"), Ok("{\"a/b\":{\"~\":\"p\\\"w\"}}".to_owned()));
        assert_eq!(filled(" null ", ""), Ok(" \"p\\\"w\" ".to_owned()));
    }

    #[test]
    fn what_is_not_a_lone_null_is_refused() {
        for (document, pointer) in [
            ("{\"a\":\"\"}", "/a"),
            ("{\"a\":1}", "/b"),
            ("{\"a\":null,\"a\":null}", "/a"),
            ("{\"a\":null", "/a"),
            ("[null]", "/01"),
            ("[null]", "/-"),
            ("[null]", "/1"),
            ("{\"a\":null}", "a"),
            ("", "/a"),
            ("{\"a\":null} {}", "/a"),
            ("\"null\"", ""),
            ("{\"a\":null}", "/a/b"),
        ] {
            assert!(filled(document, pointer).is_err(), "{document} at {pointer}");
        }
    }
}
