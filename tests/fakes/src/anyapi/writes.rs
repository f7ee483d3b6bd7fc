//! What can be written, each in another way.
//!
//! | path | body | the same twice |
//! |---|---|---|
//! | `POST /customers/{id}/notes` | JSON | one, with the header `Idempotency-Key` |
//! | `POST /tasks` | JSON | one, with the member `client_ref` |
//! | `POST /messages` | JSON; a refusal stands inside status 200 | two |
//! | `PUT /tags/{reference}`, `DELETE /tags/{reference}` | JSON, nothing | one |
//! | `POST /customers/{id}/files` | multipart | one, with the header |
//! | `POST /documents` | JSON with base64 | one, with the header |
//! | `POST /subscriptions` | form | one: 409 with the id of the first |

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{Data, ORIGIN, nothing, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    seed, strict,
};

/// How long a key is known.
const KEPT_MS: i64 = 24 * 3_600_000;

/// Everything that was written, and the answers that belong to keys.
#[derive(Default)]
pub(super) struct Written {
    all: Vec<(String, Value)>,
    keys: BTreeMap<String, Kept>,
}

struct Kept {
    at_ms: i64,
    content: String,
    answer: Answer,
}

impl Written {
    pub(super) fn of(&self, kind: &str) -> Vec<Value> {
        self.all.iter().filter(|(known, _)| known == kind).map(|(_, value)| value.clone()).collect()
    }

    fn add(&mut self, kind: &str, parent: &str, content: Value) -> (String, Created) {
        let id = format!("{}-{}", kind.get(..1).unwrap_or("x"), self.all.len() + 1);
        let mut object = content.clone();
        if let Some(members) = object.as_object_mut() {
            members.insert("id".to_owned(), json!(id));
        }
        self.all.push((kind.to_owned(), object));
        let created = Created { kind: kind.to_owned(), id: id.clone(), parent: parent.to_owned(), content };
        (id, created)
    }
}

pub(super) fn answer(data: &mut Data, request: &Incoming, segments: &[&str], now: Timestamp) -> Result<Answer, Answer> {
    let written = &mut data.written;
    let plain: Vec<(String, String)> = request.query.iter().filter(|(name, _)| name != "api_key").cloned().collect();
    strict::params("query parameter", &plain, &[]).map_err(refusal)?;
    match (request.method.as_str(), segments) {
        ("POST", ["customers", customer, "notes"]) => {
            customer_of(customer)?;
            let body = sent(request, &["text"], &["happened_at", "importance", "tags"])?;
            once(written, request.header("idempotency-key"), &body, now, |written| {
                let (id, created) = written.add("note", customer, body.clone());
                Answer::json(201, &json!({ "data": { "id": id, "url": format!("{ORIGIN}/notes/{id}") } }))
                    .after(created)
            })
        }
        ("POST", ["tasks"]) => {
            let body = sent(request, &["title"], &["due", "client_ref", "customer"])?;
            let reference = body.get("client_ref").and_then(Value::as_str).map(str::to_owned);
            once(written, reference.as_deref(), &body, now, |written| {
                let (id, created) = written.add("task", "", body.clone());
                Answer::json(201, &json!({ "data": { "id": id } })).after(created)
            })
        }
        ("POST", ["messages"]) => {
            let body = sent(request, &["text"], &["to"])?;
            if body.get("text").and_then(Value::as_str).is_some_and(|text| text.contains("verboden")) {
                let error = json!({ "code": "blocked", "message": "This text is not allowed" });
                return Ok(Answer::json(200, &json!({ "ok": false, "error": error })));
            }
            let (id, created) = written.add("message", "", body);
            Ok(Answer::json(200, &json!({ "ok": true, "id": id })).after(created))
        }
        ("PUT", ["tags", reference]) => {
            let body = sent(request, &["label"], &[])?;
            let known = written
                .all
                .iter_mut()
                .find(|(kind, tag)| kind == "tag" && tag.get("reference") == Some(&json!(reference)));
            if let Some((_, tag)) = known {
                if let (Some(members), Some(label)) = (tag.as_object_mut(), body.get("label")) {
                    members.insert("label".to_owned(), label.clone());
                }
                return Ok(Answer::json(200, tag));
            }
            let mut body = body;
            if let Some(members) = body.as_object_mut() {
                members.insert("reference".to_owned(), json!(reference));
            }
            let (id, created) = written.add("tag", "", body);
            Ok(Answer::json(201, &json!({ "id": id, "reference": reference })).after(created))
        }
        ("DELETE", ["tags", reference]) => {
            written.all.retain(|(kind, tag)| kind != "tag" || tag.get("reference") != Some(&json!(reference)));
            Ok(Answer { status: 204, ..Answer::default() })
        }
        ("POST", ["customers", customer, "files"]) => {
            customer_of(customer)?;
            let body = uploaded(request)?;
            once(written, request.header("idempotency-key"), &body, now, |written| {
                let (id, created) = written.add("file", customer, body.clone());
                Answer::json(201, &json!({ "data": { "id": id } })).after(created)
            })
        }
        ("POST", ["documents"]) => {
            let mut body = sent(request, &["name", "content"], &["media_type", "about"])?;
            let text = body.get("content").and_then(Value::as_str).unwrap_or_default();
            let bytes = STANDARD.decode(text).map_err(|_| refusal("the content is no base64".to_owned()))?;
            if let Some(members) = body.as_object_mut() {
                members.insert("content".to_owned(), json!({ "size": bytes.len(), "sha256": seed::sha256(&bytes) }));
            }
            once(written, request.header("idempotency-key"), &body, now, |written| {
                let (id, created) = written.add("document", "", body.clone());
                Answer::json(201, &json!({ "data": { "id": id } })).after(created)
            })
        }
        ("POST", ["subscriptions"]) => {
            if request.media_type() != "application/x-www-form-urlencoded" {
                return Err(refusal("a subscription is a form".to_owned()));
            }
            let form = request.form();
            strict::params("field", &form, &["email", "list"]).map_err(refusal)?;
            let body = Value::Object(form.into_iter().map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>());
            let same = |one: &Value| one.get("email") == body.get("email") && one.get("list") == body.get("list");
            if let Some(there) = written.of("subscription").into_iter().find(same) {
                let error = json!({ "code": "exists", "message": "This address is subscribed" });
                return Ok(Answer::json(409, &json!({ "error": error, "data": { "id": there.get("id") } })));
            }
            let (id, created) = written.add("subscription", "", body);
            Ok(Answer::json(201, &json!({ "data": { "id": id } })).after(created))
        }
        _ => Err(nothing()),
    }
}

