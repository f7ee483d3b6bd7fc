//! Facts: what a login tells that is no secret.

use std::collections::BTreeMap;

use patchbay_model::{
    Secret,
    manifest::{Auth, Fact},
};
use serde_json::Value;

use super::{jwt, quote::Masks};
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
        match parameter(name) {
            None | Some("") if fact.optional => {}
            None => return Err(no(fact, "the callback does not have it")),
            Some(value) => {
                facts.insert(fact.id.clone(), checked(fact, value)?);
            }
        }
    }
    Ok(facts)
}

/// Where facts of a login are looked for, once it has answered.
pub(super) struct Answers<'a> {
    /// The answer's document, and that of a second request. What both have, the first one says.
    pub(super) documents: Vec<&'a Value>,
    /// The first answer's access token.
    pub(super) access_token: &'a Secret,
    /// The client that an id token has to be meant for.
    pub(super) client: Option<&'a str>,
}

/// The facts of a login's answers. What holds a secret of the login is never a fact: a fact is told to
/// the connector.
pub(super) fn from_answers(
    auth: &Auth,
    answers: &Answers<'_>,
    secrets: &Masks,
) -> Result<BTreeMap<String, String>, NoFact> {
    let mut facts = BTreeMap::new();
    for fact in auth.facts.iter().filter(|fact| callback_name(fact).is_none()) {
        match from_answer(auth, fact, answers, secrets)? {
            Some(value) => {
                facts.insert(fact.id.clone(), value);
            }
            None if fact.optional => {}
            None => return Err(no(fact, "the token answer does not have it")),
        }
    }
    Ok(facts)
}

/// Those facts that a second request may already name; what is missing or wrong is found afterwards.
pub(super) fn known_early(auth: &Auth, answers: &Answers<'_>, secrets: &Masks) -> BTreeMap<String, String> {
    let of_answers = auth.facts.iter().filter(|fact| callback_name(fact).is_none());
    let known = of_answers.filter_map(|fact| {
        let value = from_answer(auth, fact, answers, secrets).ok()??;
        Some((fact.id.clone(), value))
    });
    known.collect()
}

fn from_answer(auth: &Auth, fact: &Fact, answers: &Answers<'_>, secrets: &Masks) -> Result<Option<String>, NoFact> {
    let Some(value) = answers.find(auth, fact).map_err(|why| no(fact, why))? else { return Ok(None) };
    if secrets.found_in(&value) {
        return Err(no(fact, "a token is a secret, not a fact"));
    }
    checked(fact, &value).map(Some)
}

impl Answers<'_> {
    /// A fact's value; none where nothing or null stands.
    fn find(&self, auth: &Auth, fact: &Fact) -> Result<Option<String>, &'static str> {
        let (kind, pointer) = fact.from.split_once(':').unwrap_or((&fact.from, ""));
        match kind {
            "answer" => plain(self.documents.iter().find_map(|document| present(document.pointer(pointer)))),
            "id_token" => {
                let token = self.documents.first().and_then(|document| document.get("id_token")?.as_str());
                let Some(token) = token else { return Ok(None) };
                let claims = jwt::claims(token)?;
                jwt::meant_for(&claims.0, self.client.unwrap_or_default(), auth.issuer.as_deref())?;
                plain(present(claims.0.pointer(pointer)))
            }
            "access_token" => plain(present(jwt::claims(self.access_token.expose())?.0.pointer(pointer))),
            _ => Err("its source is of an unknown kind"),
        }
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn plain(value: Option<&Value>) -> Result<Option<String>, &'static str> {
    match value {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => Err("it is neither text, number nor truth"),
        Some(Value::Null) | None => Ok(None),
    }
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
