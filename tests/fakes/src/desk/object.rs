//! What was written: objects, which of them can be found yet, and the answers that belong to keys.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ORIGIN;

/// What can be written, each in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// By a key that the caller gives: the same twice is once. Cannot be found.
    Letter,
    /// Can be found by its reference, as late as it is told to.
    Task,
    /// Written to its own reference: the same twice is once.
    Card,
    /// None of all that.
    Call,
    /// Can be found by its reference.
    Entry,
    /// Uploaded, and kept as its hash. Can be found by its reference.
    File,
    /// Names a file that was uploaded. Can be found by its reference.
    Report,
    /// Can be found by its reference, and changed by its id.
    Note,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Letter, Self::Task, Self::Card, Self::Call, Self::Entry, Self::File, Self::Report, Self::Note];

    /// As ids and the journal spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Task => "task",
            Self::Card => "card",
            Self::Call => "call",
            Self::Entry => "entry",
            Self::File => "file",
            Self::Report => "report",
            Self::Note => "note",
        }
    }

    /// As paths spell it.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Letter => "letters",
            Self::Task => "tasks",
            Self::Card => "cards",
            Self::Call => "calls",
            Self::Entry => "entries",
            Self::File => "files",
            Self::Report => "reports",
            Self::Note => "notes",
        }
    }

    pub(super) fn of_plural(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == word)
    }

    /// Whether its objects can be looked for.
    pub(super) const fn searched(self) -> bool {
        matches!(self, Self::Task | Self::Entry | Self::File | Self::Report | Self::Note)
    }
}

/// When a search finds what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// So much later, by the fake's clock.
    Time(Duration),
    /// When [`Desk::show`](super::Desk::show) is called.
    UntilTold,
}

/// An object at the desk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeskObject {
    /// Its kind.
    pub kind: Kind,
    /// Its id: `task-17`.
    pub id: String,
    /// Name of the key that wrote it; nobody else finds it.
    pub office: String,
    /// What the caller named it by: the reference; the idempotency key of a letter; none for a call.
    pub reference: Option<String>,
    /// Everything that was sent, as it is now.
    pub content: Value,
    /// How often it was written: 1 when it was made, and 1 more for each change.
    pub writes: u32,
}

impl DeskObject {
    /// A text of its content; empty when there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.content.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// As the API shows it.
    pub(super) fn json(&self) -> Value {
        let mut all = self.content.as_object().cloned().unwrap_or_else(Map::new);
        all.insert("id".to_owned(), json!(self.id));
        all.insert("url".to_owned(), json!(format!("{ORIGIN}/show/{}", self.id)));
        Value::Object(all)
    }
}

/// All objects, in the order in which they were made.
#[derive(Default)]
pub(super) struct Objects {
    all: Vec<(DeskObject, Shown)>,
    /// By office, kind and reference; in the order in which they were made.
    referenced: BTreeMap<(String, Kind, String), Vec<usize>>,
    /// Office and key of each letter: the hash of what was sent, and which object it made.
    keys: BTreeMap<(String, String), (String, usize)>,
    lags: BTreeMap<Kind, Lag>,
}

/// When a search finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    From(Timestamp),
    WhenTold,
}

impl Objects {
    pub(super) fn lag(&mut self, kind: Kind, lag: Lag) {
        self.lags.insert(kind, lag);
    }

    /// Everything that is hidden can be found.
    pub(super) fn show(&mut self) {
        for (_, shown) in &mut self.all {
            *shown = Shown::From(Timestamp::default());
        }
    }

    pub(super) fn add(
        &mut self,
        kind: Kind,
        office: &str,
        reference: Option<&str>,
        content: Value,
        now: Timestamp,
    ) -> &DeskObject {
        let shown = match self.lags.get(&kind) {
            None => Shown::From(now),
            Some(Lag::Time(lag)) => Shown::From(now.plus(*lag)),
            Some(Lag::UntilTold) => Shown::WhenTold,
        };
        let place = self.all.len();
        if let Some(reference) = reference {
            self.referenced.entry((office.to_owned(), kind, reference.to_owned())).or_default().push(place);
        }
        let id = format!("{}-{}", kind.word(), place + 1);
        let (office, reference) = (office.to_owned(), reference.map(str::to_owned));
        &self.all.push_mut((DeskObject { kind, id, office, reference, content, writes: 1 }, shown)).0
    }

    /// The letter that this key wrote, and the hash of what was sent.
    pub(super) fn keyed(&self, office: &str, key: &str) -> Option<(&str, &DeskObject)> {
        let (hash, place) = self.keys.get(&(office.to_owned(), key.to_owned()))?;
        self.all.get(*place).map(|(object, _)| (hash.as_str(), object))
    }

    /// The next object to be added is what this key wrote.
    pub(super) fn key(&mut self, office: &str, key: &str, hash: String) {
        self.keys.insert((office.to_owned(), key.to_owned()), (hash, self.all.len()));
    }

    /// What an office wrote with this reference, hidden or not.
    pub(super) fn referenced(&self, office: &str, kind: Kind, reference: &str) -> Vec<&DeskObject> {
        self.places(office, kind, reference).map(|(object, _)| object).collect()
    }

    /// The same, as far as a search finds it.
    pub(super) fn found(&self, office: &str, kind: Kind, reference: &str, now: Timestamp) -> Vec<&DeskObject> {
        let shown = |shown: &Shown| matches!(shown, Shown::From(from) if *from <= now);
        self.places(office, kind, reference).filter(|(_, when)| shown(when)).map(|(object, _)| object).collect()
    }

    fn places(&self, office: &str, kind: Kind, reference: &str) -> impl Iterator<Item = &(DeskObject, Shown)> {
        let places = self.referenced.get(&(office.to_owned(), kind, reference.to_owned()));
        places.into_iter().flatten().filter_map(|place| self.all.get(*place))
    }

    /// An office's object by its id.
    pub(super) fn of_id(&mut self, office: &str, id: &str) -> Option<&mut DeskObject> {
        let place = id.rsplit_once('-')?.1.parse::<usize>().ok()?.checked_sub(1)?;
        let object = &mut self.all.get_mut(place)?.0;
        (object.id == id && object.office == office).then_some(object)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &DeskObject> {
        self.all.iter().map(|(object, _)| object)
    }

    /// What was made more than once for one item: of one office and kind, with the same reference or the same title.
    /// Kind, reference or title, and how many. So a test gives each of its items a title of its own.
    pub(super) fn doubles(&self) -> Vec<(Kind, String, usize)> {
        let mut counts: BTreeMap<(Kind, &str, &str), usize> = BTreeMap::new();
        for object in self.all() {
            let title = Some(object.text("title")).filter(|title| !title.is_empty());
            for named in object.reference.as_deref().into_iter().chain(title) {
                *counts.entry((object.kind, &object.office, named)).or_default() += 1;
            }
        }
        let twice = counts.into_iter().filter(|(_, count)| *count > 1);
        twice.map(|((kind, _, named), count)| (kind, named.to_owned(), count)).collect()
    }
}
