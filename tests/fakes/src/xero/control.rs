//! What a test does at the fake: logins, organisations that come and go, records that change.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Client, Login, Xero,
    records::{self, KINDS, Kind},
    tenants::{BODIES, body_of, tenant_id},
};
use crate::{control, exchange::Incoming, lock, seed};

/// An organisation that a person has shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organisation {
    /// What calls name in `xero-tenant-id`.
    pub tenant: String,
    /// What only `/connections` knows.
    pub connection: String,
    /// What people call it.
    pub name: String,
}

impl Xero {
    /// The registered application; its redirect addresses are told by [`Xero::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            id: seed::secret(self.seed, "xero/client", 32).to_uppercase(),
            secret: seed::secret(self.seed, "xero/secret", 48),
        }
    }

    /// Who can log in: `owner`, who has three organisations and a practice, and `other`, who has one.
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        Login { user: user_of(who).to_owned(), password: seed::secret(self.seed, &format!("xero/password/{who}"), 16) }
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// Makes the application one of the Advanced tier: journals can be asked for.
    pub fn advanced(&self, on: bool) {
        lock(&self.pages).advanced = on;
    }

    /// Lets a consent share all organisations of a person at once.
    pub fn bulk(&self, on: bool) {
        lock(&self.tenants).bulk = on;
    }

    /// How many connections the application may have in all; five when nobody said.
    pub fn allow_connections(&self, count: usize) {
        lock(&self.tenants).allowed = count;
    }

    /// Whether consents go well and connect nothing all the same.
    pub fn swallow_connections(&self, on: bool) {
        lock(&self.tenants).swallows = on;
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire(self.clock.now());
    }

    /// Ends all tokens; what was shared stays shared.
    pub fn revoke_all(&self) {
        lock(&self.tokens).end(&["owner", "other"], self.clock.now());
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, refresh_token: &str) -> bool {
        lock(&self.tokens).accepts(refresh_token, self.clock.now())
    }

    /// Takes a scope away from everything that was granted, or gives it back.
    pub fn take_scope(&self, scope: &str, taken: bool) {
        let mut tokens = lock(&self.tokens);
        tokens.without.retain(|known| known != scope);
        if taken {
            tokens.without.push(scope.to_owned());
        }
    }

    /// Everything that must never be seen outside.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.push(self.client().secret);
        secrets.extend(["owner", "other"].map(|who| self.login(who).password));
        secrets
    }

    /// The tenant id of the organisation of this name, shared or not; empty when there is none.
    #[must_use]
    pub fn tenant(&self, name: &str) -> String {
        BODIES.iter().position(|body| body.name == name).map(tenant_id).unwrap_or_default()
    }

    /// The organisations that a person has shared, without practices.
    #[must_use]
    pub fn organisations(&self, who: &str) -> Vec<Organisation> {
        let tenants = lock(&self.tenants);
        let links = tenants.links.iter().filter(|link| link.who == who);
        let of = |link: &super::tenants::Link| {
            let body = BODIES.get(link.body).filter(|body| body.kind == "ORGANISATION")?;
            let (tenant, connection) = (tenant_id(link.body), link.id.clone());
            Some(Organisation { tenant, connection, name: body.name.to_owned() })
        };
        links.filter_map(of).collect()
    }

    /// A person disconnects an organisation in Xero's own settings; whether it was connected.
    pub fn disconnect(&self, who: &str, tenant: &str) -> bool {
        let mut tenants = lock(&self.tenants);
        let Some(body) = body_of(tenant).filter(|body| tenants.is_linked(who, *body)) else { return false };
        tenants.unlink(who, Some(body));
        true
    }

    /// Shares an organisation again, as its owner would by another consent.
    pub fn connect(&self, tenant: &str) {
        let (now, found) = (self.clock.now(), body_of(tenant));
        if let Some((body, who)) = found.and_then(|body| Some((body, BODIES.get(body)?.owner))) {
            lock(&self.tenants).link(who, body, "d99effff-0000-4000-8000-000000000002", now);
        }
    }

    /// All records of a list (`Contacts`, `TaxRates`) of an organisation, as pages have them.
    #[must_use]
    pub fn records(&self, tenant: &str, list: &str) -> Vec<Value> {
        let (Some(kind), Some(body)) = (records::of(list), body_of(tenant)) else { return Vec::new() };
        lock(&self.books).list(body, kind).iter().map(|record| record.json(kind)).collect()
    }

    /// Adds a record to a list; its id, empty when there is no such list or organisation.
    pub fn add(&self, tenant: &str, list: &str, name: &str) -> String {
        let (Some(kind), Some(body)) = (records::of(list), body_of(tenant)) else { return String::new() };
        lock(&self.books).add(body, kind, name, Map::new(), self.clock.now().as_millis())
    }

    /// Changes a member of a record (`Status` to `VOIDED`); whether there is one.
    pub fn change(&self, tenant: &str, list: &str, id: &str, member: &str, value: Value) -> bool {
        let (Some(kind), Some(body)) = (records::of(list), body_of(tenant)) else { return false };
        let more = Map::from_iter([(member.to_owned(), value)]);
        lock(&self.books).change(body, kind, id, more, self.clock.now().as_millis())
    }

    /// Removes a record without a trace, as an item or an account without history; whether there was one.
    pub fn remove(&self, tenant: &str, list: &str, id: &str) -> bool {
        let (Some(kind), Some(body)) = (records::of(list), body_of(tenant)) else { return false };
        lock(&self.books).remove(body, kind, id)
    }

    /// Changes a little of every list of an organisation: a record is renamed and one is new; of documents one is voided
    /// or deleted, of contacts one is archived. The organisation itself is only renamed.
    pub fn touch(&self, tenant: &str) {
        let Some(body) = body_of(tenant) else { return };
        let now = self.clock.now().as_millis();
        let mut books = lock(&self.books);
        for kind in &KINDS {
            let number = books.next();
            let Some(first) = books.list(body, kind).first().map(|record| record.id.clone()) else { continue };
            books.change(body, kind, &first, member(kind.named, format!("Herdoopt {number}")), now);
            if kind.path == "Organisation" || kind.path == "Currencies" {
                continue;
            }
            books.add(body, kind, &format!("Nieuw {number}"), Map::new(), now);
            let Some((name, dead)) = end_of(kind) else { continue };
            // Not one that tests write to.
            let living = books.list(body, kind).iter().skip(8).find(|record| record.text(name) != dead);
            if let Some(id) = living.map(|record| record.id.clone()) {
                books.change(body, kind, &id, member(name, dead.to_owned()), now);
            }
        }
    }

    /// How many files a record may have; ten when nobody said.
    pub fn allow_files(&self, count: usize) {
        lock(&self.books).most_files = count;
    }

    /// An organisation's calls of the day are used up, by whomever; or they are not.
    pub fn use_up(&self, tenant: &str, used_up: bool) {
        let mut limits = lock(&self.limits);
        if used_up {
            limits.used_up.insert(tenant.to_owned());
        } else {
            limits.used_up.remove(tenant);
        }
    }

    /// Whether calls are counted: 60 a minute and 5 000 a day for each organisation.
    pub fn limit_calls(&self, on: bool) {
        lock(&self.limits).on = on;
    }
}

