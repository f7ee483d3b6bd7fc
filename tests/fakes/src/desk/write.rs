//! Writing: what each kind takes, and what the same request twice does.

use serde_json::{Map, Value, json};

use super::{
    Data, Desk,
    object::{DeskObject, Kind},
    problem, refusal,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, seed, strict,
    upload::UploadPart,
};

/// What a kind takes: texts that must be there, and those that may.
fn fields(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Letter => (&["client", "title", "text"], &["folder", "sender"]),
        Kind::Task => (&["client", "title", "reference"], &["folder", "text", "due", "assignee"]),
        Kind::Card => (&["client", "title"], &["folder", "text"]),
        Kind::Call => (&["client", "title"], &["text"]),
        Kind::Entry => (&["client", "title", "reference"], &["folder", "amount"]),
        Kind::File => (&["client", "reference"], &[]),
        Kind::Report => (&["client", "title", "file", "reference"], &["folder"]),
        Kind::Note => (&["client", "title", "text", "reference"], &["folder", "date"]),
    }
}

/// `POST /letters` and its like.
pub(super) fn create(desk: &Desk, request: &Incoming, office: &str, kind: Kind) -> Result<Answer, Answer> {
    let mut data = lock(&desk.data);
    let content = if kind == Kind::File { uploaded(&data, request)? } else { sent(&data, request, kind, office)? };
    let content = with_partner(content, request);
    let reference = content.get("reference").and_then(Value::as_str).map(str::to_owned);
    let reference = match kind {
        Kind::Letter => {
            let key = key(request)?;
            let hash = seed::sha256(&request.body);
            if let Some((before, object)) = data.objects.keyed(office, &key) {
                // The first answer again, and nothing is done.
                return if before == hash {
                    Ok(Answer::json(201, &object.json()).with("idempotent-replay", "true"))
                } else {
                    Err(problem(422, "key_reused", "this key was used for another letter"))
                };
            }
            data.objects.key(office, &key, hash);
            Some(key)
        }
        _ => reference,
    };
    let object = data.objects.add(kind, office, reference.as_deref(), content, desk.clock.now());
    Ok(Answer::json(201, &object.json()).after(created(object, "")))
}

/// `PUT /cards/{reference}`: makes it, or changes it.
pub(super) fn upsert(desk: &Desk, request: &Incoming, office: &str, reference: &str) -> Result<Answer, Answer> {
    let mut data = lock(&desk.data);
    let content = with_partner(sent(&data, request, Kind::Card, office)?, request);
    let known = data.objects.referenced(office, Kind::Card, reference).first().map(|card| card.id.clone());
    if let Some(card) = known.and_then(|id| data.objects.of_id(office, &id)) {
        card.content = content;
        card.writes += 1;
        return Ok(Answer::json(200, &card.json()).after(created(card, "-change")));
    }
    let object = data.objects.add(Kind::Card, office, Some(reference), content, desk.clock.now());
    Ok(Answer::json(201, &object.json()).after(created(object, "")))
}

/// `PATCH /notes/{id}`: replaces what is said.
pub(super) fn change(desk: &Desk, request: &Incoming, office: &str, id: &str) -> Result<Answer, Answer> {
    let changes = strict::object(request, &["title", "text", "date", "folder"]).map_err(refusal)?;
    let mut data = lock(&desk.data);
    let not_found = || problem(404, "not_found", "there is no such note");
    let note = data.objects.of_id(office, id).filter(|object| object.kind == Kind::Note).ok_or_else(not_found)?;
    if let Some(content) = note.content.as_object_mut() {
        content.extend(changes);
    }
    note.writes += 1;
    Ok(Answer::json(200, &note.json()).after(created(note, "-change")))
}

fn created(object: &DeskObject, suffix: &str) -> Created {
    let kind = format!("{}{suffix}", object.kind.word());
    let (parent, content) = (object.text("client").to_owned(), object.content.clone());
    Created { kind, id: object.id.clone(), parent, content }
}

