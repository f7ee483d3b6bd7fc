//! What the tests have in common: a connection, an item, a moment.

use patchbay_connector_xero::Xero;
use patchbay_sdk::{
    Attachment, Context, Item, ReadRequest, Result,
    testing::{Reading, read_all},
};
use serde_json::Value;

/// 2026-03-12T10:00:00Z.
pub(crate) const NOW: u64 = 1_773_309_600_000;
pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const BASE: &str = "https://api.xero.com/api.xro/2.0";
pub(crate) const TENANT: &str = "fe79cccc-0000-4000-8000-000000000003";
pub(crate) const OTHER: &str = "fe79cccc-0000-4000-8000-000000000004";
pub(crate) const CONTACT: &str = "2b1d0000-0000-4000-8000-000000000012";

pub(crate) fn ctx() -> Context {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Context {
        auth: "oauth".to_owned(),
        account: Some(TENANT.to_owned()),
        facts: vec![
            fact("consent", "d99ebbbb-0000-4000-8000-000000000002"),
            fact("user", "1945aaaa-0000-4000-8000-000000000009"),
            fact("email", "an@demolen.example"),
        ],
        account_facts: vec![fact("name", "De Molen BV")],
        config: br#"{"page_size":200,"overlap_seconds":2,"full_read_hours":24,"full_read_days":7,"note_limit":2500,"files_limit":10,"file_bytes":10485760,"files_bytes":26214400,"day_wait_minutes":60}"#.to_vec(),
        ..Context::default()
    }
}

pub(crate) fn item(action: &str, target: Value, payload: Value) -> Item {
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
    read_all::<Xero>(&ctx(), ReadRequest { cursor, page_hint, ..ReadRequest::of(stream) })
}
