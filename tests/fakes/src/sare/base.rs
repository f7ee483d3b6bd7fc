//! The address base: groups, contacts, newsletters, sends and what people did with them.

use std::collections::BTreeSet;

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use crate::seed;

const GROUPS: [&str; 3] = ["Klienci", "Newsletter PL", "VIP"];
const NAMES: [&str; 7] = ["Ola", "Łukasz", "Żaneta", "Jan \"Janek\" Nowak", "Zoë & Co", "Małgorzata", "Paweł"];
/// Contacts at the start; every fourth is in two groups.
const CONTACTS: u64 = 14;
/// Sends and events at the start.
const REPORTED: u64 = 14;
/// The moment of the first send: 2026-01-05T08:00:00Z.
const FIRST_MS: i64 = 1_767_600_000_000;
const DAY_MS: i64 = 86_400_000;

#[derive(Debug)]
pub(super) struct Base {
    groups: Vec<(u64, String)>,
    contacts: Vec<Contact>,
    newsletters: Vec<(u64, String, &'static str)>,
    sends: Vec<Send>,
    events: Vec<Event>,
}

#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) email: String,
    pub(super) status: u8,
    pub(super) groups: BTreeSet<u64>,
    /// `name`, `gsm`, `comment`, `prop` and the like.
    pub(super) more: Map<String, Value>,
}

#[derive(Debug)]
struct Send {
    id: u64,
    newsletter: u64,
    subject: String,
    sent_at: Timestamp,
    opens: u64,
}

#[derive(Debug)]
struct Event {
    id: u64,
    kind: String,
    email: String,
    time: Timestamp,
}

impl Base {
    pub(super) fn seeded(start: u64) -> Self {
        let groups = (1..).zip(GROUPS.map(str::to_owned)).collect();
        let contacts = (0..CONTACTS)
            .map(|at| {
                let draw = usize::try_from(seed::number(start, &format!("sare/name/{at}")) % 97).unwrap_or_default();
                let mut more = Map::new();
                more.insert("name".to_owned(), json!(seed::pick(&NAMES, draw)));
                more.insert("gsm".to_owned(), json!(format!("+48600{:06}", at * 7_919)));
                let second = if at % 4 == 0 { 2 } else { at % 2 + 1 };
                // One is not confirmed, one was removed by hand.
                let status = if at == 12 {
                    6
                } else if at == 13 {
                    2
                } else {
                    8
                };
                let email = format!("osoba+{at}@poczta.example");
                Contact { email, status, groups: [1 + at % 2, second].into(), more }
            })
            .collect();
        let kinds = ["ready", "ready", "ready", "ready", "ready", "ready", "temporary", "temporary"];
        let newsletters = (4_711..).zip(kinds).map(|(id, kind)| (id, format!("Newsletter {id}"), kind)).collect();
        let at = |place: u64| Timestamp::from_millis(FIRST_MS + i64::try_from(place).unwrap_or_default() * DAY_MS);
        let sends = (0..REPORTED)
            .map(|place| {
                let subject = format!("Wysyłka {place}");
                Send { id: 900 + place, newsletter: 4_711, subject, sent_at: at(place), opens: place }
            })
            .collect();
        let events = (0..REPORTED)
            .map(|place| {
                let kind = seed::pick(&["open", "click", "bounce"], usize::try_from(place).unwrap_or_default());
                let email = format!("osoba+{place}@poczta.example");
                Event { id: 5_000 + place, kind: kind.to_owned(), email, time: at(place) }
            })
            .collect();
        Self { groups, contacts, newsletters, sends, events }
    }

