//! Writes that are done once for each `Idempotency-Key`, as long as that is known, and notes, which are called history (sheet 6).
//!
//! For how long a key is known the sheet does not say; here it is some minutes, as those say who were surprised by it.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{
    api::{self, Call},
    invalid, problem,
    records::Kind,
    refusal,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, seed, strict,
};

/// Characters of a note.
const NOTE: usize = 2_500;
/// Characters of a key.
const KEY: usize = 128;
/// For how long a key is known from its first call on.
const LIFE: Duration = Duration::from_secs(360);
/// Notes in one call.
const NOTES: usize = 50;

/// What was written under each key, by organisation.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<(usize, String), Known>);

/// A key's first call, when it came, and its answer.
#[derive(Debug)]
struct Known {
    sent: String,
    at: Timestamp,
    answer: Answer,
}

/// Writes, unless it was written before under this key: then the first answer comes again.
pub(super) fn once(call: &Call<'_>, write: impl FnOnce(&Call<'_>) -> Result<Answer, Answer>) -> Result<Answer, Answer> {
    if !["PUT", "POST"].contains(&call.request.method.as_str()) {
        return Err(refusal(format!("{} is not known here", call.request.method)));
    }
    let Some(key) = call.request.header("idempotency-key") else { return write(call) };
    if key.is_empty() || key.len() > KEY {
        return Err(invalid(&["The Idempotency-Key must be 1 to 128 characters."]));
    }
    let place = (call.body, key.to_owned());
    let sent = fingerprint(call.request);
    // Held while it is written, so that two at a time are one after the other.
    let (now, mut keys) = (call.xero.clock.now(), lock(&call.xero.keys));
    keys.0.retain(|_, known| now.since(known.at) < LIFE);
    if let Some(known) = keys.0.get(&place) {
        return if known.sent == sent {
            Ok(known.answer.clone())
        } else {
            Err(problem(400, "IdempotencyKeyMismatch: this Idempotency-Key was used for another request"))
        };
    }
    let answer = write(call)?;
    // The journal has the object once, whoever asks again.
    let kept = Answer { trace: Box::default(), ..answer.clone() };
    keys.0.insert(place, Known { sent, at: now, answer: kept });
    Ok(answer)
}

fn fingerprint(request: &Incoming) -> String {
    let body = match &request.upload {
        Some(parts) => seed::sha256(format!("{parts:?}").as_bytes()),
        None => seed::sha256(&request.body),
    };
    format!("{} {} {body}", request.method, request.target())
}

/// `PUT /api.xro/2.0/{list}/{id}/History`: a note, which nobody can change any more and which has no id.
pub(super) fn note(call: &Call<'_>, kind: &'static Kind, id: &str) -> Result<Answer, Answer> {
    call.scope(kind.scope)?;
    strict::no_query(call.request).map_err(refusal)?;
    let body = strict::object(call.request, &["HistoryRecords"]).map_err(refusal)?;
    let records = body.get("HistoryRecords").and_then(Value::as_array).filter(|all| (1..=NOTES).contains(&all.len()));
    let records = records.ok_or_else(|| refusal("HistoryRecords must be a list of 1 to 50".to_owned()))?;
    let mut books = lock(&call.xero.books);
    if books.get(call.body, kind, id).is_none() {
        return Err(api::missing());
    }
    let mut texts = Vec::new();
    for record in records {
        let members = record.as_object().ok_or_else(|| refusal("a record must be an object".to_owned()))?;
        if let Some(name) = members.keys().find(|name| *name != "Details") {
            return Err(refusal(format!("body field {name:?} is not in the sheet; known: Details")));
        }
        let text = members.get("Details").and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(invalid(&["Details must be specified."]));
        }
        if text.chars().count() > NOTE {
            return Err(invalid(&["Details must be at most 2500 characters."]));
        }
        texts.push(text.to_owned());
    }
    let now = call.xero.clock.now().as_millis();
    let number = books.next();
    let shown = |text: &String| {
        let mut one = api::dated(now);
        if let Some(members) = one.as_object_mut() {
            members.extend([
                ("Details".to_owned(), json!(text)),
                ("Changes".to_owned(), json!("Note")),
                ("User".to_owned(), json!("An Claes")),
            ]);
        }
        one
    };
    let made = Created {
        kind: "history".to_owned(),
        id: format!("history-{number}"),
        parent: format!("{}/{id}", kind.path),
        content: json!(texts),
    };
    Ok(api::told(call.xero, "HistoryRecords", texts.iter().map(shown).collect()).after(made))
}
