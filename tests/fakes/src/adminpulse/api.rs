//! Which path needs which scope, and what answers it. A missing scope is 401: the provider knows no 403.

use serde_json::{Value, json};

use super::{Adminpulse, CALLS, HOST, UPLOADS, list, problem, refusal, write};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    lock, strict,
};

/// Answers a call of the API.
pub(super) fn answer(fake: &Adminpulse, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(refusal)?;
    strict::headers(request, &["transfer-encoding"]).map_err(refusal)?;
    let refused = |name: Option<String>| problem(401, "The access token is missing or invalid.").to(name);
    let (name, scopes) = fake.access(request).map_err(refused)?;
    if fake.is_throttled(&fake.calls, &name, CALLS) {
        return Err(problem(429, "Too many calls.").to(Some(name)));
    }
    let answer = route(fake, request, &name, &scopes);
    let known = |answer: Answer| answer.to(Some(name.clone()));
    answer.map(known).map_err(known)
}

fn route(fake: &Adminpulse, request: &Incoming, name: &str, scopes: &[&str]) -> Result<Answer, Answer> {
    let needs = |scope: &str| {
        if scopes.contains(&scope) { Ok(()) } else { Err(problem(401, "The access token is missing or invalid.")) }
    };
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["relations"]) => needs("relations.read").and_then(|()| list::answer(fake, request, "relation")),
        ("GET", ["relations", id]) => needs("relations.read").and_then(|()| relation(fake, request, id)),
        ("GET", ["tasks"]) => needs("tasks.read").and_then(|()| list::answer(fake, request, "task")),
        ("GET", ["tasks", id]) => needs("tasks.read").and_then(|()| one(fake, request, "task", "id", id)),
        ("PUT", ["tasks", id]) => needs("tasks.write").and_then(|()| status(fake, request, id)),
        ("GET", ["emails"]) => needs("relations.read").and_then(|()| list::answer(fake, request, "email")),
        ("GET", ["users"]) => needs("users.read").and_then(|()| list::answer(fake, request, "user")),
        ("GET", ["companies"]) => needs("users.read").and_then(|()| list::answer(fake, request, "company")),
        ("GET", ["invoices"]) => needs("relations.read").and_then(|()| list::answer(fake, request, "invoice")),
        ("GET", ["registrations"]) => {
            needs("relations.read").and_then(|()| list::answer(fake, request, "registration"))
        }
        ("POST", ["tasks"]) => needs("tasks.write").and_then(|()| write::task(fake, request)),
        ("POST", ["interactions"]) => needs("interactions.write").and_then(|()| write::interaction(fake, request)),
        ("POST", ["documents", "add"]) => {
            needs("documents.write")?;
            if fake.is_throttled(&fake.uploads, name, UPLOADS) {
                return Err(problem(429, "Too many uploads."));
            }
            write::document(fake, request)
        }
        _ => Err(Answer { status: 404, ..refusal("the fake does not know this method and path".to_owned()) }),
    }
}

/// A relation by either of its identifiers.
fn relation(fake: &Adminpulse, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    one(fake, request, "relation", "id", id).or_else(|_| one(fake, request, "relation", "uniqueIdentifier", id))
}

fn one(fake: &Adminpulse, request: &Incoming, kind: &str, member: &str, id: &str) -> Result<Answer, Answer> {
    strict::no_body(request).and_then(|()| strict::no_query(request)).map_err(refusal)?;
    let data = lock(&fake.data);
    let record = data.with(kind, member, id).ok_or_else(not_found)?;
    Ok(Answer::json(200, record).serving(vec![Served::of(kind, record)]))
}

/// `PUT /tasks/{id}`: only its status.
fn status(fake: &Adminpulse, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    let body = strict::object(request, &["status"]).map_err(refusal)?;
    let status = body.get("status").and_then(Value::as_u64).filter(|status| *status <= 2);
    let status = status.ok_or_else(|| problem(400, "status is 0, 1 or 2"))?;
    let mut data = lock(&fake.data);
    let task = data.with_mut("task", id).ok_or_else(not_found)?;
    if let Some(members) = task.as_object_mut() {
        members.insert("status".to_owned(), json!(status));
    }
    let created = Created {
        kind: "task-status".to_owned(),
        id: id.to_owned(),
        parent: String::new(),
        content: json!({ "status": status }),
    };
    Ok(Answer::json(200, task).after(created))
}

fn not_found() -> Answer {
    problem(404, "There is no such resource.")
}
