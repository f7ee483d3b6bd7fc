//! Calendars with their events.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rows::Rows;

/// Who administers the company.
pub(super) const ADMIN: &str = "an";

/// All calendars: those of `els`, who has several, and one each of the others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendars {
    /// The list of `els`.
    pub(super) list: Rows,
    /// Events by calendar.
    pub(super) events: BTreeMap<String, Rows>,
    /// How many rows a page has at most, whatever is asked.
    pub(super) most: Option<usize>,
}

/// The main calendar's id is the person's address.
pub(super) fn address(who: &str) -> &'static str {
    match who {
        "els" => "els@voorbeeld.example",
        "an" => "an@voorbeeld.example",
        _ => "piet@mail.example",
    }
}

impl Calendars {
    /// The list of a person, as it is now.
    pub(super) fn list_of(&self, who: &str) -> Rows {
        if who == "els" {
            return self.list.clone();
        }
        let mut rows = Rows::default();
        rows.put(entry(address(who), address(who), "owner", true), 0);
        rows
    }

    /// The calendar of a path, when the person may see it, and in which role.
    pub(super) fn seen(&self, who: &str, id: &str) -> Option<(String, String)> {
        let id = if id == "primary" { address(who) } else { id };
        let list = self.list_of(who);
        let row = list.row(id).filter(|row| !row.gone)?;
        Some((id.to_owned(), row.value["accessRole"].as_str().unwrap_or_default().to_owned()))
    }

    /// The calendars of `els` that are there.
    pub(super) fn listed(&self) -> Vec<Value> {
        self.list.there()
    }

    /// The events of all of these, each with the calendar's id.
    pub(super) fn all_events(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for calendar in self.listed() {
            let id = Rows::id(&calendar).to_owned();
            for mut event in self.events.get(&id).map(Rows::there).unwrap_or_default() {
                event["calendar_id"] = json!(id);
                all.push(event);
            }
        }
        all
    }
}

/// A calendar in a list.
pub(super) fn entry(id: &str, name: &str, role: &str, primary: bool) -> Value {
    let mut entry = json!({ "kind": "calendar#calendarListEntry", "id": id, "summary": name, "accessRole": role,
        "timeZone": "Europe/Brussels", "colorId": "3", "selected": true });
    if primary {
        entry["primary"] = json!(true);
    }
    entry
}

/// An event of a person.
pub(super) fn event(id: &str, who: &str, title: &str, (start, end): (&str, &str), now: &str) -> Value {
    let email = address(who);
    json!({ "kind": "calendar#event", "id": id, "status": "confirmed", "created": now, "updated": now, "summary": title,
        "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"), "description": "", "location": "Gent",
        "creator": { "email": email, "self": true }, "organizer": { "email": email, "self": true },
        "start": { "dateTime": start, "timeZone": "Europe/Brussels" }, "end": { "dateTime": end, "timeZone": "Europe/Brussels" },
        "iCalUID": format!("{id}@google.com"), "sequence": 0, "eventType": "default",
        "attendees": [{ "email": "jan@korenaar.example", "responseStatus": "accepted" }] })
}
