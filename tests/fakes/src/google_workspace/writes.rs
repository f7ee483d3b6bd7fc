//! Events that are made and changed (sheet 6). An id of the caller's own is taken once; a change may be made dependent on the
//! version that was read.

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    GoogleWorkspace,
    calendars::{Calendars, event},
    lists::{one_of, told},
    problem, refusal,
    rows::Rows,
    seeded::moment,
    served,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, strict,
};

const FIELDS: [&str; 8] =
    ["id", "summary", "description", "location", "start", "end", "attendees", "extendedProperties"];
/// Letters of a description.
const LONGEST: usize = 8_192;

/// `GET calendars/{id}/events/{event}`.
pub(super) fn get(
    google: &GoogleWorkspace,
    request: &Incoming,
    caller: &Caller,
    path: (&str, &str),
) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(|why| refusal(&why))?;
    let mut all = lock(&google.calendars);
    let (calendar, _) = seen(&all, caller, path.0)?;
    let row = found(&mut all, &calendar, path.1)?;
    Ok(Answer::json(200, &row).serving(vec![served("event", Rows::id(&row), &row)]))
}

/// `POST calendars/{id}/events`.
pub(super) fn insert(
    google: &GoogleWorkspace,
    request: &Incoming,
    caller: &Caller,
    calendar: &str,
) -> Result<Answer, Answer> {
    mails(request)?;
    let body = strict::object(request, &FIELDS).map_err(|why| refusal(&why))?;
    let now = google.clock.now().as_millis();
    let mut all = lock(&google.calendars);
    let calendar = writable(&all, caller, calendar)?;
    let id = match body.get("id").and_then(Value::as_str) {
        Some(id) if is_id(id) => id.to_owned(),
        Some(_) => return Err(problem(400, "invalid", "Invalid resource id value.")),
        None => format!("7k2mnew{:05}", all.events.values().map(|rows| rows.number).sum::<u64>()),
    };
    let rows = all.events.entry(calendar.clone()).or_default();
    if rows.row(&id).is_some() {
        return Err(problem(409, "duplicate", "The requested identifier already exists."));
    }
    let start = span(&body, true)?;
    checked(&body)?;
    let mut made = event(&id, caller.who, "", ("", ""), &moment(now));
    if let Some(members) = made.as_object_mut() {
        members.remove("attendees");
        members.extend(body.clone());
    }
    made["id"] = json!(id);
    rows.put(made, start);
    let told = rows.row(&id).map(|row| row.value.clone()).unwrap_or_default();
    let created = Created { kind: "event".to_owned(), id, parent: calendar, content: Value::Object(body) };
    Ok(Answer::json(200, &told).after(created))
}

/// `PATCH calendars/{id}/events/{event}`.
pub(super) fn patch(
    google: &GoogleWorkspace,
    request: &Incoming,
    caller: &Caller,
    path: (&str, &str),
) -> Result<Answer, Answer> {
    mails(request)?;
    let body = strict::object(request, FIELDS.get(1..).unwrap_or_default()).map_err(|why| refusal(&why))?;
    let now = google.clock.now().as_millis();
    let mut all = lock(&google.calendars);
    let calendar = writable(&all, caller, path.0)?;
    let there = found(&mut all, &calendar, path.1)?;
    if there["status"] == "cancelled" {
        return Err(problem(410, "deleted", "Resource has been deleted"));
    }
    if request.header("if-match").is_some_and(|etag| there["etag"] != *etag) {
        return Err(problem(412, "conditionNotMet", "Precondition Failed"));
    }
    if there["organizer"]["self"] != true {
        return Err(problem(
            403,
            "forbiddenForNonOrganizer",
            "Shared properties can only be changed by the organizer.",
        ));
    }
    span(&body, false)?;
    checked(&body)?;
    let marks = |value: &Value| {
        let private = value["extendedProperties"]["private"].as_object();
        private.map_or(0, |private| private.keys().filter(|name| *name != "patchbay_key").count())
    };
    let before = marks(&there);
    let rows = all.events.entry(calendar.clone()).or_default();
    let id = Rows::id(&there).to_owned();
    if rows.row(&id).is_none() {
        // One of a series becomes an event of its own.
        let start = there["start"]["dateTime"].as_str().and_then(ms).unwrap_or_default();
        rows.put(there, start);
    }
    rows.change(&id, |event| {
        merge(event, &Value::Object(body.clone()));
        event["updated"] = json!(moment(now));
    });
    let row = rows.row(&id).map(|row| row.value.clone()).unwrap_or_default();
    let kind = if marks(&row) > before { "note" } else { "change" };
    let created = Created { kind: kind.to_owned(), id, parent: calendar, content: Value::Object(body) };
    Ok(Answer::json(200, &row).after(created))
}

