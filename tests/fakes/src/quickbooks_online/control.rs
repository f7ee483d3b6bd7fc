//! What a test does at the fake: logins, companies that come and go, records that change.

use serde_json::{Map, Value, json};

use super::{
    Client, Login, QuickbooksOnline,
    companies::{COMPANIES, company_of, realm_of},
    records::{self, ATTACHABLE, KINDS},
    tokens,
};
use crate::{control, exchange::Incoming, lock, seed};

/// Who can log in.
pub(super) const PEOPLE: [&str; 2] = ["owner", "other"];

impl QuickbooksOnline {
    /// The registered application; its redirect addresses are told by [`QuickbooksOnline::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            id: seed::secret(self.seed, "quickbooks/client", 50),
            secret: seed::secret(self.seed, "quickbooks/secret", 40),
        }
    }

    /// Who can log in: `owner`, who administers two companies, and `other`, who administers one.
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        let password = seed::secret(self.seed, &format!("quickbooks/password/{who}"), 16);
        Login { user: user_of(who).to_owned(), password }
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// What addresses call the company of this name; empty when there is none.
    #[must_use]
    pub fn realm(&self, name: &str) -> String {
        COMPANIES.iter().position(|company| company.name == name).map(realm_of).unwrap_or_default()
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire(self.clock.now());
    }

    /// Ends all that was given for any company.
    pub fn revoke_all(&self) {
        lock(&self.tokens).end(&[0, 1, 2]);
    }

    /// Somebody disconnects the application inside the company: what was given for it ends, and nobody is told.
    pub fn disconnect(&self, realm: &str) {
        if let Some(company) = company_of(realm) {
            lock(&self.tokens).end(&[company]);
        }
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, refresh_token: &str) -> bool {
        lock(&self.tokens).accepts(refresh_token, self.clock.now())
    }

    /// A person stops being an administrator of a company, or is one again.
    pub fn dismiss(&self, who: &str, realm: &str, dismissed: bool) {
        let Some(company) = company_of(realm) else { return };
        let mut companies = lock(&self.companies);
        if dismissed {
            companies.dismissed.insert((who.to_owned(), company));
        } else {
            companies.dismissed.remove(&(who.to_owned(), company));
        }
    }

    /// The subscription of a company ends, or goes on.
    pub fn end_subscription(&self, realm: &str, ended: bool) {
        let Some(company) = company_of(realm) else { return };
        let mut companies = lock(&self.companies);
        if ended {
            companies.ended.insert(company);
        } else {
            companies.ended.remove(&company);
        }
    }

    /// Everything that must never be seen outside.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        tokens::secrets(self)
    }

    /// All records of an entity (`Customer`, `JournalEntry`, `CompanyInfo`, `Attachable`) of a company.
    #[must_use]
    pub fn records(&self, realm: &str, entity: &str) -> Vec<Value> {
        let Some(company) = company_of(realm) else { return Vec::new() };
        let books = lock(&self.books);
        let kind = match entity {
            "CompanyInfo" => return vec![books.company(company)],
            "Attachable" => Some(&ATTACHABLE),
            _ => records::of(entity),
        };
        kind.map(|kind| books.list(company, kind).iter().map(super::books::Record::json).collect()).unwrap_or_default()
    }

    /// Adds a record to an entity; its id, empty when there is no such entity or company.
    pub fn add(&self, realm: &str, entity: &str, name: &str) -> String {
        let (Some(kind), Some(company)) = (records::of(entity), company_of(realm)) else { return String::new() };
        lock(&self.books).add(company, kind, name, Map::new(), self.clock.now().as_millis())
    }

    /// Changes a member of a record; whether there is one.
    pub fn change(&self, realm: &str, entity: &str, id: &str, member: &str, value: Value) -> bool {
        let (Some(kind), Some(company)) = (records::of(entity), company_of(realm)) else { return false };
        let more = Map::from_iter([(member.to_owned(), value)]);
        lock(&self.books).change(company, kind, id, more, self.clock.now().as_millis())
    }

    /// Voids a document: its amounts are zero, and it says so; whether there is one.
    pub fn void(&self, realm: &str, entity: &str, id: &str) -> bool {
        let (Some(kind), Some(company)) = (records::of(entity), company_of(realm)) else { return false };
        let more =
            [("TotalAmt", json!(0)), ("Balance", json!(0)), ("PrivateNote", json!("Voided")), ("Line", json!([]))];
        let more = more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        lock(&self.books).change(company, kind, id, more, self.clock.now().as_millis())
    }

    /// Deletes a record; whether there was one.
    pub fn delete(&self, realm: &str, entity: &str, id: &str) -> bool {
        let (Some(kind), Some(company)) = (records::of(entity), company_of(realm)) else { return false };
        lock(&self.books).delete(company, kind, id, self.clock.now().as_millis())
    }

    /// Changes a little of every entity of a company: a record is renamed, one is new, and one is deleted, or made inactive
    /// where the entity is a list of names. The company itself is only renamed.
    pub fn touch(&self, realm: &str) {
        let Some(company) = company_of(realm) else { return };
        let now = self.clock.now().as_millis();
        let mut books = lock(&self.books);
        for kind in &KINDS {
            let number = books.next();
            let Some(first) = books.list(company, kind).first().map(|record| record.id.clone()) else { continue };
            books.change(company, kind, &first, member(kind.named, json!(format!("Herdoopt {number}"))), now);
            books.add(company, kind, &format!("Nieuw {number}"), Map::new(), now);
            // Not one that tests write to.
            let living = |record: &&super::books::Record| record.members.get("Active") != Some(&json!(false));
            let last = books.list(company, kind).iter().skip(8).find(living).map(|record| record.id.clone());
            let Some(id) = last else { continue };
            if kind.listed {
                books.change(company, kind, &id, member("Active", json!(false)), now);
            } else {
                books.delete(company, kind, &id, now);
            }
        }
        let number = books.next();
        books.rename(company, &format!("De Molen Groep {number}"));
    }

    /// Whether calls are counted: 500 a minute for each company.
    pub fn limit_calls(&self, on: bool) {
        lock(&self.limits).on = on;
    }
}

fn member(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// The address that a person logs in by.
pub(super) fn user_of(who: &str) -> &'static str {
    if who == "owner" { "an.claes@demolen.example" } else { "bart@anderkantoor.example" }
}

/// `/_fake/…`.
pub(super) fn answer(fake: &QuickbooksOnline, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    Some(match (request.method.as_str(), request.path.strip_prefix("/_fake/")?) {
        ("GET", "credentials") => {
            Ok(json!({ "client": fake.client(), "owner": fake.login("owner"), "other": fake.login("other") }))
        }
        ("GET", "companies") => {
            let company = |(at, company): (usize, &super::companies::Company)| json!({ "realm": realm_of(at), "name": company.name, "owner": company.owner });
            Ok(json!({ "companies": COMPANIES.iter().enumerate().map(company).collect::<Vec<_>>() }))
        }
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
            Ok(json!({}))
        }
        ("POST", "disconnect") => field("realm").map(|realm| {
            fake.disconnect(&realm);
            json!({})
        }),
        ("POST", "touch") => field("realm").map(|realm| {
            fake.touch(&realm);
            json!({})
        }),
        _ => return None,
    })
}
