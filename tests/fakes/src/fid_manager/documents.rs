//! `POST /documents`: a file for the documents to approve.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{
    Repeat, invalid,
    office::{Document, Office},
    problem, refusal,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    upload::UploadPart,
};

const TEXTS: [&str; 6] = ["client_id", "folder_id", "partner_code", "title", "document_date", "external_id"];
const KINDS: [&str; 2] = ["application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"];
/// Bytes of a file at most.
const LARGEST: u64 = 20 * 1024 * 1024;

pub(super) fn create(
    office: &mut Office,
    request: &Incoming,
    now: Timestamp,
    repeat: Repeat,
) -> Result<Answer, Answer> {
    let parts = match &request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let (texts, file) = read(parts).map_err(refusal)?;
    let text = |name: &str| texts.get(name).copied();
    let said = |name: &str| text(name).map(str::to_owned);
    if let Some(media_type) = file.media_type.as_deref().filter(|kind| !KINDS.contains(kind)) {
        return Err(problem(415, "unsupported", &format!("{media_type} kan niet bewaard worden")));
    }
    if file.size > LARGEST {
        return Err(problem(413, "too_large", "Het bestand is te groot"));
    }
    let code = text("partner_code").ok_or_else(|| invalid(&[("partner_code", "required")]))?;
    let mapped = office.types.iter().find(|(known, kind)| known == code && kind.active).map(|(_, kind)| kind.clone());
    let kind = mapped.ok_or_else(|| invalid(&[("partner_code", "unknown")]))?;
    if !kind.may_read {
        return Err(problem(403, "forbidden", "Dit documenttype is gesloten voor deze partner"));
    }
    let (client, folder) = place(office, text("client_id"), text("folder_id"))?;
    let title = text("title").filter(|title| !title.is_empty()).ok_or_else(|| invalid(&[("title", "required")]))?;
    if text("document_date").is_some_and(|day| !is_day(day)) {
        return Err(invalid(&[("document_date", "no date")]));
    }
    let external_id = said("external_id").filter(|_| repeat != Repeat::Ignored);
    if let Some(before) = office.documents.iter().find(|one| external_id.is_some() && one.external_id == external_id) {
        return match repeat {
            Repeat::Conflict => {
                let error = json!({ "code": "duplicate", "document_id": before.id });
                Err(Answer::json(409, &json!({ "error": error })))
            }
            _ => Ok(Answer::json(200, &written(before))),
        };
    }
    let document = Document {
        id: office.take_id() + 90_000,
        status: if kind.at_once { "validated" } else { "pending" }.to_owned(),
        client,
        folder,
        partner_code: code.to_owned(),
        title: title.to_owned(),
        date: said("document_date"),
        external_id,
        file: (
            file.filename.clone().unwrap_or_default(),
            file.media_type.clone().unwrap_or_default(),
            file.size,
            file.sha256.clone(),
        ),
        created_at: now,
    };
    let answer = Answer::json(201, &written(&document));
    let created = Created {
        kind: "document".to_owned(),
        id: document.id.to_string(),
        parent: client.to_string(),
        content: json!(document),
    };
    office.documents.push(document);
    Ok(answer.after(created))
}

/// The texts by name, and the file; each once.
fn read(parts: &[UploadPart]) -> Result<(BTreeMap<&str, &str>, &UploadPart), String> {
    let mut texts = BTreeMap::new();
    let mut file = None;
    for part in parts {
        let again = match (part.name.as_str(), &part.text) {
            ("file", None) => file.replace(part).is_some(),
            (name, Some(text)) if TEXTS.contains(&name) => texts.insert(name, text.as_str()).is_some(),
            (name, _) => return Err(format!("part {name:?} is not in the sheet, or is a file where none is expected")),
        };
        if again {
            return Err(format!("part {:?} is there twice", part.name));
        }
    }
    match file {
        Some(file) if file.media_type.is_some() => Ok((texts, file)),
        Some(_) => Err("the file has no media type".to_owned()),
        None => Err("part \"file\" is missing".to_owned()),
    }
}

fn place(office: &Office, client: Option<&str>, folder: Option<&str>) -> Result<(u64, Option<u64>), Answer> {
    let client = client.and_then(|id| id.parse::<u64>().ok());
    let client = office.clients.iter().find(|known| Some(known.id) == client && known.active);
    let client = client.ok_or_else(|| invalid(&[("client_id", "unknown")]))?.id;
    let Some(folder) = folder else { return Ok((client, None)) };
    let of_client = office.folders.iter().find(|known| known.id.to_string() == folder && known.client == client);
    Ok((client, Some(of_client.ok_or_else(|| invalid(&[("folder_id", "unknown")]))?.id)))
}

/// As the answer to a write shows it.
fn written(document: &Document) -> Value {
    json!({
        "id": document.id,
        "status": document.status,
        "client_id": document.client,
        "folder_id": document.folder,
        "title": document.title,
        "created_at": document.created_at.to_string(),
    })
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
