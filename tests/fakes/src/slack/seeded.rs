//! What the workspaces hold at the start: most of it days old, and a little of today.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    data::{Channel, ELS, Kind, MAIN, OTHER, Space, Spaces},
    message::{Message, entities},
};
use crate::seed;

const DAY: i64 = 86_400;
/// Who is in a shared channel and in no list of people here.
const STRANGER: &str = "U0ELDERS1";
const NAMES: [&str; 10] = [
    "Els Janssens",
    "Bart Claes",
    "Zoë D'Hondt",
    "Piet & Zonen",
    "Amélie Éclair",
    "Jan Wouters",
    "日本 太郎",
    "Fatima El Idrissi",
    "Tom \"T\" Maes",
    "Sofie Peeters",
];
/// Name, kind, whether it is archived, whether the bot is in it, and how many messages it has.
const CHANNELS: [(&str, Kind, bool, bool, usize); 13] = [
    ("general", Kind::Public, false, true, 14),
    ("verslagen", Kind::Public, false, true, 12),
    ("random", Kind::Public, false, false, 3),
    ("oud-project", Kind::Public, true, false, 4),
    ("boekhouding", Kind::Private, false, true, 6),
    ("directie", Kind::Private, false, false, 3),
    ("klant-extern", Kind::Public, false, true, 5),
    ("project-1", Kind::Public, false, false, 0),
    ("project-2", Kind::Public, false, false, 1),
    ("project-3", Kind::Public, false, false, 0),
    ("verkoop", Kind::Public, false, false, 0),
    ("support", Kind::Public, false, false, 2),
    ("nieuws", Kind::Public, false, false, 0),
];

impl Spaces {
    pub(super) fn seeded(seed: u64, now: i64) -> Self {
        let mut main = empty(MAIN, "Voorbeeld BV", "voorbeeld");
        main.users = (0..27).map(|at| person(MAIN, at, now)).collect();
        main.users.push(bot(&main, now));
        main.groups = (0..14).map(|at| group(at, now)).collect();
        let people: Vec<String> = (0..6).map(user_id).chain([main.bot.clone()]).collect();
        for (at, (name, kind, archived, joined, count)) in CHANNELS.into_iter().enumerate() {
            let id = format!("C0VB{:05}", at + 1);
            let mut members: Vec<String> = if archived { Vec::new() } else { people.clone() };
            members.retain(|member| joined || *member != main.bot);
            if name == "general" {
                members.extend((6..20).map(user_id));
            }
            if name == "klant-extern" {
                members.push(STRANGER.to_owned());
            }
            let created = now - 400 * DAY;
            let channel = Channel {
                id: id.clone(),
                name: name.to_owned(),
                kind,
                archived,
                created,
                members,
                messages: Vec::new(),
            };
            main.channels.push(channel);
            talk(&mut main, seed, &id, count, now);
        }
        threads(&mut main, seed, "C0VB00002", now);
        let mut other = empty(OTHER, "Tweede Kantoor", "tweede");
        other.users = vec![person(OTHER, 0, now), bot(&other, now)];
        Self { main, other }
    }
}

fn empty(id: &'static str, name: &str, domain: &'static str) -> Space {
    Space {
        id,
        name: name.to_owned(),
        domain,
        email_domain: format!("{domain}.example"),
        bot: "U0PATCHBY".to_owned(),
        users: Vec::new(),
        channels: Vec::new(),
        groups: Vec::new(),
        files: Vec::new(),
        looked_up: BTreeSet::new(),
        made: 0,
    }
}

pub(super) fn user_id(at: usize) -> String {
    if at == 0 { ELS.to_owned() } else { format!("U0VB{at:05}") }
}

/// A member of a workspace; some are gone, some are guests.
pub(super) fn person(team: &str, at: usize, now: i64) -> Value {
    let name = seed::pick(&NAMES, at);
    let handle = format!("p{at}");
    let deleted = at % 9 == 4;
    json!({
        "id": user_id(at), "team_id": team, "name": handle, "deleted": deleted, "real_name": format!("{name} {at}"),
        "tz": "Europe/Brussels", "tz_offset": 3_600, "is_admin": at == 0, "is_owner": at == 0, "is_bot": false,
        "is_restricted": at % 7 == 3, "is_ultra_restricted": false, "is_app_user": false, "has_2fa": at.is_multiple_of(2),
        "updated": now - 3 * DAY - i64::try_from(at).unwrap_or_default() * 3_600,
        "profile": {
            "email": format!("{handle}@voorbeeld.example"), "display_name": handle, "real_name": format!("{name} {at}"),
            "status_text": "", "image_72": format!("https://avatars.slack.example/{handle}.png"),
        },
    })
}

/// The application itself.
fn bot(space: &Space, now: i64) -> Value {
    json!({
        "id": space.bot, "team_id": space.id, "name": "patchbay", "deleted": false, "real_name": "Patchbay",
        "is_bot": true, "is_app_user": false, "updated": now - 40 * DAY,
        "profile": { "display_name": "", "real_name": "Patchbay", "status_text": "", "bot_id": "B0PATCHBY" },
    })
}

/// A user group; some are disabled.
pub(super) fn group(at: usize, now: i64) -> Value {
    let made = now - 90 * DAY;
    json!({
        "id": format!("S0VB{at:05}"), "team_id": MAIN, "is_usergroup": true, "name": format!("Groep {at}"),
        "description": "", "handle": format!("groep-{at}"), "is_external": false, "date_create": made,
        "date_update": made + i64::try_from(at).unwrap_or_default(), "date_delete": if at % 6 == 5 { made + DAY } else { 0 },
        "auto_type": null, "created_by": ELS, "updated_by": ELS, "deleted_by": null, "user_count": at % 4 + 1,
    })
}

/// Messages from ten days ago to the day before yesterday.
fn talk(space: &mut Space, seed: u64, channel: &str, count: usize, now: i64) {
    for at in 0..count {
        let step = i64::try_from(at).unwrap_or_default();
        let text = entities(&seed::text(seed, &format!("slack/{channel}/{at}"), 40));
        let user = if channel == "C0VB00007" && at % 2 == 1 { STRANGER.to_owned() } else { user_id(at % 6) };
        let make = |ts| Message::of(ts, None, &user, &text);
        space.post(channel, now - 10 * DAY + step * 14 * 3_600, make);
    }
}

/// Replies to the first messages, and a thread of today.
fn threads(space: &mut Space, seed: u64, channel: &str, now: i64) {
    let first: Vec<(String, i64)> = (0..4)
        .filter_map(|at| {
            let parent = space.channel(channel)?.messages.get(at)?;
            Some((parent.ts.clone(), now - 10 * DAY + i64::try_from(at).unwrap_or_default() * 14 * 3_600))
        })
        .collect();
    let today = now - 2 * 3_600;
    let started = space.post(channel, today, |ts| Message::of(ts, None, ELS, "Verslag staat klaar"));
    for (thread, (parent, at)) in first.into_iter().chain(started.map(|ts| (ts, today))).enumerate() {
        for reply in 0_i64..3 {
            let text = entities(&seed::text(seed, &format!("slack/reply/{thread}/{reply}"), 30));
            space.post(channel, at + 60 * (reply + 1), |ts| Message::of(ts, Some(&parent), &user_id(1), &text));
        }
    }
}
