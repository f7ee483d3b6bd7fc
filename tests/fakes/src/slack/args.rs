//! Arguments of a method: from the query of a GET, from a form, or from JSON where the method writes.

use serde_json::{Map, Value};

use super::{problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    strict,
};

/// What a method was called with.
#[derive(Debug)]
pub(super) struct Args {
    members: Map<String, Value>,
    /// JSON came without its character set.
    pub(super) missing_charset: bool,
}

impl Args {
    /// Arguments of a read: no JSON.
    pub(super) fn of_read(request: &Incoming, names: &[&str]) -> Result<Self, Answer> {
        if request.method == "GET" {
            strict::no_body(request).map_err(|why| refusal(&why))?;
            strict::params("query parameter", &request.query, names).map_err(|why| refusal(&why))?;
            return Ok(Self::of(&request.query));
        }
        Self::of_form(request, names)
    }

    /// Arguments of a write: a form or JSON.
    pub(super) fn of_write(request: &Incoming, names: &[&str]) -> Result<Self, Answer> {
        if request.media_type() != "application/json" {
            return Self::of_form(request, names);
        }
        posted(request)?;
        if serde_json::from_slice::<Value>(&request.body).is_err() {
            return Err(problem("invalid_json"));
        }
        let members = strict::object(request, names).map_err(|why| refusal(&why))?;
        let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
        Ok(Self { members, missing_charset: !kind.contains("charset") })
    }

    fn of_form(request: &Incoming, names: &[&str]) -> Result<Self, Answer> {
        posted(request)?;
        let form = match request.media_type().as_str() {
            "application/x-www-form-urlencoded" => request.form(),
            _ if request.body.is_empty() => Vec::new(),
            other => return Err(refusal(&format!("this method takes no {other:?}"))),
        };
        strict::params("parameter", &form, names).map_err(|why| refusal(&why))?;
        Ok(Self::of(&form))
    }

    fn of(pairs: &[(String, String)]) -> Self {
        let members = pairs.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        Self { members, missing_charset: false }
    }

    /// A text; none where it is not there or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text that has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Answer> {
        self.text(name).ok_or_else(|| problem("invalid_arguments"))
    }

    /// Yes or no, as a text or as JSON.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Answer> {
        match self.members.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if ["true", "1"].contains(&text.as_str()) => Ok(true),
            Some(Value::String(text)) if ["false", "0"].contains(&text.as_str()) => Ok(false),
            Some(_) => Err(problem("invalid_arguments")),
        }
    }

    /// A whole number, as a text or as JSON.
    pub(super) fn number(&self, name: &str, default: usize) -> Result<usize, Answer> {
        let found = match self.members.get(name) {
            None => Some(default),
            Some(Value::String(text)) => text.parse().ok(),
            Some(other) => other.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        found.ok_or_else(|| problem("invalid_arguments"))
    }

    /// A value of its own form, which a form holds as JSON in a text.
    pub(super) fn nested(&self, name: &str) -> Result<Option<Value>, Answer> {
        match self.members.get(name) {
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| problem("invalid_arguments")),
            other => Ok(other.cloned()),
        }
    }

    /// All but where the list is to go on: what a cursor belongs to.
    pub(super) fn question(&self) -> String {
        let asked = self.members.iter().filter(|(name, _)| !["cursor", "limit"].contains(&name.as_str()));
        asked.map(|(name, value)| format!("{name}={value};")).collect()
    }
}

fn posted(request: &Incoming) -> Result<(), Answer> {
    if request.method != "POST" {
        return Err(refusal(&format!("{} is not a method of this API", request.method)));
    }
    strict::no_query(request).map_err(|why| refusal(&why))
}
