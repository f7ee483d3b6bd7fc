//! Indexes: signed lists of connectors that somebody else keeps, and that this host follows.
//!
//! An index saves typing and searching; it is no authority. What it lists is fetched and judged as if an operator had
//! typed its reference ([`App::install`](App)): the publisher's signature, what is asked, the policy. The publishers'
//! keys in it are shown as a suggestion and trusted by nobody until an operator says so. What an index *can* do is lie
//! about what is newest, and against that stand its serial, its expiry and the age that a version must have
//! ([`document`], [`updates`]).
//!
//! Of several indexes that list one connector, the first of the configuration speaks for it, whatever versions the
//! others claim: else whoever gets into the last of them could raise a version number and take over all. It goes on
//! speaking when it has expired, and then there is nothing to be taken: else whoever keeps it from this host for long
//! enough chooses who speaks next.

mod document;
mod follow;
mod take;
mod updates;
mod write;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::{Code, Fault, Timestamp, package::signature::PublicKey};
use patchbay_store::IndexRow;

pub use document::{Connector as ListedConnector, Index, IndexError, Publisher, Version as ListedVersion};
pub use updates::Update;

use crate::App;

/// An index of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedIndex {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Who signs it.
    pub key: PublicKey,
}

/// How it stands with an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStatus {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The fingerprint of the key that it is believed from.
    pub key: String,
    /// The serial of what is known.
    pub serial: u64,
    /// How many connectors it lists.
    pub connectors: usize,
    /// When it was asked last.
    pub checked_at: Option<Timestamp>,
    /// Until when what is known can be believed.
    pub expires_at: Option<Timestamp>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// A connector that an index lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The index that speaks for it.
    pub index: String,
    /// What it says.
    pub connector: ListedConnector,
    /// The version that is taken when nobody says which.
    pub latest: ListedVersion,
    /// Fingerprints of the keys that the index names for its publisher.
    pub publisher_keys: Vec<String>,
    /// The version that is used here.
    pub installed: Option<String>,
}

/// What was read, by name; parsed once for each serial.
#[derive(Default)]
pub(crate) struct Indexes(Mutex<HashMap<String, Parsed>>);

/// An index as it was read, and of which key and serial that is.
struct Parsed {
    key: String,
    serial: u64,
    index: Arc<Index>,
}

impl Indexes {
    fn parsed(&self, row: &IndexRow) -> Option<Arc<Index>> {
        let body = row.body.as_ref()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(&row.name).filter(|known| (&known.key, known.serial) == (&row.key, row.serial));
        if let Some(known) = known {
            return Some(Arc::clone(&known.index));
        }
        // It was sound when it was kept.
        let index = Arc::new(Index::read(body.as_bytes()).ok()?);
        let parsed = Parsed { key: row.key.clone(), serial: row.serial, index: Arc::clone(&index) };
        kept.insert(row.name.clone(), parsed);
        Some(index)
    }
}

impl App {
    /// How it stands with every index of the configuration.
    pub async fn indexes(&self) -> Result<Vec<IndexStatus>, Fault> {
        let mut all = Vec::new();
        for followed in &self.settings.indexes {
            let row = self.known_index(followed).await?;
            let index = row.as_ref().and_then(|row| self.indexes.parsed(row));
            let expires_at = row.as_ref().and_then(|row| row.expires_at);
            let over = expires_at.filter(|until| *until <= self.clock.now());
            let over = over.map(|until| IndexError::Expired(until).to_string());
            all.push(IndexStatus {
                name: followed.name.clone(),
                url: followed.url.clone(),
                key: followed.key.fingerprint(),
                serial: row.as_ref().map_or(0, |row| row.serial),
                connectors: index.map_or(0, |index| index.connectors.len()),
                checked_at: row.as_ref().and_then(|row| row.checked_at),
                expires_at,
                problem: row.and_then(|row| row.problem).or(over),
            });
        }
        Ok(all)
    }

    /// The connectors that the indexes list and that have all of these words in id, name, summary or category.
    pub async fn search_indexes(&self, words: &str, limit: usize) -> Result<Vec<Found>, Fault> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<Found> = Vec::new();
        let mut spoken: HashSet<String> = HashSet::new();
        let active = self.active_versions().await?;
        for (followed, index) in self.known_indexes().await? {
            let over = index.expires_at <= self.clock.now();
            for connector in &index.connectors {
                let ListedConnector { id, name, summary, category, .. } = connector;
                let text = format!("{id} {name} {summary} {category}").to_lowercase();
                let first = spoken.insert(id.clone());
                if over || !first || !words.iter().all(|word| text.contains(word)) {
                    continue;
                }
                let Some(latest) = latest(connector) else { continue };
                found.push(Found {
                    index: followed.name.clone(),
                    latest: latest.clone(),
                    publisher_keys: index.keys_of(id.split('.').next().unwrap_or_default()),
                    installed: active.get(id).cloned(),
                    connector: connector.clone(),
                });
            }
        }
        found.sort_by(|one, other| one.connector.id.cmp(&other.connector.id));
        found.truncate(limit);
        Ok(found)
    }

    /// The index that speaks for a connector: the first that listed it when it was read last, and it alone.
    async fn index_of(&self, connector: &str) -> Result<(&FollowedIndex, ListedConnector), Fault> {
        for (followed, index) in self.known_indexes().await? {
            let Some(listed) = index.connectors.iter().find(|listed| listed.id == connector) else { continue };
            if index.expires_at <= self.clock.now() {
                let error = IndexError::Expired(index.expires_at);
                let why = format!("{}, which speaks for {connector}: {error}", followed.name);
                return Err(Fault::because(Code::IndexRefused, why));
            }
            return Ok((followed, listed.clone()));
        }
        Err(Fault::new(Code::NotInIndex))
    }

    /// Indexes that were read, also those past their date, in the order of the configuration.
    async fn known_indexes(&self) -> Result<Vec<(&FollowedIndex, Arc<Index>)>, Fault> {
        let mut all = Vec::new();
        for followed in &self.settings.indexes {
            let Some(row) = self.known_index(followed).await? else { continue };
            if let Some(index) = self.indexes.parsed(&row) {
                all.push((followed, index));
            }
        }
        Ok(all)
    }

    async fn known_index(&self, followed: &FollowedIndex) -> Result<Option<IndexRow>, Fault> {
        let row = self.store.index(&followed.name).await?;
        // What was believed from another key is nothing any more, also before it is asked again.
        Ok(row.filter(|row| row.key == followed.key.to_string()))
    }

    async fn active_versions(&self) -> Result<HashMap<String, String>, Fault> {
        let active = self.store.active_releases(None).await?.into_iter();
        Ok(active.map(|release| (release.connector, release.version)).collect())
    }
}

/// The highest version that is for everybody: not withdrawn, no trial of what comes.
fn latest(connector: &ListedConnector) -> Option<&ListedVersion> {
    let open = connector.versions.iter().filter(|version| !version.yanked && version.semver().pre.is_empty());
    open.max_by_key(|version| version.semver())
}
