//! What a test does at the fake: logins, credentials that end, records that change.

use serde_json::{Value, json};

use super::{Client, Login, Zoho, pages, seconds};
use crate::{control, exchange::Incoming, fake::Provider, lock, seed};

impl Zoho {
    /// The registered application; its redirect addresses are told by [`Zoho::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            id: format!("1000.{}", seed::secret(self.seed, "zoho/client", 30).to_uppercase()),
            secret: seed::secret(self.seed, "zoho/secret", 42),
        }
    }

    /// The client's secret in one data centre (`us`, `eu`, `cn`), where they are separate.
    #[must_use]
    pub fn secret_of(&self, place: &str) -> String {
        seed::secret(self.seed, &format!("zoho/secret/{place}"), 42)
    }

    /// Whether each data centre wants a secret of its own from now on.
    pub fn separate_secrets(&self, on: bool) {
        lock(&self.accounts).separate = on;
    }

    /// A person whose account is in the EU.
    #[must_use]
    pub fn login(&self) -> Login {
        Login { user: "an@vermeulen.example".to_owned(), password: seed::secret(self.seed, "zoho/password/eu", 16) }
    }

    /// A person whose account is in the US.
    #[must_use]
    pub fn login_in_us(&self) -> Login {
        Login { user: "joe@acme.example".to_owned(), password: seed::secret(self.seed, "zoho/password/us", 16) }
    }

    /// A person whose account is in China.
    #[must_use]
    pub fn login_in_china(&self) -> Login {
        Login { user: "li@huaxia.example".to_owned(), password: seed::secret(self.seed, "zoho/password/cn", 16) }
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// The next callback says this as `accounts-server`, as a browser can that was led astray.
    pub fn lie_about_server(&self, server: &str) {
        lock(&self.pages).lie = Some(server.to_owned());
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.accounts).expire();
    }

    /// Ends everything that was granted, as when the person takes the consent back.
    pub fn revoke_all(&self) {
        lock(&self.accounts).end_all();
    }

    /// Takes a scope away from everything that was granted.
    pub fn take_scope(&self, scope: &str) {
        lock(&self.accounts).without(scope);
    }

    /// How many refresh tokens live.
    #[must_use]
    pub fn grants(&self) -> usize {
        lock(&self.accounts).grants()
    }

    /// The values of all tokens that were ever given out, and the secrets of the client.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.accounts).values();
        secrets.push(self.client().secret);
        secrets.extend(["us", "eu", "cn"].map(|place| self.secret_of(place)));
        secrets
    }

    /// All records of a module (`Events`, `Dossiers`), with all their fields, or `file` and `link` of WorkDrive.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    /// Adds a record with this name to a module; its id.
    pub fn add(&self, module: &str, name: &str) -> String {
        let now = seconds(self.clock.now());
        lock(&self.crm).add_named(module, name, now)
    }

    /// Gives a record another name; whether there is one.
    pub fn change(&self, module: &str, id: &str, name: &str) -> bool {
        let now = seconds(self.clock.now());
        lock(&self.crm).rename(module, id, name, now)
    }

    /// Moves a record to the recycle bin; whether there was one.
    pub fn remove(&self, module: &str, id: &str) -> bool {
        let now = seconds(self.clock.now());
        lock(&self.crm).remove(module, id, now)
    }

    /// So many events that an import wrote in one second.
    pub fn import_events(&self, count: usize) {
        let now = seconds(self.clock.now());
        lock(&self.crm).import("Events", count, now);
    }

    /// Hides a module from everybody, or shows it again.
    pub fn hide(&self, module: &str, hidden: bool) {
        lock(&self.crm).hide(module, hidden);
    }

    /// Makes WorkDrive an edition for one person, without teams, or not.
    pub fn personal_edition(&self, on: bool) {
        lock(&self.drive).personal = on;
    }

    /// The id of WorkDrive's folder of this name.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<String> {
        lock(&self.drive).folder_named(name)
    }
}

/// `/_fake/zoho/…`.
pub(crate) fn answer(zoho: &Zoho, request: &Incoming) -> Option<Result<Value, String>> {
    let done = || Some(Ok(json!({})));
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/_fake/credentials") => Some(Ok(json!({
            "client": zoho.client(), "login": zoho.login(), "login_in_us": zoho.login_in_us(),
            "place": pages::place_of(&zoho.login().user),
        }))),
        ("POST", "/_fake/zoho/redirect") => Some(control::field(&request.body, "redirect_uri").map(|address| {
            zoho.allow_redirect(&address);
            json!({})
        })),
        ("POST", "/_fake/zoho/expire") => {
            zoho.expire_access();
            done()
        }
        ("POST", "/_fake/zoho/revoke") => {
            zoho.revoke_all();
            done()
        }
        ("POST", "/_fake/zoho/add") => {
            let module = control::field(&request.body, "module");
            Some(module.and_then(|module| {
                let name = control::field(&request.body, "name")?;
                Ok(json!({ "id": zoho.add(&module, &name) }))
            }))
        }
        _ => None,
    }
}
