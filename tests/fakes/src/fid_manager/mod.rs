//! FID-Manager as `providers/fid-manager.md` describes it: offices by host name, a pair of keys that came by mail, clients
//! with folders, document types that are mapped to a partner's codes, and documents that wait for approval.
//!
//! | path | what |
//! |---|---|
//! | `POST /api/v1/login` | a session for the pair of keys, as JSON |
//! | `GET /api/v1/me` | office and partner |
//! | `GET /api/v1/clients` | `page`, `per_page`, `updated_since` |
//! | `GET /api/v1/clients/{id}/folders` | `page`, `per_page` |
//! | `GET /api/v1/document-types` | `page`, `per_page`, `partner_code` |
//! | `GET /api/v1/documents` | `page`, `per_page`, `status` |
//! | `POST /api/v1/documents` | a file, as a form |
//!
//! All of it but the pair, the office's own host, the codes and the queue is assumed by the sheet. What the sheet leaves
//! open is settled here so: a document in a list tells its `external_id`, and a file of more than 20 MiB is too large.

mod api;
mod documents;
mod office;

use std::sync::{Arc, Mutex};

use patchbay_model::Clock;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    control,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock,
    login::Login,
};
use office::Office;

pub use office::{Document, DocumentType};

/// The office that tests connect.
pub const OFFICE: &str = "kantoorvoorbeeld";
/// Its origin.
pub const ORIGIN: &str = "https://kantoorvoorbeeld.fid-manager.be";
/// Another office, with keys and clients of its own.
pub const OTHER_OFFICE: &str = "tweedekantoor";
/// Its origin.
pub const OTHER_ORIGIN: &str = "https://tweedekantoor.fid-manager.be";
/// What follows an office's name.
pub(crate) const SUFFIX: &str = ".fid-manager.be";
/// A code that is mapped to a type whose documents wait for approval.
pub const CODE: &str = "CT-REPORT";
/// A code that is mapped to a type whose documents are filed at once.
pub const CODE_AT_ONCE: &str = "CT-AUTO";
/// A code whose type is switched off.
pub const CODE_OFF: &str = "CT-OLD";
/// A code whose type the partner may not read.
pub const CODE_CLOSED: &str = "CT-BLIND";

/// The fake's data and its controls.
pub struct FidManager {
    seed: u64,
    clock: Arc<dyn Clock>,
    offices: Mutex<Vec<Office>>,
    behaviour: Mutex<Behaviour>,
}

/// What the sheet leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Behaviour {
    /// Wrong keys are answered with the page on which people log in, not with JSON.
    pub html_401: bool,
    /// There is no `GET /me`.
    pub without_me: bool,
    /// What the same `external_id` does a second time.
    pub repeat: Repeat,
}

/// What the same `external_id` does a second time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Repeat {
    /// 200, and the first document.
    #[default]
    Same,
    /// 409, and the id of the first document.
    Conflict,
    /// The field is ignored: a second document, and no list tells it.
    Ignored,
}

impl FidManager {
    /// The pair of keys that [`OFFICE`] was mailed last.
    #[must_use]
    pub fn login(&self) -> Login {
        self.login_at(OFFICE)
    }

    /// The pair of keys that an office was mailed last.
    #[must_use]
    pub fn login_at(&self, office: &str) -> Login {
        let offices = lock(&self.offices);
        let found = offices.iter().find(|known| known.name == office);
        found.map_or_else(|| Login { user: String::new(), password: String::new() }, |office| office.keys.clone())
    }

    /// Opens the access of [`OFFICE`] again: another pair is mailed, and the one before ends, with its sessions.
    #[must_use]
    pub fn reopen(&self) -> Login {
        self.with(|office| office.reopen(self.seed))
    }

    /// Closes the partner's access to [`OFFICE`], or opens it: the keys stay right, and everything is answered 403.
    pub fn close(&self, closed: bool) {
        self.with(|office| office.closed = closed);
    }

