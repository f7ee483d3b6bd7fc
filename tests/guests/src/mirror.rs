//! A connector that reports everything it can see, for the search for credentials: its config says which
//! address it asks and with which slot, and what comes back goes into the identity's login and facts, into
//! the log, and into the record of the stream `chosen`.
//!
//! ```json
//! { "ask": { "url": "https://{region}.example/me", "method": "POST", "slot": "key", "body": "{\"a\":null}" } }
//! ```
//!
//! `{name}` in the address is a fact of the connection. `slot` is one of the manifest, `nothing`, or left out
//! for the standard one. `body` is a JSON document as text. `accounts` says how many accounts there are, and `discover`
//! which streams are found: a list of `{ "name", "title", "key", "schema", "per-account" }`.

use serde_json::{Value, json};

use crate::{
    bindings::{
        exports::patchbay::connector::{auth, fetch},
        patchbay::connector::{
            blob, http, run,
            types::{ConnectorError, Context, Ext},
        },
    },
    info, page, pairs,
};

/// Facts of an earlier report begin with it.
const SEEN: &str = "seen-";
/// Bytes of one fact, and by how much one overlaps the next: a secret at a seam is whole in one of them.
const PIECE: usize = 4_096;
const OVERLAP: usize = 512;

/// What the config says; none for the other guests.
pub(crate) fn asked(ctx: &Context) -> Option<Value> {
    let config: Value = serde_json::from_slice(&ctx.config).ok()?;
    config.get("ask").is_some().then_some(config)
}

/// Asks whose the credential is, and tells everything.
pub(crate) fn identify(ctx: &Context, config: &Value) -> Result<auth::Identity, ConnectorError> {
    let seen = look(ctx, config)?;
    let mut facts = Vec::new();
    for (name, text) in &seen.all {
        for (number, piece) in pieces(text).into_iter().enumerate() {
            run::log(3, "seen", &[(format!("{name}-{number}"), piece.clone())]);
            facts.push(Ext { key: format!("{SEEN}{name}-{number}"), value: piece });
        }
    }
    let text = |name: &str| seen.whose.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let accounts = config.get("accounts").and_then(Value::as_u64).unwrap_or_default();
    let account = |n: u64| auth::Account {
        id: n.to_string(),
        name: format!("Account {n}"),
        usable: true,
        note: seen.all.first().map(|(_, text)| head(text)),
        facts: facts.iter().take(3).cloned().collect(),
        ext: Vec::new(),
    };
    Ok(auth::Identity {
        id: text("id"),
        name: text("name"),
        login: Some(head(&format!("{} {}", text("login"), seen.headers))),
        accounts: (1..=accounts).map(account).collect(),
        facts: facts.clone(),
        scopes: None,
        credential_ends_ms: None,
        ext: Vec::new(),
    })
}

/// One record of everything.
pub(crate) fn read(ctx: &Context, config: &Value) -> Result<fetch::Page, ConnectorError> {
    let seen = look(ctx, config)?;
    let mut record = json!({ "id": "seen" });
    for (name, text) in &seen.all {
        record[name] = json!(text);
    }
    Ok(page(json!([record]).to_string().into_bytes(), 1, fetch::Position::End(Vec::new())))
}

/// The streams that the config names.
pub(crate) fn discover(config: &Value) -> Vec<fetch::StreamInfo> {
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |one: &Value| one.get("key").and_then(Value::as_array).cloned().unwrap_or_default();
    let stream = |one: &Value| fetch::StreamInfo {
        name: text(one, "name"),
        title: text(one, "title"),
        key: list(one).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        schema: one.get("schema").map(|schema| schema.to_string().into_bytes()).unwrap_or_default(),
        per_account: one.get("per-account").and_then(Value::as_bool).unwrap_or_default(),
        ext: Vec::new(),
    };
    config.get("discover").and_then(Value::as_array).into_iter().flatten().map(stream).collect()
}

struct Seen {
    whose: Value,
    headers: String,
    all: Vec<(&'static str, String)>,
}

fn look(ctx: &Context, config: &Value) -> Result<Seen, ConnectorError> {
    let answer = ask(ctx, config)?;
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = match &answer.body {
        http::Content::Bytes(bytes) => bytes.clone(),
        http::Content::Blob(id) => blob::read(id, 0, 1024 * 1024).unwrap_or_default(),
    };
    let body = String::from_utf8_lossy(&body).into_owned();
    if answer.status == 401 {
        return Err(ConnectorError::AuthRequired(info(format!("status 401: {headers} {body}"))));
    }
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let whose = json.get("result").cloned().unwrap_or(json);
    if whose.get("id").is_none() {
        return Err(ConnectorError::InvalidResponse(info(format!("status {}: {headers} {body}", answer.status))));
    }
    let facts: Vec<String> = pairs(&ctx.facts).into_iter().filter(|fact| !fact.starts_with(SEEN)).collect();
    let all = vec![
        ("headers", headers.clone()),
        ("body", body),
        ("answer", format!("{} {:?}", answer.status, pairs(&answer.ext))),
        ("auth", ctx.auth.clone()),
        ("facts", facts.join("\n")),
        ("account", format!("{:?} {:?}", ctx.account, pairs(&ctx.account_facts))),
        ("settings", String::from_utf8_lossy(&ctx.settings).into_owned()),
        ("config", String::from_utf8_lossy(&ctx.config).into_owned()),
        ("ext", pairs(&ctx.ext).join("\n")),
    ];
    Ok(Seen { whose, headers, all })
}

fn ask(ctx: &Context, config: &Value) -> Result<http::Response, ConnectorError> {
    let asked = |name: &str| config.get("ask").and_then(|ask| ask.get(name)).and_then(Value::as_str);
    let mut url = asked("url").unwrap_or_default().to_owned();
    for fact in &ctx.facts {
        url = url.replace(&format!("{{{}}}", fact.key), &fact.value);
    }
    let method = asked("method").unwrap_or("GET");
    let body = match asked("body") {
        Some(document) => {
            http::Body::Json(http::JsonBody { document: document.as_bytes().to_vec(), blobs: Vec::new() })
        }
        None => http::Body::Empty,
    };
    let request = http::Request {
        method: method.to_owned(),
        url,
        headers: Vec::new(),
        body,
        credential: match asked("slot") {
            None => http::Credential::Standard,
            Some("nothing") => http::Credential::Nothing,
            Some(slot) => http::Credential::Slot(slot.to_owned()),
        },
        effect: if method == "GET" { http::Effect::Read } else { http::Effect::Repeatable },
        step: None,
        timeout_ms: None,
        into_blob: false,
        ext: Vec::new(),
    };
    http::send(&request).map_err(|error| ConnectorError::Other(info(format!("{error:?}"))))
}

/// A text in overlapping pieces.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut from = 0;
    loop {
        let to = text.floor_char_boundary((from + PIECE).min(text.len()));
        pieces.push(text[from..to].to_owned());
        if to == text.len() {
            return pieces;
        }
        from = text.floor_char_boundary(to - OVERLAP);
    }
}

/// What fits into a text that people read.
fn head(text: &str) -> String {
    text[..text.floor_char_boundary(1_000.min(text.len()))].to_owned()
}
