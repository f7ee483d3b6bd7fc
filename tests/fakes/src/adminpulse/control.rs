//! What a test or a person changes at the provider: relations, tasks, e-mails, and whether tasks tell their reference.

use serde_json::{Value, json};

use super::{Adminpulse, data};
use crate::{control, exchange::Incoming, lock};

impl Adminpulse {
    /// Adds a relation; its unique identifier.
    pub fn add_relation(&self, name: &str) -> String {
        let mut data = lock(&self.data);
        let at = data.of("relation").len() + 500;
        let (id, unique) = (data.next_id('r'), data::unique(at));
        data.add("relation", data::relation(&id, &unique, at, name));
        unique
    }

    /// Changes a member of a record; whether there is one of this id.
    pub fn change(&self, kind: &str, id: &str, member: &str, value: Value) -> bool {
        let mut data = lock(&self.data);
        let record = data.with_mut(kind, id).and_then(Value::as_object_mut);
        record.is_some_and(|record| record.insert(member.to_owned(), value).is_some())
    }

    /// Removes a record; whether there was one of this id.
    pub fn remove(&self, kind: &str, id: &str) -> bool {
        lock(&self.data).remove(kind, id)
    }

    /// Adds a task with this deadline (`2026-12-05`) to a relation; its id.
    pub fn add_task(&self, relation: &str, name: &str, deadline: &str) -> String {
        let mut data = lock(&self.data);
        let id = data.next_id('t');
        data.add("task", data::task(&id, name, Some(&format!("{deadline}T00:00:00")), relation, 0));
        id
    }

    /// Adds an e-mail that came today; its id.
    pub fn add_email(&self, subject: &str) -> String {
        let day: String = self.clock.now().to_string().chars().take(10).collect();
        let mut data = lock(&self.data);
        let id = data.next_id('e');
        data.add("email", data::email(&id, &day, subject, 0));
        id
    }

    /// Whether tasks tell the reference that they were created with; they do when nobody said.
    pub fn echo_references(&self, on: bool) {
        lock(&self.data).echo(on);
    }

    /// All records of a kind as they are now: `relation` `task` `email` `user` `company` `invoice` `registration`
    /// `document` `interaction`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        lock(&self.data).records(kind).unwrap_or_default()
    }
}

pub(super) fn answer(fake: &Adminpulse, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    Some(match (request.method.as_str(), request.path.strip_prefix("/_fake/")?) {
        ("GET", "credentials") => Ok(json!({ "keys": { "owner": fake.key("owner"), "limited": fake.key("limited") },
                "client": fake.client(), "login": fake.login() })),
        ("POST", "redirect") => field("redirect_uri").map(|address| {
            fake.allow_redirect(&address);
            json!({})
        }),
        ("POST", "expire") => {
            fake.expire_access();
            Ok(json!({}))
        }
        ("POST", "revoke") => {
            fake.revoke_all();
            fake.accept("owner", false);
            Ok(json!({}))
        }
        ("POST", "give-back") => {
            fake.accept("owner", true);
            Ok(json!({}))
        }
        ("POST", "relation") => field("name").map(|name| json!({ "uniqueIdentifier": fake.add_relation(&name) })),
        ("POST", "email") => field("subject").map(|subject| json!({ "id": fake.add_email(&subject) })),
        _ => return None,
    })
}
