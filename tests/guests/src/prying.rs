//! Looking where there is nothing to see: other runs' files, the guest's own memory, clocks.

use std::{collections::BTreeSet, hint::black_box};

use serde_json::{Value, json};

use crate::{
    bindings::{
        exports::patchbay::connector::fetch,
        patchbay::connector::{blob, http, run, types::ConnectorError},
    },
    info, page, text,
};

/// Bytes of memory in one record; hexadecimal makes it twice as many.
const PIECE: usize = 400 * 1024;
/// Records of a dump: as many as a page takes.
const PIECES: usize = 9;

/// One request, in full: `{"url", "method"?, "headers"?, "slot"?, "effect"?, "step"?, "body"?, "blob"?}`. What came of it
/// is the record, also where it is an error that the guest may see.
pub(crate) fn request(asked: &str) -> Result<fetch::Page, ConnectorError> {
    let asked: Value =
        serde_json::from_str(asked).map_err(|error| ConnectorError::Other(info(format!("the deed: {error}"))))?;
    let record = match send(&asked) {
        Ok(answer) => told(&answer),
        Err(error) => json!({ "id": "error", "error": format!("{error:?}") }),
    };
    Ok(one(&record))
}

/// The same request; its answer.
pub(crate) fn send(asked: &Value) -> Result<http::Response, http::HttpError> {
    let word = |name: &str| asked.get(name).and_then(Value::as_str);
    let pair = |pair: &Value| {
        let part = |at: usize| pair.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        (part(0), part(1))
    };
    let headers = asked.get("headers").and_then(Value::as_array).map(|all| all.iter().map(pair).collect());
    http::send(&http::Request {
        method: word("method").unwrap_or("GET").to_owned(),
        url: word("url").unwrap_or_default().to_owned(),
        headers: headers.unwrap_or_default(),
        body: match (word("body"), word("blob")) {
            (Some(body), _) => http::Body::Bytes(body.as_bytes().to_vec()),
            (_, Some(blob)) => http::Body::Blob(blob.to_owned()),
            _ => http::Body::Empty,
        },
        credential: match word("slot") {
            None => http::Credential::Standard,
            Some("") => http::Credential::Nothing,
            Some(slot) => http::Credential::Slot(slot.to_owned()),
        },
        effect: match word("effect") {
            Some("write") => http::Effect::Write,
            Some("repeatable") => http::Effect::Repeatable,
            _ => http::Effect::Read,
        },
        step: word("step").map(str::to_owned),
        timeout_ms: None,
        into_blob: false,
        ext: Vec::new(),
    })
}

fn told(answer: &http::Response) -> Value {
    let body = match &answer.body {
        http::Content::Bytes(bytes) => text(bytes),
        http::Content::Blob(id) => id.clone(),
    };
    json!({ "id": "answer", "status": answer.status, "headers": answer.headers, "body": body })
}

/// Asks for files that are not its own: those that the deed names, and `count` guesses beside them. One record: how many
/// were tried, and what came of those that are there.
pub(crate) fn guess(asked: &str) -> fetch::Page {
    let (tried, hits) = guesses(asked);
    one(&json!({ "id": "guesses", "tried": tried, "hits": hits }))
}

/// The same, as one text: how many are there of how many.
pub(crate) fn guessed(asked: &str) -> String {
    let (tried, hits) = guesses(asked);
    format!("{} of {tried}", hits.len())
}

fn guesses(asked: &str) -> (u64, Vec<Value>) {
    let asked: Value = serde_json::from_str(asked).unwrap_or_default();
    let named: Vec<String> = asked.get("blobs").and_then(Value::as_array).into_iter().flatten().map(name_of).collect();
    let count = asked.get("count").and_then(Value::as_u64).unwrap_or(0);
    let mut tried = 0_u64;
    let mut hits = Vec::new();
    let mut look = |id: &str| {
        tried += 1;
        let size = blob::size(id);
        let bytes = blob::read(id, 0, 64);
        let added = blob::append(id, b"mine now");
        if size.is_some() || bytes.is_some() || added {
            hits.push(json!({ "id": id, "size": size, "bytes": bytes, "added": added }));
        }
    };
    for id in &named {
        look(id);
    }
    for n in 0..count {
        let like = named.get(usize::try_from(n).unwrap_or(0) % named.len().max(1)).map_or("", String::as_str);
        look(&neighbour(like, n));
    }
    (tried, hits)
}

