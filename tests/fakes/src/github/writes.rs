//! Writes: an issue, a comment, closing an issue. GitHub knows no idempotency key: twice is twice.

use serde_json::{Map, Value, json};

use super::{
    data::{Comment, Data, Issue},
    lists::visible,
    problem, refusal,
    tokens::{Token, may_write},
};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    strict,
};

/// `POST /repos/{owner}/{repo}/issues`.
pub(crate) fn issue(
    data: &mut Data,
    request: &Incoming,
    token: &Token,
    (owner, name): (&str, &str),
    now: i64,
) -> Result<Answer, Answer> {
    let repository = visible(data, token, owner, name)?.id;
    may_write(token, request)?;
    let body = strict::object(request, &["title", "body", "labels", "assignees", "milestone"]).map_err(refusal)?;
    let title = required(&body, "Issue", "title")?;
    if !matches!(body.get("milestone"), None | Some(Value::Null)) {
        return Err(invalid("Issue", "milestone", "invalid"));
    }
    let number = data.next_number(repository);
    let mut issue = Issue::fresh(data.next_id(), repository, number, title, now);
    issue.body = optional(&body, "Issue", "body")?;
    issue.labels = texts(&body, "Issue", "labels")?;
    issue.assignees = texts(&body, "Issue", "assignees")?;
    token.login.clone_into(&mut issue.login);
    let record = data.issue_json(&issue).unwrap_or_default();
    data.issues.push(issue);
    Ok(done(201, "issue", "issue", &record, format!("{owner}/{name}"), Value::Object(body)))
}

/// `POST /repos/{owner}/{repo}/issues/{number}/comments`.
pub(crate) fn comment(
    data: &mut Data,
    request: &Incoming,
    token: &Token,
    (owner, name, number): (&str, &str, &str),
    now: i64,
) -> Result<Answer, Answer> {
    let repository = visible(data, token, owner, name)?.id;
    let (id, number) = (data.next_id(), find(data, repository, number)?.number);
    may_write(token, request)?;
    let body = strict::object(request, &["body"]).map_err(refusal)?;
    let text = required(&body, "IssueComment", "body")?;
    let login = token.login.to_owned();
    let comment = Comment { id, repository, number, login, body: text, created: now, updated: now };
    let record = data.comment_json(&comment).unwrap_or_default();
    data.comments.push(comment);
    let issue = find(data, repository, &number.to_string())?;
    issue.comments += 1;
    issue.updated = now;
    Ok(done(201, "comment", "comment", &record, format!("{owner}/{name}#{number}"), Value::Object(body)))
}

/// `PATCH /repos/{owner}/{repo}/issues/{number}`: only closing.
pub(crate) fn close(
    data: &mut Data,
    request: &Incoming,
    token: &Token,
    (owner, name, number): (&str, &str, &str),
    now: i64,
) -> Result<Answer, Answer> {
    let repository = visible(data, token, owner, name)?.id;
    find(data, repository, number)?;
    may_write(token, request)?;
    let body = strict::object(request, &["state"]).map_err(refusal)?;
    if body.get("state") != Some(&json!("closed")) {
        return Err(refusal("body field \"state\" must be \"closed\"".to_owned()));
    }
    let issue = find(data, repository, number)?;
    if issue.open {
        (issue.open, issue.closed, issue.updated) = (false, Some(now), now);
    }
    let id = issue.id;
    let record = data.issues.iter().find(|issue| issue.id == id).and_then(|issue| data.issue_json(issue));
    let record = record.unwrap_or_default();
    Ok(done(200, "close", "issue", &record, format!("{owner}/{name}#{number}"), Value::Object(body)))
}

fn done(status: u16, write: &str, kind: &str, record: &Value, parent: String, content: Value) -> Answer {
    let served = Served::of(kind, record);
    let created = Created { kind: write.to_owned(), id: served.id.clone(), parent, content };
    Answer::json(status, record).serving(vec![served]).after(created)
}

fn find<'a>(data: &'a mut Data, repository: u64, number: &str) -> Result<&'a mut Issue, Answer> {
    let number: u64 = number.parse().map_err(|_| problem(404, "Not Found"))?;
    let found = data.issues.iter_mut().find(|issue| issue.repository == repository && issue.number == number);
    found.ok_or_else(|| problem(404, "Not Found"))
}

fn required(body: &Map<String, Value>, resource: &str, field: &str) -> Result<String, Answer> {
    match body.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        None | Some(Value::Null | Value::String(_)) => Err(invalid(resource, field, "missing_field")),
        Some(_) => Err(invalid(resource, field, "invalid")),
    }
}

fn optional(body: &Map<String, Value>, resource: &str, field: &str) -> Result<Option<String>, Answer> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(resource, field, "invalid")),
    }
}

fn texts(body: &Map<String, Value>, resource: &str, field: &str) -> Result<Vec<String>, Answer> {
    let Some(value) = body.get(field) else { return Ok(Vec::new()) };
    serde_json::from_value(value.clone()).map_err(|_| invalid(resource, field, "invalid"))
}

fn invalid(resource: &str, field: &str, code: &str) -> Answer {
    let body = json!({
        "message": "Validation Failed",
        "errors": [{ "resource": resource, "field": field, "code": code }],
        "documentation_url": "https://docs.github.com/rest/issues/issues",
        "status": "422",
    });
    Answer::json(422, &body)
}
