//! What has the right shape and is wrong all the same.

mod actions;
mod streams;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    definition::{Accounts, Definition, Errors},
    finding::{Finding, Findings, Path},
    pointer::is_pointer,
    template::{Name, Piece, parse},
};

/// Headers that belong to the gate or to the request itself.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// What the TOML reader makes of a date that stands without quotes.
pub(crate) const DATE_MARK: &str = "$__patchbay_unquoted_date";

/// Where a template stands decides which values it may name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Fields and settings.
    Connection,
    /// And the account.
    Stream,
    /// Fields and settings, and what the item brings.
    Action,
}

pub(crate) fn check(definition: &Definition) -> Vec<Finding> {
    let (mut findings, root) = (Findings::default(), Path::default());
    base_url(&definition.base_url, &root.key("base-url"), &mut findings);
    headers(&definition.headers, Place::Connection, &root.key("headers"), &mut findings);
    let ping = root.key("ping");
    path(&definition.ping.path, Place::Connection, &ping.key("path"), &mut findings);
    texts(&definition.ping.query, Place::Connection, &ping.key("query"), &mut findings);
    let owner = &definition.ping.account;
    for (key, at) in [("id", &owner.id), ("name", &owner.name), ("login", &owner.login)] {
        maybe_pointer(at.as_deref(), &ping.key("account").key(key), &mut findings);
    }
    if let Some(accounts) = &definition.accounts {
        self::accounts(accounts, &root.key("accounts"), &mut findings);
    }
    for (key, names) in [("remaining", &definition.rate.remaining), ("reset", &definition.rate.reset)] {
        for (index, name) in names.iter().enumerate() {
            if !is_header(name) {
                let at = root.key("rate").key(key).at(index);
                findings.add(at, format!("{name:?} is no header"), "write its name, e.g. \"x-ratelimit-reset\"");
            }
        }
    }
    errors(&definition.errors, &root.key("errors"), &mut findings);
    for (index, stream) in definition.streams.iter().enumerate() {
        streams::check(stream, &root.key("stream").at(index), &mut findings);
    }
    for (index, action) in definition.actions.iter().enumerate() {
        actions::check(action, &root.key("action").at(index), &mut findings);
    }
    unique("stream", definition.streams.iter().map(|stream| stream.name.as_str()), &mut findings);
    unique("action", definition.actions.iter().map(|action| action.name.as_str()), &mut findings);
    if definition.streams.is_empty() && definition.actions.is_empty() {
        findings.add(root, "nothing is read and nothing is written", "write a [[stream]] or an [[action]]");
    }
    findings.0
}

/// `https://host[:port][/path]` with at most a first label to fill, or `{field}[/path]`.
fn base_url(text: &str, at: &Path, findings: &mut Findings) {
    let mut refuse = |message: &str, remedy: &str| findings.add(at.clone(), format!("{text:?} {message}"), remedy);
    let Some((host, path)) = base_parts(text) else {
        return refuse("is no address", "write \"https://api.example.com/v1\", with what all paths have in common");
    };
    if path.ends_with('/') {
        refuse("ends with a slash", "leave the slash at its end out: each path begins with one");
    }
    if path.contains(['?', '#', '{', '}', '\\', ' ']) || has_dots(path) {
        refuse(
            "has more than a path after its host",
            "write only what all paths have in common, as it stands in a request",
        );
    }
    let fixed = match host.strip_prefix('{').and_then(|open| open.split_once('}')) {
        Some((_, "")) => return,
        Some((_, suffix)) if suffix.starts_with('.') => suffix.trim_start_matches('.'),
        Some(_) => return refuse("lets a value fill more than a label", "write https://{field}.example.com/v1"),
        None => host,
    };
    let odd = |letter: char| !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-:".contains(letter));
    if !fixed.contains('.') || fixed.contains(odd) {
        refuse("has no host name", "write the host in lower case, with a dot: https://api.example.com/v1");
    }
}

