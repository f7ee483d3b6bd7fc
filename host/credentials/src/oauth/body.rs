//! Parameters as a form or as a JSON document.

use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::answer::Wiped;

/// A parameter's name and value.
pub(super) type Param = (String, Zeroizing<String>);

/// `application/x-www-form-urlencoded`.
pub(super) fn form(params: &[Param]) -> Vec<u8> {
    let room = params.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(room));
    form.extend_pairs(params.iter().map(|(name, value)| (name, value.as_str())));
    form.finish().into_bytes()
}

/// A JSON object of texts. A name that begins with `/` is a pointer (RFC 6901) to where the text stands.
///
/// # Errors
/// Two parameters that claim one place; names only.
pub(super) fn json(params: &[Param]) -> Result<Vec<u8>, String> {
    let mut document = Wiped(Value::Object(Map::new()));
    for (name, value) in params {
        put(&mut document.0, &way(name), value)
            .ok_or_else(|| format!("parameter `{name}` stands where another one does"))?;
    }
    let room = params.iter().map(|(name, value)| 2 * name.len() + 6 * value.len() + 16).sum::<usize>();
    // Room for the worst of escaping, so that no growing buffer leaves copies behind.
    let mut body = Vec::with_capacity(room + 2);
    serde_json::to_writer(&mut body, &document.0).map_err(|_| "the parameters are no JSON".to_owned())?;
    Ok(body)
}

/// The names from the root to a parameter's place.
pub(super) fn way(name: &str) -> Vec<String> {
    match name.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
        None => vec![name.to_owned()],
    }
}

fn put(document: &mut Value, way: &[String], text: &str) -> Option<()> {
    let (last, before) = way.split_last()?;
    let mut at = document;
    for name in before {
        at = at.as_object_mut()?.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new()));
    }
    let fields = at.as_object_mut()?;
    if fields.contains_key(last) {
        return None;
    }
    fields.insert(last.clone(), Value::from(text));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Vec<Param> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))).collect()
    }

    fn text(pairs: &[(&str, &str)]) -> Result<String, String> {
        json(&params(pairs)).map(|body| String::from_utf8(body).expect("text"))
    }

    #[test]
    fn a_pointer_is_a_place_in_a_nested_object() {
        assert_eq!(
            text(&[
                ("a", "1"),
                ("/params/login", "x\"y"),
                ("/params/more/deep", "2"),
                ("/b", "3"),
                ("/c~1d/e~0f", "4")
            ])
            .as_deref(),
            Ok(r#"{"a":"1","b":"3","c/d":{"e~f":"4"},"params":{"login":"x\"y","more":{"deep":"2"}}}"#)
        );
        assert_eq!(text(&[]).as_deref(), Ok("{}"));
    }

    #[test]
    fn two_parameters_never_claim_one_place() {
        for pairs in [
            [("/a", "1"), ("/a/b", "2")],
            [("/a/b", "1"), ("/a", "2")],
            [("/a/b", "1"), ("a", "2")],
            [("a", "1"), ("/a", "2")],
            [("/a/b", "1"), ("/a/b/c", "2")],
        ] {
            assert!(text(&pairs).is_err(), "{pairs:?}");
        }
    }
}
