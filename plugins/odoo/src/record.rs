//! Records as Odoo gives them, without its `false` for what is empty: it becomes null, but for fields that are true or false.
//! Values are copied as they stand.

use std::collections::BTreeMap;

use patchbay_sdk::{RECORD_BYTES, RawValue, Records, Result, log};
use serde::Deserialize;
use serde_json::Value;

use crate::wire::Told;

/// Names of the fields that are read, and whether each is true or false.
pub(crate) type Flags = BTreeMap<String, bool>;

/// A text of this many bytes gives way when its record is too large.
const LONG: usize = 64 * 1024;

/// What a walk needs of a row.
#[derive(Debug, Deserialize)]
pub(crate) struct Mark {
    pub(crate) id: u64,
    /// `2026-03-10 14:02:31`
    pub(crate) write_date: Option<String>,
}

/// What a walk needs of each row.
pub(crate) fn marks(told: &Told, rows: &[&RawValue]) -> Result<Vec<Mark>> {
    let mark = |row: &&RawValue| {
        serde_json::from_str(row.get()).map_err(|_| told.unreadable("a row without an id or with a strange write_date"))
    };
    rows.iter().map(mark).collect()
}

/// Adds the rows to the records.
pub(crate) fn add(told: &Told, rows: &[&RawValue], fields: &Flags, records: &mut Records) -> Result<()> {
    for row in rows {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(row.get()).map_err(|_| told.unreadable("a row that is no object"))?;
        let text = written(&members, fields, usize::MAX);
        let text = if text.len() > RECORD_BYTES {
            let id = members.get("id").map(|id| id.get()).unwrap_or_default();
            log::warn("a record is too large: its long texts were left out", &[("id", &id)]);
            written(&members, fields, LONG)
        } else {
            text
        };
        let row = RawValue::from_string(text).map_err(|_| told.unreadable("a row that is no JSON"))?;
        records.push(&row)?;
    }
    Ok(())
}

fn written(members: &BTreeMap<String, &RawValue>, fields: &Flags, longest: usize) -> String {
    let mut text = String::from("{");
    for (name, value) in members {
        let value = value.get();
        // Of a field that nobody asked for it is not known what `false` means.
        let empty = value == "false" && fields.get(name) == Some(&false);
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        text.push_str(if empty || value.len() > longest { "null" } else { value });
    }
    text.push('}');
    text
}
