//! Clients and their folders: read by change in pages, and searched.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    seed, strict,
};

/// The moment of the first record: 2026-01-01T00:00:00Z.
const FIRST_MS: i64 = 1_767_225_600_000;
/// The code of the client before the first.
const FIRST_CODE: u64 = 10_000;
/// Records of a page at most.
const LARGEST_PAGE: usize = 1_000;
/// Hits of a search at most, on one page.
const HITS: usize = 100;

const TRADES: [&str; 12] = [
    "Bakkerij",
    "Garage",
    "Apotheek",
    "Bouwbedrijf",
    "Café",
    "Zoë's",
    "Transport",
    "Slagerij",
    "Advocatenkantoor",
    "Müller &",
    "Drukkerij",
    "Tuincentrum",
];
const NAMES: [&str; 16] = [
    "Vermeulen",
    "De Smet",
    "Peeters",
    "Janssens",
    "Ångström",
    "Van den Broeck",
    "O'Neill",
    "Maes",
    "Dubois",
    "Łukasz",
    "Hendrickx",
    "Çelik",
    "Wouters",
    "Claes",
    "García",
    "Goossens",
];
const FOLDERS: [&str; 6] = ["2026", "2025", "Permanent", "Btw-aangiften", "Reports & letters", "Zoë — overleg"];

/// Whether a list holds clients or folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Clients,
    Folders,
}

/// One client or folder.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    /// A client's code: what tells equal names apart.
    code: u64,
    /// A folder's client; 0 for a client.
    client: u64,
    changed_ms: i64,
}

/// All clients, or all folders.
pub(super) struct Shelf {
    of: Of,
    rows: BTreeMap<u64, Row>,
    by_change: BTreeSet<(i64, u64)>,
    /// Client and folder.
    by_client: BTreeSet<(u64, u64)>,
}

impl Shelf {
    /// So many clients.
    pub(super) fn clients(start: u64, count: u64) -> Self {
        let mut shelf = Self::empty(Of::Clients);
        for id in 1..=count {
            let draw = |what: &str| usize::try_from(seed::number(start, &format!("desk/{what}/{id}"))).unwrap_or(0);
            let name = format!("{} {}", seed::pick(&TRADES, draw("trade")), seed::pick(&NAMES, draw("name")));
            shelf.put(id, Row { name, code: FIRST_CODE + id, client: 0, changed_ms: at(id) });
        }
        shelf
    }

    /// So many folders for each of so many clients.
    pub(super) fn folders(clients: u64, each: u64) -> Self {
        let mut shelf = Self::empty(Of::Folders);
        for client in 1..=clients {
            for place in 0..each {
                let id = (client - 1) * each + place + 1;
                let name = seed::pick(&FOLDERS, usize::try_from(place).unwrap_or(0)).to_owned();
                shelf.put(id, Row { name, code: 0, client, changed_ms: at(id) });
            }
        }
        shelf
    }

    fn empty(of: Of) -> Self {
        Self { of, rows: BTreeMap::new(), by_change: BTreeSet::new(), by_client: BTreeSet::new() }
    }

    fn put(&mut self, id: u64, row: Row) {
        self.by_change.insert((row.changed_ms, id));
        self.by_client.insert((row.client, id));
        if let Some(before) = self.rows.insert(id, row.clone())
            && before.changed_ms != row.changed_ms
        {
            self.by_change.remove(&(before.changed_ms, id));
        }
    }

    /// Adds one more; its id.
    pub(super) fn add(&mut self, client: Option<&str>, name: &str, now: Timestamp) -> String {
        let id = self.rows.keys().next_back().copied().unwrap_or_default() + 1;
        let client = client.and_then(|client| number(client, Of::Clients)).unwrap_or_default();
        self.put(id, Row { name: name.to_owned(), code: FIRST_CODE + id, client, changed_ms: now.as_millis() });
        self.id(id)
    }

    /// Gives one another name; whether there is one of this id.
    pub(super) fn rename(&mut self, id: &str, name: &str, now: Timestamp) -> bool {
        let Some((id, row)) = number(id, self.of).and_then(|id| Some((id, self.rows.get(&id)?.clone()))) else {
            return false;
        };
        self.put(id, Row { name: name.to_owned(), changed_ms: now.as_millis(), ..row });
        true
    }

    /// Whether there is one of this id, of this client where it is a folder.
    pub(super) fn has(&self, id: &str, client: Option<&str>) -> bool {
        let Some(row) = number(id, self.of).and_then(|id| self.rows.get(&id)) else { return false };
        client.is_none_or(|client| number(client, Of::Clients) == Some(row.client))
    }

    /// Whether a client has a folder of this id or name.
    pub(super) fn has_named(&self, folder: &str, client: &str) -> bool {
        let Some(client) = number(client, Of::Clients) else { return false };
        let named = |id: u64| self.rows.get(&id).is_some_and(|row| row.name == folder);
        self.has(folder, Some(&format!("c{client}")))
            || self.by_client.range((client, 0)..=(client, u64::MAX)).any(|(_, id)| named(*id))
    }

