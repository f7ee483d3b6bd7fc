//! What fields a stream's records have, so that a provider's change is seen the day it comes.
//!
//! A [`Shape`] is a set of places with the types that were seen there, and nothing else: no value of a record
//! is kept. The items of a list are one place, `*`. It is bounded, for names come from strangers: an object
//! that uses ids as names ends it after [`PATHS`] places, and then it says that it is [`Shape::truncated`]
//! rather than call the rest new.

mod text;

use std::{borrow::Cow, collections::BTreeMap};

use crate::scan::{Kind, Scanner, Step, unescaped};

/// Places that are kept of one stream.
const PATHS: usize = 500;
/// How deep they lie at most.
const DEPTH: usize = 12;
/// Bytes of one name.
const NAME: usize = 256;

/// The fields of a stream's records. As JSON
/// `{"/id":["number"],"/lines":["array"],"/lines/*/amount":["null","number"]}`; where something was left out,
/// also `"truncated":true`. `~1` is a slash in a name, `~0` a tilde, `~2` a name that is an asterisk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    root: Place,
    /// How many places there are.
    count: usize,
    truncated: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    types: Types,
    /// By their names.
    members: BTreeMap<Box<str>, Place>,
    items: Option<Box<Place>>,
}

/// A set of types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Types(u8);

/// The types by their words, in the order of the bits.
const TYPES: [(&str, Kind); 6] = [
    ("array", Kind::List),
    ("boolean", Kind::Boolean),
    ("null", Kind::Null),
    ("number", Kind::Number),
    ("object", Kind::Object),
    ("string", Kind::Text),
];

impl Types {
    fn of(kind: Kind) -> Self {
        let bit = TYPES.iter().position(|(_, other)| *other == kind).unwrap_or_default();
        Self(1 << bit)
    }

    fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn words(self) -> impl Iterator<Item = &'static str> {
        TYPES.iter().filter(move |(_, kind)| self.holds(Self::of(*kind))).map(|(word, _)| *word)
    }
}

/// Something that a shape has and an older one has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeChange {
    /// The place, e.g. `/lines/*/amount`.
    pub path: String,
    /// What sort of change.
    pub kind: ChangeKind,
    /// The types that are new there, e.g. `number, string`.
    pub detail: String,
}

/// What sort of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// There was nothing at the place.
    Added,
    /// There were only values of other types.
    NewType,
}

impl ChangeKind {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::NewType => "new_type",
        }
    }
}

impl Shape {
    /// Takes in what fields `record` has, JSON that was read before; true when something was new.
    pub fn observe(&mut self, record: &str) -> bool {
        let mut scanner = Scanner::of(record);
        if scanner.next() != Some(Step::Open(Kind::Object)) {
            return false;
        }
        let mut room = Room { count: &mut self.count, truncated: &mut self.truncated, grew: false };
        members(&mut scanner, &mut self.root, 1, &mut room);
        room.grew
    }

    /// Whether something was left out, because there were too many places or they lay too deep.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// What is new since `older`, in the order of the places. A field that records no longer have is no
    /// change: any record may bring it again.
    #[must_use]
    pub fn changes_since(&self, older: &Self) -> Vec<ShapeChange> {
        let before: BTreeMap<String, Types> = older.places().into_iter().collect();
        let change = |(path, types): (String, Types)| {
            let (kind, fresh) = match before.get(&path) {
                // It may have been there all along, left out.
                None if older.truncated => return None,
                None => (ChangeKind::Added, types),
                Some(known) if known.holds(types) => return None,
                Some(known) => (ChangeKind::NewType, Types(types.0 & !known.0)),
            };
            Some(ShapeChange { path, kind, detail: fresh.words().collect::<Vec<_>>().join(", ") })
        };
        let mut changes: Vec<_> = self.places().into_iter().filter_map(change).collect();
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        changes
    }
}

/// How much a shape may grow.
struct Room<'a> {
    count: &'a mut usize,
    truncated: &'a mut bool,
    grew: bool,
}

impl Room<'_> {
    /// Whether there is room for one more place; else it is noted that one was left out.
    fn one_more(&mut self, depth: usize) -> bool {
        let fits = *self.count < PATHS && depth <= DEPTH;
        if fits {
            *self.count += 1;
        } else if !*self.truncated {
            *self.truncated = true;
            self.grew = true;
        }
        fits
    }
}

/// Reads the members of an object that was opened, to its end.
fn members(scanner: &mut Scanner<'_>, place: &mut Place, depth: usize, room: &mut Room<'_>) {
    while let Some(Step::Name(name)) = scanner.next() {
        let name = bounded(name);
        // Looked up before anything is allocated: all but the first records bring nothing new.
        if !place.members.contains_key(&*name) && room.one_more(depth) {
            place.members.insert(name.as_ref().into(), Place::default());
        }
        value(scanner, place.members.get_mut(&*name), depth, room);
    }
}

/// Reads the items of a list that was opened, to its end.
fn items(scanner: &mut Scanner<'_>, place: &mut Place, depth: usize, room: &mut Room<'_>) {
    while let Some(step) = scanner.next() {
        if step == Step::Close {
            return;
        }
        if place.items.is_none() && room.one_more(depth) {
            place.items = Some(Box::default());
        }
        take(scanner, step, place.items.as_deref_mut(), depth, room);
    }
}

/// Reads the value that follows.
fn value(scanner: &mut Scanner<'_>, place: Option<&mut Place>, depth: usize, room: &mut Room<'_>) {
    if let Some(step) = scanner.next() {
        take(scanner, step, place, depth, room);
    }
}

/// Reads the value that begins with `step`; one without a place is passed over.
fn take(scanner: &mut Scanner<'_>, step: Step<'_>, place: Option<&mut Place>, depth: usize, room: &mut Room<'_>) {
    let (Step::Open(kind) | Step::Value(kind, _)) = step else { return };
    let opened = matches!(step, Step::Open(_));
    let Some(place) = place else {
        if opened {
            pass_over(scanner);
        }
        return;
    };
    if !place.types.holds(Types::of(kind)) {
        place.types.0 |= Types::of(kind).0;
        room.grew = true;
    }
    match kind {
        Kind::Object if opened => members(scanner, place, depth + 1, room),
        Kind::List if opened => items(scanner, place, depth + 1, room),
        _ => {}
    }
}

/// Goes behind the end of a container that was opened; without recursion, for it may be deep.
fn pass_over(scanner: &mut Scanner<'_>) {
    let mut open = 1_usize;
    while open > 0 {
        match scanner.next() {
            Some(Step::Open(_)) => open += 1,
            Some(Step::Close) => open -= 1,
            Some(_) => {}
            None => return,
        }
    }
}

/// What a name says, cut where it is longer than any name has to be; one with half of a character, or with one that
/// nobody can see, as it is written.
fn bounded(name: &str) -> Cow<'_, str> {
    let name = name.get(..name.floor_char_boundary(NAME)).unwrap_or_default();
    unescaped(name).filter(|said| !said.chars().any(char::is_control)).unwrap_or(Cow::Borrowed(name))
}

#[cfg(test)]
mod tests;
