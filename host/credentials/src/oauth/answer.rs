//! A token answer, read as hostile. **Without an access token it is never a success.**

use std::{collections::BTreeMap, time::Duration};

use http::{Response, StatusCode, header};
use patchbay_model::{
    Secret,
    manifest::{Auth, is_named_like_a_secret},
};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::{
    lenient::{life, scopes, wait},
    quote::Masks,
    rules::{self, Meaning},
};

/// Bytes of an answer.
pub(super) const LARGEST: usize = 64 * 1024;
/// What tokens are called; looked for at every depth, so that none is told as a fact or repeated in a text.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// Tokens that are looked for; no provider has more, and a hostile one costs no time.
const MOST_TOKENS: usize = 64;
/// Bytes of a text that counts as a token because it is called like one; a shorter one may be a word.
const SHORTEST_CALLED: usize = 16;

/// An answer with an access token.
pub(super) struct Answer {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    /// The manifest's further tokens that are there, by name.
    pub(super) more: BTreeMap<String, Secret>,
    /// What the answer says, or else the manifest.
    pub(super) expires_in: Option<Duration>,
    pub(super) refresh_expires_in: Option<Duration>,
    pub(super) scopes: Option<Vec<String>>,
    /// All of it, for facts.
    pub(super) body: Wiped,
}

/// An answer without one. The texts are for the operator, masked and bounded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// A rule of the manifest says that what was sent is no longer good.
    Dead(String),
    /// A rule of the manifest says that the operator's client is wrong.
    Misconfigured(String),
    /// The provider said no, by an OAuth error.
    Refused {
        /// Its word, e.g. `invalid_grant`.
        error: String,
        /// All that it said.
        text: String,
        status: StatusCode,
    },
    /// The provider has trouble: 5xx, 408, 429, or a rule of the manifest.
    Trouble { text: String, retry_after: Option<Duration>, throttled: bool },
    /// It cannot be understood. After a status of success, what was sent may be spent. `page` when it is
    /// meant for people.
    Unreadable { text: String, status: StatusCode, page: bool },
}

/// Reads an answer. Its tokens are added to the masks.
pub(super) fn read(auth: &Auth, response: Response<Vec<u8>>, masks: &mut Masks) -> Result<Answer, Unusable> {
    let (parts, body) = response.into_parts();
    let body = zeroize::Zeroizing::new(body);
    let status = parts.status;
    let document = object(&body);
    let fields = document.as_ref().ok().and_then(|document| document.0.as_object());
    if let Ok(document) = &document {
        conceal(auth, &document.0, masks);
    }

    let retry_after = || parts.headers.get(header::RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?));
    let of_rule = |rule: &str| format!("{} (the manifest's rule `{rule}`)", said(status, fields, masks));
    match rules::meaning(auth, status, document.as_ref().ok().map(|document| &document.0)) {
        Some(Meaning::Throttled) => {
            return Err(Unusable::Trouble { text: of_rule("throttled"), retry_after: retry_after(), throttled: true });
        }
        Some(Meaning::Dead) => return Err(Unusable::Dead(of_rule("dead"))),
        Some(Meaning::Misconfigured) => return Err(Unusable::Misconfigured(of_rule("misconfigured"))),
        None => {}
    }
    if rules::is_trouble(status) {
        let throttled = status == StatusCode::TOO_MANY_REQUESTS;
        let text = format!("status {}", status.as_u16());
        return Err(Unusable::Trouble { text, retry_after: retry_after(), throttled });
    }
    let unreadable = |why: &str| Unusable::Unreadable {
        text: format!("status {}, {why}", status.as_u16()),
        status,
        page: body.trim_ascii_start().starts_with(b"<"),
    };
    if let Some(error) = fields.and_then(error_of) {
        let text = said(status, fields, masks);
        return Err(Unusable::Refused { error: masks.quote(&error), text, status });
    }
    if let (Some(words), false) = (fields.and_then(in_words), status.is_success()) {
        let why = format!("neither success nor an `error`; the provider said {:?}", masks.quote(words));
        return Err(unreadable(&why));
    }
    let document = document.map_err(unreadable)?;
    if !status.is_success() {
        return Err(unreadable("neither success nor an `error`"));
    }
    tokens(auth, document).map_err(|why| unreadable(&why))
}

