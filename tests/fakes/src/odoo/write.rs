//! The methods that write: a call is a transaction, and what is sent twice is there twice.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    call::{Call, numbers},
    data::{Data, Row, is_date, moment, written},
    exception::Exception,
    model::{self, Field},
    sha1::sha1,
};
use crate::{journal::Created, login::escape, seed};

/// What a method answers, and what it made.
pub(super) type Done = (Value, Created);

/// Models of which something can be made here.
const MADE: [&str; 7] =
    ["res.partner", "crm.lead", "calendar.event", "project.project", "project.task", "account.move", "ir.attachment"];

pub(super) fn answer(data: &mut Data, call: &Call, now: i64) -> Result<Done, Exception> {
    match call.method.as_str() {
        "create" => create(data, call, now),
        "write" => write(data, call, now),
        "message_post" => message(data, call, now),
        "activity_schedule" => activity(data, call, now),
        _ => Err(Exception::no_method(&call.model, &call.method, call.rpc)),
    }
}

fn create(data: &mut Data, call: &Call, now: i64) -> Result<Done, Exception> {
    let model = call.model.as_str();
    if !MADE.contains(&model) {
        return Err(Exception::access(model::title(model), model).refused());
    }
    let (sent, single) = match call.args.get("vals_list") {
        Some(Value::Array(list)) => (list.clone(), false),
        Some(Value::Object(one)) if call.rpc => (vec![Value::Object(one.clone())], true),
        _ => return Err(Exception::value("vals_list must be a list of objects")),
    };
    // All or nothing: everything is looked at before anything is made.
    let rows = sent.iter().map(|vals| values(data, call, vals)).collect::<Result<Vec<_>, _>>()?;
    let Some((_, first)) = rows.first().cloned() else { return Err(Exception::value("vals_list is empty")) };
    let ids: Vec<u64> =
        rows.into_iter().map(|(values, _)| data.insert(model, Row { values, created: now, written: now })).collect();
    let id = ids.first().copied().unwrap_or_default();
    let text = |name: &str| first.get(name).cloned().unwrap_or_default();
    let parent = match model {
        "ir.attachment" => format!("{},{}", text("res_model").as_str().unwrap_or_default(), text("res_id")),
        "project.task" => format!("project.project,{}", text("project_id")),
        _ => String::new(),
    };
    let created = Created { kind: model.to_owned(), id: id.to_string(), parent, content: Value::Object(first) };
    Ok((if single { json!(id) } else { json!(ids) }, created))
}

fn write(data: &mut Data, call: &Call, now: i64) -> Result<Done, Exception> {
    let id = one(data, call)?;
    let vals = call.args.get("vals").cloned().unwrap_or_default();
    let known = fields(data, call);
    let mut changed = Map::new();
    for (name, value) in vals.as_object().ok_or_else(|| Exception::value("vals must be an object"))? {
        let field = known.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| Exception::value(format!("Invalid field '{name}' in '{}'", call.model)))?;
        changed.insert(name.clone(), value_of(data, call, field, value)?);
    }
    if let Some(row) = data.rows.get_mut(&call.model).and_then(|rows| rows.get_mut(&id)) {
        row.values.extend(changed);
        row.written = now;
    }
    Ok((
        json!(true),
        Created { kind: format!("{}.write", call.model), id: id.to_string(), parent: String::new(), content: vals },
    ))
}

/// The values of a new record as they are kept, and as the journal has them.
type KeptAndSaid = (Map<String, Value>, Map<String, Value>);

