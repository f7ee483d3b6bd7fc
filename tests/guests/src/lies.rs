//! Answers that are too large, malformed or untrue; each is asked for by name, and the host is to contain it.

use serde_json::{Value, json};

use crate::{
    bindings::exports::patchbay::connector::{auth, fetch, push},
    object, page, text,
};

/// A page that is none; nothing where the deed is no lie of a page.
///
/// | deed | the page |
/// |---|---|
/// | `huge-record:N` | one record of N bytes |
/// | `million:N` | an array of N items, and says that it has 1,000 |
/// | `fields:N:SEED` | one record of N fields, whose names follow from the seed |
/// | `deep:N` | one record, N lists deep |
/// | `keyless:N` | N records of another model, without the key |
/// | `count:N` | one record, and says N |
/// | `say:JSON` | exactly what it says: `records`, `count`, `deleted`, and `more`, `end`, `complete` or `wait` with a cursor |
/// | `tell-cursor` | one record of the cursor that it was given |
/// | `circle` | one record, and the cursor that was there before |
/// | `crawl` | nothing, and another cursor each time |
/// | `deletions:N` | N empty keys that are gone |
pub(crate) fn of_page(deed: &str, cursor: Option<&[u8]>) -> Option<fetch::Page> {
    let (word, rest) = deed.split_once(':').unwrap_or((deed, ""));
    let n: usize = rest.split(':').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let end = || fetch::Position::End(b"end".to_vec());
    Some(match word {
        "huge-record" => page(format!("[{{\"id\":1,\"x\":\"{}\"}}]", "x".repeat(n)).into_bytes(), 1, end()),
        "million" => page(format!("[{}1]", "1,".repeat(n.saturating_sub(1))).into_bytes(), 1_000, end()),
        "fields" => {
            let seed = rest.rsplit(':').next().unwrap_or_default();
            let fields: String = (0..n).map(|field| format!(",\"{seed}-{field}\":{field}")).collect();
            page(format!("[{{\"id\":\"{seed}\"{fields}}}]").into_bytes(), 1, end())
        }
        "deep" => page(format!("[{{\"id\":1,\"d\":{}{}}}]", "[".repeat(n), "]".repeat(n)).into_bytes(), 1, end()),
        "keyless" => {
            let records: Vec<String> = (0..n).map(|nr| format!("{{\"nr\":{nr},\"model\":\"other\"}}")).collect();
            page(format!("[{}]", records.join(",")).into_bytes(), u32::try_from(n).unwrap_or(0), end())
        }
        "count" => page(b"[{\"id\":1}]".to_vec(), u32::try_from(n).unwrap_or(0), end()),
        "say" => said(&serde_json::from_str(rest).unwrap_or_default()),
        "tell-cursor" => {
            let told = json!([{ "id": "cursor", "cursor": text(cursor.unwrap_or_default()) }]);
            page(told.to_string().into_bytes(), 1, end())
        }
        "circle" => page(b"[{\"id\":1}]".to_vec(), 1, fetch::Position::More(b"round and round".to_vec())),
        "crawl" => {
            let place: u64 = cursor.and_then(|cursor| text(cursor).parse().ok()).unwrap_or(0);
            page(b"[]".to_vec(), 0, fetch::Position::More((place + 1).to_string().into_bytes()))
        }
        "deletions" => {
            let mut page = page(b"[]".to_vec(), 0, end());
            page.deleted = vec![String::new(); n];
            page
        }
        _ => return None,
    })
}

fn said(said: &Value) -> fetch::Page {
    let list = |name: &str| said.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let records = Value::Array(list("records"));
    let count = said.get("count").and_then(Value::as_u64).unwrap_or(list("records").len() as u64);
    let cursor = |name: &str| said.get(name).and_then(Value::as_str).map(|cursor| cursor.as_bytes().to_vec());
    let position = match (cursor("more"), cursor("complete"), cursor("wait")) {
        (Some(more), ..) => fetch::Position::More(more),
        (_, Some(complete), _) => fetch::Position::Complete(complete),
        (.., Some(wait)) => fetch::Position::Wait((wait, 1)),
        _ => fetch::Position::End(cursor("end").unwrap_or_default()),
    };
    let mut page = page(records.to_string().into_bytes(), u32::try_from(count).unwrap_or(u32::MAX), position);
    page.deleted = list("deleted").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    page
}

/// `accounts:N`, `facts:N`, `id:TEXT`: an identity that is none.
pub(crate) fn of_identity(deed: &str, identity: &mut auth::Identity) {
    let (word, rest) = deed.split_once(':').unwrap_or((deed, ""));
    let n: usize = rest.parse().unwrap_or(0);
    match word {
        "accounts" => {
            let account = auth::Account {
                id: String::new(),
                name: String::new(),
                usable: true,
                note: None,
                facts: Vec::new(),
                ext: Vec::new(),
            };
            identity.accounts = vec![account; n];
        }
        "facts" => identity.facts = vec![crate::Ext { key: String::new(), value: String::new() }; n],
        "id" => rest.clone_into(&mut identity.id),
        _ => {}
    }
}

/// `streams:N`: so many streams, each of a name of its own; `streams-named:TEXT`: one of that name.
pub(crate) fn of_streams(deed: &str) -> Vec<fetch::StreamInfo> {
    let (word, rest) = deed.split_once(':').unwrap_or((deed, ""));
    let stream = |name: String| fetch::StreamInfo {
        title: name.clone(),
        name,
        key: vec!["/id".to_owned()],
        schema: Vec::new(),
        per_account: false,
        ext: Vec::new(),
    };
    match word {
        "streams" => (0..rest.parse().unwrap_or(0_u32)).map(|n| stream(format!("found.s{n}"))).collect(),
        "streams-named" => vec![stream(rest.to_owned())],
        _ => Vec::new(),
    }
}

/// `choices:N`: so many choices; `choice:TEXT`: one of which all is this text.
pub(crate) fn of_choices(deed: &str, choices: &mut fetch::Choices) {
    let (word, rest) = deed.split_once(':').unwrap_or((deed, ""));
    let choice = |text: &str| fetch::Choice {
        id: text.to_owned(),
        label: text.to_owned(),
        hint: Some(text.to_owned()),
        ext: Vec::new(),
    };
    match word {
        "choices" => choices.items = vec![choice(""); rest.parse().unwrap_or(0)],
        "choice" => choices.items = vec![choice(rest)],
        _ => {}
    }
}

/// `object:TEXT`: an object of this id; `address:TEXT`: one that is to be seen there; `long-object:N`: an id of N bytes.
pub(crate) fn of_object(deed: &str) -> Option<push::Object> {
    let (word, rest) = deed.split_once(':').unwrap_or((deed, ""));
    match word {
        "object" => Some(object(rest.to_owned())),
        "long-object" => Some(object("x".repeat(rest.parse().unwrap_or(0)))),
        "address" => Some(push::Object { url: Some(rest.to_owned()), ..object("1".to_owned()) }),
        _ => None,
    }
}
