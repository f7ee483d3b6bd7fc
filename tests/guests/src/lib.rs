//! Hostile and odd guests, in one component: what it does is chosen by what it is asked for.
//!
//! | export | chosen by |
//! |---|---|
//! | `auth.identify` | the config, where it says whom to ask ([`mirror`]); else the settings, as text |
//! | `fetch.discover` | the config, where it names streams ([`mirror`]); else the settings, as text |
//! | `fetch.read` | the stream's name |
//! | `fetch.pick` | the picker |
//! | `push.push` | the action |
//! | `push.find` | the step |
//!
//! A choice is a word, or a word with arguments after colons. [`misbehave`] knows those that work in every
//! export; the others belong to one. In a real host, with the manifest beside this, the stream is `chosen`
//! and the choice a field of the connection ([`outside`]).
// The exports of a component have names that a native linker does not take.
#![cfg(target_family = "wasm")]

mod mirror;
mod misbehave;
mod outside;
mod report;

mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "connector" });
}

use bindings::{
    exports::patchbay::connector::{auth, fetch, push},
    patchbay::connector::{
        http, run,
        types::{ConnectorError, Context, ErrorInfo, Ext},
    },
};
use misbehave::misbehave;

struct Guest;

bindings::export!(Guest with_types_in bindings);

impl auth::Guest for Guest {
    fn identify(ctx: Context) -> Result<auth::Identity, ConnectorError> {
        if let Some(config) = mirror::asked(&ctx) {
            return mirror::identify(&ctx, &config);
        }
        let choice = String::from_utf8_lossy(&ctx.settings).into_owned();
        misbehave(&choice)?;
        let accounts = if choice == "many-accounts" { 10_001 } else { 2 };
        let account = |n: u32| auth::Account {
            id: n.to_string(),
            name: format!("Account {n}"),
            usable: n != 1,
            note: None,
            facts: Vec::new(),
            ext: Vec::new(),
        };
        Ok(auth::Identity {
            id: if choice == "no-id" { String::new() } else { "business-1".to_owned() },
            name: "Business".to_owned(),
            login: Some("somebody@example.test".to_owned()),
            accounts: (0..accounts).map(account).collect(),
            facts: ctx.facts,
            scopes: None,
            credential_ends_ms: None,
            ext: Vec::new(),
        })
    }
}

impl fetch::Guest for Guest {
    fn discover(ctx: Context) -> Result<Vec<fetch::StreamInfo>, ConnectorError> {
        if let Some(config) = mirror::asked(&ctx) {
            return Ok(mirror::discover(&config));
        }
        misbehave(&String::from_utf8_lossy(&ctx.settings))?;
        Ok(Vec::new())
    }

    fn read(ctx: Context, req: fetch::ReadRequest) -> Result<fetch::Page, ConnectorError> {
        if let Some(config) = mirror::asked(&ctx) {
            return mirror::read(&ctx, &config);
        }
        let chosen = outside::chosen(&ctx, &req.stream_name);
        let choice = chosen.as_str();
        misbehave(choice)?;
        let end = |records: String| Ok(page(records.into_bytes(), 1, fetch::Position::End(Vec::new())));
        match choice.split_once(':').unwrap_or((choice, "")) {
            ("page", sizes) => {
                let (count, bytes) = sizes.split_once(':').unwrap_or((sizes, "300"));
                Ok(records(count.parse().unwrap_or(0), bytes.parse().unwrap_or(0), req.cursor))
            }
            ("huge-page", _) => Ok(page(vec![b' '; 9 * 1024 * 1024], 1, fetch::Position::End(Vec::new()))),
            ("bad-count", _) => Ok(page(b"[]".to_vec(), 1_001, fetch::Position::End(Vec::new()))),
            ("long-cursor", _) => Ok(page(b"[]".to_vec(), 0, fetch::Position::More(vec![0; 64 * 1024 + 1]))),
            ("many-deletions", _) => {
                let mut page = page(b"[]".to_vec(), 0, fetch::Position::End(Vec::new()));
                page.deleted = vec!["gone".to_owned(); 1_001];
                Ok(page)
            }
            ("echo", url) => outside::echo(&ctx, url),
            ("authorization", url) => outside::own_authorization(url),
            ("paged", arguments) => outside::paged(arguments, req.cursor.as_deref()),
            ("echo-facts", _) => end(format!("[{{\"facts\":{:?},\"auth\":{:?}}}]", pairs(&ctx.facts), ctx.auth)),
            ("report", _) => end(report::surroundings()),
            ("wait-for-stop", _) => end(report::wait_for_stop()),
            ("remember", _) => end(report::calls_so_far()),
            ("send", url) => {
                send(url, http::Effect::Read, None).and_then(|status| end(format!("[{{\"status\":{status}}}]")))
            }
            ("swallow", url) => {
                let _ = send(url, http::Effect::Read, None);
                end("[{}]".to_owned())
            }
            ("write-outside-push", url) => send(url, http::Effect::Write, Some("note"))
                .and_then(|status| end(format!("[{{\"status\":{status}}}]"))),
            _ => Err(ConnectorError::Unsupported(info(format!("no stream {choice}")))),
        }
    }

