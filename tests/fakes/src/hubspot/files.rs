//! `POST /files/v3/files`: a form with one file, where it goes, and how (section 6).

use serde_json::{Value, json};

use super::{
    api::Call,
    data::{File, Store},
    iso,
    problem::{problem, refusal},
};
use crate::{exchange::Answer, journal::Created, strict};

/// Where files are sent.
pub(super) const UPLOAD: &str = "/files/v3/files";
const OPTIONS: [&str; 4] = ["access", "overwrite", "duplicateValidationStrategy", "duplicateValidationScope"];

/// Answers an upload.
pub(super) fn upload(call: &Call<'_>, store: &mut Store) -> Result<Answer, Answer> {
    call.scope("files")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let parts = match &call.request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why)),
        None => return Err(refusal("the body must be multipart/form-data")),
    };
    let known = ["file", "folderId", "folderPath", "fileName", "charsetHunch", "options"];
    if let Some(part) = parts.iter().find(|part| !known.contains(&part.name.as_str())) {
        return Err(refusal(&format!("part {:?} is not in the sheet", part.name)));
    }
    let text = |name: &str| parts.iter().find(|part| part.name == name).and_then(|part| part.text.clone());
    let file = parts.iter().find(|part| part.name == "file" && part.filename.is_some());
    let file = file.ok_or_else(|| refusal("the form must have a file"))?;
    let folder = match (text("folderId"), text("folderPath")) {
        (Some(id), None) => id,
        (None, Some(path)) if path.starts_with('/') => path,
        _ => return Err(problem(400, "VALIDATION_ERROR", "One of folderId and folderPath is required.")),
    };
    let options: Value = serde_json::from_str(&text("options").unwrap_or_default())
        .map_err(|_| refusal("options must be JSON as text"))?;
    let members = options.as_object().ok_or_else(|| refusal("options must be an object"))?;
    let access = members.get("access").and_then(Value::as_str).unwrap_or_default();
    let overwrite = members.get("overwrite") == Some(&json!(true));
    if let Some(name) = members.keys().find(|name| !OPTIONS.contains(&name.as_str())) {
        return Err(refusal(&format!("option {name:?} is not in the sheet")));
    }
    if !["PRIVATE", "PUBLIC_NOT_INDEXABLE", "PUBLIC_INDEXABLE"].contains(&access) {
        return Err(refusal("options must say the access"));
    }
    if file.size == 0 {
        return Err(problem(400, "VALIDATION_ERROR", "The file is empty."));
    }
    let name = text("fileName").or_else(|| file.filename.clone()).unwrap_or_default();
    let portal = call.portal(store);
    let number = portal.number();
    let there = portal.files.iter_mut().find(|known| overwrite && known.folder == folder && known.name == name);
    let (stored, other) = if let Some(known) = there {
        let other = known.sha256 != file.sha256;
        (known.size, known.sha256) = (file.size, file.sha256.clone());
        (known.clone(), other)
    } else {
        let made = File { id: number, folder, name, size: file.size, sha256: file.sha256.clone() };
        portal.files.push(made.clone());
        (made, true)
    };
    let (stem, extension) = stored.name.rsplit_once('.').unwrap_or((&stored.name, ""));
    let path = format!("{}/{}", stored.folder.trim_end_matches('/'), stored.name);
    let told = json!({ "id": stored.id.to_string(), "name": stem, "extension": extension, "type": "DOCUMENT",
        "size": stored.size, "path": path, "url": format!("https://14500123.fs1.hubspotusercontent.example{path}"),
        "access": access, "fileMd5": "00000000000000000000000000000000", "createdAt": iso(call.now) });
    let content = json!({ "name": stored.name, "size": stored.size, "sha256": stored.sha256 });
    let created =
        Created { kind: "file".to_owned(), id: stored.id.to_string(), parent: stored.folder.clone(), content };
    let answer = Answer::json(201, &told);
    Ok(if other { answer.after(created) } else { answer })
}
