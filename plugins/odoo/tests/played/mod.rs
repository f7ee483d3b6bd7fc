//! What the tests of both sides need: fixtures as the connector is told them.

use patchbay_sdk::Context;
use serde_json::{Value, json};

/// 2026-11-21T10:00:00Z
pub(crate) const NOW_MS: u64 = 1_795_255_200_000;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name, ".json"))
    };
}

fn config() -> Value {
    json!({
        "page_size": 200, "html_flag_from": 17, "note_subtype": "mail.mt_note",
        "todo_type": "mail.mail_activity_data_todo", "record_path": "/mail/view?model={model}&res_id={id}",
        "custom_prefix": "x_", "more_models": ["sale.order", "purchase.order", "product.template", "helpdesk.ticket"],
        "full_pass_hours": 6, "full_pass_days": 7,
    })
}

pub(crate) fn pairs(members: &Value) -> Vec<(String, String)> {
    let members = members.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// The context of a fixture: what it says itself, and the rest from `context.json`.
pub(crate) fn ctx(fixture: &str) -> Context {
    let own: Value = serde_json::from_str(fixture).unwrap();
    let shared: Value = serde_json::from_str(fixture!("context")).unwrap();
    let said = |name: &str| {
        let own = own.get("context").and_then(|context| context.get(name));
        own.unwrap_or(&shared["context"][name]).clone()
    };
    Context {
        auth: said("auth").as_str().unwrap_or_default().to_owned(),
        account: said("account").as_str().map(str::to_owned),
        facts: pairs(&said("facts")),
        account_facts: pairs(&said("account-facts")),
        settings: said("settings").to_string().into_bytes(),
        config: config().to_string().into_bytes(),
    }
}

pub(crate) fn exception(name: &str, message: &str) -> Value {
    json!({ "name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback: s3cr3t" })
}