    /// All of them, as they are served now.
    pub(super) fn records(&self) -> Vec<Value> {
        self.rows.iter().map(|(id, row)| self.json(*id, row)).collect()
    }

    /// `GET /clients`, `GET /folders`: oldest change first.
    pub(super) fn list(&self, request: &Incoming) -> Result<Answer, String> {
        strict::params("query parameter", &request.query, &["changed_since", "after", "size"])?;
        let size = strict::number(request, "size", 1, LARGEST_PAGE, 100)?;
        let since = match request.param("changed_since") {
            None => i64::MIN,
            Some(text) => text.parse::<Timestamp>().map_err(|_| format!("{text:?} is no moment"))?.as_millis(),
        };
        let start = match request.param("after") {
            None => (since, 0),
            Some(text) => {
                let (ms, id) = place(text).ok_or_else(|| format!("query parameter \"after\" is no place: {text:?}"))?;
                (since, 0).max((ms, id + 1))
            }
        };
        let found: Vec<(i64, u64)> = self.by_change.range(start..).take(size + 1).copied().collect();
        let (page, more) = found.split_at(size.min(found.len()));
        let next = if more.is_empty() { None } else { page.last().map(|(ms, id)| format!("{ms}-{id}")) };
        Ok(self.page(page.iter().map(|(_, id)| *id), json!(next)))
    }

    /// `GET /search/clients`, `GET /search/folders`: by name, the best of everything that holds each word.
    pub(super) fn search(&self, request: &Incoming) -> Result<Answer, String> {
        let names: &[&str] =
            if self.of == Of::Folders { &["q", "client", "page", "size"] } else { &["q", "page", "size"] };
        strict::params("query parameter", &request.query, names)?;
        let size = strict::number(request, "size", 1, HITS, 20)?;
        let page = strict::number(request, "page", 1, usize::MAX / HITS, 1)?;
        let wanted = request.param("q").unwrap_or_default().to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let ids: Vec<u64> = match request.param("client") {
            None => self.rows.keys().copied().collect(),
            Some(client) => {
                let client = number(client, Of::Clients).ok_or_else(|| format!("there is no client {client:?}"))?;
                self.by_client.range((client, 0)..=(client, u64::MAX)).map(|(_, id)| *id).collect()
            }
        };
        let mut hits: Vec<(&str, u64)> = Vec::new();
        for id in ids {
            let Some(row) = self.rows.get(&id) else { continue };
            let text = format!("{} {}", row.name.to_lowercase(), row.code);
            if words.iter().all(|word| text.contains(word)) {
                hits.push((&row.name, id));
            }
        }
        hits.sort_unstable();
        let skip = (page - 1) * size;
        let next = (hits.len() > skip + size).then_some(page + 1);
        Ok(self.page(hits.into_iter().skip(skip).take(size).map(|(_, id)| id), json!(next)))
    }

    fn page(&self, ids: impl Iterator<Item = u64>, next: Value) -> Answer {
        let items: Vec<Value> = ids.filter_map(|id| self.rows.get(&id).map(|row| self.json(id, row))).collect();
        let kind = if self.of == Of::Clients { "client" } else { "folder" };
        let served = items.iter().map(|item| served(kind, item)).collect();
        Answer::json(200, &json!({ "items": items, "next": next })).serving(served)
    }

    fn json(&self, id: u64, row: &Row) -> Value {
        let changed_at = Timestamp::from_millis(row.changed_ms).to_string();
        match self.of {
            Of::Clients => {
                json!({ "id": self.id(id), "code": row.code.to_string(), "name": row.name, "changed_at": changed_at })
            }
            Of::Folders => {
                let client = format!("c{}", row.client);
                json!({ "id": self.id(id), "client": client, "name": row.name, "changed_at": changed_at })
            }
        }
    }

    fn id(&self, id: u64) -> String {
        let letter = if self.of == Of::Clients { 'c' } else { 'f' };
        format!("{letter}{id}")
    }
}

fn served(kind: &str, item: &Value) -> Served {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(item.to_string().as_bytes());
    Served { kind: kind.to_owned(), id: text("id"), version: text("changed_at"), sha256 }
}

fn at(id: u64) -> i64 {
    FIRST_MS.saturating_add(i64::try_from(id).unwrap_or(i64::MAX).saturating_mul(1_000))
}

fn number(id: &str, of: Of) -> Option<u64> {
    id.strip_prefix(if of == Of::Clients { 'c' } else { 'f' })?.parse().ok()
}

fn place(text: &str) -> Option<(i64, u64)> {
    let (ms, id) = text.rsplit_once('-')?;
    Some((ms.parse().ok()?, id.parse::<u64>().ok().filter(|id| *id < u64::MAX)?))
}
