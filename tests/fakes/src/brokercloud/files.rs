//! Putting a file with a party: multipart, or JSON with base64. The same file twice is two files.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    Brokercloud,
    api::{invalid, not_found},
    data, problem, refusal,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    lock, seed, strict,
};

/// The largest file.
const BYTES: u64 = 20 * 1024 * 1024;

/// What came, however it came.
struct Came {
    name: String,
    size: u64,
    content: Map<String, Value>,
}

/// `POST /parties/{id}/files`.
pub(super) fn upload(fake: &Brokercloud, request: &Incoming, who: &str, id: &str) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let parts = match &request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let (mut file, mut content) = (None, Map::new());
    for part in parts {
        let known = ["file", "name", "description"].contains(&part.name.as_str());
        if !known || content.contains_key(&part.name) || (part.name == "file") != part.filename.is_some() {
            return Err(refusal(format!("part {:?} is not in the sheet, is there twice, or is no file", part.name)));
        }
        if part.name == "file" {
            file = Some((part.filename.clone().unwrap_or_default(), part.size));
            let of_it = json!({ "media_type": part.media_type, "size": part.size, "sha256": part.sha256 });
            content.insert("file".to_owned(), of_it);
        } else {
            content.insert(part.name.clone(), json!(part.text));
        }
    }
    let (filename, size) = file.ok_or_else(|| invalid("file", "This value should not be blank."))?;
    let name = content.get("name").and_then(Value::as_str).unwrap_or(&filename).to_owned();
    let id = id.parse().map_err(|_| not_found())?;
    put(fake, who, id, Came { name, size, content })
}

/// `POST /files` (the other way that the sheet assumes).
pub(super) fn encoded(fake: &Brokercloud, request: &Incoming, who: &str) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let mut content = strict::object(request, &["party_id", "name", "mime_type", "content"]).map_err(refusal)?;
    let id = content.get("party_id").and_then(Value::as_u64).ok_or_else(|| invalid("party_id", "is no number"))?;
    let name = content.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let text = content.get("content").and_then(Value::as_str).unwrap_or_default();
    let bytes = STANDARD.decode(text).map_err(|_| invalid("content", "This is no base64."))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    content.insert("content".to_owned(), json!({ "size": size, "sha256": seed::sha256(&bytes) }));
    put(fake, who, id, Came { name, size, content })
}

fn put(fake: &Brokercloud, who: &str, party: u64, came: Came) -> Result<Answer, Answer> {
    let mut data = lock(&fake.data);
    data.party(who, party).ok_or_else(not_found)?;
    if who == "portal" {
        return Err(problem(403, "Access Denied."));
    }
    if came.size > BYTES {
        return Err(problem(413, "Request Entity Too Large"));
    }
    if came.name.is_empty() {
        return Err(invalid("name", "This value should not be blank."));
    }
    let id = data.next_id();
    let mut record = data::file(id, party, &came.name, came.size, &fake.clock.now().to_string());
    if let (Some(record), Some(said)) = (record.as_object_mut(), came.content.get("description")) {
        record.insert("description".to_owned(), said.clone());
    }
    data.add("file", record.clone());
    let created = Created {
        kind: "file".to_owned(),
        id: id.to_string(),
        parent: party.to_string(),
        content: Value::Object(came.content),
    };
    Ok(Answer::json(201, &record).serving(vec![Served::of("file", &record)]).after(created))
}
