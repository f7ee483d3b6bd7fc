//! Takes typed values out of what was written, and complains in words that say what would do.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::{
    Rewrite, keys,
    source::{Entries, Entry, Place, Problem, Value, toml_value},
};

/// Reads values key by key and collects every complaint.
pub(crate) struct Reader<'a> {
    entries: &'a Entries,
    /// Relative paths of the file are relative to its folder.
    folder: &'a Path,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(entries: &'a Entries, folder: &'a Path, problems: Vec<Problem>) -> Self {
        Self { entries, folder, problems }
    }

    /// The folder of the file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder
    }

    /// Where a key was written, if it was.
    pub(crate) fn place(&self, key: &str) -> Option<Place> {
        self.entry(key).map(|entry| entry.place)
    }

    /// A whole number between two bounds, both included.
    pub(crate) fn number(&mut self, key: &str, bounds: (u64, u64), default: u64) -> u64 {
        let Some(entry) = self.entry(key) else { return default };
        let number = match &entry.value {
            Value::Number(number) => u64::try_from(*number).ok(),
            Value::Raw(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if (bounds.0..=bounds.1).contains(&number) => number,
            _ => {
                let text = format!("`{key}` has to be a whole number from {} to {}", bounds.0, bounds.1);
                self.complain(&entry.place, text);
                default
            }
        }
    }

    /// A number of seconds.
    pub(crate) fn seconds(&mut self, key: &str, bounds: (u64, u64), default: u64) -> Duration {
        Duration::from_secs(self.number(key, bounds, default))
    }

    /// `true` or `false`.
    pub(crate) fn switch(&mut self, key: &str, default: bool) -> bool {
        let Some(entry) = self.entry(key) else { return default };
        let on = match &entry.value {
            Value::Switch(on) => Some(*on),
            Value::Raw(text) => text.trim().parse().ok(),
            _ => None,
        };
        on.unwrap_or_else(|| {
            self.complain(&entry.place, format!("`{key}` has to be true or false"));
            default
        })
    }

    /// A text, as it is.
    pub(crate) fn text(&mut self, key: &str) -> Option<(String, Place)> {
        let entry = self.entry(key)?;
        match entry.value {
            Value::Text(text) | Value::Raw(text) if !text.trim().is_empty() => Some((text, entry.place)),
            _ => {
                self.complain(&entry.place, format!("`{key}` has to be a text that is not empty"));
                None
            }
        }
    }

    /// A path: of the file, relative to its folder; of a variable, to the working folder.
    pub(crate) fn path(&mut self, key: &str, default: impl FnOnce() -> PathBuf) -> PathBuf {
        match self.text(key) {
            Some((text, Place::Line(_))) => self.folder.join(text),
            Some((text, Place::Variable(_))) => PathBuf::from(text),
            None => default(),
        }
    }

    /// An address with a port.
    pub(crate) fn address(&mut self, key: &str, default: SocketAddr) -> SocketAddr {
        let Some((text, place)) = self.text(key) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.complain(&place, format!("`{key}` has to be IP:PORT, e.g. 127.0.0.1:7878 or [::1]:7878"));
            default
        })
    }

    /// One of a closed list of words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], default: T) -> T {
        let Some((text, place)) = self.text(key) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return *choice;
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        self.complain(&place, format!("`{key}` has to be one of {}", words.join(", ")));
        default
    }

    /// An origin (scheme, host, port) under which a browser reaches us.
    pub(crate) fn public_url(&mut self, key: &str) -> Option<Url> {
        let (text, place) = self.text(key)?;
        match origin(&text) {
            Err(why) => self.complain(&place, format!("`{key}` {why}")),
            Ok(url) if url.scheme() == "http" && !loopback(&url) => {
                let text = format!("`{key}` has to be https: over http only an address on loopback is safe");
                self.complain(&place, text);
            }
            Ok(url) => return Some(url),
        }
        None
    }

    /// A list of texts; a variable may separate them by commas.
    pub(crate) fn texts(&mut self, key: &str) -> Vec<(String, Place)> {
        let mut texts = Vec::new();
        for (value, place) in self.list(key, true) {
            match value {
                Value::Text(text) => texts.push((text, place)),
                _ => self.complain(&place, format!("`{key}` has to be a list of texts")),
            }
        }
        texts
    }

    /// A list of ports.
    pub(crate) fn ports(&mut self, key: &str) -> Vec<u16> {
        let mut ports = Vec::new();
        for (value, place) in self.list(key, true) {
            let port = match &value {
                Value::Number(number) => u16::try_from(*number).ok(),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            match port {
                Some(port) if port > 0 => ports.push(port),
                _ => self.complain(&place, format!("`{key}` has to be a list of ports from 1 to 65535")),
            }
        }
        ports
    }

    /// `[[egress.rewrite]]`.
    pub(crate) fn rewrites(&mut self, key: &str) -> Vec<Rewrite> {
        let mut rewrites = Vec::new();
        for (value, place) in self.list(key, false) {
            let Value::Table(table) = value else {
                self.complain(&place, format!("`{key}` has to be a list of tables with `origin` and `connect`"));
                continue;
            };
            let at = table.values().next().map_or(place, |entry| entry.place.clone());
            let mut field = |name: &str, needed: bool| match table.get(name) {
                // Every origin that no other entry names.
                Some(Entry { value: Value::Text(text), .. }) if name == "origin" && text == "*" => Some(text.clone()),
                Some(Entry { value: Value::Text(text), place }) => match origin(text) {
                    Ok(url) => Some(url.origin().ascii_serialization()),
                    Err(why) => {
                        self.complain(place, format!("`{key}[].{name}` {why}"));
                        None
                    }
                },
                Some(entry) => {
                    self.complain(&entry.place, format!("`{key}[].{name}` has to be a text"));
                    None
                }
                None if needed => {
                    self.complain(&at, format!("this entry of `{key}` needs `{name}`"));
                    None
                }
                None => None,
            };
            let (origin, connect, browser) = (field("origin", true), field("connect", true), field("browser", false));
            if let (Some(origin), Some(connect)) = (origin, connect) {
                rewrites.push(Rewrite { origin, connect, browser });
            }
        }
        rewrites
    }

    /// A list of tables of texts: these keys are needed, the others may be there.
    pub(crate) fn tables(
        &mut self,
        key: &str,
        needed: &[&str],
        others: &[&str],
    ) -> Vec<(BTreeMap<String, String>, Place)> {
        let mut rows = Vec::new();
        for (value, place) in self.list(key, false) {
            let Value::Table(table) = value else {
                self.complain(&place, format!("`{key}` has to be a list of tables with {}", needed.join(", ")));
                continue;
            };
            let at = table.values().next().map_or(place, |entry| entry.place.clone());
            let mut row = BTreeMap::new();
            for name in needed.iter().chain(others) {
                match table.get(*name) {
                    Some(Entry { value: Value::Text(text), .. }) if !text.trim().is_empty() => {
                        row.insert((*name).to_owned(), text.clone());
                    }
                    Some(entry) => {
                        self.complain(&entry.place, format!("`{key}[].{name}` has to be a text that is not empty"));
                    }
                    None if needed.contains(name) => {
                        self.complain(&at, format!("this entry of `{key}` needs `{name}`"));
                    }
                    None => {}
                }
            }
            if needed.iter().all(|name| row.contains_key(*name)) {
                rows.push((row, at));
            }
        }
        rows
    }

    /// Adds a complaint about a place.
    pub(crate) fn complain(&mut self, place: &Place, text: String) {
        self.problems.push(Problem { place: Some(place.clone()), text });
    }

    fn list(&mut self, key: &str, commas: bool) -> Vec<(Value, Place)> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let value = match entry.value {
            Value::Raw(text) if text.trim_start().starts_with('[') => toml_value(key, text.trim(), &mut self.problems),
            Value::Raw(text) if commas => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Some(Value::List(parts.map(|part| Value::Text(part.to_owned())).collect()))
            }
            value => Some(value),
        };
        match value {
            Some(Value::List(items)) => items.into_iter().map(|item| (item, entry.place.clone())).collect(),
            _ => {
                self.complain(&entry.place, format!("`{key}` has to be a list"));
                Vec::new()
            }
        }
    }

    fn entry(&self, key: &str) -> Option<Entry> {
        debug_assert!(keys::known(key), "{key} is read but not listed in config/keys.rs");
        self.entries.0.get(key).cloned()
    }
}

/// Reads scheme, host and port, and nothing else.
fn origin(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "has to be an address such as https://patchbay.example.com")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("has to begin with https:// or http://");
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("has to be scheme, host and port only, without a path, a query or a user");
    }
    Ok(url)
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
