//! Odoo as `providers/odoo.md` describes it and `odoo-observed.md` saw it: versions 14 to 19, both ways in, two databases on
//! one host, two companies of one person.
//!
//! What the sheets do not name is a 400, or the exception with which the real one answers it; either way the journal has it as
//! refused. Chaos rules hold for both ways in.
//!
//! Not here: XML-RPC, the web session, `load`, keys that renew themselves.

mod call;
mod data;
mod domain;
mod exception;
mod families;
mod model;
mod read;
mod seeded;
mod sha1;
mod write;

use std::sync::{Arc, Mutex};

use patchbay_model::Clock;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    control,
    exchange::{Answer, Incoming},
    fake::Provider,
    journal::{Created, Served},
    lock,
    login::Login,
    seed,
};
use call::{Call, User};
use data::{Data, Row};
use exception::Exception;

/// Host of the customer's server.
pub const HOST: &str = "odoo.acme.example";
/// Origin of the customer's server.
pub const ORIGIN: &str = "https://odoo.acme.example";
/// The database with all records; the host has an empty `acme-test` besides.
pub const DATABASE: &str = "acme";
/// Who has everything.
pub(crate) const LOGIN: &str = "meetings@acme.example";
/// Who may not see leads, invoices and the list of models.
pub(crate) const READER: &str = "robbe@acme.example";

/// The fake's data and its controls.
pub struct Odoo {
    seed: u64,
    clock: Arc<dyn Clock>,
    data: Mutex<Data>,
    refused: Mutex<Refused>,
}

/// What is not accepted any more.
#[derive(Debug, Default, Clone, Copy)]
struct Refused {
    /// Nothing of the owner's.
    owner: bool,
    /// No password, because two-factor login is on: keys only.
    passwords: bool,
}

/// How a call went well.
struct Finished {
    value: Value,
    served: Vec<Served>,
    created: Option<Created>,
}

impl Odoo {
    /// The owner's login.
    #[must_use]
    pub fn login(&self) -> Login {
        Login { user: LOGIN.to_owned(), password: seed::secret(self.seed, "odoo/password", 16) }
    }

