//! A front desk that does not exist: clients and their folders to choose from, and eight things to write, each of
//! which a provider could take in another way. What all tests of pushes stand on.
//!
//! | path | what | the same twice | can be looked for |
//! |---|---|---|---|
//! | `POST /letters`, header `Idempotency-Key` | a letter | the first answer again; 422 for other content | no |
//! | `POST /tasks` | a task | two | `GET /tasks?reference=`, as late as [`Desk::lag`] says |
//! | `PUT /cards/{reference}` | a card | one | needs it not |
//! | `POST /calls` | a call | two | no |
//! | `POST /entries` | an entry; their order matters | two | `GET /entries?reference=` |
//! | `POST /files` (multipart: `reference`, `client`, `file`) | a file, kept as size and SHA-256 | two | `GET /files?reference=` |
//! | `POST /reports` with the id of a file | a report | two | `GET /reports?reference=` |
//! | `POST /notes`, `PATCH /notes/{id}` | a note, and a change of it | two; one | `GET /notes?reference=`, `GET /notes/{id}` |
//!
//! `GET /clients` and `GET /folders` (`?changed_since&after&size`) give pages by change, oldest first;
//! `GET /search/clients?q` and `GET /search/folders?client&q` give hits (`?page&size`). `GET /me` says whose key it is.
//! The key is a bearer. All keys choose from the same clients; each finds and changes only what it wrote itself. A
//! code in `X-Partner-Code` is kept with what is written. Every answer, also one that a rule makes, has an
//! `X-Request-Id`, which the journal keeps too.

mod control;
mod object;
mod shelf;
mod start;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use patchbay_model::Clock;
use serde_json::{Value, json};

use crate::{
    DeskConfig,
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed, strict,
};
use object::Objects;
use shelf::Shelf;

pub(crate) use start::open;

pub use object::{DeskObject, Kind, Lag};
pub use start::{DeskStand, LoneDesk};

/// Host of the API; a request that names another one is refused.
pub const HOST: &str = "desk.test";
/// Origin of the API.
pub const ORIGIN: &str = "https://desk.test";

const LOAD: &str = "desk-load-";

/// The desk's data and its controls.
pub struct Desk {
    seed: u64,
    keys: [(&'static str, String); 3],
    /// What the keys of benchmarks end with.
    load: String,
    config: DeskConfig,
    clock: Arc<dyn Clock>,
    data: Mutex<Data>,
    asked: AtomicU64,
}

struct Data {
    clients: Shelf,
    folders: Shelf,
    objects: Objects,
    refused: BTreeSet<String>,
}

impl Desk {
    fn new(seed: u64, config: DeskConfig, clock: Arc<dyn Clock>) -> Self {
        let keys =
            ["owner", "other", "revoked"].map(|name| (name, seed::secret(seed, &format!("desk/key/{name}"), 40)));
        let data = Mutex::new(Data::open(seed, &config));
        let load = seed::secret(seed, "desk/load", 24);
        Self { seed, keys, load, config, clock, data, asked: AtomicU64::new(0) }
    }

    /// The value of a key: `owner`, `other`, `revoked` (is refused), or `load-N` for any number N.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        match name.strip_prefix("load-") {
            Some(number) => format!("{LOAD}{number}-{}", self.load),
            None => self.keys.iter().find(|(known, _)| *known == name).map(|(_, key)| key.clone()).unwrap_or_default(),
        }
    }

    /// Whether a key is accepted from now on; `revoked` never is.
    pub fn accept(&self, name: &str, accepted: bool) {
        let mut data = lock(&self.data);
        if accepted {
            data.refused.remove(name)
        } else {
            data.refused.insert(name.to_owned())
        };
    }

    /// When a search finds what is written of this kind from now on; at once when nobody said.
    pub fn lag(&self, kind: Kind, lag: Lag) {
        lock(&self.data).objects.lag(kind, lag);
    }

    /// Everything that was written so far can be found now.
    pub fn show(&self) {
        lock(&self.data).objects.show();
    }

    /// All objects of a kind, in the order in which they were made.
    #[must_use]
    pub fn objects(&self, kind: Kind) -> Vec<DeskObject> {
        lock(&self.data).objects.all().filter(|object| object.kind == kind).cloned().collect()
    }

    /// The titles of what was made of a kind for a client, in the order in which it was made.
    #[must_use]
    pub fn titles(&self, kind: Kind, client: &str) -> Vec<String> {
        let of_client = self.objects(kind).into_iter().filter(|object| object.text("client") == client);
        of_client.map(|object| object.text("title").to_owned()).collect()
    }

