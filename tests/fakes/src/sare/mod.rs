//! SARE and SAREhub as `providers/sare.md` describes them: an address base with numbered groups, sends that each leave a
//! mail behind, and a hub that takes events.
//!
//! | host | path | what |
//! |---|---|---|
//! | [`HOST`] | `/api/v1/{uid}/…` | the REST interface, with a key or a bearer |
//! | [`HOST`] | `/oauth/authorize`, `/login`, `/oauth/token` | *Zaloguj się*, *Autoryzuj aplikację*, tokens |
//! | [`HOST`] | `/oauth/account` | whose token it is |
//! | [`HUB_HOST`] | `/v1/publish/routing/{routing}` | events, for a module and its secret |
//!
//! What the sheet leaves open is settled here so: rows of a group are objects with `email`, a list of contacts is an array,
//! PKCE is taken, a mail to an address that was removed or blocked is a row error, and so is one that is no address.

mod api;
mod base;
mod hub;
mod write;

use std::{sync::Arc, sync::Mutex, time::Duration};

use patchbay_model::Clock;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    consent::{Door, Rules},
    control,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock,
    login::{Client, Login},
    seed,
};
use base::Base;

/// Host of the REST interface and of the login.
pub const HOST: &str = "s.enewsletter.pl";
/// Its origin.
pub const ORIGIN: &str = "https://s.enewsletter.pl";
/// Host of the hub.
pub const HUB_HOST: &str = "api.sarehub.com";
/// Its origin.
pub const HUB_ORIGIN: &str = "https://api.sarehub.com";
/// The account with everything in it.
pub const UID: &str = "12345";
/// Another one, with a key of its own and nothing in it.
pub const OTHER_UID: &str = "67890";
/// Who owns [`UID`].
pub const OWNER: &str = "owner@sklep.example";

const RULES: Rules = Rules {
    name: "sare",
    host: HOST,
    authorize: "/oauth/authorize",
    token: "/oauth/token",
    scopes: &[],
    pkce: true,
    access: Duration::from_secs(3_600),
    refresh: Duration::from_secs(90 * 86_400),
};

/// The fake's data and its controls.
pub struct Sare {
    seed: u64,
    clock: Arc<dyn Clock>,
    door: Door,
    data: Mutex<Data>,
}

/// Everything that changes.
#[derive(Debug)]
struct Data {
    base: Base,
    /// How often the key of [`UID`] was replaced.
    replaced: u32,
    behaviour: Behaviour,
    mails: Vec<Mail>,
    events: Vec<Value>,
}

/// What the sheet leaves open, or a test wants otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Behaviour {
    /// Rows of a page.
    pub page_size: usize,
    /// Status of the answer to a wrong key: 401, or 403.
    pub wrong_key: u16,
    /// The caller's address is on the hub's whitelist.
    pub on_whitelist: bool,
    /// The hub says its errors with status 200.
    pub hub_errors_in_200: bool,
}

/// A mail that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Its id.
    pub id: String,
    /// To whom.
    pub email: String,
    /// What about.
    pub subject: String,
    /// From whom.
    pub from: String,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { page_size: 5, wrong_key: 401, on_whitelist: true, hub_errors_in_200: false }
    }
}

impl Sare {
    /// The key of [`UID`] that is good now.
    #[must_use]
    pub fn key(&self) -> String {
        self.key_number(lock(&self.data).replaced)
    }

    /// The key of [`OTHER_UID`].
    #[must_use]
    pub fn other_key(&self) -> String {
        uuid(self.seed, "other")
    }

    /// Replaces the key of [`UID`] in the panel; the one before ends.
    pub fn replace_key(&self) {
        lock(&self.data).replaced += 1;
    }

    /// Name and secret of the module at the hub.
    #[must_use]
    pub fn module(&self) -> Login {
        Login { user: "patchbay".to_owned(), password: seed::secret(self.seed, "sare/hub", 32) }
    }

    /// The registered application.
    #[must_use]
    pub fn client(&self) -> Client {
        self.door.client()
    }

    /// Who logs in; owns [`UID`].
    #[must_use]
    pub fn login(&self) -> Login {
        self.door.login(UID).unwrap_or_else(|| Login { user: String::new(), password: String::new() })
    }

    /// Registers a redirect address of the application.
    pub fn allow_redirect(&self, address: &str) {
        self.door.allow_redirect(address);
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        self.door.expire_access();
    }

    /// Takes every consent back.
    pub fn revoke_all(&self) {
        self.door.revoke_all();
    }

