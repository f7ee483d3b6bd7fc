//! Notes and files that are attached to records (sheet 6).

use serde_json::{Map, Value, json};

use super::{
    api::{self, Call},
    books::Books,
    companies::realm_of,
    faults::{self, invalid},
    records::{self, ATTACHABLE},
};
use crate::{exchange::Answer, journal::Created, lock, strict, upload::UploadPart};

/// Characters of a note.
const NOTE: usize = 2_000;
/// Files in one call, and bytes of one.
const FILES: usize = 20;
const BYTES: u64 = 100 * 1024 * 1024;

/// `POST /attachable`: a note.
pub(super) fn note(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = strict::object(call.request, &["AttachableRef", "Note"]).map_err(|why| faults::refusal(&why))?;
    let note = body.get("Note").and_then(Value::as_str).unwrap_or_default();
    if note.trim().is_empty() {
        return Err(invalid("2020", "Required param missing"));
    }
    if note.chars().count() > NOTE {
        return Err(invalid("6000", "A business validation error has occurred"));
    }
    let mut books = lock(&call.fake.books);
    let to = attached_to(&books, call.company, &body)?;
    let content = json!(note);
    let (id, shown) = keep(call, &mut books, body.clone());
    let made = Created { kind: "note".to_owned(), id, parent: format!("{}/{to}", realm_of(call.company)), content };
    Ok(api::told(call, "Attachable", shown).after(made))
}

/// `POST /upload`: files, each with what is said of it; a slot for each in the answer.
pub(super) fn upload(call: &Call<'_>) -> Result<Answer, Answer> {
    let parts = match &call.request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(faults::refusal(why)),
        None => return Err(faults::refusal("the body must be multipart/form-data")),
    };
    let named =
        |prefix: &str| -> Vec<&UploadPart> { parts.iter().filter(|part| part.name.starts_with(prefix)).collect() };
    let (metadata, contents) = (named("file_metadata_"), named("file_content_"));
    if metadata.len() + contents.len() != parts.len() || metadata.len() != contents.len() {
        return Err(faults::refusal("a form has file_metadata_NN and file_content_NN, and nothing else"));
    }
    if contents.is_empty() || contents.len() > FILES {
        return Err(invalid("6000", "A business validation error has occurred"));
    }
    let (mut slots, mut object) = (Vec::new(), None);
    for said in metadata {
        let number = said.name.trim_start_matches("file_metadata_");
        let content = contents.iter().find(|part| part.name.trim_start_matches("file_content_") == number);
        let content = content.ok_or_else(|| faults::refusal(&format!("there is no content for {number:?}")))?;
        match one(call, said, content)? {
            Ok((slot, made)) => {
                slots.push(slot);
                object = Some(made);
            }
            Err(fault) => slots.push(fault),
        }
    }
    let answer = api::told(call, "AttachableResponse", json!(slots));
    Ok(match object {
        Some(object) => answer.after(object),
        None => answer,
    })
}

type Kept = Result<(Value, Created), Value>;

/// One file: its slot and what was made, or a slot with a fault.
fn one(call: &Call<'_>, said: &UploadPart, content: &UploadPart) -> Result<Kept, Answer> {
    if said.media_type.as_deref() != Some("application/json") {
        return Err(faults::refusal("what is said of a file must be application/json"));
    }
    let body = said.text.as_deref().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let mut body = body.ok_or_else(|| faults::refusal("what is said of a file must be a JSON object"))?;
    if let Some(name) = body.keys().find(|name| !["AttachableRef", "FileName", "ContentType"].contains(&name.as_str()))
    {
        return Err(faults::refusal(&format!("body field {name:?} is not in the sheet")));
    }
    let named = body.get("FileName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if named.is_empty() || content.filename.is_none() {
        return Err(faults::refusal("a file needs its name"));
    }
    if body.get("ContentType").and_then(Value::as_str) != content.media_type.as_deref() {
        return Err(faults::refusal("what is said of a file is of another media type than the file"));
    }
    let mut books = lock(&call.fake.books);
    let Ok(to) = attached_to(&books, call.company, &body) else {
        return Ok(Err(faults::body("2500", "ValidationFault", "Invalid Reference Id")));
    };
    if content.size == 0 || content.size > BYTES {
        return Ok(Err(faults::body("6000", "ValidationFault", "A business validation error has occurred")));
    }
    body.insert("Size".to_owned(), json!(content.size));
    let (id, mut shown) = keep(call, &mut books, body);
    if let Some(members) = shown.as_object_mut() {
        let address = format!("/v3/company/{}/download/{id}", realm_of(call.company));
        members.insert("FileAccessUri".to_owned(), json!(address));
    }
    let content = json!({ "name": named, "size": content.size, "sha256": content.sha256 });
    let made = Created { kind: "file".to_owned(), id, parent: format!("{}/{to}", realm_of(call.company)), content };
    Ok(Ok((json!({ "Attachable": shown }), made)))
}

/// What it is attached to: one record that is there.
fn attached_to(books: &Books, company: usize, body: &Map<String, Value>) -> Result<String, Answer> {
    let references = body.get("AttachableRef").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [reference] = references else { return Err(faults::refusal("AttachableRef must be a list of one")) };
    let text = |member: &str| reference.pointer(&format!("/EntityRef/{member}")).and_then(Value::as_str);
    let (Some(entity), Some(id)) = (text("type"), text("value")) else {
        return Err(faults::refusal("an EntityRef has type and value, both texts"));
    };
    let kind = records::of(entity).ok_or_else(|| invalid("2170", "Invalid Enumeration"))?;
    if books.get(company, kind, id).is_none() {
        return Err(invalid("2500", "Invalid Reference Id"));
    }
    Ok(format!("{entity}/{id}"))
}

fn keep(call: &Call<'_>, books: &mut Books, body: Map<String, Value>) -> (String, Value) {
    let id = books.attach(call.company, body, call.now());
    let shown = books.get(call.company, &ATTACHABLE, &id).map(super::books::Record::json).unwrap_or_default();
    (id, shown)
}
