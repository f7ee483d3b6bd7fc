//! A connection of the example, and small definitions of a test's own.

use patchbay_sdk::{Attachment, Context, Item};
use serde_json::{Value, json};

pub(crate) const BASE: &str = "https://acme.boekingen.example/api/v1";

/// A connection of the example by key.
pub(crate) fn ctx() -> Context {
    let config = patchbay_definition::json(include_str!("../../definition.toml")).unwrap();
    Context {
        auth: "header-key".to_owned(),
        facts: vec![("subdomain".to_owned(), "acme".to_owned())],
        settings: br#"{"partner_code":"P-7"}"#.to_vec(),
        config: config.to_string().into_bytes(),
        ..Context::default()
    }
}

/// A connection of an API with one stream.
pub(crate) fn of_stream(stream: Value) -> Context {
    let config = json!({
        "definition": 1,
        "base-url": "https://api.acme.example/v1",
        "ping": { "path": "/me" },
        "stream": [stream],
    });
    Context { auth: "key".to_owned(), config: config.to_string().into_bytes(), ..Context::default() }
}

pub(crate) fn item(action: &str, target: &str, payload: &str) -> Item {
    Item {
        action: action.to_owned(),
        key: "k-1".to_owned(),
        target: target.as_bytes().to_vec(),
        payload: payload.as_bytes().to_vec(),
        attempt: 1,
        ..Item::default()
    }
}

pub(crate) fn with(item: Item, name: &str) -> Item {
    let file = Attachment {
        blob: "file-1".to_owned(),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 16,
        sha256: "00".to_owned(),
    };
    Item { attachments: vec![file], ..item }
}

/// An exchange with the example's API; `more` is laid over the request.
pub(crate) fn exchange(method: &str, path: &str, more: Value, answer: Value) -> Value {
    let mut request = json!({ "method": method, "url": format!("{BASE}{path}") });
    if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
        request.extend(more);
    }
    json!({ "request": request, "answer": answer })
}
