//! The actions, what they are about, and how a lost answer is found again.
//!
//! HubSpot takes no idempotency key. Where the customer has made a property with unique values, what is written carries the host's key
//! of the step in it and goes by *upsert*, which does no harm twice, and is found by that key. Else a note and a task end with a mark made of that
//! key, and are looked for among what changed since they were sent; a company and a deal are looked for by their names.

use patchbay_sdk::{Context, Error, Item, Object, Outcome, Result, http::Response, run};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    crm, note,
    search::{Behind, Place, Row, changed_by, search},
    text, todo,
    wire::{Api, Problem},
};

/// The step that changes what was written before; sent twice it is the same change.
const CHANGE: &str = "change";
/// How much the clocks of host and provider may differ, ms.
const CLOCKS: u64 = 600_000;
/// Pages that are looked through for what was lost.
const PAGES: u32 = 25;

/// What a tenant chose in the settings, besides what is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    pub(crate) files_folder: Option<String>,
    pub(crate) default_owner: Option<String>,
    pub(crate) todo_due_days: Option<u64>,
    note_key_property: Option<String>,
    task_key_property: Option<String>,
    company_key_property: Option<String>,
    deal_key_property: Option<String>,
}

impl Settings {
    /// The property of a type whose values are unique.
    pub(crate) fn key_property(&self, kind: &str) -> Option<&str> {
        let property = match kind {
            "notes" => &self.note_key_property,
            "tasks" => &self.task_key_property,
            "companies" => &self.company_key_property,
            _ => &self.deal_key_property,
        };
        property.as_deref().filter(|name| !name.is_empty())
    }
}

/// A record that something is written to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

/// A record as it is answered.
#[derive(Deserialize)]
struct Written {
    id: String,
}

/// What a batch answers.
#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    results: Vec<Upserted>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Upserted {
    id: String,
    #[serde(default)]
    new: bool,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let (api, settings) = (Api::of(ctx)?, ctx.settings::<Settings>()?);
    match item.action.as_str() {
        "report" => note::report(&api, &settings, item),
        "file" => note::files(&api, &settings, item),
        "note" => note::note(&api, &settings, item),
        "todo" => todo::send(ctx, &api, &settings, item),
        "contact" => crm::contact(&api, item),
        "company" => crm::company(&api, &settings, item),
        "deal" => crm::deal(&api, &settings, item),
        _ => Err(item.unsupported()),
    }
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    let (api, settings) = (Api::of(ctx)?, ctx.settings::<Settings>()?);
    let (kind, what, property) = match item.action.as_str() {
        "report" | "file" | "note" => ("notes", note::NOTE, "hs_note_body"),
        "todo" => ("tasks", todo::TASK, "hs_task_body"),
        "company" => ("companies", crm::COMPANY, "name"),
        "deal" => ("deals", crm::DEAL, "dealname"),
        _ => return Err(item.unsupported()),
    };
    if step == CHANGE {
        return Ok(None);
    }
    if !is_step(step, what) {
        return Err(item.unsupported());
    }
    if let Some(unique) = settings.key_property(kind) {
        return of_key(&api, kind, unique, &run::step_key(what));
    }
    match kind {
        "notes" => {
            let mark = text::mark(what)?;
            let is_ours = |row: &Row| row.properties.hs_note_body.as_deref().is_some_and(|body| body.contains(&mark));
            marked(&api, item, kind, property, sent_ms, is_ours)
        }
        "tasks" => {
            let mark = text::mark(what)?;
            let is_ours = |row: &Row| row.properties.hs_task_body.as_deref().is_some_and(|body| body.contains(&mark));
            marked(&api, item, kind, property, sent_ms, is_ours)
        }
        _ => {
            let name = crm::name(item)?;
            let is_called = |row: &Row| {
                let known = if kind == "deals" { &row.properties.dealname } else { &row.properties.name };
                known.as_deref() == Some(&name)
            };
            of_name(&api, kind, sent_ms, property, is_called)
        }
    }
}

