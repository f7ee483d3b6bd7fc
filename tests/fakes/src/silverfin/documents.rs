//! Files that are kept in a company's folders. Two of one name in one folder are two.

use serde_json::{Value, json};

use super::{
    Silverfin,
    api::{company, not_found},
    multipart, refusal,
    token::Access,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, seed,
};

/// A file that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) company: u64,
    pub(crate) folder: u64,
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) sha256: String,
}

impl Document {
    /// What a test compares with what it sent.
    pub(crate) fn json(&self) -> Value {
        let Self { company, folder, name, size, sha256 } = self;
        json!({ "company": company, "folder": folder, "name": name, "size": size, "sha256": sha256 })
    }
}

/// `POST /companies/{cid}/permanent_documents`. The sheet also knows an upload to an address of its own (`filename`) and
/// the file of an export; the fake takes the file itself.
pub(crate) fn create(silverfin: &Silverfin, request: &Incoming, access: &Access, id: &str) -> Result<Answer, Answer> {
    let mut data = lock(&silverfin.data);
    let company = company(&data, access, id)?.id;
    let sent = read(request).map_err(refusal)?;
    // Nothing but the root is there at the start, and the sheet's way to make a folder is not in the fake.
    if sent.folder != 0 {
        return Err(not_found());
    }
    let document = Document { company, ..sent };
    data.documents.push(document.clone());
    let id = 55_000 + data.documents.len();
    let content = document.json();
    let parent = format!("{company}/{}", document.folder);
    let created = Created { kind: "document".to_owned(), id: id.to_string(), parent, content };
    let record = json!({
        "id": id,
        "path": [document.name],
        "name": document.name,
        "type": "document",
        "content_updated_at": silverfin.clock.now().to_string(),
        "document": { "id": id + 1_000_000 },
    });
    Ok(Answer::json(201, &record).after(created))
}

fn read(request: &Incoming) -> Result<Document, String> {
    if request.media_type() != "multipart/form-data" {
        return Err(format!("the body must be multipart/form-data, not {:?}", request.media_type()));
    }
    let (mut folder, mut name, mut file) = (None, None, None);
    for part in multipart::parts(request)? {
        let text = || str::from_utf8(part.content).map_err(|_| format!("part {:?} is not UTF-8", part.name));
        let twice = match part.name.as_str() {
            "content" => {
                part.filename.as_ref().ok_or("part \"content\" must be a file")?;
                file.replace((part.content.len(), seed::sha256(part.content))).is_some()
            }
            "parent_id" => {
                let id: u64 = text()?.parse().map_err(|_| "part \"parent_id\" must be a whole number")?;
                folder.replace(id).is_some()
            }
            "name" => name.replace(text()?.to_owned()).is_some(),
            other => return Err(format!("part {other:?} is not in the sheet; known: parent_id, name, content")),
        };
        if twice {
            return Err(format!("part {:?} was sent twice", part.name));
        }
    }
    let (size, sha256) = file.ok_or("part \"content\" is missing")?;
    let name = name.filter(|name| !name.is_empty()).ok_or("part \"name\" is missing")?;
    Ok(Document { company: 0, folder: folder.ok_or("part \"parent_id\" is missing")?, name, size, sha256 })
}
