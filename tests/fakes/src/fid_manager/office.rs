//! One office: its keys, clients, folders, document types and documents.

use patchbay_model::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CODE, CODE_AT_ONCE, CODE_CLOSED, CODE_OFF, OFFICE};
use crate::{login::Login, seed};

const TRADES: [&str; 6] = ["Bakkerij", "Garage", "Apotheek", "Brasserie", "Drukkerij \"De Pers\"", "Boucherie"];
const NAMES: [&str; 7] = ["De Korenaar", "Janssens & Zonen", "D'Hondt", "Müller", "Éclair", "Dubois", "Łukasz"];
const FOLDERS: [(&str, &str); 3] =
    [("Permanent dossier", "Verslagen"), ("Permanent dossier", "Statuten"), ("Jaardossier 2026", "Verslagen & nota's")];
/// Active clients at the start.
const CLIENTS: u64 = 13;
/// The moment of the first client's last change: 2026-01-05T08:00:00Z.
const FIRST_MS: i64 = 1_767_600_000_000;

/// Everything of one office.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) name: String,
    pub(crate) keys: Login,
    /// How many pairs were mailed.
    mailed: u32,
    pub(crate) closed: bool,
    /// Tokens and when they end.
    pub(crate) sessions: Vec<(String, Timestamp)>,
    /// How many sessions were opened.
    pub(crate) opened: u32,
    pub(crate) secrets: Vec<String>,
    pub(crate) clients: Vec<Client>,
    pub(crate) folders: Vec<Folder>,
    pub(crate) types: Vec<(String, DocumentType)>,
    pub(crate) documents: Vec<Document>,
    next: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) updated_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) id: u64,
    pub(crate) client: u64,
    category: String,
    name: String,
}

/// What a code of the partner is mapped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentType {
    /// What the office calls it.
    pub name: String,
    /// One that is switched off takes no documents.
    pub active: bool,
    /// *May be read*: without it the partner may not use it.
    pub may_read: bool,
    /// *Automatic validation*: its documents do not wait.
    pub at_once: bool,
}

/// A document in the queue, or behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its id.
    pub id: u64,
    /// `pending`, `validated` or `refused`.
    pub status: String,
    /// Its client.
    pub client: u64,
    /// Its folder.
    pub folder: Option<u64>,
    /// The partner's code.
    pub partner_code: String,
    /// What it is called.
    pub title: String,
    /// The day that it is about.
    pub date: Option<String>,
    /// What the partner calls it; none where the field is ignored.
    pub external_id: Option<String>,
    /// The file's name, media type, size and SHA-256.
    pub file: (String, String, u64, String),
    /// When it came.
    pub created_at: Timestamp,
}

impl Office {
    /// As it is at the start: thirteen clients and one that left, folders for each, four types, two documents that wait.
    pub(crate) fn opened(seed: u64, name: &str) -> Self {
        let keys = keys(seed, name, 0);
        let mut office = Self {
            name: name.to_owned(),
            secrets: vec![keys.password.clone()],
            keys,
            mailed: 1,
            closed: false,
            sessions: Vec::new(),
            opened: 0,
            clients: Vec::new(),
            folders: Vec::new(),
            types: Vec::new(),
            documents: Vec::new(),
            next: 50,
        };
        let first = if name == OFFICE { 3_117 } else { 7_001 };
        for at in 0..=CLIENTS {
            let draw =
                |what: &str| usize::try_from(seed::number(seed, &format!("{name}/{what}/{at}")) % 97).unwrap_or(0);
            let label = format!("{} {} BV", seed::pick(&TRADES, draw("trade")), seed::pick(&NAMES, draw("name")));
            let hours = i64::try_from(at).unwrap_or_default() * 3_600_000;
            let updated_at = Timestamp::from_millis(FIRST_MS + hours);
            let client = Client { id: first + at, name: label, active: at < CLIENTS, updated_at };
            for (place, (category, folder)) in FOLDERS.iter().enumerate() {
                // Every other client has no yearly file yet.
                if place < 2 || at % 2 == 0 {
                    office.push_folder(client.id, category, folder);
                }
            }
            office.clients.push(client);
        }
        let kind = |name: &str, active, may_read, at_once| {
            let name = name.to_owned();
            DocumentType { name, active, may_read, at_once }
        };
        office.types = vec![
            (CODE.to_owned(), kind("Verslag", true, true, false)),
            (CODE_AT_ONCE.to_owned(), kind("Verslag zonder nazicht", true, true, true)),
            (CODE_OFF.to_owned(), kind("Oud verslag", false, true, false)),
            (CODE_CLOSED.to_owned(), kind("Vertrouwelijk", true, false, false)),
        ];
        for at in 0..2_u64 {
            let id = office.take_id() + 90_000;
            office.documents.push(Document {
                id,
                status: "pending".to_owned(),
                client: first + at,
                folder: None,
                partner_code: CODE.to_owned(),
                title: format!("Ingescand {}", at + 1),
                date: None,
                external_id: None,
                file: ("scan.pdf".to_owned(), "application/pdf".to_owned(), 1, seed::sha256(b"x")),
                created_at: Timestamp::from_millis(FIRST_MS),
            });
        }
        office
    }