/// The record with this value of a property whose values are unique.
fn of_key(api: &Api, kind: &str, property: &str, value: &str) -> Result<Option<Object>> {
    let groups = json!([{ "filters": [{ "propertyName": property, "operator": "EQ", "value": value }] }]);
    let by = changed_by(kind);
    let listing = search(api, kind, &groups, (by, "ASCENDING"), &[by], 1, 0)?;
    let listed = listing.rows()?;
    let row = listed.results.first().map(|row| listing.row(row)).transpose()?;
    Ok(row.map(|row| api.object(&row.id, kind, &row.id)))
}

/// The note or the task that carries the mark.
fn marked(
    api: &Api,
    item: &Item,
    kind: &str,
    property: &str,
    sent_ms: u64,
    is_ours: impl Fn(&Row) -> bool,
) -> Result<Option<Object>> {
    let target = Target::of(item)?;
    let found = changed_since(api, kind, sent_ms, property, is_ours)?.into_iter().next();
    Ok(found.map(|id| api.object(&id, target.kind, &target.id)))
}

/// The one record of this name that was made since; of several nobody can say which one it is.
fn of_name(
    api: &Api,
    kind: &str,
    sent_ms: u64,
    property: &str,
    is_called: impl Fn(&Row) -> bool,
) -> Result<Option<Object>> {
    let since = sent_ms.saturating_sub(CLOCKS);
    let is_ours = |row: &Row| is_called(row) && row.created().is_none_or(|created| created >= since);
    let found = changed_since(api, kind, sent_ms, property, is_ours)?;
    match found.as_slice() {
        [] => Ok(None),
        [id] => Ok(Some(api.object(id, kind, id))),
        _ => Err(Error::other(
            "Several records of this name were made in HubSpot at that time. Look there which one it is, and say so here.",
        )),
    }
}

/// The records of a type that changed since something was sent, and are what is looked for.
fn changed_since(
    api: &Api,
    kind: &str,
    sent_ms: u64,
    property: &str,
    is_it: impl Fn(&Row) -> bool,
) -> Result<Vec<String>> {
    let mut place = Place::of(sent_ms.saturating_sub(CLOCKS), api.assumed.search_page_size);
    let mut found: Vec<String> = Vec::new();
    for _ in 0..PAGES {
        let listing = place.ask(api, kind, &[property, changed_by(kind)])?;
        let listed = listing.rows()?;
        let mut moments = Vec::with_capacity(listed.results.len());
        for row in &listed.results {
            let row = listing.row(row)?;
            moments.extend(row.changed());
            // The newest row of a page comes once more.
            if is_it(&row) && !found.contains(&row.id) {
                found.push(row.id);
            }
        }
        place = match place.behind(api, &listed, &moments) {
            Behind::Nothing => return Ok(found),
            Behind::More(place) => place,
            Behind::TooMany => break,
        };
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through everything that has changed."));
        }
    }
    Err(Error::other(
        "So much has changed in HubSpot since that this connector cannot look through it. Look for it there.",
    ))
}

/// Whether a step is this one, with or without a moment in its name.
fn is_step(step: &str, what: &str) -> bool {
    step.strip_prefix(what).is_some_and(|rest| rest.is_empty() || rest.starts_with("-at-"))
}

/// A moment that is the same on every attempt, ms, and the step: where nobody said one, the step's name keeps it, because a step that is
/// sent again has to say the same.
pub(crate) fn moment(item: &Item, what: &str, said: Option<u64>) -> (u64, String) {
    if let Some(said) = said {
        return (said, what.to_owned());
    }
    let found = item.ext.iter().filter_map(|(name, _)| name.strip_prefix("step."));
    let mut begun = item.answered().chain(found);
    let kept = begun.find_map(|step| step.strip_prefix(what)?.strip_prefix("-at-")?.parse::<u64>().ok());
    let seconds = kept.unwrap_or_else(|| run::now_ms() / 1_000);
    (seconds.saturating_mul(1_000), format!("{what}-at-{seconds}"))
}

