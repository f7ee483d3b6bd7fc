//! Streams of both.

use serde_json::Value;

use super::{known::Known, manifest::Manifest};
use crate::{
    definition::{Definition, DeletesStyle, Stream},
    finding::{Findings, Path, nearest},
    template::{Name, Piece, parse},
};

pub(super) fn agree(definition: &Definition, manifest: &Manifest, known: &Known<'_>, findings: &mut Findings) {
    let names: Vec<&str> = manifest.streams.iter().map(|stream| stream.name.as_str()).collect();
    for (index, stream) in definition.streams.iter().enumerate() {
        let at = Path::default().key("stream").at(index);
        requests(stream, known, &at, findings);
        let Some(other) = manifest.streams.iter().find(|other| other.name == stream.name) else {
            let message = format!("connector.toml has no [[stream]] {:?}", stream.name);
            findings.add(at.key("name"), message, format!("write one there; {}", nearest(&stream.name, &names)));
            continue;
        };
        if other.key != stream.key {
            let message = format!("the key of this stream is {:?} in connector.toml", other.key);
            findings.add(at.key("key"), message, "write the same in both");
        }
        let full = other.mode.as_deref() == Some("full");
        if full && stream.cursor.is_some() {
            let message = "connector.toml says that this stream is read in full, and it has a cursor";
            findings.add(at.key("cursor"), message, "leave mode out there, or the cursor here");
        }
        if !full && stream.cursor.is_none() {
            let message = "a stream without a cursor is read in full, and connector.toml does not say so";
            findings.add(at.key("name"), message, "write mode = \"full\" there, or a cursor here");
        }
        let uses = uses_account(stream);
        if uses && !other.per_account {
            let message = "it is asked for by account, and connector.toml does not say so";
            findings.add(at.key("name"), message, "write per-account = true there");
        }
        if !uses && other.per_account {
            let message = "connector.toml says that it is read for each account, and no request names {account}";
            findings.add(
                at.key("name"),
                message,
                "write {account} where the account goes, or leave per-account out there",
            );
        }
        if uses && definition.accounts.is_none() {
            findings.add(at.key("name"), "nothing says which accounts there are", "write [accounts]");
        }
    }
    for other in &manifest.streams {
        if !definition.streams.iter().any(|stream| stream.name == other.name) {
            let message = format!("the [[stream]] {:?} of connector.toml is not defined", other.name);
            findings.add(Path::default(), message, format!("write a [[stream]] with name = {:?}", other.name));
        }
    }
}

fn requests(stream: &Stream, known: &Known<'_>, at: &Path, findings: &mut Findings) {
    known.request(&stream.method, &stream.path, &at.key("path"), findings);
    known.path(&stream.path, &at.key("path"), findings);
    known.texts(&stream.query, &at.key("query"), findings);
    known.texts(&stream.headers, &at.key("headers"), findings);
    if let Some(body) = &stream.body {
        known.body(body, &at.key("body"), findings);
    }
    known.dropped(&stream.paging, &at.key("paging"), findings);
    if let (DeletesStyle::StatusList, Some(path)) = (stream.deletes.style, &stream.deletes.path) {
        let at = at.key("deletes");
        known.request("GET", path, &at.key("path"), findings);
        known.path(path, &at.key("path"), findings);
        known.texts(&stream.deletes.query, &at.key("query"), findings);
        known.dropped(&stream.deletes.paging, &at.key("paging"), findings);
    }
}

fn uses_account(stream: &Stream) -> bool {
    let texts = stream.query.values().chain(stream.headers.values()).chain([&stream.path]);
    texts.chain(stream.deletes.query.values()).chain(&stream.deletes.path).any(|text| names_account(text))
        || stream.body.as_ref().is_some_and(body_uses)
}

fn body_uses(value: &Value) -> bool {
    match value {
        Value::String(text) => names_account(text),
        Value::Array(items) => items.iter().any(body_uses),
        Value::Object(members) => members.values().any(body_uses),
        _ => false,
    }
}

fn names_account(text: &str) -> bool {
    parse(text).is_ok_and(|pieces| pieces.contains(&Piece::Value(Name::Account)))
}