    /// An API key: `owner`, `reader`, and two that are refused: `expired` and `scoped`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        seed::sha256(seed::secret(self.seed, &format!("odoo/key/{name}"), 40).as_bytes()).chars().take(40).collect()
    }

    /// The version that the server has, 14 to 19. What was written stays; the fields are the version's.
    pub fn set_version(&self, version: u16) {
        let now = self.clock.now().as_micros();
        *lock(&self.data) = seeded::seeded(self.seed, version.clamp(14, 19), now);
    }

    /// Refuses the owner's password and keys, or accepts them again.
    pub fn revoke(&self, on: bool) {
        lock(&self.refused).owner = on;
    }

    /// Two-factor login is on: the password is refused, keys are not.
    pub fn two_factor(&self, on: bool) {
        lock(&self.refused).passwords = on;
    }

    /// Takes the right to a model away, or gives it back.
    pub fn deny(&self, model: &str, on: bool) {
        let mut data = lock(&self.data);
        if on {
            data.denied.insert(model.to_owned())
        } else {
            data.denied.remove(model)
        };
    }

    /// Removes the app of a model, or installs it again.
    pub fn uninstall(&self, model: &str, on: bool) {
        let mut data = lock(&self.data);
        if on {
            data.uninstalled.insert(model.to_owned())
        } else {
            data.uninstalled.remove(model)
        };
    }

    /// Another transaction holds a record, or lets go of it.
    pub fn hold(&self, model: &str, id: u64, on: bool) {
        let (mut data, record) = (lock(&self.data), (model.to_owned(), id));
        if on {
            data.locked.insert(record)
        } else {
            data.locked.remove(&record)
        };
    }

    /// All records of a model as they are served to the owner, archived ones too; of one company and of all, or of every
    /// company.
    #[must_use]
    pub fn records(&self, model: &str, company: Option<u64>) -> Vec<Value> {
        let data = lock(&self.data);
        let fields = model::fields(model, data.version).unwrap_or_default();
        let companies = company.map_or(vec![1, 3], |company| vec![company]);
        let seen = |id: &u64| data.is_of(model, *id, if model == "res.company" { &[1, 3] } else { &companies });
        data.ids(model).into_iter().filter(seen).map(|id| data.served(model, id, &fields)).collect()
    }

    /// Adds a record with these values, references as ids; its id.
    pub fn add(&self, model: &str, values: &Value) -> u64 {
        self.add_late(model, values, 0)
    }

    /// Adds a record whose transaction began so many seconds ago and is committed only now.
    pub fn add_late(&self, model: &str, values: &Value, seconds: i64) -> u64 {
        let at = self.clock.now().as_micros() - seconds * 1_000_000;
        let values = values.as_object().cloned().unwrap_or_default();
        lock(&self.data).insert(model, Row { values, created: at, written: at })
    }

    /// Changes values of a record; whether there is one of this id.
    pub fn change(&self, model: &str, id: u64, values: &Value) -> bool {
        let now = self.clock.now().as_micros();
        let mut data = lock(&self.data);
        let Some(row) = data.rows.get_mut(model).and_then(|rows| rows.get_mut(&id)) else { return false };
        row.values.extend(values.as_object().cloned().unwrap_or_default());
        row.written = now;
        true
    }

    /// Deletes a record; nothing is left of it.
    pub fn remove(&self, model: &str, id: u64) -> bool {
        lock(&self.data).rows.get_mut(model).is_some_and(|rows| rows.remove(&id).is_some())
    }

    fn version(&self) -> u16 {
        lock(&self.data).version
    }

    fn databases(&self) -> [&'static str; 2] {
        [DATABASE, "acme-test"]
    }

    /// Whether a database is the one with the records.
    fn database(&self, name: &Value) -> Result<bool, Exception> {
        let name = name.as_str().unwrap_or_default();
        if self.databases().contains(&name) { Ok(name == DATABASE) } else { Err(Exception::no_database(name)) }
    }

    fn user(&self, id: u64) -> Option<User> {
        let everything: &[&str] = &[];
        match id {
            6 => Some(User { id, token: "owner", companies: &[1, 3], closed: everything }),
            7 => Some(User { id, token: "reader", companies: &[1], closed: &["crm.lead", "account.move", "ir.model"] }),
            _ => None,
        }
    }

    /// Who an API key belongs to.
    fn keyed(&self, key: &str) -> Option<User> {
        let refused = *lock(&self.refused);
        let names = [("owner", 6), ("reader", 7)];
        let (name, id) = names.into_iter().find(|(name, _)| self.key(name) == key)?;
        if name == "owner" && refused.owner { None } else { self.user(id) }
    }

    /// Who this login and password, or key, belong to.
    fn person(&self, login: &Value, secret: &Value) -> Option<User> {
        let id = match login.as_str()? {
            LOGIN => 6,
            READER => 7,
            _ => return None,
        };
        self.number(&json!(id), secret)
    }

    /// The same by the number of the user, which later calls carry.
    fn number(&self, id: &Value, secret: &Value) -> Option<User> {
        let (id, secret, refused) = (id.as_u64()?, secret.as_str()?, *lock(&self.refused));
        let by_key = self.keyed(secret).filter(|user| user.id == id);
        let by_password = id == 6 && !refused.owner && !refused.passwords && secret == self.login().password;
        by_key.or_else(|| by_password.then(|| self.user(id)).flatten())
    }

    /// Does what a call asks for.
    fn called(&self, call: &Call) -> Result<Finished, Exception> {
        let now = self.clock.now().as_micros();
        let mut data = lock(&self.data);
        let model = call.model.as_str();
        if data.uninstalled.contains(model) {
            return Err(Exception::no_model(model, call.version, call.rpc));
        }
        if call.user.closed.contains(&model) || data.denied.contains(model) {
            return Err(Exception::access(model::title(model), model));
        }
        match read::answer(&data, call) {
            Some(told) => told.map(|(value, served)| Finished { value, served, created: None }),
            None => {
                let (value, created) = write::answer(&mut data, call, now)?;
                Ok(Finished { value, served: Vec::new(), created: Some(created) })
            }
        }
    }

    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        families::plain(request).map_err(|why| families::refusal(&why))?;
        match (request.method.as_str(), request.segments().as_slice()) {
            ("GET", ["web", "version"]) => Ok(families::version(self)),
            ("POST", ["jsonrpc"]) => families::rpc(self, request),
            ("POST", ["json", "2", model, method]) => families::json2(self, request, model, method),
            ("GET", ["json", "2", ..] | ["jsonrpc"]) => Err(families::page(404, "Not Found").refused("a GET")),
            _ => Err(families::refusal(&format!("{} {} is not in the sheet", request.method, request.path))),
        }
    }
}

impl Finished {
    fn answer(self, told: impl FnOnce(Value) -> Answer) -> Answer {
        let answer = told(self.value).serving(self.served);
        match self.created {
            Some(created) => answer.after(created),
            None => answer,
        }
    }
}

impl Provider for Odoo {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => Some(Ok(self.describe())),
            ("POST", "/_fake/odoo/version") => Some(control::field(&request.body, "version").and_then(|version| {
                self.set_version(version.parse().map_err(|_| "version is a number from 14 to 19".to_owned())?);
                Ok(json!({}))
            })),
            ("POST", "/_fake/odoo/revoke") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                self.revoke(body.get("on").and_then(Value::as_bool).unwrap_or(true));
                Some(Ok(json!({})))
            }
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        model::fields(kind, self.version()).map(|_| Self::records(self, kind, None))
    }

    fn reset(&self) {
        self.set_version(self.version());
        *lock(&self.refused) = Refused::default();
    }
}

impl Sheet for Odoo {
    const NAME: &'static str = "odoo";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let data = Mutex::new(seeded::seeded(seed, 19, clock.now().as_micros()));
        Self { seed, data, clock, refused: Mutex::default() }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({
            "server": ORIGIN, "database": DATABASE, "login": self.login(), "key": self.key("owner"),
            "reader": { "user": READER, "key": self.key("reader") },
        })
    }
}
