//! A shape as JSON: what is stored with a stream, and shown.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{PATHS, Place, Room, Shape, TYPES, Types};

/// The key beside the places that says that some were left out; a place begins with a slash.
const TRUNCATED: &str = "truncated";

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Truncated(bool),
    Types(Vec<String>),
}

impl Shape {
    /// As JSON, always the same for the same shape.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Every place with its types.
    pub(super) fn places(&self) -> Vec<(String, Types)> {
        let mut found = Vec::with_capacity(self.count);
        below(&self.root, &mut String::new(), &mut found);
        found
    }

    fn place(&mut self, path: &str) -> Option<&mut Place> {
        let mut room = Room { count: &mut self.count, truncated: &mut self.truncated, grew: false };
        let mut place = &mut self.root;
        for (depth, token) in (1..).zip(path.split('/').skip(1)) {
            place = if token == "*" {
                if place.items.is_none() {
                    place.items = room.one_more(depth).then(Box::default);
                }
                place.items.as_deref_mut()?
            } else {
                let name = token.replace("~2", "*").replace("~1", "/").replace("~0", "~");
                if !place.members.contains_key(name.as_str()) && room.one_more(depth) {
                    place.members.insert(name.as_str().into(), Place::default());
                }
                place.members.get_mut(name.as_str())?
            };
        }
        Some(place)
    }
}

fn below(place: &Place, path: &mut String, found: &mut Vec<(String, Types)>) {
    let end = path.len();
    let members = place.members.iter().map(|(name, member)| {
        // A name that would look like a list's items is written otherwise.
        let token = if &**name == "*" { "~2".to_owned() } else { name.replace('~', "~0").replace('/', "~1") };
        (token, member)
    });
    let items = place.items.iter().map(|items| ("*".to_owned(), items.as_ref()));
    for (token, inner) in members.chain(items) {
        path.push('/');
        path.push_str(&token);
        if inner.types != Types::default() {
            found.push((path.clone(), inner.types));
        }
        below(inner, path, found);
        path.truncate(end);
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let entry = |types: Types| Entry::Types(types.words().map(str::to_owned).collect());
        let mut entries: BTreeMap<String, Entry> =
            self.places().into_iter().map(|(path, types)| (path, entry(types))).collect();
        if self.truncated {
            entries.insert(TRUNCATED.to_owned(), Entry::Truncated(true));
        }
        entries.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut shape = Self::default();
        for (path, entry) in BTreeMap::<String, Entry>::deserialize(from)? {
            match entry {
                Entry::Truncated(truncated) if path == TRUNCATED => shape.truncated |= truncated,
                Entry::Types(words) if path.starts_with('/') => {
                    let mut types = 0;
                    for word in words {
                        let known = TYPES.iter().find(|(known, _)| *known == word);
                        let (_, kind) = known.ok_or_else(|| D::Error::custom(format!("{word:?} is no type")))?;
                        types |= Types::of(*kind).0;
                    }
                    if let Some(place) = shape.place(&path) {
                        place.types.0 |= types;
                    }
                }
                _ => return Err(D::Error::custom(format!("{path:?} is no place of a record"))),
            }
        }
        debug_assert!(shape.count <= PATHS, "bounded like one that was observed");
        Ok(shape)
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("this is no shape: {error}"))
    }
}