    /// The values of all keys and tokens that were ever good.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let replaced = lock(&self.data).replaced;
        let mut secrets = self.door.secrets();
        secrets.extend((0..=replaced).map(|number| self.key_number(number)));
        secrets.push(self.module().password);
        secrets
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        lock(&self.data).behaviour = behaviour;
    }

    /// Adds a group; its number.
    pub fn add_group(&self, name: &str) -> u64 {
        lock(&self.data).base.add_group(name)
    }

    /// Takes a group away; its addresses stay.
    pub fn remove_group(&self, id: u64) {
        lock(&self.data).base.remove_group(id);
    }

    /// Adds an address to groups, confirmed.
    pub fn add_contact(&self, email: &str, name: &str, groups: &[u64]) {
        lock(&self.data).base.add_contact(email, name, groups);
    }

    /// Gives an address another status: 8 confirmed, 2 removed by hand, ….
    pub fn set_status(&self, email: &str, status: u8) {
        lock(&self.data).base.set_status(email, status);
    }

    /// Gives a contact another name.
    pub fn rename(&self, email: &str, name: &str) {
        lock(&self.data).base.rename(email, name);
    }

    /// Adds a newsletter of the type `ready`; its id.
    pub fn add_newsletter(&self, name: &str) -> u64 {
        lock(&self.data).base.add_newsletter(name)
    }

    /// Adds a send of today; its id.
    pub fn add_send(&self, subject: &str) -> u64 {
        lock(&self.data).base.add_send(subject, self.clock.now())
    }

    /// Somebody opened the newest send.
    pub fn open_newest_send(&self) {
        lock(&self.data).base.open_newest_send();
    }

    /// Adds an event of this moment; its id.
    pub fn add_event(&self, kind: &str, email: &str) -> u64 {
        lock(&self.data).base.add_event(kind, email, self.clock.now())
    }

    /// All mails that went out, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.data).mails.clone()
    }

    /// All events that the hub took, in order, each with its `routing` and `correlation_id`.
    #[must_use]
    pub fn hub_events(&self) -> Vec<Value> {
        lock(&self.data).events.clone()
    }

    /// All records of a kind of [`UID`] as they are served now: `group`, `contact`, `newsletter`, `send`, `event`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    fn key_number(&self, number: u32) -> String {
        uuid(self.seed, &format!("key/{number}"))
    }

    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        if request.header("host") == Some(HUB_HOST) {
            return hub::answer(self, request);
        }
        if self.door.serves(request) {
            return Ok(in_polish(self.door.answer(request, self.clock.now())));
        }
        api::answer(self, request)
    }

    fn opened(seed: u64) -> Data {
        Data {
            base: Base::seeded(seed),
            replaced: 0,
            behaviour: Behaviour::default(),
            mails: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl Sheet for Sare {
    const NAME: &'static str = "sare";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let door = Door::open(seed, RULES, &[(OWNER, UID)]);
        Self { seed, clock, door, data: Mutex::new(Self::opened(seed)) }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned(), HUB_ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({
            "uid": UID, "key": self.key(), "hub": self.module(), "client": self.client(), "login": self.login(),
        })
    }
}

impl Provider for Sare {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => Some(Ok(self.describe())),
            ("GET", "/_fake/sare/mails") => Some(Ok(json!({ "mails": self.mails() }))),
            ("GET", "/_fake/sare/hub") => Some(Ok(json!({ "events": self.hub_events() }))),
            ("POST", "/_fake/sare/key") => {
                self.replace_key();
                Some(Ok(json!({ "key": self.key() })))
            }
            ("POST", "/_fake/sare/redirect") => Some(control::field(&request.body, "redirect_uri").map(|address| {
                self.allow_redirect(&address);
                json!({})
            })),
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        lock(&self.data).base.records(kind)
    }

    fn reset(&self) {
        *lock(&self.data) = Self::opened(self.seed);
        self.door.reset();
    }
}

/// The words of the real pages.
fn in_polish(mut answer: Answer) -> Answer {
    let is_page = answer.headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/html"));
    if is_page {
        let words = [
            ("lang=\"nl\"", "lang=\"pl\""),
            ("Aanmelden", "Zaloguj się"),
            ("Wachtwoord", "Hasło"),
            ("Toegang geven?", "Autoryzuj aplikację"),
            ("Toestaan", "Autoryzuj"),
            ("Weigeren", "Odrzuć"),
        ];
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        answer.body = words.iter().fold(page, |page, (from, to)| page.replace(from, to)).into_bytes();
    }
    answer
}

/// A key of the shape 8-4-4-4-12.
fn uuid(seed: u64, label: &str) -> String {
    let hex = seed::sha256(seed::secret(seed, &format!("sare/{label}"), 40).as_bytes());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The envelope of an error.
fn problem(code: u16, message: &str) -> Answer {
    Answer::json(code, &json!({ "code": code, "message": message }))
}

/// The envelope of a success.
fn said(response: &Value) -> Answer {
    Answer::json(200, &json!({ "code": 200, "response": response }))
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}