    /// Mails another pair.
    pub(crate) fn reopen(&mut self, seed: u64) -> Login {
        self.keys = keys(seed, &self.name, self.mailed);
        self.mailed += 1;
        self.secrets.push(self.keys.password.clone());
        self.sessions.clear();
        self.keys.clone()
    }

    pub(crate) fn take_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn add_client(&mut self, name: &str, now: Timestamp) -> u64 {
        let id = self.clients.iter().map(|client| client.id).max().unwrap_or_default() + 1;
        self.clients.push(Client { id, name: name.to_owned(), active: true, updated_at: now });
        id
    }

    pub(crate) fn change_client(&mut self, id: u64, now: Timestamp, change: impl FnOnce(&mut Client)) {
        if let Some(client) = self.clients.iter_mut().find(|client| client.id == id) {
            change(client);
            client.updated_at = now;
        }
    }

    pub(crate) fn add_folder(&mut self, client: u64, name: &str) -> u64 {
        self.push_folder(client, "Permanent dossier", name)
    }

    fn push_folder(&mut self, client: u64, category: &str, name: &str) -> u64 {
        let id = self.take_id();
        self.folders.push(Folder { id, client, category: category.to_owned(), name: name.to_owned() });
        id
    }

    pub(crate) fn map(&mut self, code: &str, to: DocumentType) {
        self.types.retain(|(known, _)| known != code);
        self.types.push((code.to_owned(), to));
    }

    pub(crate) fn settle(&mut self, id: u64, status: &str) {
        if let Some(document) = self.documents.iter_mut().find(|document| document.id == id) {
            status.clone_into(&mut document.status);
        }
    }

    pub(crate) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "client" => Some(self.clients.iter().map(Client::json).collect()),
            "folder" => Some(self.folders.iter().map(Folder::json).collect()),
            "document_type" => Some(self.types_json(None)),
            "document" => Some(self.documents.iter().map(Document::json).collect()),
            _ => None,
        }
    }

    /// The document types that are mapped, or that of one code.
    pub(crate) fn types_json(&self, code: Option<&str>) -> Vec<Value> {
        let json = |(place, (known, kind)): (usize, &(String, DocumentType))| {
            json!({
                "id": place + 1, "name": kind.name, "category": "Permanent dossier", "partner_code": known,
                "active": kind.active, "may_be_read": kind.may_read, "automatic_validation": kind.at_once,
            })
        };
        let wanted = |(_, (known, _)): &(usize, &(String, DocumentType))| code.is_none_or(|code| code == known);
        self.types.iter().enumerate().filter(wanted).map(json).collect()
    }
}

impl Client {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "number": format!("C{:04}", self.id % 10_000),
            "name": self.name,
            "type": "legal",
            "enterprise_number": format!("07{:08}", self.id * 97),
            "language": "nl",
            "active": self.active,
            "updated_at": self.updated_at.to_string(),
        })
    }
}

impl Folder {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "client_id": self.client, "category": self.category, "name": self.name, "partner_code": CODE,
        })
    }
}

impl Document {
    /// As lists show it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status,
            "client_id": self.client,
            "folder_id": self.folder,
            "title": self.title,
            "external_id": self.external_id,
            "created_at": self.created_at.to_string(),
        })
    }
}

fn keys(seed: u64, office: &str, mailed: u32) -> Login {
    Login {
        user: format!("partner-{office}"),
        password: seed::secret(seed, &format!("fid-manager/{office}/{mailed}"), 20),
    }
}
