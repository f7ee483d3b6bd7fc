//! Lists of the CRM: records by change, what was deleted, notes and files of a record. 204 and 304 have no body.

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{
    Zoho, crm,
    data::{Crm, Module, Record},
    moment, problem, refusal, seconds, served,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

/// Largest page, and the default.
const PAGE: usize = 200;
/// Records that can be reached by the number of a page.
const BY_NUMBER: usize = 2_000;
/// Fields that can be asked for at once.
const FIELDS: usize = 50;
/// Seconds that a page token lives.
const TOKEN_LIFE: i64 = 86_400;

/// `GET /crm/v8/{Module}`.
pub(super) fn records(zoho: &Zoho, request: &Incoming, name: &str) -> Result<Answer, Answer> {
    let known = ["fields", "per_page", "page", "page_token", "sort_by", "sort_order", "ids"];
    asked(request, &known)?;
    let crm = lock(&zoho.crm);
    let module = crm::module(&crm, name)?;
    let fields = fields(request, module)?;
    let since = since(request)?;
    if let Some(ids) = request.param("ids") {
        let found: Vec<&Record> = ids.split(',').filter_map(|id| module.records.get(id)).collect();
        return page(zoho, request, module, &fields, found, "ids");
    }
    let by = strict::choice(request, "sort_by", &["id", "Created_Time", "Modified_Time"]).map_err(refusal)?;
    let order = strict::choice(request, "sort_order", &["desc", "asc"]).map_err(refusal)?;
    let mut found: Vec<&Record> =
        module.records.values().filter(|one| since.is_none_or(|at| one.modified > at)).collect();
    found.sort_by_key(|one| match by {
        "Modified_Time" => (one.modified, &one.id),
        "Created_Time" => (one.created, &one.id),
        _ => (0, &one.id),
    });
    if order == "desc" {
        found.reverse();
    }
    if found.is_empty() && !module.records.is_empty() {
        return Ok(Answer { status: 304, ..Answer::default() });
    }
    page(zoho, request, module, &fields, found, &format!("{by} {order} {since:?}"))
}

/// `GET /crm/v8/{Module}/deleted`.
pub(super) fn deleted(zoho: &Zoho, request: &Incoming, name: &str) -> Result<Answer, Answer> {
    asked(request, &["type", "page", "per_page"])?;
    strict::choice(request, "type", &["all", "recycle", "permanent"]).map_err(refusal)?;
    let crm = lock(&zoho.crm);
    let module = crm::module(&crm, name)?;
    let since = since(request)?;
    let mut gone: Vec<Value> = Vec::new();
    for one in module.gone.iter().filter(|one| since.is_none_or(|at| one.at > at)) {
        let by = json!({ "name": "An Peeters", "id": "5543210000000191017" });
        gone.push(json!({
            "id": one.id, "display_name": one.name, "type": "recycle", "deleted_by": by, "created_by": by,
            "deleted_time": moment(one.at),
        }));
    }
    let (size, number) = numbers(request)?;
    let total = gone.len();
    let shown: Vec<Value> = gone.into_iter().skip((number - 1) * size).take(size).collect();
    if shown.is_empty() {
        return Ok(Answer { status: 204, ..Answer::default() });
    }
    let info = json!({ "per_page": size, "count": shown.len(), "page": number, "more_records": total > number * size });
    let list = shown.iter().map(|one| served("deleted", one)).collect();
    Ok(Answer::json(200, &json!({ "data": shown, "info": info })).serving(list))
}

/// `GET /crm/v8/{Module}/{id}/Notes` and `/Attachments`.
pub(super) fn related(zoho: &Zoho, request: &Incoming, name: &str, id: &str, related: &str) -> Result<Answer, Answer> {
    asked(request, &["fields", "page", "per_page", "page_token"])?;
    let crm = lock(&zoho.crm);
    exists(&crm, name, id)?;
    let module = crm::module(&crm, related)?;
    let of_attachment = ["id", "File_Name", "Size", "Parent_Id", "Created_Time", "Modified_Time", "Owner"];
    let fields = match related {
        "Notes" => fields(request, module)?,
        _ => chosen(request, &of_attachment)?,
    };
    let below = |one: &&Record| one.fields.get("Parent_Id").and_then(|parent| parent.get("id")) == Some(&json!(id));
    let found: Vec<&Record> = module.records.values().filter(below).collect();
    page(zoho, request, module, &fields, found, id)
}

/// A record that has to be there.
pub(super) fn exists(crm: &Crm, name: &str, id: &str) -> Result<(), Answer> {
    if crm::module(crm, name)?.records.contains_key(id) {
        return Ok(());
    }
    Err(problem(400, "INVALID_DATA", "the id given seems to be invalid"))
}

fn asked(request: &Incoming, names: &[&str]) -> Result<(), Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, names).map_err(refusal)
}