fn member(name: &str, value: String) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), json!(value))])
}

/// How a record of a list ends that is not removed.
fn end_of(kind: &Kind) -> Option<(&'static str, &'static str)> {
    match kind.path {
        "Contacts" => Some(("ContactStatus", "ARCHIVED")),
        "Invoices" | "CreditNotes" => Some(("Status", "VOIDED")),
        "BankTransactions" | "Payments" => Some(("Status", "DELETED")),
        _ => None,
    }
}

/// The name that a person logs in by.
pub(super) fn user_of(who: &str) -> &'static str {
    if who == "owner" { "an.claes@demolen.example" } else { "bart@anderkantoor.example" }
}

/// `/_fake/…`.
pub(super) fn answer(xero: &Xero, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    Some(match (request.method.as_str(), request.path.strip_prefix("/_fake/")?) {
        ("GET", "credentials") => {
            Ok(json!({ "client": xero.client(), "owner": xero.login("owner"), "other": xero.login("other") }))
        }
        ("GET", "organisations") => Ok(json!({ "organisations": xero.organisations("owner") })),
        ("POST", "redirect") => field("redirect_uri").map(|address| {
            xero.allow_redirect(&address);
            json!({})
        }),
        ("POST", "expire") => {
            xero.expire_access();
            Ok(json!({}))
        }
        ("POST", "revoke") => {
            xero.revoke_all();
            Ok(json!({}))
        }
        ("POST", "disconnect") => field("tenant").map(|tenant| json!({ "was": xero.disconnect("owner", &tenant) })),
        ("POST", "touch") => field("tenant").map(|tenant| {
            xero.touch(&tenant);
            json!({})
        }),
        _ => return None,
    })
}