fn key(request: &Incoming) -> Result<String, Answer> {
    match request.header("idempotency-key") {
        Some(key) if (8..=64).contains(&key.len()) => Ok(key.to_owned()),
        Some(_) => Err(refusal("an Idempotency-Key has 8 to 64 characters".to_owned())),
        None => Err(refusal("a letter needs an Idempotency-Key".to_owned())),
    }
}

/// The code of the partner that wrote it, where there is one.
fn with_partner(mut content: Value, request: &Incoming) -> Value {
    if let (Some(partner), Some(content)) = (request.header("x-partner-code"), content.as_object_mut()) {
        content.insert("partner".to_owned(), json!(partner));
    }
    content
}

/// A JSON body with what the kind takes, all of which is there.
fn sent(data: &Data, request: &Incoming, kind: Kind, office: &str) -> Result<Value, Answer> {
    let (needed, allowed) = fields(kind);
    let content = strict::object(request, &[needed, allowed].concat()).map_err(refusal)?;
    let mut wrong = Vec::new();
    for (name, value) in &content {
        let good =
            if name == "amount" { value.is_number() } else { value.as_str().is_some_and(|text| !text.is_empty()) };
        if !good {
            wrong.push((name.clone(), "is no value for this".to_owned()));
        }
    }
    let missing = needed.iter().filter(|name| !content.contains_key(**name));
    wrong.extend(missing.map(|name| ((*name).to_owned(), "is missing".to_owned())));
    if wrong.is_empty() {
        wrong = unknown(data, &content, office);
    }
    if wrong.is_empty() { Ok(Value::Object(content)) } else { Err(unprocessable(&wrong)) }
}

/// The form of an upload, without the bytes of its file.
fn uploaded(data: &Data, request: &Incoming) -> Result<Value, Answer> {
    let parts: &[UploadPart] = match &request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let mut content = Map::new();
    for part in parts {
        let known = ["reference", "client", "file"].contains(&part.name.as_str());
        if !known || content.contains_key(&part.name) || (part.name == "file") != part.filename.is_some() {
            return Err(refusal(format!("part {:?} is not in the sheet, is there twice, or is no file", part.name)));
        }
        match (&part.filename, &part.text) {
            (Some(name), _) => {
                content.insert("file".to_owned(), json!(true));
                content.insert("name".to_owned(), json!(name));
                content.insert("media_type".to_owned(), json!(part.media_type));
                content.insert("size".to_owned(), json!(part.size));
                content.insert("sha256".to_owned(), json!(part.sha256));
            }
            (None, text) => {
                content.insert(part.name.clone(), json!(text));
            }
        }
    }
    let missing = ["reference", "client", "file"].into_iter().filter(|name| !content.contains_key(*name));
    let mut wrong: Vec<_> = missing.map(|name| (name.to_owned(), "is missing".to_owned())).collect();
    if wrong.is_empty() {
        content.remove("file");
        wrong = unknown(data, &content, "");
    }
    if wrong.is_empty() { Ok(Value::Object(content)) } else { Err(unprocessable(&wrong)) }
}

/// What is named and is not there.
fn unknown(data: &Data, content: &Map<String, Value>, office: &str) -> Vec<(String, String)> {
    let text = |name: &str| content.get(name).and_then(Value::as_str);
    let client = text("client").unwrap_or_default();
    let mut wrong = Vec::new();
    if !data.clients.has(client, None) {
        wrong.push(("client".to_owned(), "is not known".to_owned()));
    } else if text("folder").is_some_and(|folder| !data.folders.has_named(folder, client)) {
        wrong.push(("folder".to_owned(), "is no folder of this client".to_owned()));
    }
    let file =
        |id: &str| data.objects.all().any(|file| file.id == id && file.kind == Kind::File && file.office == office);
    if text("file").is_some_and(|id| !file(id)) {
        wrong.push(("file".to_owned(), "was not uploaded".to_owned()));
    }
    wrong
}

/// 422 with the fields that are wrong.
fn unprocessable(wrong: &[(String, String)]) -> Answer {
    let fields: Vec<Value> =
        wrong.iter().map(|(field, message)| json!({ "field": field, "message": message })).collect();
    let error = json!({ "code": "unprocessable", "message": "this cannot be written", "fields": fields });
    Answer::json(422, &json!({ "error": error }))
}
