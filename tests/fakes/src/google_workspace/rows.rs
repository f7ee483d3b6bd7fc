//! A list that says what has changed since: every change has a number, and a sync token is the last one that was seen.

use serde_json::Value;

/// A row, with the number of its last change.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) value: Value,
    pub(super) changed: u64,
    /// It was deleted: only its id is told from then on.
    pub(super) gone: bool,
    /// When it begins, ms; for events.
    pub(super) start: i64,
}

/// The rows in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) all: Vec<Row>,
    pub(super) number: u64,
    /// Sync tokens before this are too old.
    pub(super) floor: u64,
}

impl Rows {
    pub(super) fn id(value: &Value) -> &str {
        value["id"].as_str().unwrap_or_default()
    }

    /// Adds a row, or puts it in the place of the one that has its id.
    pub(super) fn put(&mut self, mut value: Value, start: i64) {
        self.number += 1;
        value["etag"] = Value::from(format!("\"{:016}\"", self.number));
        let row = Row { value, changed: self.number, gone: false, start };
        match self.all.iter_mut().find(|there| Self::id(&there.value) == Self::id(&row.value)) {
            Some(there) => *there = row,
            None => self.all.push(row),
        }
    }

    /// The row of this id, also one that is gone.
    pub(super) fn row(&self, id: &str) -> Option<&Row> {
        self.all.iter().find(|row| Self::id(&row.value) == id)
    }

    /// Changes a row; whether it is there.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(row) = self.all.iter_mut().find(|row| Self::id(&row.value) == id && !row.gone) else { return false };
        self.number += 1;
        change(&mut row.value);
        row.value["etag"] = Value::from(format!("\"{:016}\"", self.number));
        row.changed = self.number;
        true
    }

    /// Takes a row away; whether it was there.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some(row) = self.all.iter_mut().find(|row| Self::id(&row.value) == id && !row.gone) else { return false };
        self.number += 1;
        (row.gone, row.changed) = (true, self.number);
        true
    }

    /// What is there.
    pub(super) fn there(&self) -> Vec<Value> {
        self.all.iter().filter(|row| !row.gone).map(|row| row.value.clone()).collect()
    }
}
