//! Places in JSON that is not taken apart: a value is found as the text that it was written in, so `45.10` stays `45.10` and
//! a number of thirty digits keeps them all.

use std::{borrow::Cow, fmt};

use patchbay_definition::pointer;
use patchbay_sdk::RawValue;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// How deep a record may be nested.
pub(crate) const DEPTH: usize = 64;

/// The value that a JSON pointer leads to.
pub(crate) fn at<'a>(value: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    let mut found = value;
    for token in pointer::tokens(pointer) {
        let mut parser = serde_json::Deserializer::from_str(found.get());
        found = Member(&token).deserialize(&mut parser).ok().flatten()?;
    }
    Some(found)
}

/// A text as it is, a number or flag as it was written; none for null, lists and objects.
pub(crate) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    match value.get().as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0),
        b'n' | b'{' | b'[' => None,
        _ => Some(Cow::Borrowed(value.get())),
    }
}

/// A whole number, also one that stands in quotes.
pub(crate) fn whole(value: &RawValue) -> Option<u64> {
    text(value)?.trim().parse().ok()
}

/// Whether it says the same as a value of the definition.
pub(crate) fn equals(value: &RawValue, wanted: &serde_json::Value) -> bool {
    serde_json::from_str::<serde_json::Value>(value.get()).is_ok_and(|found| found == *wanted)
}

/// Whether it is there and says yes: neither null nor false.
pub(crate) fn is_set(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "false")
}

/// Whether it is nested deeper than anybody reads.
pub(crate) fn is_too_deep(value: &RawValue) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in value.get().bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// A record's key as the host spells it; none where a part of it is missing.
pub(crate) fn key(row: &RawValue, pointers: &[String]) -> Option<String> {
    let part = |pointer: &String| -> Option<serde_json::Value> { serde_json::from_str(at(row, pointer)?.get()).ok() };
    let parts: Vec<serde_json::Value> = pointers.iter().map(part).collect::<Option<_>>()?;
    let good = |part: &serde_json::Value| !(part.is_null() || part.is_array() || part.is_object());
    if !parts.iter().all(good) {
        return None;
    }
    match parts.as_slice() {
        [serde_json::Value::String(text)] => Some(text.clone()),
        [one] => Some(one.to_string()),
        _ => Some(serde_json::Value::Array(parts).to_string()),
    }
}

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Finds one member and passes over all others.
struct Member<'t>(&'t str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if name.0 == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        // RFC 6901: digits without a leading zero.
        let is_index = self.0 == "0" || !self.0.starts_with('0');
        let wanted: Option<usize> =
            self.0.parse().ok().filter(|_| is_index && self.0.bytes().all(|b| b.is_ascii_digit()));
        let (mut found, mut place) = (None, 0);
        loop {
            if Some(place) == wanted {
                let Some(item) = items.next_element()? else { break };
                found = Some(item);
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
            place += 1;
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::RawValue;
    use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::{at, is_too_deep, key, text};

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_value_is_found_as_it_was_written() {
        let row = raw(r#"{"a":[{"n":45.10}, 12345678901234567890.10],"b/c":{"~":"\u00e9"},"a2":null}"#);
        let found = |pointer: &str| at(&row, pointer).map(RawValue::get);
        assert_eq!(found("/a/0/n"), Some("45.10"));
        assert_eq!(found("/a/1"), Some("12345678901234567890.10"));
        assert_eq!(found("/a2"), Some("null"));
        for missing in ["/a/2", "/a/01", "/a/-", "/a/x", "/b", "/a2/x", "/a/1/x"] {
            assert_eq!(found(missing), None, "{missing}");
        }
        assert_eq!(text(at(&row, "/b~1c/~0").unwrap()).unwrap(), "é");
    }

    #[test]
    fn keys_are_spelled_as_the_host_spells_them() {
        let row = raw(r#"{"id":"b-1","n":1.50,"x":{}}"#);
        let of = |pointers: &[&str]| key(&row, &pointers.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["/id"]), Some("b-1".to_owned()));
        assert_eq!(of(&["/n"]), Some("1.5".to_owned()));
        assert_eq!(of(&["/id", "/n"]), Some(r#"["b-1",1.5]"#.to_owned()));
        assert_eq!(of(&["/x"]), None);
        assert_eq!(of(&["/id", "/none"]), None);
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        assert!(!is_too_deep(&raw(&format!("{}{}", "[".repeat(64), "]".repeat(64)))));
        assert!(is_too_deep(&raw(&format!("{}{}", "[".repeat(65), "]".repeat(65)))));
        assert!(!is_too_deep(&raw(&json!({ "a": format!("{}\"", "[".repeat(100)) }).to_string())));
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = proptest::prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(Value::Null)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            proptest::prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~\"é]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    use proptest::prelude::Just;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn it_finds_what_a_parsed_document_has_there(document in documents(), path in "(/([a-c0-9]|~0|~1|é){0,2}){0,3}") {
            let raw = raw(&document.to_string());
            let found = at(&raw, &path).map(|value| serde_json::from_str::<Value>(value.get()).unwrap());
            prop_assert_eq!(found.as_ref(), document.pointer(&path));
        }
    }
}