fn name_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An id that differs a little: other last letters, a number, a path, another kind of id.
fn neighbour(like: &str, n: u64) -> String {
    let head = like.get(..like.len().saturating_sub(3)).unwrap_or_default();
    match n % 6 {
        0 => format!("{head}{:03}", n % 1_000),
        1 => n.to_string(),
        2 => format!("../{like}"),
        3 => format!("{like}/{n}"),
        4 => format!("blob_{n:026}"),
        _ => like.to_uppercase(),
    }
}

/// Has the credential filled into a request, then copies all of its own memory into records, as hexadecimal digits.
pub(crate) fn dump(url: &str) -> Result<fetch::Page, ConnectorError> {
    let answer = send(&json!({ "url": url })).map_err(|error| ConnectorError::Other(info(format!("{error:?}"))))?;
    black_box(&answer);
    let memory = memory();
    let records: Vec<Value> = memory
        .chunks(PIECE)
        .take(PIECES)
        .enumerate()
        .map(|(place, piece)| json!({ "id": place, "of": memory.len(), "status": answer.status, "hex": hex(piece) }))
        .collect();
    let count = u32::try_from(records.len()).unwrap_or(0);
    Ok(page(Value::Array(records).to_string().into_bytes(), count, fetch::Position::End(Vec::new())))
}

/// A copy of the linear memory as it is.
fn memory() -> Vec<u8> {
    #[cfg(target_family = "wasm")]
    {
        let pages = core::arch::wasm32::memory_size(0);
        let mut copy = Vec::new();
        // Whole words, so that nothing is moved while it is copied; address 0 is left out, which Rust does not point to.
        for at in (8..pages * 65_536).step_by(8) {
            // SAFETY: within the memory, aligned, and any bytes are a number.
            let word = unsafe { core::ptr::read_volatile(at as *const u64) };
            copy.extend_from_slice(&word.to_le_bytes());
        }
        copy
    }
    #[cfg(not(target_family = "wasm"))]
    Vec::new()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What the clocks show while it computes: how many times each was read, how many values it had, and the smallest step.
pub(crate) fn clocks() -> fetch::Page {
    let mut record = json!({ "id": "clocks" });
    let mut note = |name: &str, read: &mut dyn FnMut() -> u64| {
        let seen: BTreeSet<u64> = (0..20_000)
            .map(|_| {
                for n in 0..200_u32 {
                    black_box(n);
                }
                read()
            })
            .collect();
        let steps = seen.iter().zip(seen.iter().skip(1)).map(|(one, next)| next - one);
        record[name] = json!({ "values": seen.len(), "smallest": steps.min() });
    };
    note("now", &mut run::now_ms);
    note("remaining", &mut run::remaining_ms);
    #[cfg(target_family = "wasm")]
    {
        use wasip2::clocks::{monotonic_clock, wall_clock};
        note("monotonic", &mut monotonic_clock::now);
        note("wall", &mut || {
            let now = wall_clock::now();
            now.seconds * 1_000_000_000 + u64::from(now.nanoseconds)
        });
        let wall = wall_clock::resolution();
        record["resolutions"] =
            json!([monotonic_clock::resolution(), wall.seconds * 1_000_000_000 + u64::from(wall.nanoseconds),]);
    }
    one(&record)
}

fn one(record: &Value) -> fetch::Page {
    page(Value::Array(vec![record.clone()]).to_string().into_bytes(), 1, fetch::Position::End(Vec::new()))
}