fn numbers(request: &Incoming) -> Result<(usize, usize), Answer> {
    let size = strict::number(request, "per_page", 1, PAGE, PAGE).map_err(refusal)?;
    let number = strict::number(request, "page", 1, usize::MAX / PAGE, 1).map_err(refusal)?;
    Ok((size, number))
}

/// One page of what was found, with the token of the next one; 204 where there is nothing.
fn page(
    zoho: &Zoho,
    request: &Incoming,
    module: &Module,
    fields: &[&str],
    found: Vec<&Record>,
    of: &str,
) -> Result<Answer, Answer> {
    let now = seconds(zoho.clock.now());
    // Bound to what was asked: another question takes no token of this one.
    let mark = seed::sha256(format!("{}/{of}/{fields:?}", module.name).as_bytes());
    let mark = mark.get(..16).unwrap_or_default();
    let (size, number) = numbers(request)?;
    let from = match (request.param("page_token"), request.param("page")) {
        (Some(_), Some(_)) => return Err(refusal("page and page_token cannot be combined".to_owned())),
        (Some(token), None) => after(token, mark, now)?,
        (None, _) if number * size > BY_NUMBER => {
            return Err(problem(400, "LIMIT_EXCEEDED", "more than 2000 records need a page_token"));
        }
        (None, _) => (number - 1) * size,
    };
    let total = found.len();
    let shown: Vec<Value> = found.into_iter().skip(from).take(size).map(|one| one.json(fields)).collect();
    if shown.is_empty() {
        return Ok(Answer { status: 204, ..Answer::default() });
    }
    let more = total > from + shown.len();
    let next = more.then(|| format!("{mark}.{}.{}", from + shown.len(), now + TOKEN_LIFE));
    let info = json!({
        "per_page": size, "count": shown.len(), "page": from / size + 1, "sort_by": request.param("sort_by"),
        "sort_order": request.param("sort_order"), "more_records": more, "next_page_token": next,
        "previous_page_token": null, "page_token_expiry": next.as_ref().map(|_| moment(now + TOKEN_LIFE)),
    });
    let list = shown.iter().map(|one| served(&module.name.to_lowercase(), one)).collect();
    Ok(Answer::json(200, &json!({ "data": shown, "info": info })).serving(list))
}

/// How many records come before the page of this token.
fn after(token: &str, mark: &str, now: i64) -> Result<usize, Answer> {
    let parts: Vec<&str> = token.split('.').collect();
    let [of, from, ends] = parts.as_slice() else { return Err(expired()) };
    let good = *of == mark && ends.parse().is_ok_and(|ends: i64| now < ends);
    from.parse().ok().filter(|_| good).ok_or_else(expired)
}

fn expired() -> Answer {
    problem(400, "INVALID_DATA", "the page_token given is invalid or expired")
}

fn fields<'a>(request: &'a Incoming, module: &Module) -> Result<Vec<&'a str>, Answer> {
    let known: Vec<&str> = module.field_names().chain(["id"]).collect();
    chosen(request, &known)
}

fn chosen<'a>(request: &'a Incoming, known: &[&str]) -> Result<Vec<&'a str>, Answer> {
    let Some(text) = request.param("fields") else {
        return Err(problem(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing: fields"));
    };
    let fields: Vec<&str> = text.split(',').filter(|name| *name != "id").collect();
    if fields.len() > FIELDS {
        return Err(problem(400, "LIMIT_EXCEEDED", "at most 50 fields"));
    }
    match fields.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(refusal(format!("field {name:?} is none of this module; known: {known:?}"))),
        None => Ok(fields),
    }
}

/// `If-Modified-Since`, with an offset.
fn since(request: &Incoming) -> Result<Option<i64>, Answer> {
    let Some(text) = request.header("if-modified-since") else { return Ok(None) };
    let zoned = text.len() == 25 && text.as_bytes().get(10) == Some(&b'T');
    let at: Option<Timestamp> = text.parse().ok().filter(|_| zoned);
    at.map(|at| Some(seconds(at))).ok_or_else(|| refusal(format!("if-modified-since is no time with offset: {text:?}")))
}
