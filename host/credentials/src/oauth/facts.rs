//! Facts: what a login tells that is no secret.

use std::collections::BTreeMap;

use patchbay_model::{
    Secret,
    manifest::{Auth, Fact, is_named_like_a_secret, looks_like_a_token},
};
use serde_json::Value;

use super::{jwt, quote::Masks};
use crate::pattern::matches_whole;

/// Bytes of one fact.
const LONGEST: usize = 1_024;
/// Why what is called like a secret is no fact, whatever it holds.
const CALLED: &str = "it is called like a secret, and a secret is no fact";

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
            Some(_) if is_named_like_a_secret(name) => return Err(no(fact, CALLED)),
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
    if is_named_like_a_secret(pointer(fact)) {
        return Err(no(fact, CALLED));
    }
    if secrets.found_in(&value) {
        return Err(no(fact, "a token is a secret, not a fact"));
    }
    checked(fact, &value).map(Some)
}

/// Where a fact stands in its document.
fn pointer(fact: &Fact) -> &str {
    fact.from.split_once(':').map_or("", |(_, pointer)| pointer)
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
    // A manifest says where a fact is taken from and a provider what stands there, so neither is believed.
    if looks_like_a_token(value) {
        return Err(no(fact, "it is as long and as random as a token, and a token is no fact"));
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

#[cfg(test)]
mod tests {
    use http::Response;
    use serde_json::json;

    use super::*;
    use crate::oauth::{
        answer,
        script::{books, token_of},
    };

    fn asking(from: &str) -> Auth {
        let mut auth = books();
        auth.facts =
            vec![Fact { id: "org".to_owned(), from: from.to_owned(), pattern: ".*".to_owned(), optional: false }];
        auth
    }

    /// What an answer of this login tells, read as a login reads it.
    fn told(from: &str, body: &Value) -> Result<String, &'static str> {
        let (auth, mut masks) = (asking(from), Masks::default());
        let response = Response::builder().body(body.to_string().into_bytes()).expect("a response");
        let answer = answer::read(&auth, response, &mut masks).map_err(|_| "no answer")?;
        let documents = vec![&answer.body.0];
        let answers = Answers { documents, access_token: &answer.access_token, client: Some("client-1") };
        from_answers(&auth, &answers, &masks).map(|mut facts| facts.remove("org").expect("org")).map_err(|no| no.why)
    }

    #[test]
    fn what_is_called_like_a_secret_is_no_fact() {
        for name in ["refresh", "apiKey", "session", "PASSWORD", "id_assertion", "jwt", "accessCode", "client-secret"] {
            let body = json!({"access_token": "canary-a", "data": {name: "blue"}});
            assert_eq!(told(&format!("answer:/data/{name}"), &body), Err(CALLED), "{name}");
        }
        let body = json!({"access_token": "canary-a", "tokens": ["blue"], "id": "blue"});
        assert_eq!(told("answer:/tokens/0", &body), Err(CALLED));
        assert_eq!(told("answer:/id", &body).as_deref(), Ok("blue"));
        let claims = json!({"access_token": token_of(&json!({"sub": "7", "api_key": "blue"}))});
        assert_eq!(told("access_token:/api_key", &claims), Err(CALLED));
        assert_eq!(told("access_token:/sub", &claims).as_deref(), Ok("7"));
    }

    #[test]
    fn a_callback_tells_nothing_that_is_called_or_written_like_a_secret() {
        let told = |from: &str, value: &str| {
            from_callback(&asking(from), |_| Some(value)).map(|_| ()).map_err(|missing| missing.why)
        };
        assert_eq!(told("callback:auth_code", "7"), Err(CALLED));
        assert!(told("callback:firm", "da39a3ee5e6b4b0d3255bfef95601890afd80709").is_err());
        assert_eq!(told("callback:firm", "7"), Ok(()));
    }

    #[test]
    fn what_is_written_like_a_token_is_no_fact_whatever_it_is_called() {
        let body = |value: &str| json!({"access_token": "canary-a", "x": value});
        for token in ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"] {
            assert!(told("answer:/x", &body(token)).is_err(), "{token}");
        }
        for id in ["0f8fad5b-d9cb-469f-a165-70867728950e", "www.zohoapis.eu", "9130347596842384", "T024BE7LD"] {
            assert_eq!(told("answer:/x", &body(id)).as_deref(), Ok(id));
        }
    }

    #[test]
    fn what_holds_a_token_of_the_same_answer_is_no_fact() {
        let body = json!({"access_token": "k7", "refresh": "canary-refresh-77", "same": "k7", "other": "k77",
            "holds": "it is canary-refresh-77", "keys": [{"x": 1}, "canary-of-a-list-1"], "listed": "canary-of-a-list-1",
            "token_type": "bearer", "kind": "bearer"});
        for from in ["answer:/same", "answer:/holds", "answer:/listed"] {
            assert_eq!(told(from, &body), Err("a token is a secret, not a fact"), "{from}");
        }
        assert_eq!(told("answer:/other", &body).as_deref(), Ok("k77"));
        assert_eq!(told("answer:/kind", &body).as_deref(), Ok("bearer"), "what a token is of is none");
    }

    #[test]
    fn many_members_that_are_called_like_tokens_hide_no_token() {
        let noise: Vec<Value> = (0..500).map(|nth| json!({"key": format!("not-a-token-but-long-{nth}")})).collect();
        let body = json!({"access_token": "canary-a", "a": noise, "deep": {"refresh_token": "canary-refresh"},
            "z": noise, "same": "canary-refresh"});
        assert!(told("answer:/same", &body).is_err());
    }
}
