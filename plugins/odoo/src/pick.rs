//! The pickers, asked of Odoo while a person types: the record that a meeting is about, and the project of a task.

use patchbay_sdk::{Case, Choice, Choices, Context, Error, PickRequest, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::Api;

/// Choices of one kind, at most.
const MOST: usize = 12;

/// What can be chosen to write to: the model, what people call it, the field that tells equal names apart, and what to
/// search besides the name.
const KINDS: [(&str, &str, &str, &str); 4] = [
    ("res.partner", "Contact", "email", "email"),
    ("crm.lead", "Lead", "partner_id", "email_from"),
    ("calendar.event", "Event", "start", "location"),
    ("project.task", "Task", "project_id", "name"),
];

#[derive(Deserialize)]
struct Row {
    id: u64,
    display_name: Value,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    let api = Api::of(ctx)?;
    match request.picker.as_str() {
        "records" => records(&api, &request.query),
        "projects" => projects(&api, &request.query),
        other => Err(Error::unsupported(format!("This connector has no picker `{other}`."))),
    }
}

fn records(api: &Api, query: &str) -> Result<Choices> {
    let (mut choices, mut refused) = (Vec::new(), None);
    for (model, title, hint, also) in KINDS {
        match found(api, model, query, &[also], hint) {
            Ok(rows) => choices.extend(rows.into_iter().map(|row| {
                let told = row.rest.get(hint).map(shown).filter(|told| !told.is_empty());
                let hint = told.map_or_else(|| title.to_owned(), |told| format!("{title} · {told}"));
                Choice::of(format!("{model},{}", row.id), name(&row)).hint(hint)
            })),
            // An app that is not installed, or closed to this person, has nothing to choose from.
            Err(error) if matches!(error.case(), Case::NotFound | Case::PermissionDenied) => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if choices.is_empty() && query.is_empty() => Err(error),
        _ => Ok(Choices::of(choices)),
    }
}

fn projects(api: &Api, query: &str) -> Result<Choices> {
    let rows = found(api, "project.project", query, &[], "partner_id")?;
    let choice = |row: &Row| {
        let choice = Choice::of(row.id, name(row));
        match row.rest.get("partner_id").map(shown).filter(|told| !told.is_empty()) {
            Some(told) => choice.hint(told),
            None => choice,
        }
    };
    Ok(Choices::of(rows.iter().map(choice).collect()))
}

/// Records whose name, or one of the other fields, holds what was typed; archived ones are not offered.
fn found(api: &Api, model: &str, query: &str, also: &[&str], hint: &str) -> Result<Vec<Row>> {
    let mut domain = vec![json!(["active", "=", true])];
    if !query.is_empty() {
        domain.extend(also.iter().map(|_| json!("|")));
        domain.push(json!(["name", "ilike", query]));
        domain.extend(also.iter().map(|field| json!([field, "ilike", query])));
    }
    api.search(model, Value::Array(domain), &["display_name", hint], "write_date desc, id desc", MOST)
}

/// The name of an address without one is that of its company, which is part of the name that is shown.
fn name(row: &Row) -> String {
    row.display_name.as_str().map_or_else(|| format!("Record {}", row.id), str::to_owned)
}

/// A text, or the name of a record that is referred to.
fn shown(value: &Value) -> String {
    value.as_str().or_else(|| value.get(1)?.as_str()).unwrap_or_default().to_owned()
}
