//! What the tests have in common: whom they read for, and how an exchange is written.

use patchbay_sdk::Context;
use serde_json::{Value, json};

const GRAPH: &str = "https://graph.facebook.com/v25.0";
/// 2026-11-21T09:30:00Z, half past ten in the account's zone.
pub(crate) const NOW_MS: u64 = 1_795_253_400_000;

pub(crate) fn defaults() -> Value {
    let manifest = include_str!("../../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next());
    serde_json::from_str(defaults.unwrap()).unwrap()
}

/// For the first account of the fixtures.
pub(crate) fn ctx() -> Context {
    with_settings(&json!({ "look_back_days": 1, "history_days": 1 }))
}

pub(crate) fn with_settings(settings: &Value) -> Context {
    Context {
        auth: "login".to_owned(),
        account: Some("act_1010101".to_owned()),
        account_facts: vec![("offset_minutes".to_owned(), "60".to_owned())],
        settings: settings.to_string().into_bytes(),
        config: defaults().to_string().into_bytes(),
        ..Context::default()
    }
}

/// A list's fields as they stand in an address.
pub(crate) fn fields(list: &str) -> String {
    let fields: Vec<String> = serde_json::from_value(defaults()["fields"][list].clone()).unwrap();
    encoded(&fields.join(","))
}

/// Percent-encoded as the SDK does.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let spelt =
        text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    spelt.collect()
}

pub(crate) fn get(path: &str, answer: &Value) -> Value {
    json!({ "request": { "method": "GET", "url": format!("{GRAPH}{path}") }, "answer": answer })
}

/// Asking for a report.
pub(crate) fn post(path: &str, answer: &Value) -> Value {
    json!({ "request": { "method": "POST", "url": format!("{GRAPH}{path}"), "effect": "repeatable" }, "answer": answer })
}

/// A refusal as Meta writes it, with somebody's name in it.
pub(crate) fn refusal(status: u16, code: i64, subcode: Option<i64>) -> Value {
    let mut error = json!({ "message": "Els may not", "type": "OAuthException", "code": code, "fbtrace_id": "A1b2C3" });
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    json!({ "status": status, "body": { "error": error } })
}
