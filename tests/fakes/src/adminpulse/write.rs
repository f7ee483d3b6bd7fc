//! What can be written: documents, tasks, interactions. The same twice is two of it.
//!
//! All of them name the relation by its **unique identifier**; its id is refused, as a mistake that is easily made.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Adminpulse, data, day, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, strict,
};

const DOCUMENT: [&str; 6] = ["file", "fileName", "relationIdentifier", "documentType", "tagNames", "taskId"];

/// `POST /documents/add`: a form with an address to fetch, or multipart with the file.
pub(super) fn document(fake: &Adminpulse, request: &Incoming) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let mut content = match request.media_type().as_str() {
        "application/x-www-form-urlencoded" => linked(request)?,
        "multipart/form-data" => uploaded(request)?,
        other => return Err(refusal(format!("the body must be a form or multipart/form-data, not {other:?}"))),
    };
    let text = |content: &Map<String, Value>, name: &str| {
        content.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut data = lock(&fake.data);
    let relation = text(&content, "relationIdentifier");
    if data.with("relation", "uniqueIdentifier", &relation).is_none() {
        return Err(problem(400, "relationIdentifier is not the unique identifier of a relation"));
    }
    if text(&content, "fileName").is_empty() || text(&content, "documentType").parse::<u32>().is_err() {
        return Err(problem(400, "fileName is missing, or documentType is no number"));
    }
    if content.contains_key("taskId") && data.with("task", "id", &text(&content, "taskId")).is_none() {
        return Err(problem(400, "there is no such task"));
    }
    let id = data.next_id('d');
    content.insert("id".to_owned(), json!(id));
    Ok(made(&mut data, "document", &relation, id, content))
}

fn linked(request: &Incoming) -> Result<Map<String, Value>, Answer> {
    let form = request.form();
    strict::params("body field", &form, &DOCUMENT).map_err(refusal)?;
    let form: BTreeMap<String, String> = form.into_iter().collect();
    if !form.get("file").is_some_and(|file| file.starts_with("https://")) {
        return Err(problem(400, "file must be a public address"));
    }
    Ok(form.into_iter().map(|(name, value)| (name, json!(value))).collect())
}

fn uploaded(request: &Incoming) -> Result<Map<String, Value>, Answer> {
    let parts = match &request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let mut content = Map::new();
    for part in parts {
        let known = DOCUMENT.contains(&part.name.as_str()) && !content.contains_key(&part.name);
        if !known || (part.name == "file") != part.filename.is_some() {
            return Err(refusal(format!("part {:?} is not in the sheet, is there twice, or is no file", part.name)));
        }
        let value = match &part.text {
            Some(text) => json!(text),
            None => json!({ "filename": part.filename, "media_type": part.media_type, "size": part.size,
                "sha256": part.sha256 }),
        };
        content.insert(part.name.clone(), value);
    }
    if content.contains_key("file") { Ok(content) } else { Err(problem(400, "file is missing")) }
}

/// `POST /tasks`, as the sheet assumes it.
pub(super) fn task(fake: &Adminpulse, request: &Incoming) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let known = ["relationIdentifier", "name", "description", "deadline", "status", "assigneeId", "externalReference"];
    let content = strict::object(request, &known).map_err(refusal)?;
    texts(&content, &["relationIdentifier", "name"], &["description", "deadline", "assigneeId", "externalReference"])?;
    dates(&content, "deadline")?;
    if content.get("status").is_some_and(|status| status.as_u64().is_none_or(|status| status > 2)) {
        return Err(problem(400, "status is 0, 1 or 2"));
    }
    let mut data = lock(&fake.data);
    let relation = related(&data, &content)?;
    if let Some(user) = content.get("assigneeId").and_then(Value::as_str)
        && data.with("user", "id", user).is_none()
    {
        return Err(problem(400, "there is no such user"));
    }
    let text = |name: &str| content.get(name).and_then(Value::as_str);
    let id = data.next_id('t');
    let mut record = data::task(&id, text("name").unwrap_or_default(), text("deadline"), &relation, 0);
    if let Some(members) = record.as_object_mut() {
        members.insert("subtasks".to_owned(), json!([]));
        members.insert("inapplicable".to_owned(), json!(false));
        if data.echoes()
            && let Some(reference) = content.get("externalReference")
        {
            members.insert("externalReference".to_owned(), reference.clone());
        }
    }
    data.add("task", record);
    let created =
        Created { kind: "task".to_owned(), id: id.clone(), parent: relation, content: Value::Object(content) };
    Ok(Answer::json(200, &json!({ "id": id })).after(created))
}

/// `POST /interactions`, as the sheet assumes it.
pub(super) fn interaction(fake: &Adminpulse, request: &Incoming) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let known =
        ["relationIdentifier", "subject", "description", "date", "type", "documentIds", "taskIds", "externalReference"];
    let mut content = strict::object(request, &known).map_err(refusal)?;
    texts(&content, &["relationIdentifier", "subject"], &["description", "date", "type", "externalReference"])?;
    dates(&content, "date")?;
    let mut data = lock(&fake.data);
    let relation = related(&data, &content)?;
    for (name, kind) in [("documentIds", "document"), ("taskIds", "task")] {
        let Some(ids) = content.get(name) else { continue };
        let ids = ids.as_array().ok_or_else(|| problem(400, &format!("{name} is a list")))?;
        let known = |id: &Value| id.as_str().is_some_and(|id| data.with(kind, "id", id).is_some());
        if !ids.iter().all(known) {
            return Err(problem(400, &format!("{name} names what is not there")));
        }
    }
    let id = data.next_id('i');
    content.insert("id".to_owned(), json!(id));
    Ok(made(&mut data, "interaction", &relation, id, content))
}

fn made(data: &mut data::Data, kind: &'static str, relation: &str, id: String, content: Map<String, Value>) -> Answer {
    let content = Value::Object(content);
    data.add(kind, content.clone());
    let answer = json!({ "id": id });
    Answer::json(200, &answer).after(Created { kind: kind.to_owned(), id, parent: relation.to_owned(), content })
}

/// That the first are texts, and the others are where they are there; null is nothing.
fn texts(content: &Map<String, Value>, needed: &[&str], others: &[&str]) -> Result<(), Answer> {
    for name in needed {
        if content.get(*name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            return Err(problem(400, &format!("{name} is missing")));
        }
    }
    for name in others {
        if content.get(*name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(problem(400, &format!("{name} is no text")));
        }
    }
    Ok(())
}

fn dates(content: &Map<String, Value>, name: &str) -> Result<(), Answer> {
    match content.get(name).and_then(Value::as_str) {
        Some(text) if !day::is_body_date(text) => {
            Err(problem(400, &format!("{name} is no date as 2026-11-30T00:00:00")))
        }
        _ => Ok(()),
    }
}

fn related(data: &data::Data, content: &Map<String, Value>) -> Result<String, Answer> {
    let relation = content.get("relationIdentifier").and_then(Value::as_str).unwrap_or_default();
    match data.with("relation", "uniqueIdentifier", relation) {
        Some(_) => Ok(relation.to_owned()),
        None => Err(problem(400, "relationIdentifier is not the unique identifier of a relation")),
    }
}
