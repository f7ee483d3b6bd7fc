//! Notebook, the provider of the example connector (`sdk/example`): it is invented, so what stands here is how it is.
//!
//! | path | what |
//! |---|---|
//! | `GET /v1/me` | whose key it is |
//! | `GET /v1/notebooks` | `limit`, `cursor`; all of them |
//! | `GET /v1/notes` | `limit`, `cursor`, `changed_since`; oldest change first. Or `reference`: the notes that carry it |
//! | `POST /v1/notes` | `notebook_id`, `text`, `reference` |
//!
//! Every list is `{"items": […], "next": …}`, where `next` is how the following page is called.

mod api;

use std::sync::{Arc, Mutex};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::{
    also::{Also, Sheet},
    exchange::{Answer, Incoming},
    fake::Provider,
    lock, seed,
};

/// Where it is.
pub const ORIGIN: &str = "https://api.notebook.example";

/// The provider, for [`FakesConfig::also`](crate::FakesConfig::also). It is not among [`also::all`](crate::also::all), because no
/// folder of `plugins/` is its connector.
#[must_use]
pub fn also() -> Also {
    Also::of::<Notebook>()
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// The notebook it is in.
    pub notebook: String,
    /// What it says.
    pub text: String,
    /// What its writer calls it.
    pub reference: Option<String>,
    /// When it changed last.
    pub changed: Timestamp,
}

/// The fake's data and its controls.
pub struct Notebook {
    seed: u64,
    clock: Arc<dyn Clock>,
    data: Mutex<Data>,
}

/// What it holds.
#[derive(Debug, Clone)]
struct Data {
    key: String,
    notebooks: Vec<(String, String)>,
    notes: Vec<Note>,
}

impl Data {
    fn seeded(seed: u64, now: Timestamp) -> Self {
        let notebooks = ["Clients", "Ideas", "Meetings"].iter().enumerate();
        let before = |minutes: u64| {
            Timestamp::from_millis(now.as_millis().saturating_sub_unsigned(minutes * 60_000) / 1_000 * 1_000)
        };
        let note = |number: u64| Note {
            id: 100 + number,
            notebook: format!("nb-{}", number % 3 + 1),
            text: format!("Note {number}: {}", seed::text(seed, &format!("note {number}"), 60)),
            reference: None,
            changed: before(1_000 - number),
        };
        Self {
            key: format!("nb_{}", seed::secret(seed, "notebook key", 40)),
            notebooks: notebooks.map(|(index, name)| (format!("nb-{}", index + 1), (*name).to_owned())).collect(),
            notes: (1..=250).map(note).collect(),
        }
    }
}

impl Notebook {
    /// The key that it takes.
    #[must_use]
    pub fn key(&self) -> String {
        lock(&self.data).key.clone()
    }

    /// Adds a note as somebody else would, in its own window.
    pub fn add(&self, notebook: &str, text: &str) -> u64 {
        self.write(notebook, text, None).id
    }

    /// All notes.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        lock(&self.data).notes.clone()
    }

    /// Takes a notebook away, and says nothing.
    pub fn remove_notebook(&self, id: &str) {
        lock(&self.data).notebooks.retain(|(known, _)| known != id);
    }

    fn write(&self, notebook: &str, text: &str, reference: Option<String>) -> Note {
        let changed = Timestamp::from_millis(self.clock.now().as_millis() / 1_000 * 1_000);
        let mut data = lock(&self.data);
        let id = data.notes.iter().map(|note| note.id).max().unwrap_or(100) + 1;
        let note = Note { id, notebook: notebook.to_owned(), text: text.to_owned(), reference, changed };
        data.notes.push(note.clone());
        note
    }
}

impl Sheet for Notebook {
    const NAME: &'static str = "notebook";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let data = Mutex::new(Data::seeded(seed, clock.now()));
        Self { seed, clock, data }
    }

    fn origins(&self) -> Vec<String> {
        vec![ORIGIN.to_owned()]
    }

    fn describe(&self) -> Value {
        json!({ "address": ORIGIN, "key": self.key() })
    }
}

impl Provider for Notebook {
    fn origin(&self) -> &'static str {
        ORIGIN
    }

    fn answer(&self, request: &Incoming) -> Answer {
        api::answer(self, request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_fake/credentials") => Some(Ok(self.describe())),
            _ => None,
        }
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        let data = lock(&self.data);
        match kind {
            "notebook" => Some(data.notebooks.iter().map(api::notebook).collect()),
            "note" => Some(data.notes.iter().map(api::note).collect()),
            _ => None,
        }
    }

    fn reset(&self) {
        *lock(&self.data) = Data::seeded(self.seed, self.clock.now());
    }
}
