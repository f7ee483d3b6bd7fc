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
//! export; the others belong to one. In a real host, with the manifest `connector.toml`, the stream is `chosen`
//! and the choice a field of the connection ([`outside`]). With `hostile.toml` the choice is a setting of the
//! connection that names its export ([`deed`]); [`lies`] and [`prying`] are what only such a connection asks for.
// The exports of a component have names that a native linker does not take.
#![cfg(target_family = "wasm")]

mod deed;
mod lies;
mod mirror;
mod misbehave;
mod outside;
mod prying;
mod release;
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
        let asked = deed::of(&ctx, "identify");
        let choice = asked.clone().unwrap_or_else(|| text(&ctx.settings));
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
        let mut identity = auth::Identity {
            id: if choice == "no-id" { String::new() } else { "business-1".to_owned() },
            name: "Business".to_owned(),
            login: Some("somebody@example.test".to_owned()),
            accounts: (0..accounts).map(account).collect(),
            facts: ctx.facts,
            scopes: None,
            credential_ends_ms: None,
            ext: Vec::new(),
        };
        if let Some(deed) = &asked {
            lies::of_identity(deed, &mut identity);
        }
        Ok(identity)
    }
}

impl fetch::Guest for Guest {
    fn discover(ctx: Context) -> Result<Vec<fetch::StreamInfo>, ConnectorError> {
        if let Some(config) = mirror::asked(&ctx) {
            return Ok(mirror::discover(&config));
        }
        let asked = deed::of(&ctx, "discover");
        misbehave(asked.as_deref().unwrap_or(&text(&ctx.settings)))?;
        Ok(lies::of_streams(asked.as_deref().unwrap_or_default()))
    }

    fn read(ctx: Context, req: fetch::ReadRequest) -> Result<fetch::Page, ConnectorError> {
        if let Some(config) = mirror::asked(&ctx) {
            return mirror::read(&ctx, &config);
        }
        let asked = deed::of(&ctx, "read");
        let chosen = asked.or_else(|| release::said(&ctx, "read"));
        let chosen = chosen.unwrap_or_else(|| outside::chosen(&ctx, &req.stream_name));
        let choice = chosen.as_str();
        misbehave(choice)?;
        if let Some(lie) = lies::of_page(choice, req.cursor.as_deref()) {
            return Ok(lie);
        }
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
            ("versioned", arguments) => release::versioned(&ctx, arguments, req.cursor.as_deref()),
            ("request", asked) => prying::request(asked),
            ("guess", asked) => Ok(prying::guess(asked)),
            ("dump", url) => prying::dump(url),
            ("clocks", _) => Ok(prying::clocks()),
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
            // A deed in another export; what is read meanwhile is nothing.
            _ if deed::is_set(&ctx) => Ok(page(b"[]".to_vec(), 0, fetch::Position::End(Vec::new()))),
            _ => Err(ConnectorError::Unsupported(info(format!("no stream {choice}")))),
        }
    }

    fn pick(ctx: Context, req: fetch::PickRequest) -> Result<fetch::Choices, ConnectorError> {
        let asked = deed::of(&ctx, "pick");
        misbehave(asked.as_deref().unwrap_or(&req.picker))?;
        let choice = fetch::Choice { id: "1".to_owned(), label: req.query, hint: None, ext: Vec::new() };
        let mut choices = fetch::Choices { items: vec![choice], next: None, ext: Vec::new() };
        lies::of_choices(asked.as_deref().unwrap_or_default(), &mut choices);
        Ok(choices)
    }
}

impl push::Guest for Guest {
    fn push(ctx: Context, item: push::Item) -> Result<push::Outcome, ConnectorError> {
        let asked = deed::of(&ctx, "push").or_else(|| release::said(&ctx, "push"));
        misbehave(asked.as_deref().unwrap_or(&item.action))?;
        // Looking comes after a write that nobody answered.
        let lost = deed::of(&ctx, "find").map(|_| r#"{"url":"https://wire.example/lost"}"#.to_owned());
        if let Some(request) = asked.as_deref().and_then(|deed| deed.strip_prefix("write:").map(str::to_owned)).or(lost)
        {
            return written(&request);
        }
        if let Some(guesses) = asked.as_deref().and_then(|deed| deed.strip_prefix("guess:")) {
            return Ok(push::Outcome::Created(object(prying::guessed(guesses))));
        }
        if let Some(object) = asked.as_deref().and_then(lies::of_object) {
            return Ok(push::Outcome::Created(object));
        }
        if let Some(url) = item.action.strip_prefix("write:") {
            let status = send(url, http::Effect::Write, Some("note"))?;
            return Ok(push::Outcome::Created(object(status.to_string())));
        }
        if item.action == "refused" {
            run::step_refused("note");
            run::step_refused(&"x".repeat(65));
        }
        if release::said(&ctx, "said").is_some() {
            return Ok(push::Outcome::Exists(object(release::whole(&ctx))));
        }
        Ok(push::Outcome::Exists(object(run::step_key("note"))))
    }

    fn find(
        ctx: Context,
        _item: push::Item,
        step: String,
        sent_ms: u64,
    ) -> Result<Option<push::Object>, ConnectorError> {
        let asked = deed::of(&ctx, "find");
        misbehave(asked.as_deref().unwrap_or(&step))?;
        if let Some(object) = asked.as_deref().and_then(lies::of_object) {
            return Ok(Some(object));
        }
        Ok((sent_ms > 0).then(|| object(sent_ms.to_string())))
    }
}

/// Writes as the deed says, in the step `note`.
fn written(request: &str) -> Result<push::Outcome, ConnectorError> {
    let mut asked: serde_json::Value = serde_json::from_str(request).unwrap_or_default();
    for (name, value) in [("method", "POST"), ("effect", "write"), ("step", "note")] {
        asked[name] = asked.get(name).cloned().unwrap_or_else(|| value.into());
    }
    match prying::send(&asked) {
        Ok(answer) => Ok(push::Outcome::Created(object(answer.status.to_string()))),
        Err(http::HttpError::Unknown(why)) => Err(ConnectorError::OutcomeUnknown(info(why))),
        Err(error) => Err(ConnectorError::Other(info(format!("{error:?}")))),
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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