fn values(data: &Data, call: &Call, vals: &Value) -> Result<KeptAndSaid, Exception> {
    let model = call.model.as_str();
    let vals = vals.as_object().ok_or_else(|| Exception::value("vals_list must be a list of objects"))?;
    let known = fields(data, call);
    let (mut kept, mut said) = (Map::new(), vals.clone());
    for (name, value) in vals {
        let field = known.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| Exception::value(format!("Invalid field '{name}' in '{model}'")))?;
        kept.insert(name.clone(), value_of(data, call, field, value)?);
    }
    if let (false, Some(text)) = (kept.contains_key("name"), kept.get("description").cloned()) {
        // A task without a name is called what its text says.
        kept.insert("name".to_owned(), json!(text.as_str().unwrap_or_default().replace("<p>", "").replace("</p>", "")));
    }
    if kept.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        let title = model::title(model);
        return Err(Exception::validation(format!(
            "The operation cannot be completed: Missing required value for the field 'Name' (name).\nModel: '{title}' ({model})"
        )));
    }
    if let (Some(start), Some(stop)) =
        (kept.get("start").and_then(Value::as_str), kept.get("stop").and_then(Value::as_str))
        && stop < start
    {
        return Err(Exception::validation(
            "The ending date and time cannot be earlier than the starting date and time.",
        ));
    }
    if model == "ir.attachment" {
        attached(data, call, &mut kept, &mut said)?;
    }
    kept.retain(|_, value| *value != json!(false));
    Ok((kept, said))
}