/// The tokens of a document, from where the manifest says that they stand.
fn tokens(auth: &Auth, document: Wiped) -> Result<Answer, String> {
    let places = &auth.answer;
    let at = |place: &Option<String>, standard: &str| match place {
        Some(pointer) => document.0.pointer(pointer),
        None => document.0.get(standard),
    };
    let name = places.access_token.as_deref().unwrap_or("access_token");
    let access_token = token(at(&places.access_token, "access_token"), name)?.ok_or_else(|| format!("no `{name}`"))?;
    let kind = document.0.get("token_type");
    // Whoever declares where the token stands has read what the provider says about it; words of its own
    // are taken then. A token that needs a proof besides itself is never any use here.
    let proof = |kind: &str| ["mac", "dpop", "pop"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    match kind {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(Value::String(kind)) if places.access_token.is_some() && !proof(kind) => {}
        Some(_) => return Err("`token_type` is not bearer".to_owned()),
    }
    let mut more = BTreeMap::new();
    for (name, pointer) in &places.more {
        // One that is empty is one that is not there.
        let found = document.0.pointer(pointer).filter(|found| !found.is_null() && found.as_str() != Some(""));
        if let Some(found) = token(found, pointer)? {
            more.insert(name.clone(), found);
        }
    }
    let refresh_token =
        at(&places.refresh_token, "refresh_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let by_manifest = auth.life_seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
    Ok(Answer {
        access_token,
        refresh_token: refresh_token.map(Secret::new),
        more,
        expires_in: at(&places.expires_in, "expires_in").and_then(life).or(by_manifest),
        refresh_expires_in: document.0.get("refresh_token_expires_in").and_then(life),
        scopes: at(&places.scope, "scope").and_then(|value| scopes(value, auth.scope_separator.as_deref())),
        body: document,
    })
}

/// The token that stands here; none where nothing does.
fn token(value: Option<&Value>, name: &str) -> Result<Option<Secret>, String> {
    match value {
        None => Ok(None),
        Some(Value::String(token)) if token.is_empty() => Err(format!("`{name}` is empty")),
        // RFC 6749, appendix A.12; it becomes a header.
        Some(Value::String(token)) if token.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => {
            Ok(Some(Secret::new(token)))
        }
        Some(Value::String(_)) => Err(format!("`{name}` holds what a header cannot carry")),
        Some(_) => Err(format!("`{name}` is no text")),
    }
}

/// Adds every token of a document to the masks, wherever it stands.
fn conceal(auth: &Auth, document: &Value, masks: &mut Masks) {
    let places = &auth.answer;
    let declared = [&places.access_token, &places.refresh_token].into_iter().flatten().chain(places.more.values());
    for token in declared.filter_map(|pointer| document.pointer(pointer)?.as_str()) {
        masks.add_token(token);
    }
    // Two budgets, so that many members which are only called like tokens hide no token.
    let (mut left, mut called) = (MOST_TOKENS, MOST_TOKENS);
    // An entry of a list is called like the list.
    let mut open = vec![("", document)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.iter().map(|(name, value)| (name.as_str(), value))),
            Value::Array(values) => open.extend(values.iter().map(|value| (name, value))),
            Value::String(text) if TOKENS.contains(&name) => {
                if left > 0 {
                    masks.add_token(text);
                    left -= 1;
                }
            }
            Value::String(text) if called > 0 && text.len() >= SHORTEST_CALLED && is_called_like_a_token(name) => {
                masks.add(text);
                called -= 1;
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether a member is called like a token, and not like what is said about one.
fn is_called_like_a_token(name: &str) -> bool {
    let about = name.to_ascii_lowercase();
    is_named_like_a_secret(&format!("/{name}")) && !about.ends_with("type") && !about.contains("expire")
}

/// What an answer says about a failure, masked and bounded.
fn said(status: StatusCode, fields: Option<&Map<String, Value>>, masks: &Masks) -> String {
    let status = status.as_u16();
    let Some(error) = fields.and_then(error_of) else { return format!("status {status}") };
    let description = fields.and_then(in_words).unwrap_or_default();
    format!("status {status}, the provider said {:?}: {:?}", masks.quote(&error), masks.quote(description))
}

/// What an answer says in words, wherever providers put them.
fn in_words(fields: &Map<String, Value>) -> Option<&str> {
    let inner = fields.get("error").and_then(|error| error.get("message"));
    let all = [fields.get("error_description"), inner, fields.get("message"), fields.get("error_message")];
    all.into_iter().flatten().filter_map(Value::as_str).find(|words| !words.is_empty())
}

pub(super) fn object(body: &[u8]) -> Result<Wiped, &'static str> {
    if body.len() > LARGEST {
        return Err("more than 64 KiB");
    }
    let text = body.trim_ascii();
    if text.is_empty() {
        return Err("an empty body");
    }
    // Not serde_json's message: it may quote a value.
    let document = serde_json::from_slice(text).map(Wiped).map_err(|_| match text {
        [b'<', ..] => "a page of HTML or XML instead of JSON",
        _ if is_form(text) => "a form instead of JSON, although JSON was asked for",
        _ => "not JSON, or cut off",
    })?;
    if document.0.is_object() { Ok(document) } else { Err("JSON, but no object") }
}

fn is_form(text: &[u8]) -> bool {
    url::form_urlencoded::parse(text).any(|(name, _)| name == "access_token" || name == "error")
}

/// The provider's error: a text, or an object with one. `null`, an empty text and `false` are none.
pub(super) fn error_of(fields: &Map<String, Value>) -> Option<String> {
    match fields.get("error")? {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Object(inner) => {
            let said = ["code", "type", "status", "message"].iter().find_map(|name| inner.get(*name)?.as_str());
            Some(said.unwrap_or("an error of its own form").to_owned())
        }
        Value::Bool(true) | Value::Number(_) | Value::Array(_) => Some("an error of its own form".to_owned()),
    }
}

/// A document whose texts are wiped when it goes.
pub(super) struct Wiped(pub(super) Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
