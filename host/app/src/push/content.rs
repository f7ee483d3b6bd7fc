//! The content of a push: whether two are the same.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::files::Attached;

/// SHA-256 over payload and files, whatever the order of the members was. Where it goes is not part of it: an item may
/// get its target later.
pub(super) fn hash(payload: &Value, files: &[Attached]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    };
    field(canonical(payload).as_bytes());
    for file in files {
        for text in [&file.name, &file.media_type, &file.sha256] {
            field(text.as_bytes());
        }
    }
    hash.finalize().into()
}

/// Sixteen hexadecimal digits that stand for a text.
pub(super) fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// JSON without spaces, the members of each object in the order of their names.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for (place, name) in names.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write(members.get(name).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{BlobId, SystemClock, SystemRandom};
    use serde_json::json;

    use super::*;

    fn file(name: &str, sha256: &str) -> Attached {
        let (name, sha256) = (name.to_owned(), sha256.to_owned());
        let blob = BlobId::fresh(&SystemClock, &SystemRandom);
        Attached { blob, name, media_type: "application/pdf".to_owned(), size: 1, sha256 }
    }

    #[test]
    fn the_order_of_members_makes_no_other_content() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#).expect("JSON");
        let two: Value = serde_json::from_str(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#).expect("JSON");
        assert_eq!(hash(&one, &[]), hash(&two, &[]));
        assert_eq!(canonical(&two), r#"{"a":1,"b":{"c":[1,2],"d":null}}"#);
        assert_ne!(hash(&json!([1, 2]), &[]), hash(&json!([2, 1]), &[]));
        assert_ne!(hash(&json!(["a,b"]), &[]), hash(&json!(["a", "b"]), &[]));
    }

    #[test]
    fn the_same_file_uploaded_again_makes_no_other_content_and_another_file_does() {
        let payload = json!({});
        assert_eq!(hash(&payload, &[file("a.pdf", "00")]), hash(&payload, &[file("a.pdf", "00")]));
        assert_ne!(hash(&payload, &[file("a.pdf", "00")]), hash(&payload, &[file("a.pdf", "01")]));
        assert_ne!(hash(&payload, &[file("a.pdf", "00")]), hash(&payload, &[file("b.pdf", "00")]));
        assert_ne!(hash(&payload, &[file("a.pdf", "00")]), hash(&payload, &[]));
    }
}
