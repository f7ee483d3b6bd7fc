//! What a test does at the fake: logins, credentials that end, limits, and people who go on working in the first portal.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Client, Hubspot, Login,
    data::{MAIN, Portal, Record, SECOND, TYPES, known},
    iso, seeded,
};
use crate::{control, exchange::Incoming, lock, seed};

impl Hubspot {
    /// The registered application; its redirect addresses are told by [`Hubspot::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        let secret = |kind: &str| seed::secret(self.seed, &format!("hubspot/{kind}"), 36);
        Client { id: secret("client"), secret: secret("secret") }
    }

    /// A person: `els`, who belongs to both portals, or `jan`.
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        let password = seed::secret(self.seed, &format!("hubspot/password/{who}"), 16);
        Login { user: format!("{who}@voorbeeld.example"), password }
    }

    /// The portal that tests look at, and another one.
    #[must_use]
    pub fn portals(&self) -> [&'static str; 2] {
        [MAIN, SECOND]
    }

    /// The token of a private app of the first portal.
    #[must_use]
    pub fn private_token(&self) -> String {
        format!("pat-eu1-{}", seed::secret(self.seed, "hubspot/private", 36))
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// The plan of every portal lacks this scope: an application that requires it cannot be installed.
    pub fn lack(&self, scope: &str) {
        lock(&self.pages).lacking.insert(scope.to_owned());
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire(self.clock.now());
    }

    /// Ends everything that was granted, as when the application is uninstalled; and the private app's token.
    pub fn revoke_all(&self) {
        let mut tokens = lock(&self.tokens);
        tokens.end_all();
        tokens.private = false;
    }

    /// The private app's token is good again.
    pub fn give_private_back(&self) {
        lock(&self.tokens).private = true;
    }

    /// Takes a scope away from everything that was granted, or gives it back.
    pub fn take_scope(&self, scope: &str, taken: bool) {
        let without = &mut lock(&self.tokens).without;
        without.retain(|known| known != scope);
        if taken {
            without.push(scope.to_owned());
        }
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, value: &str) -> bool {
        lock(&self.tokens).accepts(value)
    }

    /// How many access tokens were given out.
    #[must_use]
    pub fn tokens_given(&self) -> usize {
        lock(&self.tokens).count()
    }

    /// The values of all tokens that were ever given out, the private app's, and the client's secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.extend([self.client().secret, self.private_token()]);
        secrets
    }

    /// Counts calls from now on: so many in ten seconds, and five searches in one; or no longer.
    pub fn limit_calls(&self, most: Option<usize>) {
        lock(&self.limits).most = most;
    }

    /// The calls of the day are used up, or are not.
    pub fn use_up_day(&self, over: bool) {
        lock(&self.limits).day_is_over = over;
    }

    /// The account is being moved to another data centre, for so many seconds more; or is not.
    pub fn moving(&self, seconds: Option<u64>) {
        lock(&self.limits).moving = seconds;
    }

    /// Rows that a search reaches; 10,000 when nobody said.
    pub fn reach(&self, rows: usize) {
        lock(&self.store).reach = rows;
    }

    /// No search finds this record, as it is for some seconds after a change; or one does.
    pub fn hide_from_search(&self, kind: &str, id: &str, hidden: bool) {
        let (place, store) = ((kind.to_owned(), id.parse().unwrap_or_default()), &mut lock(&self.store));
        if hidden {
            store.hidden.insert(place);
        } else {
            store.hidden.remove(&place);
        }
    }

    /// Makes a property of a type whose values are unique.
    pub fn add_unique_property(&self, kind: &str, name: &str) {
        self.add(kind, &seeded::property(name, true));
    }

    /// Makes a property of a type.
    pub fn add_property(&self, kind: &str, name: &str) {
        self.add(kind, &seeded::property(name, false));
    }

    fn add(&self, kind: &str, property: &Value) {
        self.main(|portal| {
            if let Some(kind) = known(kind) {
                portal.properties.entry(kind).or_default().push(property.clone());
            }
        });
    }

    /// All records of a type with every value, `owner`, `property`, `file` or `link`, as they are now.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.records_of(kind).unwrap_or_default()
    }

    pub(super) fn records_of(&self, kind: &str) -> Option<Vec<Value>> {
        self.main(|portal| match kind {
            "owner" => Some(portal.owners.clone()),
            "property" => Some(TYPES.iter().flat_map(|of| properties(portal, of)).collect()),
            "file" => {
                Some(portal.files.iter().map(|file| json!({ "id": file.id.to_string(), "name": file.name })).collect())
            }
            "link" => {
                let shown = |((from, one), (to, other)): &((String, u64), (String, u64))| {
                    json!([format!("{from}/{one}"), format!("{to}/{other}")])
                };
                Some(portal.links.iter().map(shown).collect())
            }
            kind => {
                let kind = known(kind)?;
                let names: Vec<String> =
                    properties(portal, kind).iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let there = portal.of(kind).filter(|record| record.archived.is_none());
                Some(there.map(|record| record.json(portal, kind, &names)).collect())
            }
        })
    }

    /// Makes a record of a type; its id.
    pub fn make(&self, kind: &str, properties: &[(&str, &str)]) -> String {
        let now = self.clock.now().as_millis();
        self.main(|portal| {
            let Some(kind) = known(kind) else { return String::new() };
            let mut values = seeded::values(kind, usize::try_from(portal.next).unwrap_or_default());
            values.extend(pairs(properties));
            portal.make(kind, values, now).to_string()
        })
    }

    /// Changes a property of a record; whether there is one.
    pub fn set(&self, kind: &str, id: &str, name: &str, value: &str) -> bool {
        let (id, now) = (id.parse().unwrap_or_default(), self.clock.now().as_millis());
        self.main(|portal| portal.change(kind, id, &pairs(&[(name, value)]), now))
    }

    /// All records of a type changed at this one moment, as by an import.
    pub fn import(&self, kind: &str, rows: usize) {
        let now = self.clock.now().as_millis();
        self.main(|portal| {
            let all =
                portal.records.iter_mut().filter(|(known, _)| **known == kind).flat_map(|(_, all)| all.values_mut());
            all.take(rows).for_each(|record| record.updated = now);
        });
    }

    /// So many records of a type changed, each a second after the one before and the last one now.
    pub fn change_many(&self, kind: &str, rows: usize) {
        let now = self.clock.now().as_millis();
        self.main(|portal| {
            let all =
                portal.records.iter_mut().filter(|(known, _)| **known == kind).flat_map(|(_, all)| all.values_mut());
            for (at, record) in all.take(rows).enumerate() {
                record.updated = now - 1_000 * i64::try_from(rows - 1 - at).unwrap_or_default();
            }
        });
    }

    /// Archives a record; whether there was one.
    pub fn archive(&self, kind: &str, id: &str) -> bool {
        let (id, now) = (id.parse().unwrap_or_default(), self.clock.now().as_millis());
        let archive = |record: &mut Record| record.archived = Some(now);
        self.main(|portal| portal.get_mut(kind, id).filter(|record| record.archived.is_none()).map(archive).is_some())
    }

    /// Removes a record without a trace, as for privacy; whether there was one.
    pub fn forget(&self, kind: &str, id: &str) -> bool {
        let id: u64 = id.parse().unwrap_or_default();
        self.main(|portal| portal.records.get_mut(kind).and_then(|all| all.remove(&id)).is_some())
    }

    /// Changes a member of an owner, e.g. `archived`; whether there is one.
    pub fn change_owner(&self, id: &str, member: &str, value: &Value) -> bool {
        let now = self.clock.now().as_millis();
        self.main(|portal| {
            let Some(owner) = portal.owners.iter_mut().find(|owner| owner["id"] == id) else { return false };
            let changes = [(member, value.clone()), ("updatedAt", json!(iso(now)))];
            if let Some(members) = owner.as_object_mut() {
                members.extend(changes.map(|(name, value)| (name.to_owned(), value)));
            }
            true
        })
    }

    /// Makes an owner; the id.
    pub fn add_owner(&self) -> String {
        let now = self.clock.now().as_millis();
        self.main(|portal| {
            let owner = seeded::owner(portal.owners.len(), now);
            let id = owner.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            portal.owners.push(owner);
            id
        })
    }

    fn main<T>(&self, then: impl FnOnce(&mut Portal) -> T) -> T {
        then(lock(&self.store).portal(MAIN))
    }
}

/// The properties of a type, with the type.
fn properties(portal: &Portal, kind: &str) -> Vec<Value> {
    let all = portal.properties.get(kind).into_iter().flatten();
    let with_type = |property: &Value| {
        let mut property = property.clone();
        if let Some(members) = property.as_object_mut() {
            members.insert("object_type".to_owned(), json!(kind));
        }
        property
    };
    all.map(with_type).collect()
}

fn pairs(properties: &[(&str, &str)]) -> BTreeMap<String, String> {
    properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `/_fake/…`
pub(super) fn answer(hubspot: &Hubspot, request: &Incoming) -> Option<Result<Value, String>> {
    let path = request.path.strip_prefix("/_fake/")?;
    let done = Some(Ok(json!({})));
    match (request.method.as_str(), path) {
        ("POST", "redirects") => Some(control::field(&request.body, "redirect").map(|address| {
            hubspot.allow_redirect(&address);
            json!({})
        })),
        ("POST", "expire") => {
            hubspot.expire_access();
            done
        }
        ("POST", "revoke") => {
            hubspot.revoke_all();
            done
        }
        _ => None,
    }
}
