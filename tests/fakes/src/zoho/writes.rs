//! Writes of the CRM: notes, tasks, files. **Every row says for itself whether it was written**, inside a status that is a
//! success all the same.

use serde_json::{Map, Value, json};

use super::{Zoho, crm, data::Record, lists, moment, problem, refusal, seconds};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, strict,
    upload::UploadPart,
};

const USERS: [&str; 2] = ["5543210000000191017", "5543210000000191033"];

/// `POST /crm/v8/{Module}/{id}/Notes`.
pub(super) fn note(zoho: &Zoho, request: &Incoming, module: &str, id: &str) -> Result<Answer, Answer> {
    let rows = rows(request, &["Note_Title", "Note_Content", "Parent_Id", "Owner"])?;
    let mut crm = lock(&zoho.crm);
    lists::exists(&crm, module, id)?;
    let now = seconds(zoho.clock.now());
    let mut answers = Vec::new();
    let mut made = None;
    for (at, row) in rows.into_iter().enumerate() {
        let parent = json!({ "module": { "api_name": module }, "id": id });
        if row.get("Parent_Id").is_some_and(|said| *said != parent) {
            answers.push(wrong("INVALID_DATA", "invalid data", at, "Parent_Id"));
            continue;
        }
        if row.get("Note_Content").and_then(Value::as_str).is_none_or(str::is_empty) {
            answers.push(wrong("MANDATORY_NOT_FOUND", "required field not found", at, "Note_Content"));
            continue;
        }
        let content = Value::Object(row.clone());
        let key = crm.next_id();
        let mut fields = row;
        fields.insert(
            "Parent_Id".to_owned(),
            json!({ "id": id, "name": "", "module": { "api_name": module, "id": "5543210000000002195" } }),
        );
        answers.push(success(&key, now, "record added"));
        made = Some(Created { kind: "note".to_owned(), id: key.clone(), parent: format!("{module}/{id}"), content });
        insert(&mut crm, "Notes", key, fields, now);
    }
    Ok(done(answers, made))
}

/// `POST /crm/v8/Tasks`.
pub(super) fn task(zoho: &Zoho, request: &Incoming) -> Result<Answer, Answer> {
    let names =
        ["Subject", "Due_Date", "Status", "Priority", "Description", "Owner", "What_Id", "$se_module", "Who_Id"];
    let rows = rows(request, &names)?;
    let mut crm = lock(&zoho.crm);
    let now = seconds(zoho.clock.now());
    let mut answers = Vec::new();
    let mut made = None;
    for (at, row) in rows.into_iter().enumerate() {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let id_of = |name: &str| row.get(name).and_then(|value| value.get("id")).and_then(Value::as_str);
        let known = |module: &str, id: &str| crm.module(module).is_some_and(|found| found.records.contains_key(id));
        let error = if text("Subject").is_none_or(str::is_empty) {
            Some(wrong("MANDATORY_NOT_FOUND", "required field not found", at, "Subject"))
        } else if text("Due_Date").is_some_and(|due| due.len() != 10 || due.split('-').count() != 3) {
            Some(wrong("INVALID_DATA", "invalid data", at, "Due_Date"))
        } else if row.contains_key("What_Id")
            && !text("$se_module").is_some_and(|module| id_of("What_Id").is_some_and(|id| known(module, id)))
        {
            Some(wrong("INVALID_DATA", "invalid data", at, "What_Id"))
        } else if row.contains_key("Who_Id") && !id_of("Who_Id").is_some_and(|id| known("Contacts", id)) {
            Some(wrong("INVALID_DATA", "invalid data", at, "Who_Id"))
        } else if row.contains_key("Owner") && !id_of("Owner").is_some_and(|id| USERS.contains(&id)) {
            Some(wrong("INVALID_DATA", "invalid data", at, "Owner"))
        } else {
            None
        };
        if let Some(error) = error {
            answers.push(error);
            continue;
        }
        let content = Value::Object(row.clone());
        let parent = id_of("What_Id").unwrap_or_default().to_owned();
        let key = crm.next_id();
        answers.push(success(&key, now, "record added"));
        made = Some(Created { kind: "task".to_owned(), id: key.clone(), parent, content });
        insert(&mut crm, "Tasks", key, row, now);
    }
    Ok(done(answers, made))
}

