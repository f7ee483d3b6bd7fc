//! What a test or a person changes at the provider.

use serde_json::{Value, json};

use super::{Brokercloud, OFFICE, data};
use crate::{control, exchange::Incoming, lock};

impl Brokercloud {
    /// Adds a party of the first office; its id.
    pub fn add_party(&self, name: &str) -> u64 {
        let mut data = lock(&self.data);
        let id = data.next_id();
        let party = json!({ "id": id, "office_id": OFFICE, "prefix": "A", "number": id, "suffix": 1, "type": "company",
            "name": name, "first_name": null, "language": "nl", "email": null, "phone": null, "vat_number": null,
            "created_at": "2026-11-20T10:00:00+01:00", "updated_at": "2026-11-20T10:00:00+01:00" });
        data.add("party", party);
        id
    }

    /// Adds a file to a party, as somebody else would; its id.
    pub fn add_file(&self, party: u64, name: &str, size: u64) -> u64 {
        let mut data = lock(&self.data);
        let id = data.next_id();
        data.add("file", data::file(id, party, name, size, &self.clock.now().to_string()));
        id
    }

    /// Changes a member of a record; whether there is one of this id.
    pub fn change(&self, kind: &str, id: u64, member: &str, value: Value) -> bool {
        let mut data = lock(&self.data);
        let record = data.with_mut(kind, id).and_then(Value::as_object_mut);
        record.is_some_and(|record| record.insert(member.to_owned(), value).is_some())
    }

    /// Removes a record, a party with its files; whether there was one of this id.
    pub fn remove(&self, kind: &str, id: u64) -> bool {
        let mut data = lock(&self.data);
        if kind == "party" {
            let files: Vec<u64> = data.files_of(id).iter().filter_map(|file| file["id"].as_u64()).collect();
            for file in files {
                data.remove("file", file);
            }
        }
        data.remove(kind, id)
    }

    /// All records of a kind that the first office has now: `party` `file` `contract` `claim` `user`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        lock(&self.data).records(kind).unwrap_or_default()
    }
}

pub(super) fn answer(fake: &Brokercloud, request: &Incoming) -> Option<Result<Value, String>> {
    Some(match (request.method.as_str(), request.path.strip_prefix("/_fake/")?) {
        ("GET", "credentials") => {
            Ok(json!({ "client": fake.client(), "broker": fake.login("broker"), "portal": fake.login("portal") }))
        }
        ("POST", "redirect") => control::field(&request.body, "redirect_uri").map(|address| {
            fake.allow_redirect(&address);
            json!({})
        }),
        ("POST", "expire") => {
            fake.expire_access();
            Ok(json!({}))
        }
        ("POST", "revoke") => {
            fake.revoke_all();
            Ok(json!({}))
        }
        ("POST", "party") => control::field(&request.body, "name").map(|name| json!({ "id": fake.add_party(&name) })),
        _ => return None,
    })
}
