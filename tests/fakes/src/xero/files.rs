//! Files: the raw bytes of one on a record, and a form into the inbox of the Files API (sheet 6).

use percent_encoding::percent_decode_str;
use serde_json::{Map, json};

use super::{
    api::{self, Call},
    books::File,
    invalid, iso,
    records::Kind,
    refusal,
};
use crate::{exchange::Answer, journal::Created, lock, seed, strict};

/// Where files go that hang on nothing.
pub(super) const INBOX: &str = "/files.xro/1.0/Files";
/// Bytes of the files of a record.
const BYTES: usize = 25 * 1024 * 1024;

/// `PUT /api.xro/2.0/{list}/{id}/Attachments/{FileName}` adds a file; `POST` replaces one of the same name.
pub(super) fn attach(call: &Call<'_>, kind: &'static Kind, id: &str, name: &str) -> Result<Answer, Answer> {
    call.scope("accounting.attachments")?;
    strict::no_query(call.request).map_err(refusal)?;
    let name =
        percent_decode_str(name).decode_utf8().map_err(|_| refusal("the file's name is not UTF-8".to_owned()))?;
    if name.is_empty() || name.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']) {
        return Err(invalid(&["The file name is not valid."]));
    }
    let media_type = call.request.media_type();
    if media_type.is_empty() {
        return Err(refusal("a file needs its Content-Type".to_owned()));
    }
    let (bytes, length) = (call.request.body.as_slice(), call.request.header("content-length"));
    if length.and_then(|length| length.parse().ok()) != Some(bytes.len()) {
        return Err(refusal("a file needs its Content-Length".to_owned()));
    }
    if bytes.is_empty() {
        return Err(invalid(&["The file is empty."]));
    }
    let mut books = lock(&call.xero.books);
    if books.get(call.body, kind, id).is_none() {
        return Err(api::missing());
    }
    let (number, most) = (books.next(), books.most_files);
    let files = books.files.entry((call.body, id.to_owned())).or_default();
    let replaced = files.iter_mut().find(|file| call.request.method == "POST" && file.name == name);
    let file = if let Some(file) = replaced {
        (file.media_type, file.size) = (media_type, bytes.len());
        file.clone()
    } else {
        if files.len() >= most {
            return Err(invalid(&["A record can have at most 10 attachments."]));
        }
        if files.iter().map(|file| file.size).sum::<usize>() + bytes.len() > BYTES {
            return Err(invalid(&["The attachments of a record can have at most 25 MB."]));
        }
        let id = format!("0851{:04}-0000-4000-8000-{number:012}", call.body);
        let file = File { id, name: name.clone().into_owned(), media_type, size: bytes.len() };
        files.push(file.clone());
        file
    };
    // A document says that it has files; a contact does not, and has not changed.
    if ["Invoices", "BankTransactions", "CreditNotes"].contains(&kind.path) {
        let says = Map::from_iter([("HasAttachments".to_owned(), json!(true))]);
        books.change(call.body, kind, id, says, call.xero.clock.now().as_millis());
    }
    let content = json!({ "name": file.name, "size": file.size, "sha256": seed::sha256(bytes) });
    let made =
        Created { kind: "attachment".to_owned(), id: file.id.clone(), parent: format!("{}/{id}", kind.path), content };
    let url = format!("https://api.xero.com/api.xro/2.0/{}/{id}/Attachments/{}", kind.path, file.id);
    let shown = json!([{ "AttachmentID": file.id, "FileName": file.name, "Url": url, "MimeType": file.media_type,
        "ContentLength": file.size, "IncludeOnline": false }]);
    Ok(api::told(call.xero, "Attachments", shown).after(made))
}

/// `POST /files.xro/1.0/Files`: a form with one file.
pub(super) fn inbox(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.request.method != "POST" {
        return Err(refusal("the inbox takes POST".to_owned()));
    }
    call.scope("files")?;
    strict::no_query(call.request).map_err(refusal)?;
    let parts = match &call.request.upload {
        Some(Ok(parts)) => parts,
        Some(Err(why)) => return Err(refusal(why.clone())),
        None => return Err(refusal("the body must be multipart/form-data".to_owned())),
    };
    let (files, texts): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.filename.is_some());
    if let Some(part) = texts.iter().find(|part| !["name", "filename", "mimeType"].contains(&part.name.as_str())) {
        return Err(refusal(format!("part {:?} is not known", part.name)));
    }
    let [file] = files.as_slice() else { return Err(refusal("the form must have one file".to_owned())) };
    if file.size == 0 {
        return Err(invalid(&["The file is empty."]));
    }
    let now = call.xero.clock.now().as_millis();
    let id = format!("f11e0000-{:04}-4000-8000-{:012}", call.body, lock(&call.xero.books).next());
    let said = texts.iter().find(|part| part.name == "name").and_then(|part| part.text.clone());
    let name = said.or_else(|| file.filename.clone()).unwrap_or_default();
    let body = json!({ "Id": id, "Name": name, "MimeType": file.media_type, "Size": file.size,
        "CreatedDateUtc": iso(now), "UpdatedDateUtc": iso(now), "User": { "Name": "An Claes" } });
    let content = json!({ "name": name, "size": file.size, "sha256": file.sha256 });
    let made = Created { kind: "file".to_owned(), id, parent: "inbox".to_owned(), content };
    Ok(Answer::json(201, &body).after(made))
}
