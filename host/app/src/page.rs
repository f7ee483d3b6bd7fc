//! From a connector's page to records with keys: what the host checks before anything is stored.
//!
//! The records stay the bytes that the connector sent. A page is parsed once to find where each record
//! begins and ends, and each record once more for its key; nothing is serialised again.

use std::fmt;

use patchbay_model::{
    Failure,
    contract::{Page, limits},
};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// One record of a page.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// Unique in (connection, account, stream).
    pub(crate) key: String,
    /// Its JSON as the connector sent it.
    pub(crate) content: &'a str,
}

/// Splits a page and takes the keys by the manifest's pointers; a page that breaks the contract is
/// refused as a whole, so that a cursor never passes a record that was not understood.
pub(crate) fn split<'a>(page: &'a Page, pointers: &[String]) -> Result<Vec<Record<'a>>, Failure> {
    let broken = |text: String| Failure::ContractBroken(text);
    if page.records.len() > limits::PAGE_BYTES {
        return Err(broken(format!("a page of {} bytes, at most {}", page.records.len(), limits::PAGE_BYTES)));
    }
    if page.position.cursor().len() > limits::CURSOR_BYTES {
        return Err(broken(format!("a cursor of {} bytes", page.position.cursor().len())));
    }
    if page.records.is_empty() && page.count == 0 {
        return Ok(Vec::new());
    }
    let text = std::str::from_utf8(&page.records).map_err(|_| broken("a page that is not UTF-8".to_owned()))?;
    let raw: Vec<&'a RawValue> =
        serde_json::from_str(text).map_err(|error| broken(format!("a page that is no JSON array: {error}")))?;
    if raw.len() != page.count as usize || page.count > limits::PAGE_RECORDS {
        return Err(broken(format!(
            "a page of {} records that says {}, at most {}",
            raw.len(),
            page.count,
            limits::PAGE_RECORDS
        )));
    }
    raw.into_iter()
        .map(|record| {
            let content = record.get();
            if content.len() > limits::RECORD_BYTES {
                return Err(broken(format!("a record of {} bytes, at most {}", content.len(), limits::RECORD_BYTES)));
            }
            Ok(Record { key: key(content, pointers).map_err(broken)?, content })
        })
        .collect()
}

/// The key of a record: the value itself for one pointer, a JSON array of the values for several.
fn key(content: &str, pointers: &[String]) -> Result<String, String> {
    let mut parts = Vec::with_capacity(pointers.len());
    for pointer in pointers {
        let mut from = serde_json::Deserializer::from_str(content);
        let found = At(&tokens(pointer)).deserialize(&mut from).map_err(|error| format!("a record: {error}"))?;
        match found {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => parts.push(value),
            _ => return Err(format!("a record without a key: nothing usable at {pointer}")),
        }
    }
    let key = match parts.as_slice() {
        [Value::String(text)] => text.clone(),
        [one] => one.to_string(),
        several => Value::Array(several.to_vec()).to_string(),
    };
    if key.is_empty() || key.len() > limits::KEY_BYTES {
        return Err(format!("a key of {} bytes, 1 to {} are allowed", key.len(), limits::KEY_BYTES));
    }
    Ok(key)
}

fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// Walks to one place of a JSON text and reads only that.
struct At<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        match self.0.split_first() {
            None => serde::Deserialize::deserialize(from).map(Some),
            Some((token, rest)) => from.deserialize_any(Inside { token, rest }),
        }
    }
}

struct Inside<'a> {
    token: &'a str,
    rest: &'a [String],
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object or array with {}", self.token)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == self.token {
                found = map.next_value_seed(At(self.rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let wanted = self.token.parse::<usize>().map_err(A::Error::custom)?;
        let mut found = None;
        let mut at = 0;
        loop {
            let more = if at == wanted {
                seq.next_element_seed(At(self.rest))?.map(|value| found = value)
            } else {
                seq.next_element::<IgnoredAny>()?.map(|_| ())
            };
            if more.is_none() {
                return Ok(found);
            }
            at += 1;
        }
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
    use super::*;
    use patchbay_model::contract::Position;

    fn page(records: &str, count: u32) -> Page {
        Page { records: records.into(), count, deleted: Vec::new(), position: Position::End(Vec::new()) }
    }

    fn pointers(list: &[&str]) -> Vec<String> {
        list.iter().map(|&pointer| pointer.to_owned()).collect()
    }

    #[test]
    fn a_record_keeps_the_bytes_that_the_connector_sent() {
        let page = page(r#"[ {"id": 7,  "n":1.50}, {"id":"x y"} ]"#, 2);
        let records = split(&page, &pointers(&["/id"])).expect("a good page");
        assert_eq!(records[0].content, r#"{"id": 7,  "n":1.50}"#);
        assert_eq!((records[0].key.as_str(), records[1].key.as_str()), ("7", "x y"));
    }

    #[test]
    fn several_pointers_make_one_key_that_cannot_be_confused() {
        let page = page(r#"[{"a":{"b":["no","1"]},"c":"2"}]"#, 1);
        let records = split(&page, &pointers(&["/a/b/1", "/c"])).expect("a good page");
        assert_eq!(records[0].key, r#"["1","2"]"#);
    }

    #[test]
    fn a_page_that_breaks_the_contract_is_refused_as_a_whole() {
        for (records, count, why) in [
            ("<html>", 1, "no JSON array"),
            (r#"{"id":1}"#, 1, "no JSON array"),
            (r#"[{"id":1}]"#, 2, "says 2"),
            (r#"[{"name":"x"}]"#, 1, "without a key"),
            (r#"[{"id":null}]"#, 1, "without a key"),
            (r#"[{"id":{"x":1}}]"#, 1, "without a key"),
            (r#"[7]"#, 1, "without a key"),
            (r#"[{"id":""}]"#, 1, "0 bytes"),
        ] {
            match split(&page(records, count), &pointers(&["/id"])) {
                Err(Failure::ContractBroken(text)) => assert!(text.contains(why), "{records}: {text}"),
                other => panic!("{records}: {other:?}"),
            }
        }
    }
}
