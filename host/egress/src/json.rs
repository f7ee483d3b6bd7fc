//! Fills nulls of a JSON document by pointer (RFC 6901) and leaves every other byte as it was, so that no
//! number loses a digit on the way through the gate.
//!
//! The document is read once, however many pointers there are and however deep they lead: a guest chooses
//! both.

use std::{collections::BTreeSet, fmt, ops::Range};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The document with `value` at `pointer`, where null stood.
pub(crate) fn fill(document: &[u8], pointer: &str, value: &str) -> Result<Vec<u8>, String> {
    let places = nulls(document, &[pointer])?;
    let place = places.first().ok_or_else(|| missing(pointer))?;
    let value = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let before = document.get(..place.start).unwrap_or_default();
    let after = document.get(place.end..).unwrap_or_default();
    Ok([before, value.as_bytes(), after].concat())
}

/// Where in the document the nulls at these pointers stand, in the order of the pointers.
pub(crate) fn nulls(document: &[u8], pointers: &[&str]) -> Result<Vec<Range<usize>>, String> {
    let text = std::str::from_utf8(document).map_err(|_| "the body is not UTF-8".to_owned())?;
    let paths: Vec<_> = pointers.iter().map(|pointer| tokens(pointer)).collect::<Result<_, _>>()?;
    let mut found = vec![None; pointers.len()];
    let mut reader = serde_json::Deserializer::from_str(text);
    let walk = Walk { text, wanted: paths.iter().map(Vec::as_slice).enumerate().collect(), found: &mut found };
    let walked = walk.deserialize(&mut reader).and_then(|()| reader.end());
    walked.map_err(|error| format!("the body is not JSON that can be filled: {error}"))?;
    let null = |(place, pointer): (Option<Range<usize>>, &&str)| match place {
        Some(place) if text.get(place.clone()) == Some("null") => Ok(place),
        Some(_) => Err(format!("what stands at `{pointer}` must be null: the gate fills it")),
        None => Err(missing(pointer)),
    };
    found.into_iter().zip(pointers).map(null).collect()
}

fn missing(pointer: &str) -> String {
    format!("the body has nothing at `{pointer}`: put null there and the gate fills it")
}

fn tokens(pointer: &str) -> Result<Vec<String>, String> {
    match pointer.strip_prefix('/') {
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(missing(pointer)),
        Some(rest) => Ok(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect()),
    }
}

/// One value of the document, and the pointers that lead to it or into it: their number, and what of them
/// is left to go.
struct Walk<'t, 'f> {
    text: &'t str,
    wanted: Vec<(usize, &'f [String])>,
    found: &'f mut Vec<Option<Range<usize>>>,
}

impl<'f> Walk<'_, 'f> {
    /// The pointers that lead on through this member or element.
    fn through(&self, is: impl Fn(&str) -> bool) -> Vec<(usize, &'f [String])> {
        let step = |&(number, path): &(usize, &'f [String])| {
            path.split_first().filter(|(token, _)| is(token)).map(|(_, rest)| (number, rest))
        };
        self.wanted.iter().filter_map(step).collect()
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        if self.wanted.is_empty() {
            return serde::Deserialize::deserialize(reader).map(|IgnoredAny| ());
        }
        if self.wanted.iter().all(|(_, path)| !path.is_empty()) {
            return reader.deserialize_any(self);
        }
        let here: &RawValue = serde::Deserialize::deserialize(reader)?;
        // Both borrow from the same text.
        let start = here.get().as_ptr().addr().checked_sub(self.text.as_ptr().addr());
        let place = start.map(|start| start..start + here.get().len());
        for (number, _) in self.wanted.iter().filter(|(_, path)| path.is_empty()) {
            if let Some(found) = self.found.get_mut(*number) {
                found.clone_from(&place);
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Walk<'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let wanted = self.through(|token| token == key);
            // Which of two the provider reads is anybody's guess.
            if !wanted.is_empty() && !seen.insert(key) {
                return Err(A::Error::custom("the member of the pointer stands there twice"));
            }
            map.next_value_seed(Walk { text: self.text, wanted, found: &mut *self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        loop {
            let name = index.to_string();
            let wanted = self.through(|token| token == name);
            let element = Walk { text: self.text, wanted, found: &mut *self.found };
            if seq.next_element_seed(element)?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    // What is neither has nothing in it.

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
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

    #[test]
    fn many_pointers_are_found_in_one_reading() {
        let text = r#"{"a":[null,{"b":null}],"c":null,"d":[[null]]}"#;
        let pointers = ["/c", "/a/1/b", "/d/0/0", "/a/0"];
        let places = nulls(text.as_bytes(), &pointers).expect("places");
        assert!(places.iter().all(|place| text.get(place.clone()) == Some("null")));
        assert_eq!(places.iter().map(|place| place.start).collect::<Vec<_>>(), [27, 16, 38, 6]);
        // One that leads through another's null, and one through a word.
        assert!(nulls(text.as_bytes(), &["/c", "/c/d"]).is_err());
        assert!(nulls(b"{\"a\":\"b\"}", &["/a/b"]).is_err());
    }

    #[test]
    fn how_deep_and_how_many_they_are_costs_nothing_twice() {
        // Read once for each level of each pointer it would take minutes.
        let (deep, wide) = (100, 1_000_000);
        let text = format!("{}\"{}\",null{}", "[".repeat(deep), "x".repeat(wide), "]".repeat(deep));
        let pointer = format!("{}/1", "/0".repeat(deep - 1));
        let begun = std::time::Instant::now();
        let places = nulls(text.as_bytes(), &[pointer.as_str(); 100]).expect("places");
        assert!(places.len() == 100 && begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