impl Target {
    /// The record that was chosen.
    pub(crate) fn of(item: &Item) -> Result<Self> {
        Self::maybe(item)?
            .ok_or_else(|| Error::invalid_input("Choose a contact, a company or a deal.").field("/id", "is missing"))
    }

    /// The same, where nothing needs to be chosen.
    pub(crate) fn maybe(item: &Item) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Chosen {
            id: Option<String>,
        }
        let Some(chosen) = item.target::<Chosen>()?.id else { return Ok(None) };
        let wrong = || {
            Error::invalid_input("Choose a contact, a company or a deal.")
                .field("/id", "This is not the id of a record.")
        };
        let (kind, id) = chosen.split_once('/').ok_or_else(wrong)?;
        let kind = ["contacts", "companies", "deals"].into_iter().find(|known| *known == kind).ok_or_else(wrong)?;
        if !(1..=20).contains(&id.len()) || !id.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong());
        }
        Ok(Some(Self { kind, id: id.to_owned() }))
    }
}

/// Writes a record of a type: by the property with unique values, or as a step; its id.
pub(crate) fn write(
    api: &Api,
    settings: &Settings,
    item: &Item,
    kind: &str,
    (what, step): (&str, &str),
    properties: &Map<String, Value>,
    target: Option<&Target>,
) -> Result<String> {
    let number = |target: &&Target| api.assumed.association_types.get(kind)?.get(target.kind).copied();
    let (id, linked) = if let Some(property) = settings.key_property(kind) {
        match item.found(step) {
            Some(found) => (found.id, false),
            None => (upsert(api, kind, step, (property, &run::step_key(what)), properties)?.0, false),
        }
    } else if let Some(found) = item.found(step) {
        (found.id, target.as_ref().and_then(number).is_some())
    } else {
        let mut body = json!({ "properties": properties });
        let link = target.and_then(|target| Some((target, number(&target)?)));
        if let (Some((target, number)), Some(members)) = (link, body.as_object_mut()) {
            let types = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number }]);
            members.insert("associations".to_owned(), json!([{ "to": { "id": target.id }, "types": types }]));
        }
        let answer = api.ok(api.create(kind, step)?.json(&body).send()?)?;
        (id_of(&answer)?, link.is_some())
    };
    if let Some(target) = target.filter(|_| !linked) {
        api.ok(api.link((kind, &id), (target.kind, &target.id))?.send()?)?;
    }
    Ok(id)
}

/// Changes a record that was written before.
pub(crate) fn change(api: &Api, kind: &str, id: &str, properties: &Map<String, Value>) -> Result<()> {
    let answer = api.ok(api.change(kind, id, CHANGE)?.json(&json!({ "properties": properties })).send()?)?;
    id_of(&answer).map(drop)
}

/// Creates the record with this value of a unique property, or changes it; its id, and whether it is new.
pub(crate) fn upsert(
    api: &Api,
    kind: &str,
    step: &str,
    (property, value): (&str, &str),
    properties: &Map<String, Value>,
) -> Result<(String, bool)> {
    let body = json!({ "inputs": [{ "idProperty": property, "id": value, "properties": properties }] });
    let answer = api.ok(api.upsert(kind, step)?.json(&body).send()?)?;
    let batch: Batch = answer.json()?;
    match (batch.results.into_iter().next(), batch.errors.first()) {
        (Some(row), _) if is_id(&row.id) => Ok((row.id, row.new)),
        (None, Some(problem)) => {
            // 207: a refusal in the guise of a success; nothing was written.
            run::step_refused(step);
            Err(api.row(problem, &format!("an upsert of {kind}")))
        }
        _ => Err(answer.unreadable("neither a row nor an error")),
    }
}

fn id_of(answer: &Response) -> Result<String> {
    let id = answer.json::<Written>()?.id;
    if is_id(&id) { Ok(id) } else { Err(answer.unreadable("an id that is none")) }
}

fn is_id(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|digit| digit.is_ascii_digit())
}
