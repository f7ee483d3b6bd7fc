//! The records of one database, and how each is served: empty values as `false`, references as pairs, moments in UTC
//! without a zone and in whole seconds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use super::model::{self, Field};

/// Everything that can be read and written.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) version: u16,
    pub(super) rows: BTreeMap<String, BTreeMap<u64, Row>>,
    /// Apps that are not installed.
    pub(super) uninstalled: BTreeSet<String>,
    /// Models that the owner of the credential may not read.
    pub(super) denied: BTreeSet<String>,
    /// Records that another transaction holds.
    pub(super) locked: BTreeSet<(String, u64)>,
}

/// A record: only what is not empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) values: Map<String, Value>,
    pub(super) created: i64,
    /// Microseconds, as the database keeps them; shown are seconds.
    pub(super) written: i64,
}

/// Names of what lies in models that cannot be asked here.
const NAMES: [(&str, u64, &str); 9] = [
    ("res.country", 20, "Belgium"),
    ("res.country", 75, "France"),
    ("res.currency", 1, "EUR"),
    ("crm.stage", 1, "New"),
    ("crm.stage", 2, "Qualified"),
    ("crm.team", 1, "Sales"),
    ("project.task.type", 1, "To Do"),
    ("mail.activity.type", 4, "To-Do"),
    ("mail.message.subtype", 2, "Note"),
];

impl Data {
    pub(super) fn row(&self, model: &str, id: u64) -> Option<&Row> {
        self.rows.get(model)?.get(&id)
    }

    /// The next id of a model: ids are given out once.
    pub(super) fn insert(&mut self, model: &str, row: Row) -> u64 {
        let rows = self.rows.entry(model.to_owned()).or_default();
        // Kept under id 0, which no record has: the highest id that was ever given out.
        let id = rows.get(&0).map_or(0, |row| u64::try_from(row.written).unwrap_or_default()) + 1;
        rows.insert(0, Row { written: i64::try_from(id).unwrap_or_default(), ..Row::default() });
        rows.insert(id, row);
        id
    }

    /// Ids of a model's records, ascending.
    pub(super) fn ids(&self, model: &str) -> Vec<u64> {
        let rows = self.rows.get(model).into_iter().flat_map(|rows| rows.keys().copied());
        rows.filter(|id| *id > 0).collect()
    }

    /// Ids that begin somewhere else than at 1.
    pub(super) fn begin_at(&mut self, model: &str, id: i64) {
        let row = Row { written: id - 1, ..Row::default() };
        self.rows.entry(model.to_owned()).or_default().insert(0, row);
    }

    pub(super) fn name_of(&self, model: &str, id: u64) -> String {
        let text = |name: &str| Some(self.row(model, id)?.values.get(name)?.as_str()?.to_owned());
        let known = || NAMES.iter().find(|(known, number, _)| *known == model && *number == id);
        text("name")
            .or_else(|| text("x_name"))
            .or_else(|| known().map(|(_, _, name)| (*name).to_owned()))
            .unwrap_or_else(|| format!("{model},{id}"))
    }

    /// A value as it is kept; what is empty is as a domain sees it.
    pub(super) fn raw(&self, model: &str, row: &Row, field: &Field) -> Value {
        match row.values.get(field.name) {
            Some(value) => value.clone(),
            None => match field.kind {
                "integer" | "float" | "monetary" => json!(0),
                "boolean" => json!(field.name == "active" && has_active(model, self.version)),
                _ => json!(false),
            },
        }
    }

    /// A value as it is served.
    pub(super) fn shown(&self, model: &str, id: u64, row: &Row, field: &Field) -> Value {
        match field.name {
            "id" => return json!(id),
            "create_date" => return json!(written(row.created)),
            "write_date" => return json!(written(row.written)),
            "create_uid" | "write_uid" => return json!([6, self.name_of("res.users", 6)]),
            "display_name" => return json!(self.name_of(model, id)),
            _ => {}
        }
        let raw = self.raw(model, row, field);
        match field.kind {
            "many2one" => match raw.as_u64() {
                Some(id) => json!([id, self.name_of(field.relation, id)]),
                None => json!(false),
            },
            "many2many" | "one2many" if !raw.is_array() => json!([]),
            _ => raw,
        }
    }

    /// A record with these fields.
    pub(super) fn served(&self, model: &str, id: u64, fields: &[Field]) -> Value {
        let Some(row) = self.row(model, id) else { return Value::Null };
        let shown = |field: &Field| (field.name.to_owned(), self.shown(model, id, row, field));
        let mut record: Map<String, Value> = fields.iter().map(shown).collect();
        record.insert("id".to_owned(), json!(id));
        Value::Object(record)
    }

    /// Whether a record is one of these companies', or of all.
    pub(super) fn is_of(&self, model: &str, id: u64, companies: &[u64]) -> bool {
        if model == "res.company" {
            return companies.contains(&id);
        }
        let company = self.row(model, id).and_then(|row| row.values.get("company_id")?.as_u64());
        company.is_none_or(|company| companies.contains(&company))
    }
}

pub(super) fn has_active(model: &str, version: u16) -> bool {
    model::fields(model, version).is_some_and(|fields| fields.iter().any(|field| field.name == "active"))
}

/// Whole seconds of a moment, in microseconds.
pub(super) fn seconds(micros: i64) -> i64 {
    micros - micros.rem_euclid(1_000_000)
}

/// A moment as it is shown.
pub(super) fn written(micros: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Microseconds of `YYYY-MM-DD HH:MM:SS`; none for anything else.
pub(super) fn moment(text: &str) -> Option<i64> {
    let plain = text.len() == 19 && text.as_bytes().get(10) == Some(&b' ');
    let at: DateTime = plain.then(|| text.replace(' ', "T").parse().ok()).flatten()?;
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// Whether it is `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
