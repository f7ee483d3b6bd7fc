//! Domains in Polish notation, and orders.
//!
//! Versions differ in what a `write_date` is compared by: up to 18 the database's microseconds, which nobody sees, in 19
//! the whole seconds that are shown (observed answers, *the traps*).

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    data::{Data, Row, moment, seconds},
    exception::Exception,
    model::Field,
};

/// What a search goes through.
pub(super) struct Search<'a> {
    pub(super) data: &'a Data,
    pub(super) model: &'a str,
    pub(super) fields: &'a [Field],
}

/// Whether a domain names a field.
pub(super) fn names(domain: &Value, field: &str) -> bool {
    domain.as_array().is_some_and(|terms| terms.iter().any(|term| term.get(0).and_then(Value::as_str) == Some(field)))
}

impl Search<'_> {
    /// Whether the row fits the domain.
    pub(super) fn fits(&self, domain: &Value, id: u64, row: &Row) -> Result<bool, Exception> {
        let Value::Array(terms) = domain else {
            return Err(Exception::value(format!("Domain() invalid argument type for domain: {domain}")));
        };
        let (mut rest, mut fits) = (terms.as_slice(), true);
        while !rest.is_empty() {
            fits &= self.term(&mut rest, id, row)?;
        }
        Ok(fits)
    }

    fn term(&self, rest: &mut &[Value], id: u64, row: &Row) -> Result<bool, Exception> {
        let Some((first, others)) = rest.split_first() else {
            return Err(Exception::value("a domain ends too early"));
        };
        *rest = others;
        match first {
            Value::String(operator) => {
                let left = self.term(rest, id, row)?;
                match operator.as_str() {
                    "!" => Ok(!left),
                    "&" => Ok(self.term(rest, id, row)? & left),
                    "|" => Ok(self.term(rest, id, row)? | left),
                    other => Err(Exception::value(format!("{other:?} is no operator of a domain"))),
                }
            }
            Value::Array(leaf) => match leaf.as_slice() {
                [Value::String(field), Value::String(operator), value] => self.leaf(field, operator, value, id, row),
                _ => Err(Exception::value(format!("{first} is no condition"))),
            },
            _ => Err(Exception::value(format!("{first} is no term of a domain"))),
        }
    }

    fn leaf(&self, name: &str, operator: &str, value: &Value, id: u64, row: &Row) -> Result<bool, Exception> {
        let Some(field) = self.fields.iter().find(|field| field.name == name) else {
            let model = self.model;
            return Err(Exception::value(format!(
                "Invalid field {model}.{name} in condition ('{name}', '{operator}', …)"
            )));
        };
        if name == "write_date" || name == "create_date" {
            return self.dated(if name == "write_date" { row.written } else { row.created }, operator, value);
        }
        let raw = if name == "id" { Value::from(id) } else { self.data.raw(self.model, row, field) };
        let equal = |value: &Value| raw == *value || raw.as_f64().is_some_and(|own| value.as_f64() == Some(own));
        match (operator, value) {
            ("=", value) => Ok(equal(value)),
            ("!=", value) => Ok(!equal(value)),
            ("in", Value::Array(values)) => Ok(values.iter().any(equal)),
            ("not in", Value::Array(values)) => Ok(!values.iter().any(equal)),
            (">" | ">=" | "<" | "<=", value) => Ok(ordered(operator, order_of(&raw, value))),
            ("ilike", Value::String(part)) => {
                let shown = match field.kind {
                    "many2one" => self.data.name_of(field.relation, raw.as_u64().unwrap_or_default()),
                    _ => raw.as_str().unwrap_or_default().to_owned(),
                };
                Ok(shown.to_lowercase().contains(&part.to_lowercase()))
            }
            // The one pattern that is needed: what a name begins with.
            ("=like", Value::String(pattern)) if pattern.ends_with('%') && !pattern.contains("%%") => {
                Ok(raw.as_str().unwrap_or_default().starts_with(pattern.trim_end_matches('%')))
            }
            _ => Err(Exception::value(format!("({name}, {operator}, {value}) is not in the sheet"))),
        }
    }

    fn dated(&self, micros: i64, operator: &str, value: &Value) -> Result<bool, Exception> {
        let text = value.as_str().unwrap_or_default();
        let asked = moment(text)
            .ok_or_else(|| Exception::value(format!("expecting only datetimes with no timezone: '{text}'")))?;
        let own = if self.data.version >= 19 { seconds(micros) } else { micros };
        match operator {
            "=" => Ok(own == asked),
            _ => Ok(ordered(operator, own.partial_cmp(&asked))),
        }
    }

    /// The ids in the order that was asked; by id where nothing was.
    pub(super) fn sort(&self, ids: &mut [u64], order: &str) -> Result<(), Exception> {
        let mut keys = Vec::new();
        for part in order.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, way) = part.split_once(' ').unwrap_or((part, "asc"));
            let known = self.fields.iter().find(|field| field.name == name).copied();
            let field =
                known.ok_or_else(|| Exception::value(format!("Invalid field '{name}' on model '{}'", self.model)))?;
            match way.trim() {
                "asc" => keys.push((field, false)),
                "desc" => keys.push((field, true)),
                other => return Err(Exception::value(format!("{other:?} is no way to order"))),
            }
        }
        ids.sort_by(|left, right| {
            let each = keys.iter().map(|(field, backwards)| {
                let ordering = self.compare(field, *left, *right);
                if *backwards { ordering.reverse() } else { ordering }
            });
            each.fold(Ordering::Equal, Ordering::then).then(left.cmp(right))
        });
        Ok(())
    }

    fn compare(&self, field: &Field, left: u64, right: u64) -> Ordering {
        let row = |id| self.data.row(self.model, id);
        match field.name {
            "id" => left.cmp(&right),
            "write_date" => row(left).map(|row| row.written).cmp(&row(right).map(|row| row.written)),
            _ => {
                let raw = |id| row(id).map(|row| self.data.raw(self.model, row, field)).unwrap_or_default();
                order_of(&raw(left), &raw(right)).unwrap_or(Ordering::Equal)
            }
        }
    }
}

fn order_of(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn ordered(operator: &str, ordering: Option<Ordering>) -> bool {
    match (operator, ordering) {
        (_, None) => false,
        (">", Some(ordering)) => ordering.is_gt(),
        (">=", Some(ordering)) => ordering.is_ge(),
        ("<", Some(ordering)) => ordering.is_lt(),
        (_, Some(ordering)) => ordering.is_le(),
    }
}