/// Host and path of a base address; `{field}` alone counts as a host.
pub(crate) fn base_parts(text: &str) -> Option<(&str, &str)> {
    let rest = match text.strip_prefix("https://") {
        Some(rest) => rest,
        None if text.starts_with('{') && text.find('}').is_some_and(|end| !text[end + 1..].starts_with('.')) => text,
        None => return None,
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    (!host.is_empty() && !host.contains('@')).then_some((host, path))
}

fn accounts(accounts: &Accounts, at: &Path, findings: &mut Findings) {
    path(&accounts.path, Place::Connection, &at.key("path"), findings);
    texts(&accounts.query, Place::Connection, &at.key("query"), findings);
    pointer(&accounts.records, &at.key("records"), findings);
    pointer(&accounts.id, &at.key("id"), findings);
    pointer(&accounts.name, &at.key("name"), findings);
    maybe_pointer(accounts.status.as_deref(), &at.key("status"), findings);
    if accounts.status.is_none() && !accounts.usable.is_empty() {
        let remedy = "write status = \"/status\", or leave usable out";
        findings.add(at.key("usable"), "nothing says where the status stands", remedy);
    }
    streams::paging(&accounts.paging, None, &at.key("paging"), findings);
}

fn errors(errors: &Errors, at: &Path, findings: &mut Findings) {
    for (index, message) in errors.message.iter().enumerate() {
        pointer(message, &at.key("message").at(index), findings);
    }
    maybe_pointer(errors.code.as_deref(), &at.key("code"), findings);
    maybe_pointer(errors.fields.as_deref(), &at.key("fields"), findings);
    for (index, rule) in errors.in_body.iter().enumerate() {
        let at = at.key("in-body").at(index);
        pointer(&rule.pointer, &at.key("pointer"), findings);
        plain_value(rule.equals.as_ref(), &at.key("equals"), findings);
    }
    for (index, rule) in errors.map.iter().enumerate() {
        let at = at.key("map").at(index);
        maybe_pointer(rule.pointer.as_deref(), &at.key("pointer"), findings);
        plain_value(rule.equals.as_ref(), &at.key("equals"), findings);
        if rule.equals.is_some() && rule.pointer.is_none() {
            let remedy = "write pointer = \"/error/code\", or leave equals out";
            findings.add(at.key("equals"), "nothing says where this has to stand", remedy);
        }
        let same = |other: &&crate::definition::MapRule| other.status == rule.status && other.pointer.is_none();
        if errors.map.iter().take(index).any(|other| same(&other)) {
            let message = format!("a rule before this one takes every {} already", rule.status);
            findings.add(at.key("status"), message, "put this rule before it, or leave it out");
        }
    }
}

pub(crate) fn pointer(text: &str, at: &Path, findings: &mut Findings) {
    if !is_pointer(text) {
        let remedy = if text.starts_with('/') {
            "write ~ as ~0, and a / of a name as ~1".to_owned()
        } else {
            let text = text.trim_start_matches("$.").replace('.', "/");
            format!("begin with a slash: \"/{text}\"")
        };
        findings.add(at.clone(), format!("{text:?} is no JSON pointer"), remedy);
    }
}

pub(crate) fn maybe_pointer(text: Option<&str>, at: &Path, findings: &mut Findings) {
    if let Some(text) = text {
        pointer(text, at, findings);
    }
}

/// A value that is compared with what stands in an answer.
pub(crate) fn plain_value(value: Option<&Value>, at: &Path, findings: &mut Findings) {
    match value {
        Some(Value::Array(_)) => {
            findings.add(at.clone(), "a list is not compared", "write a text, a number, true or false");
        }
        Some(Value::Object(members)) => {
            let remedy = if members.contains_key(DATE_MARK) {
                "write it between quotes"
            } else {
                "write a text, a number, true or false"
            };
            findings.add(at.clone(), "a table or date is not compared", remedy);
        }
        _ => {}
    }
}

pub(crate) fn path(text: &str, place: Place, at: &Path, findings: &mut Findings) {
    if !text.starts_with('/') {
        findings.add(at.clone(), format!("{text:?} is no path"), format!("begin with a slash: \"/{text}\""));
    } else if text.contains(['?', '#']) {
        let remedy = "write parameters in query = { name = \"value\" }";
        findings.add(at.clone(), format!("{text:?} is more than a path"), remedy);
    } else if has_dots(text)
        || text.contains("//")
        || text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\')
    {
        let remedy = "write it as it stands in a request: no spaces, no empty, . or .. between slashes";
        findings.add(at.clone(), format!("{text:?} can be read in two ways"), remedy);
    }
    template(text, place, at, findings);
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | "..") || segment.to_ascii_lowercase().contains("%2e"))
}

