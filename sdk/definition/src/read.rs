//! `definition.toml`, with line and remedy of everything that is wrong.

use std::fmt;

use serde_json::{Map, Number, Value, json as object};
use toml::de::{DeTable, DeValue};

use crate::{
    Definition,
    beside::agree,
    check::DATE_MARK,
    finding::Finding,
    lines::{Lines, line_at},
    of_json,
    reference::schema,
};

/// Bytes of a definition: as JSON it has to fit into the defaults of a `[config]`.
const BYTES: usize = 64 * 1024;

/// One thing that is wrong with a definition; written for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in `definition.toml`, from 1.
    pub line: usize,
    /// Where, as a dotted path: `stream[0].paging.size`; empty for the document.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "definition.toml:{}", self.line)?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {} — {}", self.message, self.remedy)
    }
}

/// Reads a definition as its author wrote it.
///
/// # Errors
/// Everything that is wrong: all errors of syntax; else all keys and values that cannot stand where they do; else all that
/// is wrong with their meaning.
pub fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    read(text).map(|(_, _, definition)| definition)
}

/// The same as JSON, as the component is given it.
///
/// # Errors
/// As [`parse`].
pub fn json(text: &str) -> Result<Value, Vec<Problem>> {
    read(text).map(|(_, value, _)| value)
}

/// The `[config]` of a copy of the generic component: its schema, and as defaults this definition. `manifest` is the
/// manifest as the packer packs it, as JSON.
///
/// # Errors
/// As [`parse`]; and where definition and manifest do not agree.
pub fn config(text: &str, manifest: &Value) -> Result<Value, Vec<Problem>> {
    let (lines, value, definition) = read(text)?;
    let findings = agree(&definition, manifest);
    if findings.is_empty() {
        return Ok(object!({ "schema": schema(), "defaults": value }));
    }
    Err(on_lines(&lines, findings))
}

fn read(text: &str) -> Result<(Lines<'_>, Value, Definition), Vec<Problem>> {
    let whole = |message: String, remedy: &str| {
        vec![Problem { line: 1, key: String::new(), message, remedy: remedy.to_owned() }]
    };
    if text.len() > BYTES {
        return Err(whole(format!("the file has {} bytes", text.len()), "write at most 65536 bytes"));
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let syntax = |error: &toml::de::Error| Problem {
            line: error.span().map_or(1, |span| line_at(text, span.start)),
            key: String::new(),
            message: error.message().to_owned(),
            remedy: "write it as TOML: key = \"value\", [table], [[list of tables]]".to_owned(),
        };
        return Err(errors.iter().map(syntax).collect());
    }
    let lines = Lines { text, document: document.get_ref().clone() };
    let value = table(&lines.document);
    match of_json(&value) {
        Ok(definition) => Ok((lines, value, definition)),
        Err(findings) => Err(on_lines(&lines, findings)),
    }
}

fn on_lines(lines: &Lines<'_>, findings: Vec<Finding>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = findings
        .into_iter()
        .map(|finding| Problem {
            line: lines.line_of(&finding.path),
            key: finding.path.to_string(),
            message: finding.message,
            remedy: finding.remedy,
        })
        .collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

fn table(table: &DeTable<'_>) -> Value {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref()))).collect::<Map<_, _>>().into()
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            i64::from_str_radix(digits, number.radix()).map_or_else(|_| digits.into(), Value::from)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            parsed.map_or_else(|| number.as_str().into(), Value::Number)
        }
        DeValue::Boolean(flag) => (*flag).into(),
        // Where a text is due, a table is refused by name; in a body the mark says what to write.
        DeValue::Datetime(moment) => object!({ DATE_MARK: moment.to_string() }),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(inner) => table(inner),
    }
}
