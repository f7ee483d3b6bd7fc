//! Writing: a note and a todo at each provider, once.

use std::time::Duration;

use patchbay_test_support::wait_until;
use serde_json::{Value, json};

use super::{super::setup::World, tenant, told};
use crate::shell::Result;

const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn pick(world: &mut World) -> Result<String> {
    let api = tenant(world)?;
    let company = world.fakes.silverfin.provider.records("company");
    let name = company.first().and_then(|company| company["name"].as_str()).ok_or("the fake has no company")?;
    let path = format!(
        "/v1/connections/{}/pickers/companies?q={}",
        world.left.silverfin,
        name.split(' ').next().unwrap_or(name)
    );
    let answer = told(api.get(&path).and_then(|answer| answer.expect(200)))?;
    let choices = told(answer.array_at("/choices"))?;
    match choices.first() {
        Some(first) => Ok(format!(
            "{} choices, first {} ({})",
            choices.len(),
            first.pointer("/label").unwrap_or(&Value::Null),
            first.pointer("/hint").unwrap_or(&Value::Null)
        )),
        None => Err(format!("no choice for {path}")),
    }
}

/// A company that certainly has a period: the first one of which a period was read.
pub(super) fn company(world: &World) -> Result<String> {
    let path = format!("/v1/connections/{}/records/periods?limit=1", world.left.silverfin);
    let periods = told(tenant(world)?.get(&path).and_then(|answer| answer.expect(200)))?;
    let company = periods.json.pointer("/items/0/record/company_id").ok_or("no period was read")?;
    Ok(company.as_str().map_or_else(|| company.to_string(), ToOwned::to_owned))
}

fn wanted(world: &World) -> Result<Vec<Value>> {
    let repository =
        world.fakes.github.provider.repositories().into_iter().next().ok_or("the fake has no repository")?;
    let issues = world.fakes.github.provider.records("issue");
    let number = issues
        .iter()
        .find(|issue| {
            issue.get("pull_request").is_none()
                && issue["repository_url"].as_str().is_some_and(|url| url.ends_with(&repository))
        })
        .and_then(|issue| issue["number"].as_u64())
        .ok_or("the fake has no issue")?;
    let company = company(world)?;
    let (github, silverfin) = (&world.left.github, &world.left.silverfin);
    Ok(vec![
        json!({"connection": github, "action": "issue", "key": "meeting-7/todo-1", "target": {"id": repository},
            "payload": {"title": "Send the annual accounts", "body": "Agreed in the meeting."}}),
        json!({"connection": github, "action": "comment", "key": "meeting-7/note-1",
            "target": {"id": repository, "number": number}, "payload": {"body": "Discussed; see the report."}}),
        json!({"connection": silverfin, "action": "note", "key": "meeting-7/note-2", "target": {"id": company},
            "payload": {"text": "Report of the meeting: all is well."}}),
        json!({"connection": silverfin, "action": "todo", "key": "meeting-7/todo-2", "target": {"id": company},
            "payload": {"text": "Ask for the missing invoice."}}),
    ])
}

pub(super) fn push(world: &mut World) -> Result<String> {
    let mut sent = Vec::new();
    for body in wanted(world)? {
        let answer = told(tenant(world)?.post("/v1/pushes", &body).and_then(|answer| answer.expect(201)))?;
        sent.push((body, told(answer.text_at("/id"))?));
    }
    for (body, id) in &sent {
        let api = tenant(world)?;
        let ended = told(wait_until("the end of a push", LIMIT, || {
            let push = api.get(&format!("/v1/pushes/{id}"))?.expect(200)?;
            let ended = push.json.pointer("/ended_at").is_some_and(Value::is_string);
            Ok((ended || push.text_at("/state")? == "unknown").then_some(push))
        }))?;
        if told(ended.text_at("/state"))? != "done" {
            return Err(format!("{body} became {}", ended.json));
        }
    }
    let objects = objects(world);
    world.left.pushes = sent;
    if objects != 4 {
        return Err(format!("4 pushes made {objects} objects"));
    }
    Ok("2 notes and 2 todos are done; the providers have 4 new objects".to_owned())
}

/// What the fakes were made to create.
pub(super) fn objects(world: &World) -> usize {
    world.fakes.github.journal.objects().len() + world.fakes.silverfin.journal.objects().len()
}

pub(super) fn again(world: &mut World) -> Result<String> {
    let api = tenant(world)?;
    for (body, id) in &world.left.pushes {
        let answer = told(api.post("/v1/pushes", body).and_then(|answer| answer.expect(200)))?;
        if told(answer.text_at("/duplicate_of"))? != *id {
            return Err(format!("{} is not told as the duplicate of {id}: {}", body["key"], answer.json));
        }
        let mut other = body.clone();
        if let Some(payload) = other.get_mut("payload").and_then(Value::as_object_mut) {
            let field = if payload.contains_key("text") { "text" } else { "body" };
            payload.insert(field.to_owned(), json!("something else"));
        }
        told(api.post("/v1/pushes", &other).and_then(|answer| answer.expect(409)))?;
    }
    let objects = objects(world);
    if objects != 4 {
        return Err(format!("the providers have {objects} objects"));
    }
    Ok("4 times duplicate_of, nothing left; the same keys with other content: 409".to_owned())
}