/// A table of parameters.
pub(crate) fn texts(all: &BTreeMap<String, String>, place: Place, at: &Path, findings: &mut Findings) {
    for (name, text) in all {
        template(text, place, &at.key(name), findings);
    }
}

pub(crate) fn headers(all: &BTreeMap<String, String>, place: Place, at: &Path, findings: &mut Findings) {
    for (name, text) in all {
        header(name, &at.key(name), findings);
        if text.contains(['\r', '\n', '\0']) {
            findings.add(at.key(name), "a header has one line", "write it on one line");
        }
        template(text, place, &at.key(name), findings);
    }
}

pub(crate) fn header(name: &str, at: &Path, findings: &mut Findings) {
    let lower = name.to_ascii_lowercase();
    if !is_header(name) {
        findings.add(at.clone(), format!("{name:?} is no header"), "write letters, digits and hyphens");
    } else if RESERVED.contains(&lower.as_str()) || lower.starts_with("proxy-") || lower.starts_with("x-forwarded-") {
        let remedy = match lower.as_str() {
            "authorization" | "cookie" => "write an [[auth.slot]] in connector.toml: the gate fills it in",
            "content-type" => "write content-type = … in the action",
            _ => "leave it out: the gate sets it",
        };
        findings.add(at.clone(), format!("the header {name:?} is not a connector's to set"), remedy);
    }
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A template whose names may stand in this place.
pub(crate) fn template(text: &str, place: Place, at: &Path, findings: &mut Findings) {
    let pieces = match parse(text) {
        Ok(pieces) => pieces,
        Err(message) => return findings.add(at.clone(), message, "write {name}, and {{ for a brace"),
    };
    for piece in pieces {
        let Piece::Value(name) = piece else { continue };
        let allowed = match name {
            Name::Plain(_) => true,
            Name::Account => place == Place::Stream,
            Name::Target(_) | Name::Pointer(_) | Name::Attachment(_) | Name::IdempotencyKey => place == Place::Action,
        };
        if !allowed {
            let remedy = match place {
                Place::Connection => "write a field of the login or a setting",
                Place::Stream => "write a field of the login, a setting, or {account}",
                Place::Action => "write a member of the payload, {target.name}, a field of the login or a setting",
            };
            findings.add(at.clone(), format!("{text:?} names a value that is not known here"), remedy);
        }
    }
}

/// The templates inside a JSON body.
pub(crate) fn body(value: &Value, place: Place, at: &Path, findings: &mut Findings) {
    match value {
        Value::String(text) => template(text, place, at, findings),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| body(item, place, &at.at(index), findings));
        }
        Value::Object(members) if members.contains_key(DATE_MARK) => {
            findings.add(at.clone(), "a date without quotes is no JSON", "write it between quotes");
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| body(item, place, &at.key(name), findings));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn unique<'a>(list: &str, names: impl Iterator<Item = &'a str>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            let at = Path::default().key(list).at(index).key("name");
            findings.add(at, format!("there is a {list} {name:?} already"), "give it another name");
        }
    }
}