    /// How many objects of a kind there are, by title.
    #[must_use]
    pub fn tally(&self, kind: Kind) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for object in self.objects(kind) {
            *tally.entry(object.text("title").to_owned()).or_default() += 1;
        }
        tally
    }

    /// How many objects of a kind there are with this reference (for a letter, its key), whoever wrote them.
    #[must_use]
    pub fn count(&self, kind: Kind, reference: &str) -> usize {
        self.objects(kind).iter().filter(|object| object.reference.as_deref() == Some(reference)).count()
    }

    /// What was made more than once for one item: of one office and kind, with the same reference or the same title.
    /// Kind, reference or title, and how many. So a test gives each of its items a title of its own.
    #[must_use]
    pub fn doubles(&self) -> Vec<(Kind, String, usize)> {
        lock(&self.data).objects.doubles()
    }

    /// All clients, as they are served now.
    #[must_use]
    pub fn clients(&self) -> Vec<Value> {
        lock(&self.data).clients.records()
    }

    /// All folders, as they are served now.
    #[must_use]
    pub fn folders(&self) -> Vec<Value> {
        lock(&self.data).folders.records()
    }

    /// Adds a client; its id.
    pub fn add_client(&self, name: &str) -> String {
        let now = self.clock.now();
        lock(&self.data).clients.add(None, name, now)
    }

    /// Adds a folder to a client; its id.
    pub fn add_folder(&self, client: &str, name: &str) -> String {
        let now = self.clock.now();
        lock(&self.data).folders.add(Some(client), name, now)
    }

    /// Gives a client or folder another name; whether there is one of this id.
    pub fn rename(&self, id: &str, name: &str) -> bool {
        let now = self.clock.now();
        let mut data = lock(&self.data);
        data.clients.rename(id, name, now) || data.folders.rename(id, name, now)
    }

    /// Has so many clients from now on, each with so many folders; what was written stays.
    pub fn resize(&self, clients: u64, folders: u64) {
        let mut data = lock(&self.data);
        data.clients = Shelf::clients(self.seed, clients);
        data.folders = Shelf::folders(clients, folders);
    }

    /// The name of the key that was sent, when it is known.
    fn office(&self, request: &Incoming) -> Option<String> {
        let value = request.header("authorization")?.strip_prefix("Bearer ")?;
        if let Some((number, end)) = value.strip_prefix(LOAD).and_then(|rest| rest.split_once('-')) {
            return (number.parse::<u32>().is_ok() && end == self.load).then(|| format!("load-{number}"));
        }
        self.keys.iter().find(|(_, key)| key == value).map(|(name, _)| (*name).to_owned())
    }

    fn route(&self, request: &Incoming, office: &str) -> Result<Answer, Answer> {
        let method = request.method.as_str();
        let segments = request.segments();
        if method != "GET" {
            strict::no_query(request).map_err(refusal)?;
        }
        match (method, segments.as_slice()) {
            ("GET", ["me"]) => Ok(Answer::json(
                200,
                &json!({ "id": format!("office-{office}"), "name": format!("Office of {office}"), "login": format!("{office}@desk.test") }),
            )),
            ("GET", ["clients"]) => lock(&self.data).clients.list(request).map_err(refusal),
            ("GET", ["folders"]) => lock(&self.data).folders.list(request).map_err(refusal),
            ("GET", ["search", "clients"]) => lock(&self.data).clients.search(request).map_err(refusal),
            ("GET", ["search", "folders"]) => lock(&self.data).folders.search(request).map_err(refusal),
            ("PUT", ["cards", reference]) => write::upsert(self, request, office, reference),
            ("PATCH", ["notes", id]) => write::change(self, request, office, id),
            ("GET", ["notes", id]) => {
                let mut data = lock(&self.data);
                let note = data.objects.of_id(office, id).filter(|object| object.kind == Kind::Note);
                note.map(|note| Answer::json(200, &note.json())).ok_or_else(nothing)
            }
            ("POST", [plural]) => match Kind::of_plural(plural) {
                Some(kind) if kind != Kind::Card => write::create(self, request, office, kind),
                _ => Err(nothing()),
            },
            ("GET", [plural]) => match Kind::of_plural(plural) {
                Some(kind) if kind.searched() => self.find(request, office, kind),
                _ => Err(nothing()),
            },
            _ => Err(nothing()),
        }
    }

    fn find(&self, request: &Incoming, office: &str, kind: Kind) -> Result<Answer, Answer> {
        strict::params("query parameter", &request.query, &["reference"]).map_err(refusal)?;
        let reference = request.param("reference").ok_or_else(|| refusal("say which reference".to_owned()))?;
        let now = self.clock.now();
        let data = lock(&self.data);
        let found: Vec<Value> =
            data.objects.found(office, kind, reference, now).into_iter().map(DeskObject::json).collect();
        Ok(Answer::json(200, &json!({ "items": found })))
    }
}

impl Provider for Desk {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        let own = ["idempotency-key", "x-partner-code", "transfer-encoding"];
        if let Err(why) = strict::host(request, HOST).and_then(|()| strict::headers(request, &own)) {
            return refusal(why);
        }
        let office = self.office(request);
        let known = office.clone().filter(|name| name != "revoked" && !lock(&self.data).refused.contains(name));
        let Some(known) = known else { return problem(401, "unauthorized", "this key is not known").to(office) };
        self.route(request, &known).unwrap_or_else(|answer| answer).to(office)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "client" => Some(self.clients()),
            "folder" => Some(self.folders()),
            _ => {
                let kind = Kind::ALL.into_iter().find(|known| known.word() == kind)?;
                Some(self.objects(kind).iter().map(|object| json!(object)).collect())
            }
        }
    }

    fn reset(&self) {
        *lock(&self.data) = Data::open(self.seed, &self.config);
    }

    fn request_id(&self) -> Option<String> {
        Some(format!("desk-{:06}", self.asked.fetch_add(1, Ordering::Relaxed) + 1))
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && path == "/files"
    }
}

impl Data {
    fn open(start: u64, config: &DeskConfig) -> Self {
        Self {
            clients: Shelf::clients(start, config.clients),
            folders: Shelf::folders(config.clients, config.folders),
            objects: Objects::default(),
            refused: BTreeSet::new(),
        }
    }
}

fn problem(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

fn nothing() -> Answer {
    problem(404, "not_found", "there is nothing here")
}

/// 400 for what is not in the sheet.
fn refusal(why: String) -> Answer {
    problem(400, "bad_request", &format!("fake: {why}")).refused(&why)
}