    fn pick(_ctx: Context, req: fetch::PickRequest) -> Result<fetch::Choices, ConnectorError> {
        misbehave(&req.picker)?;
        let choice = fetch::Choice { id: "1".to_owned(), label: req.query, hint: None, ext: Vec::new() };
        Ok(fetch::Choices { items: vec![choice], next: None, ext: Vec::new() })
    }
}

impl push::Guest for Guest {
    fn push(_ctx: Context, item: push::Item) -> Result<push::Outcome, ConnectorError> {
        misbehave(&item.action)?;
        if let Some(url) = item.action.strip_prefix("write:") {
            let status = send(url, http::Effect::Write, Some("note"))?;
            return Ok(push::Outcome::Created(object(status.to_string())));
        }
        if item.action == "refused" {
            run::step_refused("note");
            run::step_refused(&"x".repeat(65));
        }
        Ok(push::Outcome::Exists(object(run::step_key("note"))))
    }

    fn find(
        _ctx: Context,
        _item: push::Item,
        step: String,
        sent_ms: u64,
    ) -> Result<Option<push::Object>, ConnectorError> {
        misbehave(&step)?;
        Ok((sent_ms > 0).then(|| object(sent_ms.to_string())))
    }
}

fn page(records: Vec<u8>, count: u32, position: fetch::Position) -> fetch::Page {
    fetch::Page { records, count, deleted: Vec::new(), position, ext: Vec::new() }
}

/// `count` records of about `bytes` bytes, and a cursor that counts the pages.
fn records(count: u32, bytes: usize, cursor: Option<Vec<u8>>) -> fetch::Page {
    let number = cursor.and_then(|cursor| String::from_utf8(cursor).ok()?.parse::<u64>().ok()).unwrap_or(0);
    let filler = "x".repeat(bytes.saturating_sub(24));
    let each: Vec<String> = (0..count).map(|n| format!("{{\"id\":{n},\"text\":\"{filler}\"}}")).collect();
    let next = (number + 1).to_string().into_bytes();
    page(format!("[{}]", each.join(",")).into_bytes(), count, fetch::Position::More(next))
}

fn pairs(facts: &[Ext]) -> Vec<String> {
    facts.iter().map(|fact| format!("{}={}", fact.key, fact.value)).collect()
}

fn object(id: String) -> push::Object {
    push::Object { id, url: None, ext: Vec::new() }
}

fn info(message: String) -> ErrorInfo {
    ErrorInfo {
        message,
        detail: None,
        http_status: None,
        provider_code: None,
        retry_after_ms: None,
        fields: Vec::new(),
        ext: Vec::new(),
    }
}

/// Asks for an address and gives its status; says what the gate said otherwise.
fn send(url: &str, effect: http::Effect, step: Option<&str>) -> Result<u16, ConnectorError> {
    let request = http::Request {
        method: if effect == http::Effect::Write { "POST" } else { "GET" }.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: http::Body::Empty,
        credential: http::Credential::Nothing,
        effect,
        step: step.map(str::to_owned),
        timeout_ms: None,
        into_blob: false,
        ext: Vec::new(),
    };
    http::send(&request)
        .map(|response| response.status)
        .map_err(|error| ConnectorError::Other(info(format!("{error:?}"))))
}
