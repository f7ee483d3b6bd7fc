//! Refusing what a sheet does not name: the texts say which thing it was and what is known.

use serde_json::{Map, Value};

use crate::exchange::Incoming;

/// Headers of any client, besides `accept*` and `content-*`.
const CLIENT_HEADERS: [&str; 4] = ["host", "user-agent", "authorization", "connection"];

/// Checks that each header is one that any client sends, or one of `more`, and stands there once.
pub(crate) fn headers(request: &Incoming, more: &[&str]) -> Result<(), String> {
    for (name, _) in &request.headers {
        let known = CLIENT_HEADERS.contains(&name.as_str())
            || name.starts_with("accept")
            || name.starts_with("content-")
            || more.contains(&name.as_str());
        if !known {
            return Err(format!("header {name:?} is not in the sheet"));
        }
        if request.headers.iter().filter(|(other, _)| other == name).count() > 1 {
            return Err(format!("header {name:?} was sent twice"));
        }
    }
    Ok(())
}

/// Checks that the request is addressed to the real host: `egress.rewrite` changes only where a
/// connection is opened.
pub(crate) fn host(request: &Incoming, real: &str) -> Result<(), String> {
    match request.header("host") {
        Some(host) if host == real => Ok(()),
        other => Err(format!("host must be {real} as at the real one, not {:?}", other.unwrap_or_default())),
    }
}

/// Checks that each parameter is one of `names` and stands there once.
pub(crate) fn params(kind: &str, pairs: &[(String, String)], names: &[&str]) -> Result<(), String> {
    for (name, _) in pairs {
        if !names.contains(&name.as_str()) {
            return Err(format!("{kind} {name:?} is not in the sheet; known: {}", list(names)));
        }
        if pairs.iter().filter(|(other, _)| other == name).count() > 1 {
            return Err(format!("{kind} {name:?} was sent twice"));
        }
    }
    Ok(())
}

/// Checks that the path has no query.
pub(crate) fn no_query(request: &Incoming) -> Result<(), String> {
    params("query parameter", &request.query, &[])
}

/// Reads a whole number from `low` to `high`; `default` when it is not there.
pub(crate) fn number(request: &Incoming, name: &str, low: usize, high: usize, default: usize) -> Result<usize, String> {
    let Some(text) = request.param(name) else { return Ok(default) };
    match text.parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("query parameter {name:?} must be a whole number from {low} to {high}, not {text:?}")),
    }
}

/// Reads one of `values`; the first when it is not there.
pub(crate) fn choice<'a>(request: &Incoming, name: &str, values: &[&'a str]) -> Result<&'a str, String> {
    let text = request.param(name).or_else(|| values.first().copied()).unwrap_or_default();
    let found = values.iter().find(|value| **value == text).copied();
    found.ok_or_else(|| format!("query parameter {name:?} must be one of {}, not {text:?}", list(values)))
}

/// Reads a JSON object whose members are all among `names`.
pub(crate) fn object(request: &Incoming, names: &[&str]) -> Result<Map<String, Value>, String> {
    if request.media_type() != "application/json" {
        return Err(format!("content-type must be application/json, not {:?}", request.media_type()));
    }
    let body = serde_json::from_slice(&request.body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let Value::Object(object) = body else { return Err("the body must be a JSON object".to_owned()) };
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(format!("body field {key:?} is not in the sheet; known: {}", list(names))),
        None => Ok(object),
    }
}

/// Checks that a request without a body has none.
pub(crate) fn no_body(request: &Incoming) -> Result<(), String> {
    if request.body.is_empty() { Ok(()) } else { Err(format!("a {} here has no body", request.method)) }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