    /// An account in which there is nothing yet.
    pub(super) fn empty() -> Self {
        Self {
            groups: Vec::new(),
            contacts: Vec::new(),
            newsletters: Vec::new(),
            sends: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn add_group(&mut self, name: &str) -> u64 {
        let id = self.groups.iter().map(|(id, _)| *id).max().unwrap_or_default() + 1;
        self.groups.push((id, name.to_owned()));
        id
    }

    pub(super) fn remove_group(&mut self, id: u64) {
        self.groups.retain(|(known, _)| *known != id);
    }

    pub(super) fn add_contact(&mut self, email: &str, name: &str, groups: &[u64]) {
        let more = [("name".to_owned(), json!(name))].into_iter().collect();
        let groups = groups.iter().copied().collect();
        self.contacts.push(Contact { email: email.to_owned(), status: 8, groups, more });
    }

    pub(super) fn set_status(&mut self, email: &str, status: u8) {
        if let Some(contact) = self.contact_mut(email) {
            contact.status = status;
        }
    }

    pub(super) fn rename(&mut self, email: &str, name: &str) {
        if let Some(contact) = self.contact_mut(email) {
            contact.more.insert("name".to_owned(), json!(name));
        }
    }

    pub(super) fn add_newsletter(&mut self, name: &str) -> u64 {
        let id = self.newsletters.iter().map(|(id, ..)| *id).max().unwrap_or(4_710) + 1;
        self.newsletters.push((id, name.to_owned(), "ready"));
        id
    }

    pub(super) fn add_send(&mut self, subject: &str, now: Timestamp) -> u64 {
        let id = self.sends.iter().map(|send| send.id).max().unwrap_or(899) + 1;
        self.sends.push(Send { id, newsletter: 4_711, subject: subject.to_owned(), sent_at: now, opens: 0 });
        id
    }

    pub(super) fn open_newest_send(&mut self) {
        if let Some(send) = self.sends.iter_mut().max_by_key(|send| send.sent_at) {
            send.opens += 1;
        }
    }

    pub(super) fn add_event(&mut self, kind: &str, email: &str, now: Timestamp) -> u64 {
        let id = self.events.iter().map(|event| event.id).max().unwrap_or(4_999) + 1;
        self.events.push(Event { id, kind: kind.to_owned(), email: email.to_owned(), time: now });
        id
    }

    pub(super) fn contact(&self, email: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn contact_mut(&mut self, email: &str) -> Option<&mut Contact> {
        self.contacts.iter_mut().find(|contact| contact.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn push_contact(&mut self, contact: Contact) {
        self.contacts.push(contact);
    }

    pub(super) fn has_group(&self, id: u64) -> bool {
        self.groups.iter().any(|(known, _)| *known == id)
    }

    pub(super) fn has_newsletter(&self, id: u64) -> bool {
        self.newsletters.iter().any(|(known, ..)| *known == id)
    }

    /// The addresses of a group, as rows.
    pub(super) fn of_group(&self, id: u64) -> Vec<Value> {
        let inside = self.contacts.iter().filter(|contact| contact.groups.contains(&id));
        inside.map(|contact| json!({ "email": contact.email })).collect()
    }

    pub(super) fn newsletters_of(&self, kind: &str) -> Vec<Value> {
        let of_kind = self.newsletters.iter().filter(|(.., known)| *known == kind);
        of_kind.map(|(id, name, _)| json!({ "id": id, "name": name, "subject": format!("Temat {id}") })).collect()
    }

    /// Sends of a day (`2026-11-21`) and later.
    pub(super) fn sends_from(&self, day: Option<&str>) -> Vec<Value> {
        let sent = self.sends.iter().filter(|send| day.is_none_or(|day| send.sent_at.to_string().as_str() >= day));
        sent.map(Send::json).collect()
    }

    pub(super) fn events_since(&self, since: i64) -> Vec<Value> {
        self.events.iter().filter(|event| event.seconds() >= since).map(Event::json).collect()
    }

    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "group" => Some(self.groups.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect()),
            "contact" => Some(self.contacts.iter().map(Contact::json).collect()),
            "newsletter" => {
                let of = |kind: &str| self.newsletters_of(kind);
                Some([of("ready"), of("temporary")].concat())
            }
            "send" => Some(self.sends_from(None)),
            "event" => Some(self.events_since(i64::MIN)),
            _ => None,
        }
    }
}

impl Contact {
    pub(super) fn json(&self) -> Value {
        let mut all = self.more.clone();
        all.insert("email".to_owned(), json!(self.email));
        all.insert("status".to_owned(), json!(self.status));
        all.insert("groups".to_owned(), json!(self.groups));
        all.insert("mail_type".to_owned(), json!(["HTML", "text"]));
        Value::Object(all)
    }
}

impl Send {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "newsletter_id": self.newsletter,
            "subject": self.subject,
            "sent_at": self.sent_at.to_string(),
            "recipients": 100,
            "opens": self.opens,
            "clicks": 0,
            "bounces": 0,
            "unsubscribes": 0,
        })
    }
}

impl Event {
    fn seconds(&self) -> i64 {
        self.time.as_millis().div_euclid(1_000)
    }

    fn json(&self) -> Value {
        json!({ "id": self.id, "type": self.kind, "email": self.email, "send_id": 900, "time": self.seconds() })
    }
}