/// A file hangs on a record that the person may write to; it is kept as its hash.
fn attached(
    data: &Data,
    call: &Call,
    kept: &mut Map<String, Value>,
    said: &mut Map<String, Value>,
) -> Result<(), Exception> {
    let on = kept.get("res_model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = kept.get("res_id").and_then(Value::as_u64).unwrap_or_default();
    open(data, call, &on, id)?;
    let coded = kept.remove("datas").unwrap_or_default();
    let bytes = STANDARD.decode(coded.as_str().unwrap_or_default());
    let bytes = bytes.map_err(|_| Exception::value("datas is no base64"))?;
    kept.insert("checksum".to_owned(), json!(sha1(&bytes)));
    said.insert("datas".to_owned(), json!({ "size": bytes.len(), "sha256": seed::sha256(&bytes) }));
    Ok(())
}

fn fields(data: &Data, call: &Call) -> Vec<Field> {
    model::fields(&call.model, data.version).unwrap_or_default()
}

fn value_of(data: &Data, call: &Call, field: &Field, value: &Value) -> Result<Value, Exception> {
    let wrong = || Exception::value(format!("Wrong value for {}.{}: {value}", call.model, field.name));
    if *value == json!(false) {
        return Ok(json!(false));
    }
    match (field.kind, value) {
        ("char" | "text" | "binary", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("integer" | "float" | "monetary", Value::Number(_)) => Ok(value.clone()),
        ("html", Value::String(html)) => Ok(json!(cleaned(html))),
        ("selection", Value::String(text)) => {
            let known = model::selection(&call.model, field.name, data.version).contains(&text.as_str());
            known.then(|| value.clone()).ok_or_else(wrong)
        }
        ("date", Value::String(text)) if is_date(text) => Ok(value.clone()),
        ("datetime", Value::String(text)) if moment(text).is_some() => Ok(value.clone()),
        ("datetime", Value::String(text)) => {
            Err(Exception::value(format!("time data '{text}' does not match format '%Y-%m-%d %H:%M:%S'")))
        }
        ("many2one", Value::Number(_)) => {
            let there = value.as_u64().is_some_and(|id| data.row(field.relation, id).is_some());
            let lost =
                || Exception::validation("The operation cannot be completed: Another model is using the record.");
            there.then(|| value.clone()).ok_or_else(lost)
        }
        ("many2many", Value::Array(commands)) => {
            let mut ids = Vec::new();
            for command in commands {
                match command.as_array().map(Vec::as_slice) {
                    Some([six, _, all]) if *six == json!(6) => ids = numbers(all).ok_or_else(wrong)?,
                    Some([four, id]) if *four == json!(4) => ids.push(id.as_u64().ok_or_else(wrong)?),
                    _ => return Err(wrong()),
                }
            }
            let there = ids.iter().all(|id| data.row(field.relation, *id).is_some());
            there.then(|| json!(ids)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// The one record of a call, when the person may write to it.
fn one(data: &Data, call: &Call) -> Result<u64, Exception> {
    match call.ids.as_deref() {
        Some([id]) => open(data, call, &call.model, *id).map(|()| *id),
        _ => Err(Exception::value(format!("Expected singleton: {}", call.model))),
    }
}

fn open(data: &Data, call: &Call, model: &str, id: u64) -> Result<(), Exception> {
    if data.row(model, id).is_none() || id == 0 {
        return Err(Exception::missing(model, id, call.user.id));
    }
    if data.denied.contains(model) || call.user.closed.contains(&model) {
        return Err(Exception::access(model::title(model), model));
    }
    if !data.is_of(model, id, call.user.companies) {
        return Err(Exception::company(model));
    }
    if data.locked.contains(&(model.to_owned(), id)) { Err(Exception::lock()) } else { Ok(()) }
}

fn message(data: &mut Data, call: &Call, now: i64) -> Result<Done, Exception> {
    let id = one(data, call)?;
    let body = call.text("body")?;
    let is_html = call.version < 17 || call.args.get("body_is_html") == Some(&json!(true));
    let body = if is_html { cleaned(body) } else { format!("<span>{}</span>", escape(body)) };
    let files = call.args.get("attachment_ids").map_or(Some(Vec::new()), numbers);
    let files = files.filter(|ids| ids.iter().all(|id| data.row("ir.attachment", *id).is_some()));
    let files = files.ok_or_else(|| Exception::value("attachment_ids must be ids of attachments"))?;
    let (kind, subtype) = (call.text("message_type")?, call.text("subtype_xmlid")?);
    if !["comment", "notification", ""].contains(&kind) || !["mail.mt_note", "mail.mt_comment", ""].contains(&subtype) {
        return Err(Exception::value(format!("{kind:?} or {subtype:?} is not in the sheet")));
    }
    let values = json!({
        "model": call.model, "res_id": id, "body": body, "message_type": if kind.is_empty() { "notification" } else { kind },
        "subtype_id": if subtype == "mail.mt_comment" { 1 } else { 2 }, "author_id": 42, "date": written(now),
        "attachment_ids": files,
    });
    let content = json!({ "body": body, "subtype": subtype, "attachments": files });
    Ok(put(data, call, "mail.message", now, values, id, content))
}

fn activity(data: &mut Data, call: &Call, now: i64) -> Result<Done, Exception> {
    let id = one(data, call)?;
    let (day, kind) = (call.text("date_deadline")?, call.text("act_type_xmlid")?);
    if kind != "mail.mail_activity_data_todo" || !(day.is_empty() || is_date(day)) {
        return Err(Exception::value(format!("{kind:?} or {day:?} cannot be used")));
    }
    let user = call.number("user_id")?.unwrap_or(call.user.id);
    if data.row("res.users", user).is_none() {
        return Err(Exception::user(
            "Assigned user has no access to the document and is not able to handle this activity.",
        ));
    }
    let today = written(now);
    let day = if day.is_empty() { today.get(..10).unwrap_or_default() } else { day };
    let values = json!({
        "res_model": call.model, "res_id": id, "res_name": data.name_of(&call.model, id), "activity_type_id": 4,
        "summary": call.text("summary")?, "note": cleaned(call.text("note")?), "date_deadline": day, "user_id": user,
        "state": "planned",
    });
    let content = values.clone();
    Ok(put(data, call, "mail.activity", now, values, id, content))
}

fn put(data: &mut Data, call: &Call, model: &str, now: i64, values: Value, on: u64, content: Value) -> Done {
    let values = values.as_object().cloned().unwrap_or_default();
    let id = data.insert(model, Row { values, created: now, written: now });
    let parent = format!("{},{on}", call.model);
    (call.made(id), Created { kind: model.to_owned(), id: id.to_string(), parent, content })
}

/// HTML as the server keeps it: without scripts and comments.
fn cleaned(html: &str) -> String {
    let (mut clean, mut rest) = (String::new(), html);
    loop {
        let found = [("<script", "</script>"), ("<!--", "-->")];
        let next = found.iter().filter_map(|(open, close)| Some((rest.find(open)?, *close))).min();
        let Some((at, close)) = next else { break };
        let (before, after) = rest.split_at(at);
        clean.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    clean.push_str(rest);
    clean
}