/// The first answer again for a key that is known; 422 for a known key with other content.
fn once(
    written: &mut Written,
    key: Option<&str>,
    content: &Value,
    now: Timestamp,
    write: impl FnOnce(&mut Written) -> Answer,
) -> Result<Answer, Answer> {
    let Some(key) = key else { return Ok(write(written)) };
    let content = content.to_string();
    let at_ms = now.as_millis();
    if let Some(kept) = written.keys.get(key).filter(|kept| at_ms - kept.at_ms < KEPT_MS) {
        if kept.content != content {
            return Err(problem(422, "key_reused", "This key was used for something else"));
        }
        return Ok(kept.answer.clone().with("idempotent-replay", "true"));
    }
    let answer = write(written);
    // What is answered again made nothing.
    let mut again = answer.clone();
    again.trace.created = None;
    written.keys.insert(key.to_owned(), Kept { at_ms, content, answer: again });
    Ok(answer)
}

fn customer_of(id: &str) -> Result<(), Answer> {
    let number = id.strip_prefix("c-").and_then(|number| number.parse::<u64>().ok());
    if number.is_some_and(|number| (1..=40).contains(&number)) { Ok(()) } else { Err(nothing()) }
}

/// A JSON body; 422 with the fields that are missing or empty.
fn sent(request: &Incoming, needed: &[&str], may: &[&str]) -> Result<Value, Answer> {
    let body = strict::object(request, &[needed, may].concat()).map_err(refusal)?;
    let is_there = |name: &&&str| !body.get(**name).is_none_or(|value| value.as_str() == Some("") || value.is_null());
    let wrong: Map<String, Value> =
        needed.iter().filter(|name| !is_there(name)).map(|name| ((*name).to_owned(), json!(["is required"]))).collect();
    if wrong.is_empty() {
        return Ok(Value::Object(body));
    }
    Err(Answer::json(422, &json!({ "message": "This cannot be saved", "errors": wrong })))
}

/// The form of an upload, without the bytes of its file.
fn uploaded(request: &Incoming) -> Result<Value, Answer> {
    let parts = match &request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let mut content = Map::new();
    for part in parts {
        let known = ["title", "file"].contains(&part.name.as_str());
        if !known || content.contains_key(&part.name) || (part.name == "file") != part.filename.is_some() {
            return Err(refusal(format!("part {:?} is not in the sheet, is there twice, or is no file", part.name)));
        }
        let value = match &part.filename {
            Some(name) => {
                json!({ "name": name, "media_type": part.media_type, "size": part.size, "sha256": part.sha256 })
            }
            None => json!(part.text),
        };
        content.insert(part.name.clone(), value);
    }
    if content.contains_key("file") { Ok(Value::Object(content)) } else { Err(refusal("there is no file".to_owned())) }
}
