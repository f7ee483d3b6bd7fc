//! Facts: what a login tells that is no secret.

use std::collections::BTreeMap;

use patchbay_model::manifest::{Auth, Fact};
use serde_json::Value;

use super::quote::Masks;
use crate::pattern::matches_whole;

/// Bytes of one fact.
const LONGEST: usize = 1_024;

/// Why a fact could not be had. Names it, and quotes no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoFact {
    pub(super) id: String,
    pub(super) why: &'static str,
}

/// The parameter of the callback that a fact comes from.
pub(super) fn callback_name(fact: &Fact) -> Option<&str> {
    fact.from.strip_prefix("callback:")
}

/// The facts of the callback's parameters. `code` and `state` are never facts.
pub(super) fn from_callback<'p>(
    auth: &Auth,
    parameter: impl Fn(&str) -> Option<&'p str>,
) -> Result<BTreeMap<String, String>, NoFact> {
    let mut facts = BTreeMap::new();
    for fact in &auth.facts {
        let Some(name) = callback_name(fact) else { continue };
        if matches!(name, "code" | "state") {
            return Err(no(fact, "a code or state is a secret, not a fact"));
        }
        let value = parameter(name).ok_or_else(|| no(fact, "the callback does not have it"))?;
        facts.insert(fact.id.clone(), checked(fact, value)?);
    }
    Ok(facts)
}

/// The facts of the token answer. What holds a secret of the login is never a fact: a fact is told to
/// the connector.
pub(super) fn from_answer(auth: &Auth, body: &Value, secrets: &Masks) -> Result<BTreeMap<String, String>, NoFact> {
    let mut facts = BTreeMap::new();
    for fact in auth.facts.iter().filter(|fact| callback_name(fact).is_none()) {
        let pointer = fact.from.strip_prefix("answer:").ok_or_else(|| no(fact, "its source is of an unknown kind"))?;
        let value = match body.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => {
                return Err(no(fact, "the token answer does not have it"));
            }
        };
        if secrets.found_in(&value) {
            return Err(no(fact, "a token is a secret, not a fact"));
        }
        facts.insert(fact.id.clone(), checked(fact, &value)?);
    }
    Ok(facts)
}

fn checked(fact: &Fact, value: &str) -> Result<String, NoFact> {
    if value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(no(fact, "it is too long or holds a control character"));
    }
    match matches_whole(&fact.pattern, value) {
        Some(true) => Ok(value.to_owned()),
        Some(false) => Err(no(fact, "it does not match its pattern")),
        None => Err(no(fact, "its pattern cannot be read")),
    }
}

fn no(fact: &Fact, why: &'static str) -> NoFact {
    NoFact { id: fact.id.clone(), why }
}
