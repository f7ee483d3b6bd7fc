//! Remarks: notes and to-dos. The provider knows no idempotency key: the same post twice makes two.

use serde_json::{Map, Value, json};

use super::{
    Silverfin,
    api::{company, not_found, page},
    data::Remark,
    multipart, refusal,
    token::Access,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    lock, seed, strict,
};

const OWNERS: [&str; 3] = ["Company", "Reconciliation", "Account"];

/// A remark as it was sent.
#[derive(Default)]
struct Sent {
    text: Option<String>,
    bot_name: Option<String>,
    owner_type: Option<String>,
    owner_id: Option<u64>,
    todo: bool,
    documents: Vec<Value>,
}

/// `GET /companies/{cid}/periods/{pid}/remarks`.
pub(crate) fn list(
    silverfin: &Silverfin,
    request: &Incoming,
    access: &Access,
    id: &str,
    period: &str,
) -> Result<Answer, Answer> {
    let data = lock(&silverfin.data);
    let company = company(&data, access, id)?;
    let period = company.periods.iter().find(|known| known.id.to_string() == period).ok_or_else(not_found)?.id;
    let remarks = data.remarks.iter().filter(|remark| remark.company == company.id && remark.period == period);
    page(request, "remark", remarks.map(Remark::json).collect())
}

/// `POST /companies/{cid}/periods/{pid}/remarks`, JSON or multipart.
pub(crate) fn create(
    silverfin: &Silverfin,
    request: &Incoming,
    access: &Access,
    id: &str,
    period: &str,
) -> Result<Answer, Answer> {
    let mut data = lock(&silverfin.data);
    let company = company(&data, access, id)?;
    let (company, period) = {
        let known = company.periods.iter().find(|known| known.id.to_string() == period).ok_or_else(not_found)?;
        (company.id, known.id)
    };
    let sent = match request.media_type().as_str() {
        "application/json" => from_json(request),
        "multipart/form-data" => from_parts(request),
        other => Err(format!("the body must be JSON or multipart/form-data, not {other:?}")),
    };
    let sent = sent.map_err(refusal)?;
    let text = sent.text.filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Answer::json(422, &json!({ "errors": { "text": ["can't be blank"] } })))?;
    let owner = (sent.owner_type.unwrap_or_else(|| "Company".to_owned()), sent.owner_id.unwrap_or(company));
    if owner.0 == "Company" && owner.1 != company {
        return Err(Answer::json(422, &json!({ "errors": { "owner": ["is not this company"] } })));
    }
    let content = json!({
        "text": text,
        "bot_name": sent.bot_name,
        "owner": { "type": owner.0, "id": owner.1 },
        "todo": sent.todo,
        "documents": sent.documents,
    });
    let created_at = silverfin.clock.now().to_string();
    let (author, todo) = (sent.bot_name, sent.todo);
    let remark = Remark { id: 0, company, period, text, author, owner, todo, created_at };
    let id = data.add_remark(remark.clone());
    let record = Remark { id, ..remark }.json();
    let parent = format!("{company}/{period}");
    let created = Created { kind: "remark".to_owned(), id: id.to_string(), parent, content };
    let served = vec![Served::of("remark", &record)];
    Ok(Answer::json(201, &record).serving(served).after(created))
}

fn from_json(request: &Incoming) -> Result<Sent, String> {
    let body = strict::object(request, &["text", "bot_name", "owner", "todo"])?;
    let mut sent = Sent { text: text(&body, "text")?, bot_name: text(&body, "bot_name")?, ..Sent::default() };
    match body.get("todo") {
        None => {}
        Some(Value::Bool(todo)) => sent.todo = *todo,
        Some(_) => return Err("body field \"todo\" must be true or false".to_owned()),
    }
    if let Some(owner) = body.get("owner") {
        let owner = owner.as_object().ok_or("body field \"owner\" must be an object")?;
        if let Some(key) = owner.keys().find(|key| !["type", "id"].contains(&key.as_str())) {
            return Err(format!("body field \"owner.{key}\" is not in the sheet; known: type, id"));
        }
        sent.owner_type = text(owner, "type")?.map(known_owner).transpose()?;
        sent.owner_id = match owner.get("id") {
            None => None,
            Some(id) => Some(id.as_u64().ok_or("body field \"owner.id\" must be a whole number")?),
        };
    }
    Ok(sent)
}

fn from_parts(request: &Incoming) -> Result<Sent, String> {
    let mut sent = Sent::default();
    for part in multipart::parts(request)? {
        if part.name == "documents[][content]" {
            let file = part.filename.as_ref().ok_or("part \"documents[][content]\" must be a file")?;
            let hash = seed::sha256(part.content);
            sent.documents.push(json!({ "filename": file, "size": part.content.len(), "sha256": hash }));
            continue;
        }
        if part.filename.is_some() {
            return Err(format!("part {:?} must not be a file", part.name));
        }
        let value = str::from_utf8(part.content).map_err(|_| format!("part {:?} is not UTF-8", part.name))?;
        let once = match part.name.as_str() {
            "text" => sent.text.replace(value.to_owned()).is_none(),
            "bot_name" => sent.bot_name.replace(value.to_owned()).is_none(),
            "owner[type]" => sent.owner_type.replace(known_owner(value.to_owned())?).is_none(),
            "owner[id]" => {
                let id = value.parse().map_err(|_| "part \"owner[id]\" must be a whole number")?;
                sent.owner_id.replace(id).is_none()
            }
            "todo" => {
                sent.todo = value.parse().map_err(|_| "part \"todo\" must be true or false")?;
                true
            }
            other => return Err(format!("part {other:?} is not in the sheet")),
        };
        if !once {
            return Err(format!("part {:?} was sent twice", part.name));
        }
    }
    Ok(sent)
}

fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("body field {name:?} must be a text")),
    }
}

fn known_owner(kind: String) -> Result<String, String> {
    if OWNERS.contains(&kind.as_str()) {
        Ok(kind)
    } else {
        Err(format!("owner type {kind:?} is not in the sheet; known: {}", OWNERS.join(", ")))
    }
}
