//! `/_fake/desk/…`: what a test in another process tells the desk, and asks of it.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Desk,
    object::{Kind, Lag},
};
use crate::exchange::Incoming;

/// When a search finds what is written: so many milliseconds later, or when told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedLag {
    kind: Kind,
    /// Left out: until told.
    ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    clients: u64,
    folders: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    name: String,
    accepted: bool,
}

/// Answers a control request; none when there is no such control.
pub(super) fn answer(desk: &Desk, request: &Incoming) -> Option<Result<Value, String>> {
    let path = request.path.strip_prefix("/_fake/desk/")?;
    match (request.method.as_str(), path) {
        ("GET", "doubles") => Some(Ok(json!({ "doubles": desk.doubles() }))),
        ("GET", "tally") => {
            let tally = |kind: Kind| (kind.word().to_owned(), json!(desk.tally(kind)));
            Some(Ok(Kind::ALL.into_iter().map(tally).collect()))
        }
        ("POST", "lag") => Some(read(request).map(|asked: AskedLag| {
            desk.lag(asked.kind, asked.ms.map_or(Lag::UntilTold, |ms| Lag::Time(Duration::from_millis(ms))));
            json!({})
        })),
        ("POST", "show") => {
            desk.show();
            Some(Ok(json!({})))
        }
        ("POST", "size") => Some(read(request).map(|size: Size| {
            desk.resize(size.clients, size.folders);
            json!({})
        })),
        ("POST", "rename") => {
            Some(read(request).map(|asked: Name| json!({ "renamed": desk.rename(&asked.id, &asked.name) })))
        }
        ("POST", "key") => Some(read(request).map(|key: Key| {
            desk.accept(&key.name, key.accepted);
            json!({})
        })),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(request: &Incoming) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
