//! The actions: one request each.

use patchbay_definition::{Action, BodyKind, Meaning};
use patchbay_sdk::{
    Attachment, Context, Error, Item, Object, Outcome, RawValue, Result,
    http::{Effect, Part, Request, Response},
    run,
};
use serde_json::{Value, json};

use crate::{
    meaning::{self, Asked},
    raw, render,
    values::Values,
    wire::Api,
};

/// The one step of every action.
pub(crate) const STEP: &str = "send";

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let values = Values::of(ctx)?.with(item)?;
    let api = Api::of(ctx)?;
    let action = api.definition.actions.iter().find(|action| action.name == item.action);
    let action = action.ok_or_else(|| item.unsupported())?;
    let response = request(&api, &values, action, &item.attachments)?.send()?;
    outcome(&api, action, &response)
}

fn request(api: &Api, values: &Values<'_>, action: &Action, files: &[Attachment]) -> Result<Request> {
    let mut request = api.request(&action.method, &api.url(&action.path, values)?);
    for (name, template) in &action.query {
        if let Some(value) = values.query(template)? {
            request = request.query(name, value);
        }
    }
    for (name, template) in &action.headers {
        if let Some(value) = values.header(template)? {
            request = request.header(name, value);
        }
    }
    if let Some(name) = action.idempotency.as_ref().and_then(|idempotency| idempotency.header.as_ref()) {
        request = request.header(name, run::step_key(STEP));
    }
    // Also what is repeatable: the manifest says `upsert` then, and the host sends it again when its answer was lost.
    Ok(with_body(request, values, action, files)?.effect(Effect::Write).step(STEP))
}

fn with_body(request: Request, values: &Values<'_>, action: &Action, files: &[Attachment]) -> Result<Request> {
    let mut body = action.body.clone();
    if let Some(field) = action.idempotency.as_ref().and_then(|idempotency| idempotency.body_field.as_ref()) {
        let body = body.get_or_insert_with(|| json!({}));
        if let Some(members) = body.as_object_mut() {
            members.insert(field.clone(), Value::from("{idempotency-key}"));
        }
    }
    match (action.content_type, &body) {
        (BodyKind::Multipart, _) => Ok(request.multipart(parts(values, action, files)?)),
        (BodyKind::Form, Some(Value::Object(members))) => {
            let mut pairs = Vec::new();
            for (name, template) in members {
                let value = match template {
                    Value::String(template) => values.text(template)?,
                    Value::Null => None,
                    other => Some(other.to_string()),
                };
                pairs.extend(value.map(|value| (name.as_str(), value)));
            }
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Ok(request.form(&pairs))
        }
        (_, Some(template)) => {
            let rendered = render::body(template, values)?;
            let blobs: Vec<(&str, &str)> =
                rendered.blobs.iter().map(|(at, blob)| (at.as_str(), blob.as_str())).collect();
            Ok(request.json_with_blobs(&rendered.json, &blobs))
        }
        (_, None) => Ok(request),
    }
}

fn parts(values: &Values<'_>, action: &Action, files: &[Attachment]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for part in &action.parts {
        if part.file {
            let file = |file: &Attachment| {
                Part::blob(part.name.clone(), file.blob.clone())
                    .filename(file.name.clone())
                    .content_type(file.media_type.clone())
            };
            parts.extend(files.iter().map(file));
        } else if let Some(text) = part.value.as_deref().map(|template| values.text(template)).transpose()?.flatten() {
            parts.push(Part::text(part.name.clone(), text));
        }
    }
    if parts.is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/attachments", "Add a file."));
    }
    Ok(parts)
}

fn outcome(api: &Api, action: &Action, response: &Response) -> Result<Outcome> {
    if action.already.contains(&response.status()) {
        return Ok(Outcome::Exists(object(action, response)?.unwrap_or_else(unnamed)));
    }
    if let Some(meaning) = meaning::of(&api.definition, response, Asked::Write) {
        return match meaning {
            Meaning::AlreadyExists => Ok(Outcome::Exists(object(action, response)?.unwrap_or_else(unnamed))),
            meaning => Err(meaning::error(&api.definition, response, Asked::Write, meaning)),
        };
    }
    if !action.success.is_empty() && !action.success.contains(&response.status()) {
        return Err(response.unreadable("a success that the definition does not name"));
    }
    let object = match (&action.result.id, object(action, response)?) {
        (_, Some(object)) => object,
        // Nothing says that it was done: the answer is not the one that is defined.
        (Some(_), None) if action.method != "DELETE" => {
            return Err(match response.json::<&RawValue>() {
                Ok(_) => response.unreadable("an answer without the id of what was written"),
                Err(error) => error,
            });
        }
        _ => unnamed(),
    };
    let changed =
        action.method == "DELETE" || action.method == "PATCH" || (action.method == "PUT" && response.status() != 201);
    Ok(if changed { Outcome::Updated(object) } else { Outcome::Created(object) })
}

/// What was written, where the answer names it.
fn object(action: &Action, response: &Response) -> Result<Option<Object>> {
    let Ok(body) = serde_json::from_slice::<&RawValue>(response.body()) else { return Ok(None) };
    let text = |at: &Option<String>| at.as_deref().and_then(|at| raw::at(body, at)).and_then(raw::text);
    let Some(id) = text(&action.result.id).filter(|id| !id.is_empty()) else { return Ok(None) };
    let object = Object::of(id);
    // Only an address that a person can open is one.
    Ok(Some(match text(&action.result.url).filter(|url| url.starts_with("https://")) {
        Some(url) => object.url(url),
        None => object,
    }))
}

/// An object that the API does not name: the host's key of the write stands for it.
fn unnamed() -> Object {
    Object::of(run::step_key(STEP))
}