fn seen(all: &Calendars, caller: &Caller, calendar: &str) -> Result<(String, String), Answer> {
    all.seen(caller.who, calendar).ok_or_else(|| problem(404, "notFound", "Not Found"))
}

fn writable(all: &Calendars, caller: &Caller, calendar: &str) -> Result<String, Answer> {
    let (id, role) = seen(all, caller, calendar)?;
    if ["owner", "writer"].contains(&role.as_str()) { Ok(id) } else { Err(problem(403, "forbidden", "Forbidden")) }
}

/// The event of this id, one of a series as well.
fn found(all: &mut Calendars, calendar: &str, id: &str) -> Result<Value, Answer> {
    let rows = all.events.entry(calendar.to_owned()).or_default();
    if let Some(row) = rows.row(id) {
        return Ok(told(row));
    }
    let missing = || problem(404, "notFound", "Not Found");
    let (series, at) = id.split_once('_').ok_or_else(missing)?;
    let row = rows.row(series).filter(|row| row.value.get("recurrence").is_some()).ok_or_else(missing)?;
    let start = (0..4)
        .map(|week| row.start + week * 7 * 86_400_000)
        .find(|start| super::seeded::instance(series, *start).ends_with(at));
    Ok(one_of(&row.value, id, start.ok_or_else(missing)?))
}

/// Own ids have the letters of base32hex.
fn is_id(id: &str) -> bool {
    (5..=1_024).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte))
}

fn mails(request: &Incoming) -> Result<(), Answer> {
    strict::params("query parameter", &request.query, &["sendUpdates"]).map_err(|why| refusal(&why))?;
    strict::choice(request, "sendUpdates", &["none", "externalOnly", "all"]).map(drop).map_err(|why| refusal(&why))
}

/// When it begins; beginning and end have to fit each other.
fn span(body: &Map<String, Value>, needed: bool) -> Result<i64, Answer> {
    let (Some(start), Some(end)) = (body.get("start"), body.get("end")) else {
        let both = body.get("start").is_none() && body.get("end").is_none();
        return if needed || !both { Err(problem(400, "required", "Missing end time.")) } else { Ok(0) };
    };
    let read = |moment: &Value| match (moment["date"].as_str(), moment["dateTime"].as_str()) {
        (Some(day), None) => ms(&format!("{day}T00:00:00Z")).map(|ms| (true, ms)),
        (None, Some(text)) => ms(text).map(|ms| (false, ms)),
        _ => None,
    };
    let (Some((days, first)), Some((also, last))) = (read(start), read(end)) else {
        return Err(problem(400, "invalid", "Invalid start or end time."));
    };
    if days != also || last < first || (days && last == first) {
        return Err(problem(400, "timeRangeEmpty", "The specified time range is empty."));
    }
    Ok(first)
}

fn checked(body: &Map<String, Value>) -> Result<(), Answer> {
    let text = body.get("description").and_then(Value::as_str).unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(problem(400, "invalid", "Description is too long."));
    }
    if let Some(properties) = body.get("extendedProperties") {
        let private =
            properties["private"].as_object().ok_or_else(|| refusal("extendedProperties holds `private` only"))?;
        if let Some((name, _)) =
            private.iter().find(|(name, value)| !name.starts_with("patchbay_") || !value.is_string() || name.len() > 44)
        {
            return Err(refusal(&format!("the private property {name:?} is none of ours")));
        }
    }
    for one in body.get("attendees").and_then(Value::as_array).into_iter().flatten() {
        if !one["email"].as_str().unwrap_or_default().contains('@') {
            return Err(problem(400, "invalid", "Invalid attendee email."));
        }
    }
    Ok(())
}

fn ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millis)
}

/// Objects are merged member by member; `null` takes one away.
fn merge(there: &mut Value, patch: &Value) {
    let (Some(members), Some(patch)) = (there.as_object_mut(), patch.as_object()) else { return };
    for (name, value) in patch {
        match (members.get_mut(name), value) {
            (_, Value::Null) => drop(members.remove(name)),
            (Some(there), Value::Object(_)) if there.is_object() => merge(there, value),
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
}