/// `POST /crm/v8/{Module}/{id}/Attachments`: a file, or the address of one.
pub(super) fn attachment(zoho: &Zoho, request: &Incoming, module: &str, id: &str) -> Result<Answer, Answer> {
    strict::params("query parameter", &request.query, &["attachmentUrl", "title"]).map_err(refusal)?;
    let mut crm = lock(&zoho.crm);
    crm::module(&crm, module)?;
    lists::exists(&crm, module, id)?;
    let (name, size, sha256) = match (request.param("attachmentUrl"), request.param("title")) {
        (Some(url), Some(title)) if url.starts_with("https://") => (title.to_owned(), 0, None),
        (Some(_), _) => return Err(problem(400, "INVALID_DATA", "the attachmentUrl or title given is invalid")),
        (None, _) => {
            let part = file(request, "file")?;
            (part.filename.clone().unwrap_or_default(), part.size, Some(part.sha256.clone()))
        }
    };
    if sha256.is_some() && size == 0 {
        return Err(problem(400, "INVALID_DATA", "the file is empty"));
    }
    let now = seconds(zoho.clock.now());
    let key = crm.next_id();
    let content = json!({ "File_Name": name, "size": size, "sha256": sha256 });
    let fields = Map::from_iter([
        ("File_Name".to_owned(), json!(name)),
        ("Size".to_owned(), json!(size.to_string())),
        ("Parent_Id".to_owned(), json!({ "id": id, "name": "" })),
    ]);
    let parent = format!("{module}/{id}");
    let made = Created { kind: "attachment".to_owned(), id: key.clone(), parent, content };
    insert(&mut crm, "Attachments", key.clone(), fields, now);
    let answer = json!({ "data": [success(&key, now, "attachment uploaded successfully")] });
    Ok(Answer::json(200, &answer).after(made))
}

/// The one file of a form, in the field of this name.
pub(super) fn file<'a>(request: &'a Incoming, field: &str) -> Result<&'a UploadPart, Answer> {
    match &request.upload {
        Some(Ok(parts)) => match parts.as_slice() {
            [part] if part.name == field && part.filename.is_some() => Ok(part),
            _ => Err(refusal(format!("the form must have one file in the field {field:?}"))),
        },
        Some(Err(why)) => Err(refusal(why.clone())),
        None => Err(refusal("the body must be multipart/form-data".to_owned())),
    }
}

/// `data` of a write: 1 to 100 rows that have these fields only.
fn rows(request: &Incoming, names: &[&str]) -> Result<Vec<Map<String, Value>>, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let body = strict::object(request, &["data", "trigger"]).map_err(refusal)?;
    if body.get("trigger").is_some_and(|trigger| *trigger != json!([])) {
        return Err(refusal("trigger can only be an empty list here".to_owned()));
    }
    let rows = body.get("data").and_then(Value::as_array).filter(|rows| (1..=100).contains(&rows.len()));
    let rows = rows.ok_or_else(|| refusal("data must be a list of 1 to 100 rows".to_owned()))?;
    let read = |row: &Value| {
        let row = row.as_object().ok_or_else(|| refusal("a row must be an object".to_owned()))?;
        match row.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(refusal(format!("field {name:?} is not in the sheet; known: {names:?}"))),
            None => Ok(row.clone()),
        }
    };
    rows.iter().map(read).collect()
}

fn insert(crm: &mut super::data::Crm, module: &str, id: String, fields: Map<String, Value>, now: i64) {
    if let Some(module) = crm.module_mut(module) {
        module.records.insert(id.clone(), Record { id, created: now, modified: now, fields });
    }
}

fn success(id: &str, now: i64, message: &str) -> Value {
    let by = json!({ "name": "An Peeters", "id": "5543210000000191017" });
    let at = moment(now);
    let details = json!({ "id": id, "Created_Time": at, "Modified_Time": at, "Created_By": by, "Modified_By": by });
    json!({ "code": "SUCCESS", "details": details, "message": message, "status": "success" })
}

fn wrong(code: &str, message: &str, row: usize, field: &str) -> Value {
    let details = json!({ "api_name": field, "json_path": format!("$.data[{row}].{field}") });
    json!({ "code": code, "details": details, "message": message, "status": "error" })
}

/// 201 where all rows were written, 202 where none was, 207 where some were.
fn done(answers: Vec<Value>, made: Option<Created>) -> Answer {
    let good = answers.iter().filter(|answer| answer.get("status") == Some(&json!("success"))).count();
    let status = if good == answers.len() {
        201
    } else if good == 0 {
        202
    } else {
        207
    };
    let answer = Answer::json(status, &json!({ "data": answers }));
    match made {
        Some(made) => answer.after(made),
        None => answer,
    }
}