    /// Ends all sessions of [`OFFICE`], as after two hours.
    pub fn end_sessions(&self) {
        self.with(|office| office.sessions.clear());
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.behaviour) = behaviour;
    }

    /// Adds a client to [`OFFICE`]; its id.
    pub fn add_client(&self, name: &str) -> u64 {
        self.with(|office| office.add_client(name, self.clock.now()))
    }

    /// Gives a client another name.
    pub fn rename_client(&self, id: u64, name: &str) {
        self.with(|office| office.change_client(id, self.clock.now(), |client| name.clone_into(&mut client.name)));
    }

    /// Switches a client off, as when it leaves the office.
    pub fn leave(&self, id: u64) {
        self.with(|office| office.change_client(id, self.clock.now(), |client| client.active = false));
    }

    /// Takes a client away without a word.
    pub fn remove_client(&self, id: u64) {
        self.with(|office| office.clients.retain(|client| client.id != id));
    }

    /// Adds a folder to a client; its id.
    pub fn add_folder(&self, client: u64, name: &str) -> u64 {
        self.with(|office| office.add_folder(client, name))
    }

    /// Takes a folder away.
    pub fn remove_folder(&self, id: u64) {
        self.with(|office| office.folders.retain(|folder| folder.id != id));
    }

    /// Maps a code of the partner to a document type, or does so in another way.
    pub fn map(&self, code: &str, to: DocumentType) {
        self.with(|office| office.map(code, to));
    }

    /// Approves a document that waits.
    pub fn approve(&self, id: u64) {
        self.with(|office| office.settle(id, "validated"));
    }

    /// Everything in the queue of [`OFFICE`] and behind it, in the order in which it came.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        self.with(|office| office.documents.clone())
    }

    /// What the partner wrote with this title.
    #[must_use]
    pub fn titled(&self, title: &str) -> Vec<Document> {
        self.documents().into_iter().filter(|document| document.title == title).collect()
    }

    /// All records of a kind of [`OFFICE`] as they are served now: `client`, `folder`, `document_type`, `document`.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    /// The values of all keys and sessions that were ever given out.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        lock(&self.offices).iter().flat_map(|office| office.secrets.clone()).collect()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Office) -> T) -> T {
        let mut offices = lock(&self.offices);
        if let Some(office) = offices.iter_mut().find(|office| office.name == OFFICE) {
            return work(office);
        }
        // Never: `opened` makes it. A fake of nothing then.
        work(&mut Office::opened(self.seed, OFFICE))
    }

    fn opened(seed: u64) -> Vec<Office> {
        [OFFICE, OTHER_OFFICE].map(|name| Office::opened(seed, name)).into()
    }
}

impl Sheet for FidManager {
    const NAME: &'static str = "fid-manager";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self { seed, clock, offices: Mutex::new(Self::opened(seed)), behaviour: Mutex::default() }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned(), OTHER_ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({ "address": ORIGIN, "keys": self.login(), "partner_code": CODE })
    }
}

impl Provider for FidManager {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        api::answer(self, request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => Some(Ok(self.describe())),
            ("GET", "/_fake/fid-manager/documents") => Some(Ok(json!({ "documents": self.documents() }))),
            ("POST", "/_fake/fid-manager/reopen") => Some(Ok(json!({ "keys": self.reopen() }))),
            ("POST", "/_fake/fid-manager/clients") => {
                Some(control::field(&request.body, "name").map(|name| json!({ "id": self.add_client(&name) })))
            }
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        self.with(|office| office.records(kind))
    }

    fn reset(&self) {
        *lock(&self.offices) = Self::opened(self.seed);
        *lock(&self.behaviour) = Behaviour::default();
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path == "/api/v1/documents"
    }
}

fn problem(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

/// 422 with what is wrong, by field.
fn invalid(fields: &[(&str, &str)]) -> Answer {
    let fields: serde_json::Map<String, Value> =
        fields.iter().map(|(field, why)| ((*field).to_owned(), json!(why))).collect();
    let error = json!({ "code": "validation", "message": "Dit kan niet bewaard worden", "fields": fields });
    Answer::json(422, &json!({ "error": error }))
}

/// 400 for what the sheet does not name.
fn refusal(why: String) -> Answer {
    problem(400, "validation", &format!("fake: {why}")).refused(&why)
}
