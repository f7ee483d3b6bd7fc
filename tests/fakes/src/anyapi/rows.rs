//! The bookings, in the order in which they changed.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::BOOKINGS;
use crate::seed;

/// The moment of the first booking's last change: 2026-01-01T00:00:00Z.
const FIRST_MS: i64 = 1_767_225_600_000;
/// Between one and the next.
const STEP_MS: i64 = 3_600_000;

const NAMES: [&str; 6] = ["Els Janssens", "Zoë De Smet", "Łukasz Maes", "José García", "An O'Neill", "Müller & Zn."];

#[derive(Debug, Clone)]
pub(super) struct Row {
    number: u64,
    changed_ms: i64,
    /// Counts all changes of all bookings.
    pub(super) revision: u64,
    pub(super) deleted: bool,
    version: u64,
}

/// All bookings, removed ones too.
#[derive(Default)]
pub(super) struct Rows {
    seed: u64,
    rows: BTreeMap<String, Row>,
    revision: u64,
}

impl Rows {
    pub(super) fn seeded(seed: u64) -> Self {
        let mut rows = Self { seed, ..Self::default() };
        for (number, step) in (1_001..).zip(0..BOOKINGS) {
            let changed_ms = FIRST_MS + i64::try_from(step).unwrap_or_default() * STEP_MS;
            rows.put(number, changed_ms, false, 1);
        }
        rows
    }

    fn put(&mut self, number: u64, changed_ms: i64, deleted: bool, version: u64) -> String {
        self.revision += 1;
        let id = format!("b-{number}");
        self.rows.insert(id.clone(), Row { number, changed_ms, revision: self.revision, deleted, version });
        id
    }

    pub(super) fn touch(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(row) = self.rows.get(id).filter(|row| !row.deleted).cloned() else { return false };
        self.put(row.number, now.as_millis(), false, row.version + 1);
        true
    }

    pub(super) fn add(&mut self, now: Timestamp) -> String {
        let number = self.rows.values().map(|row| row.number).max().unwrap_or(1_000) + 1;
        self.put(number, now.as_millis(), false, 1)
    }

    pub(super) fn remove(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(row) = self.rows.get(id).filter(|row| !row.deleted).cloned() else { return false };
        self.put(row.number, now.as_millis(), true, row.version + 1);
        true
    }

    /// The oldest change among those that are there.
    pub(super) fn touch_oldest(&mut self, now: Timestamp) {
        let oldest = self.rows.iter().filter(|(_, row)| !row.deleted).min_by_key(|(_, row)| row.revision);
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            self.touch(&id, now);
        }
    }

    /// Those that are there, oldest change first.
    pub(super) fn present(&self) -> Vec<Value> {
        self.changed(|_| true).into_iter().filter(|row| row.get("deleted") == Some(&json!(false))).collect()
    }

    /// All that fit, removed ones too, oldest change first.
    pub(super) fn changed(&self, fits: impl Fn(&Row) -> bool) -> Vec<Value> {
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().filter(|(_, row)| fits(row)).collect();
        rows.sort_by_key(|(_, row)| (row.changed_ms, row.revision));
        rows.into_iter().map(|(id, row)| self.json(id, row)).collect()
    }

    fn json(&self, id: &str, row: &Row) -> Value {
        let draw = |what: &str| seed::number(self.seed, &format!("anyapi/{what}/{}/{}", row.number, row.version));
        let customer = row.number % 40 + 1;
        let name = seed::pick(&NAMES, usize::try_from(customer).unwrap_or_default());
        let day = Timestamp::from_millis(FIRST_MS + i64::try_from(row.number).unwrap_or_default() * 86_400_000);
        let changed = Timestamp::from_millis(row.changed_ms).to_string();
        json!({
            "id": id,
            "customer": { "id": format!("c-{customer}"), "name": name },
            "starts_at": day.to_string(),
            "amount": format!("{}.{:02}", draw("amount") % 500, draw("cents") % 100),
            "currency": "EUR",
            "deleted": row.deleted,
            "updated_at": changed,
            "updated_on": changed.chars().take(10).collect::<String>(),
            "updated_s": row.changed_ms.div_euclid(1_000),
            "updated_ms": row.changed_ms,
            "revision": format!("{:08}", row.revision),
        })
    }
}

impl Row {
    pub(super) fn changed_ms(&self) -> i64 {
        self.changed_ms
    }
}
