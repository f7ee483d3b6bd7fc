//! Keys that nobody knows, that are missing, or hold something of another kind. All of them are told, not only the first.

use serde_json::Value;

use crate::{
    check::DATE_MARK,
    finding::{Finding, Findings, Path, nearest},
    keys::{DEFINITION, Key, Kind},
};

pub(crate) fn check(value: &Value) -> Vec<Finding> {
    let mut findings = Findings::default();
    table(value, DEFINITION, &Path::default(), &mut findings);
    findings.0
}

fn table(value: &Value, keys: &[Key], path: &Path, findings: &mut Findings) {
    let Value::Object(members) = value else {
        return findings.add(path.clone(), format!("{} stands where a table is due", said(value)), "write a table");
    };
    for name in members.keys() {
        if !keys.iter().any(|key| key.name == name) {
            let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
            findings.add(path.key(name), format!("{name:?} is no key that stands here"), nearest(name, &known));
        }
    }
    for key in keys {
        match members.get(key.name) {
            Some(value) => one(value, &key.kind, &path.key(key.name), findings),
            None if key.needed => {
                let (message, remedy) =
                    (format!("{} is missing", key.name), format!("write {} = …: {}", key.name, key.what));
                findings.add(path.clone(), message, remedy);
            }
            None => {}
        }
    }
}

fn one(value: &Value, kind: &Kind, path: &Path, findings: &mut Findings) {
    let wrong = |due: &str| (format!("{} stands where {due} is due", said(value)), format!("write {due}"));
    let (message, remedy) = match (kind, value) {
        (Kind::Any, _) | (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => return,
        (Kind::Text, _) => wrong("a text between quotes"),
        (Kind::Flag, _) => wrong("true or false"),
        (Kind::Word(words), Value::String(text)) if words.contains(&text.as_str()) => return,
        (Kind::Word(words), Value::String(text)) => {
            (format!("{text:?} is none of the words that can stand here"), nearest(text, words))
        }
        (Kind::Word(words), _) => wrong(&format!("one of the words {}", words.join(", "))),
        (Kind::Whole(from, to), Value::Number(number))
            if number.as_u64().is_some_and(|n| (*from..=*to).contains(&n)) =>
        {
            return;
        }
        (Kind::Whole(from, to), Value::Number(number)) if from == to => {
            (format!("{number} is not known"), format!("write {from}"))
        }
        (Kind::Whole(from, to), Value::Number(number)) => {
            (format!("{number} is out of range"), format!("write a whole number from {from} to {to}"))
        }
        (Kind::Whole(from, to), _) => wrong(&format!("a whole number from {from} to {to}")),
        (Kind::Texts, Value::Array(items)) => {
            return items.iter().enumerate().for_each(|(at, item)| one(item, &Kind::Text, &path.at(at), findings));
        }
        (Kind::Texts, _) => wrong("a list of texts"),
        (Kind::Statuses, Value::Array(items)) => {
            return items
                .iter()
                .enumerate()
                .for_each(|(at, item)| one(item, &Kind::Whole(200, 599), &path.at(at), findings));
        }
        (Kind::Statuses, _) => wrong("a list of statuses"),
        (Kind::TextsByName, Value::Object(members)) => {
            return members.iter().for_each(|(name, item)| one(item, &Kind::Text, &path.key(name), findings));
        }
        (Kind::TextsByName, _) => wrong("a table of texts"),
        (Kind::Table(keys), _) => return table(value, keys, path, findings),
        (Kind::Tables(keys), Value::Array(items)) => {
            return items.iter().enumerate().for_each(|(at, item)| table(item, keys, &path.at(at), findings));
        }
        (Kind::Tables(_), _) => wrong("a list of tables"),
    };
    findings.add(path.clone(), message, remedy);
}

fn said(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(members) if members.contains_key(DATE_MARK) => "a date without quotes",
        Value::Object(_) => "a table",
    }
}
