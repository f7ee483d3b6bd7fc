//! What was written where: the file and the variables, before anything is believed.
//!
//! A variable wins over the file. Every entry remembers its place, so that a complaint can name it.

use std::{collections::BTreeMap, fmt};

use toml::de::{DeTable, DeValue};

use super::{key, keys};

/// Variables that begin like ours and belong to the test tools.
const OF_THE_TOOLS: &[&str] = &[
    "PATCHBAY_BIN",
    "PATCHBAY_CHROMIUM",
    "PATCHBAY_CONNECTORS",
    "PATCHBAY_FAKES",
    "PATCHBAY_GUESTS",
    "PATCHBAY_REQUIRE_CHROMIUM",
    "PATCHBAY_REQUIRE_POSTGRES",
    "PATCHBAY_STORE_TESTS",
    "PATCHBAY_TEST_POSTGRES",
    "PATCHBAY_TEST_POSTGRES_BIN",
];
const OF_THE_TOOLS_PREFIX: &str = "PATCHBAY_SOAK_";
const PREFIX: &str = "PATCHBAY_";

/// Where an entry was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// A variable, by its name.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Variable(name) => write!(f, "variable {name}"),
        }
    }
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text in the file.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Switch(bool),
    /// A list.
    List(Vec<Value>),
    /// An entry of a list of tables.
    Table(BTreeMap<String, Entry>),
    /// The text of a variable: what it is, the key decides.
    Raw(String),
    /// Something that no key takes, by its type.
    Strange(&'static str),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// What was written.
    pub(crate) value: Value,
    /// Where.
    pub(crate) place: Place,
}

/// Something wrong with the configuration. Never contains a value that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where, if it was written at all.
    pub(crate) place: Option<Place>,
    /// What, and what to do.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Everything that was written, by dotted key.
#[derive(Debug, Default)]
pub(crate) struct Entries(pub(crate) BTreeMap<String, Entry>);

impl Entries {
    /// Reads the text of the file.
    pub(crate) fn read_file(&mut self, text: &str, problems: &mut Vec<Problem>) {
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let place = error.span().map(|span| line(text, span.start));
                problems.push(Problem { place, text: format!("this is not TOML: {}", error.message()) });
                return;
            }
        };
        self.section(text, "", table.get_ref(), problems);
    }

    /// Reads the variables that begin with `PATCHBAY_`; they win over what is there.
    pub(crate) fn read_variables(&mut self, variables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
        let holds_the_key = self.holds_the_key(variables);
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if of_the_tools(name) || holds_the_key.as_deref() == Some(name) {
                continue;
            }
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let place = Place::Variable(name.clone());
            if keys::known(&key) {
                self.0.insert(key, Entry { value: Value::Raw(text.clone()), place });
            } else {
                problems.push(unknown(&key, place, variable));
            }
        }
    }

    /// The variable that the key's own text is read from: no key of the configuration, whatever its name.
    fn holds_the_key(&self, variables: &BTreeMap<String, String>) -> Option<String> {
        let written = || match self.0.get(key::ENVIRONMENT).map(|entry| &entry.value) {
            Some(Value::Text(name)) => Some(name.clone()),
            _ => None,
        };
        variables.get(&key::environment_variable()).cloned().or_else(written)
    }

    fn section(&mut self, text: &str, prefix: &str, table: &DeTable<'_>, problems: &mut Vec<Problem>) {
        for (name, value) in table {
            let place = line(text, name.span().start);
            let key = format!("{prefix}{}", name.get_ref());
            match value.get_ref() {
                DeValue::Table(inner) if !keys::known(&key) => {
                    let section = format!("{key}.");
                    if keys::KEYS.iter().any(|known| known.name.starts_with(&section)) {
                        self.section(text, &section, inner, problems);
                    } else {
                        problems.push(unknown(&key, place, str::to_owned));
                    }
                }
                _ if !keys::known(&key) => problems.push(unknown(&key, place, str::to_owned)),
                written => {
                    let value = convert(text, &key, written, problems);
                    self.0.insert(key, Entry { value, place });
                }
            }
        }
    }
}

/// Whether a variable belongs to the test tools.
fn of_the_tools(name: &str) -> bool {
    // A release build has no hooks, so there their variables are refused as unknown.
    #[cfg(debug_assertions)]
    if crate::hooks::VARIABLES.contains(&name) {
        return true;
    }
    OF_THE_TOOLS.contains(&name) || name.starts_with(OF_THE_TOOLS_PREFIX)
}

/// The variable of a key: `PATCHBAY_SECTION__KEY`.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// Reads the text of a variable as a TOML value.
pub(crate) fn toml_value(key: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Value> {
    let value = DeValue::parse(text).ok()?;
    Some(convert(text, key, value.get_ref(), problems))
}

fn convert(text: &str, key: &str, value: &DeValue<'_>, problems: &mut Vec<Problem>) -> Value {
    match value {
        DeValue::String(written) => Value::Text(written.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Strange("number too large"), Value::Number),
        DeValue::Boolean(on) => Value::Switch(*on),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| convert(text, key, item.get_ref(), problems)).collect())
        }
        DeValue::Table(table) => {
            let mut entries = BTreeMap::new();
            for (name, value) in table {
                let place = line(text, name.span().start);
                let full = format!("{key}[].{}", name.get_ref());
                if keys::known(&full) {
                    let value = convert(text, &full, value.get_ref(), problems);
                    entries.insert(name.get_ref().to_string(), Entry { value, place });
                } else {
                    problems.push(unknown(&full, place, str::to_owned));
                }
            }
            Value::Table(entries)
        }
        DeValue::Float(_) => Value::Strange("fraction"),
        DeValue::Datetime(_) => Value::Strange("time"),
    }
}

fn unknown(key: &str, place: Place, write: fn(&str) -> String) -> Problem {
    let hint = match keys::nearest(key) {
        Some(nearest) => format!("; did you mean `{}`?", write(nearest)),
        None => "; `patchbay serve --keys` lists the known ones".to_owned(),
    };
    Problem { place: Some(place), text: format!("there is no key `{}`{hint}", write(key)) }
}

fn line(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    Place::Line(before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let (mut entries, mut problems) = (Entries::default(), Vec::new());
        entries.read_file(file, &mut problems);
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        entries.read_variables(&variables, &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
        assert_eq!(
            problems("listen = \"127.0.0.1:1\"\n\n[jobs]\nworker = 3\n", &[]),
            ["line 4: there is no key `jobs.worker`; did you mean `jobs.workers`?"]
        );
        assert_eq!(
            problems("[database_]\npath = \"x\"\n", &[]),
            ["line 1: there is no key `database_`; did you mean `database.url`?"]
        );
        assert_eq!(
            problems("[[egress.rewrite]]\norigin = \"https://a\"\nconect = \"http://b\"\n", &[]),
            ["line 3: there is no key `egress.rewrite[].conect`; did you mean `egress.rewrite[].connect`?"]
        );
    }

    #[test]
    fn an_unknown_variable_is_an_error_too() {
        assert_eq!(
            problems("", &[("PATCHBAY_JOBS__WORKER", "3"), ("HOME", "/"), ("PATCHBAY_BIN", "x")]),
            [
                "variable PATCHBAY_JOBS__WORKER: there is no key `PATCHBAY_JOBS__WORKER`; did you mean `PATCHBAY_JOBS__WORKERS`?"
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_toml_names_the_line() {
        let found = problems("listen = 1\n=\n", &[]);
        assert!(found.iter().any(|text| text.starts_with("line 2: this is not TOML")), "{found:?}");
    }
}
