//! What is there at the start.

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{
    calendars::{Calendars, address, entry, event},
    directory::{Directory, group, token, user},
    rows::Rows,
};

/// A calendar that `els` shares with a team, one that others share with her, one of Google's own, and one that she does not show.
pub(super) const TEAM: &str = "c_team0001@group.calendar.google.com";
pub(super) const SHARED: &str = "jan@voorbeeld.example";
pub(super) const HOLIDAYS: &str = "nl.be#holiday@group.v.calendar.google.com";
pub(super) const HIDDEN: &str = "c_oud0002@group.calendar.google.com";
/// A weekly event of the main calendar: four times, the second of which does not take place.
pub(super) const SERIES: &str = "7k2mseries0";
/// An event that somebody else organises.
pub(super) const INVITED: &str = "7k2minvited";

const HOUR: i64 = 3_600_000;

/// A moment as Google writes it.
pub(super) fn moment(ms: i64) -> String {
    let text = Timestamp::from_millis(ms).to_string();
    format!("{}Z", text.get(..19).unwrap_or_default())
}

/// Calendars and events around now.
pub(super) fn calendars(now: Timestamp) -> Calendars {
    let now = now.as_millis();
    let mut all = Calendars::default();
    let els = address("els");
    for (id, name, role) in [
        (els, els, "owner"),
        (TEAM, "Team verkoop", "owner"),
        (SHARED, "Jan", "reader"),
        (HOLIDAYS, "Feestdagen", "reader"),
    ] {
        all.list.put(entry(id, name, role, id == els), 0);
    }
    let mut hidden = entry(HIDDEN, "Oud project", "writer", false);
    hidden["hidden"] = json!(true);
    all.list.put(hidden, 0);
    for (calendar, count) in [(els, 14), (TEAM, 5), (SHARED, 3), (HOLIDAYS, 2), (HIDDEN, 2), (address("an"), 2)] {
        let rows = all.events.entry(calendar.to_owned()).or_default();
        for at in 0..count {
            let start = now + (i64::from(at) - 6) * 24 * HOUR;
            let id = format!("7k2m{at:02}{}", calendar.len());
            add(rows, &id, &format!("Klantgesprek {at}"), start, now);
        }
    }
    let rows = all.events.entry(els.to_owned()).or_default();
    add(rows, SERIES, "Weekoverleg", now - 48 * HOUR, now);
    rows.change(SERIES, |event| event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]));
    let second = instance(SERIES, now - 48 * HOUR + 7 * 24 * HOUR);
    rows.put(
        json!({ "kind": "calendar#event", "id": second, "status": "cancelled", "recurringEventId": SERIES,
            "originalStartTime": { "dateTime": moment(now + 5 * 24 * HOUR), "timeZone": "Europe/Brussels" } }),
        now + 5 * 24 * HOUR,
    );
    add(rows, INVITED, "Bij de bank", now + 3 * HOUR, now);
    rows.change(INVITED, |event| {
        event["organizer"] = json!({ "email": "bank@korenaar.example" });
    });
    all
}

/// Adds an event of an hour.
pub(super) fn add(rows: &mut Rows, id: &str, title: &str, start: i64, now: i64) {
    let span = (moment(start), moment(start + HOUR));
    rows.put(event(id, "els", title, (&span.0, &span.1), &moment(now)), start);
}

/// The id of one of a series.
pub(super) fn instance(series: &str, start: i64) -> String {
    let plain: String = moment(start).chars().filter(|letter| !"-:".contains(*letter)).collect();
    format!("{series}_{plain}")
}

/// The company.
pub(super) fn directory(now: Timestamp) -> Directory {
    let now = moment(now.as_millis());
    let mut all = Directory::default();
    for at in 0..15 {
        let mut one = user(at, &now);
        match at {
            0 => one["isAdmin"] = json!(true),
            3 => one["suspended"] = json!(true),
            4 => one["archived"] = json!(true),
            _ => {}
        }
        all.users.push(one);
    }
    let mut left = user(90, &now);
    left["deletionTime"] = json!(now);
    all.deleted.push(left);
    for at in 0..4 {
        all.groups.push(group(at));
        // The last one has nobody: its list has no rows at all.
        for who in 0..at * 3 {
            all.join(&format!("group{at:04}"), who);
        }
    }
    all.members.retain(|(group, _)| group != "group0000");
    for at in 0..5 {
        for client in 0..=(at % 3) {
            all.tokens.push((Value::from(format!("{}", 118_000 + at)), token(at, client)));
        }
    }
    all
}
