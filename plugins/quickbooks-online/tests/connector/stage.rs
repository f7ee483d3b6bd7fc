//! What the tests have in common: a connection, an item, a moment.

use patchbay_connector_quickbooks_online::QuickbooksOnline;
use patchbay_sdk::{
    Attachment, Context, Item, ReadRequest, Result,
    testing::{Reading, read_all},
};
use serde_json::{Value, json};

/// 2026-03-12T11:10:00Z.
pub(crate) const NOW: u64 = 1_773_313_800_000;
pub(crate) const DAY: u64 = 86_400_000;
pub(crate) const BASE: &str = "https://quickbooks.api.intuit.com/v3/company/9341450000000000";

pub(crate) fn ctx() -> Context {
    Context {
        auth: "oauth".to_owned(),
        facts: vec![("realm".to_owned(), "9341450000000000".to_owned())],
        config: config(1_000).to_string().into_bytes(),
        ..Context::default()
    }
}

pub(crate) fn config(changes_limit: u32) -> Value {
    json!({
        "api_origin": "https://quickbooks.api.intuit.com", "userinfo_origin": "https://accounts.platform.intuit.com",
        "revocation_url": "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", "minor_version": 75,
        "page_size": 500, "overlap_seconds": 60, "changes_days": 29, "changes_limit": changes_limit,
        "note_limit": 2000, "file_bytes": 104_857_600, "throttle_seconds": 60,
    })
}

pub(crate) fn item(action: &str, target: &Value, payload: &Value) -> Item {
    Item {
        action: action.to_owned(),
        key: "k1".to_owned(),
        target: target.to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        attempt: 1,
        ..Item::default()
    }
}

pub(crate) fn file(name: &str, size: u64) -> Attachment {
    Attachment {
        blob: "file-1".to_owned(),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        size,
        sha256: "0".repeat(64),
    }
}

/// The cursor that a fixture begins with.
pub(crate) fn cursor_of(fixture: &str) -> Option<Vec<u8>> {
    let fixture: Value = serde_json::from_str(fixture).ok()?;
    fixture.pointer("/call/read/cursor").map(|cursor| cursor.to_string().into_bytes())
}

pub(crate) fn read_from(stream: &str, cursor: Option<Value>, page_hint: u32) -> Result<Reading> {
    let cursor = cursor.map(|cursor| cursor.to_string().into_bytes());
    read_all::<QuickbooksOnline>(&ctx(), ReadRequest { cursor, page_hint, ..ReadRequest::of(stream) })
}

/// A query as it stands in an address.
pub(crate) fn query(text: &str) -> String {
    let mut url = format!("{BASE}/query?minorversion=75&query=");
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// Exchanges of queries and their rows.
pub(crate) fn queries(entity: &str, pages: &[(&str, Value)]) -> String {
    let page = |(text, rows): &(&str, Value)| {
        let body = json!({ "QueryResponse": { entity: rows }, "time": "2026-03-12T04:10:00.000-07:00" });
        json!({ "request": { "method": "GET", "url": query(text) }, "answer": { "body": body } })
    };
    Value::Array(pages.iter().map(page).collect()).to_string()
}

pub(crate) fn fault(code: &str) -> Value {
    let error = json!([{ "Message": "Els Verstraete", "Detail": "Els Verstraete", "code": code, "element": "" }]);
    json!({ "Fault": { "Error": error, "type": "ValidationFault" }, "time": "2026-03-12T04:10:00.000-07:00" })
}
