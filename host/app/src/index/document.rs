//! An index as it travels: who lists which connectors, signed as a whole.
//!
//! ```json
//! {"format": "patchbay-index/1", "key": "…", "signature": "…", "body": "{\"serial\": 7, …}"}
//! ```
//!
//! What is signed is `patchbay-index/1` and the SHA-256 of the body, each with a line feed; the body is a text, so that
//! there is one way only to hash it. The signature says who wrote it. That it is the newest that they wrote, nobody can
//! sign: so the body has a **serial**, which may not go back, and a **date of expiry**, so that an index that is held
//! back is noticed.

use std::collections::BTreeSet;

use patchbay_model::{
    Timestamp,
    package::{
        self,
        signature::{self, PublicKey, SigningKey},
    },
};
use semver::Version as Semver;
use serde::{Deserialize, Serialize};

use crate::Reference;

/// The first line of what is signed, and the format of an index.
pub(super) const FORMAT: &str = "patchbay-index/1";
/// Bytes of an index.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;
/// Connectors, and versions of all of them together.
const CONNECTORS: usize = 2_000;
const VERSIONS: usize = 5_000;
const PUBLISHERS: usize = 2_000;
const KEYS: usize = 8;
/// Letters of a name and of a summary.
const NAME: usize = 100;
const SUMMARY: usize = 500;

/// What a publisher of an index serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    key: String,
    signature: String,
    body: String,
}

/// What an index says. Unknown members are for later hosts, and no mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Grows with every signing.
    pub serial: u64,
    /// Until when it can be believed.
    pub expires_at: Timestamp,
    /// Whose keys are whose, as whoever signs the index sees it: a suggestion to operators, no trust.
    #[serde(default)]
    pub publishers: Vec<Publisher>,
    /// What there is.
    #[serde(default)]
    pub connectors: Vec<Connector>,
}

/// The keys of a publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// What stands before the dot of its connectors.
    pub id: String,
    /// Base64 of 32 bytes each.
    pub keys: Vec<String>,
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connector {
    /// `publisher.name`.
    pub id: String,
    /// What people call the provider.
    pub name: String,
    /// One or two sentences.
    pub summary: String,
    /// Where it stands in a catalog.
    pub category: String,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// A version of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Semantic version.
    pub version: String,
    /// Where it is: a reference with a digest, or an address that begins with `https://`.
    pub source: String,
    /// SHA-256 of the component, lower-case hex.
    pub sha256: String,
    /// Bytes of the component.
    pub size: u64,
    /// The contract that it was built against.
    pub contract: String,
    /// Its detached signature, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<signature::Document>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Withdrawn: nobody is to take it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yanked: bool,
}

/// Why an index is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// It is not the JSON that it should be.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Another format.
    #[error("it is of a format that this host does not know")]
    Format,
    /// Another key.
    #[error("it is signed by the key {0}, and not by the one in the configuration")]
    OtherKey(String),
    /// A signature of something else.
    #[error("its signature is wrong: it was changed after it was signed")]
    Wrong,
    /// Older than what is known.
    #[error("its serial is {came}, and {known} was read before: it goes back")]
    GoesBack {
        /// What came.
        came: u64,
        /// What is known.
        known: u64,
    },
    /// Another text under the same serial.
    #[error(
        "it says something else than before under the same serial {0}: it shows different things to different hosts"
    )]
    TwoFaced(u64),
    /// Past its date.
    #[error("it expired at {0}: whoever publishes it has to sign it afresh")]
    Expired(Timestamp),
}

impl Index {
    /// Believes an index, or says why not: signed by `key`, not before `known`, not expired.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn open(bytes: &[u8], key: &PublicKey, known: u64, now: Timestamp) -> Result<Self, IndexError> {
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        if envelope.format != FORMAT {
            return Err(IndexError::Format);
        }
        let signer = PublicKey::from_text(&envelope.key);
        let signer = signer.map_err(|error| IndexError::Unreadable(format!("its key: {error}")))?;
        if signer.fingerprint() != key.fingerprint() {
            return Err(IndexError::OtherKey(signer.fingerprint()));
        }
        key.verify(message(&envelope.body).as_bytes(), &envelope.signature).map_err(|_| IndexError::Wrong)?;
        let index = Self::read(envelope.body.as_bytes())?;
        if index.serial < known {
            return Err(IndexError::GoesBack { came: index.serial, known });
        }
        if index.expires_at <= now {
            return Err(IndexError::Expired(index.expires_at));
        }
        Ok(index)
    }

    /// Reads a body that is not signed yet, as strictly as a signed one.
    ///
    /// # Errors
    /// [`IndexError::Unreadable`].
    pub fn read(bytes: &[u8]) -> Result<Self, IndexError> {
        let index: Self = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        index.sound().map_err(IndexError::Unreadable)?;
        Ok(index)
    }

    /// Signs it: the text to be served.
    ///
    /// # Errors
    /// [`IndexError::Unreadable`] for one that nobody could read.
    pub fn sign(&self, key: &SigningKey) -> Result<String, IndexError> {
        self.sound().map_err(IndexError::Unreadable)?;
        let unreadable = |error: serde_json::Error| IndexError::Unreadable(error.to_string());
        let body = serde_json::to_string(self).map_err(unreadable)?;
        let signature = key.sign(message(&body).as_bytes());
        let envelope = Envelope { format: FORMAT.to_owned(), key: key.public().to_string(), signature, body };
        serde_json::to_string(&envelope).map_err(unreadable)
    }

    /// The publishers' keys as people compare them, by publisher.
    #[must_use]
    pub fn keys_of(&self, publisher: &str) -> Vec<String> {
        let of = self.publishers.iter().filter(|one| one.id == publisher);
        of.flat_map(|one| &one.keys).filter_map(|key| Some(PublicKey::from_text(key).ok()?.fingerprint())).collect()
    }

    /// Whether everything in it is what it has to be; the first thing that is not.
    fn sound(&self) -> Result<(), String> {
        let versions: usize = self.connectors.iter().map(|connector| connector.versions.len()).sum();
        if self.connectors.len() > CONNECTORS || versions > VERSIONS || self.publishers.len() > PUBLISHERS {
            return Err("it lists more than an index may".to_owned());
        }
        let mut seen = BTreeSet::new();
        for publisher in &self.publishers {
            if !is_name(&publisher.id) || publisher.keys.len() > KEYS {
                return Err(format!("its publisher {:?} is none", shown(&publisher.id)));
            }
            for key in &publisher.keys {
                PublicKey::from_text(key).map_err(|error| format!("a key of {}: {error}", publisher.id))?;
            }
        }
        for connector in &self.connectors {
            let id = shown(&connector.id);
            let named = connector.id.split_once('.').is_some_and(|(one, other)| is_name(one) && is_name(other));
            if !named || !seen.insert((connector.id.as_str(), "")) {
                return Err(format!("its connector {id:?} is none, or stands there twice"));
            }
            if !is_text(&connector.name, NAME) || !is_text(&connector.summary, SUMMARY) || !is_name(&connector.category)
            {
                return Err(format!(
                    "name, summary or category of {id} are too long or have letters that no screen shows"
                ));
            }
            for version in &connector.versions {
                version.sound().map_err(|why| format!("{id} {:?}: {why}", shown(&version.version)))?;
                if !seen.insert((connector.id.as_str(), version.version.as_str())) {
                    return Err(format!("{id} {} stands there twice", shown(&version.version)));
                }
            }
        }
        Ok(())
    }
}

impl Version {
    /// As it can be compared.
    #[must_use]
    pub fn semver(&self) -> Semver {
        Semver::parse(&self.version).unwrap_or(Semver::new(0, 0, 0))
    }

    fn sound(&self) -> Result<(), &'static str> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.version.len() > NAME || Semver::parse(&self.version).is_err() {
            return Err("is no semantic version");
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(hex) {
            return Err("has no SHA-256");
        }
        let pinned = || Reference::parse(&self.source).is_ok_and(|reference| reference.digest().is_some());
        let address = self.source.starts_with("https://") && self.source.len() <= 1_000;
        if !address && !pinned() {
            return Err("is at no reference with a digest and no address that begins with https://");
        }
        if !is_text(&self.contract, NAME) {
            return Err("has no contract");
        }
        Ok(())
    }
}

fn message(body: &str) -> String {
    format!("{FORMAT}\n{}\n", package::digest(body.as_bytes()))
}

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(letter)
}

/// One line that a screen shows as it is written: no controls, nothing that turns the direction round.
fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && text.chars().all(is_shown)
}

fn is_shown(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{061c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    // The separators end a line where a terminal believes them.
    !letter.is_control() && !turns && !matches!(letter, '\u{2028}' | '\u{2029}')
}

/// What the parser says repeats names of members that anybody may have written, before any signature was looked at.
fn unreadable(error: &serde_json::Error) -> IndexError {
    let said = error.to_string();
    let mut text: String =
        said.chars().take(NAME).map(|letter| if is_shown(letter) { letter } else { '\u{fffd}' }).collect();
    if said.chars().nth(NAME).is_some() {
        text.push_str(&format!("… at line {} column {}", error.line(), error.column()));
    }
    IndexError::Unreadable(text)
}

fn shown(text: &str) -> String {
    text.chars().take(NAME).collect()
}

#[cfg(test)]
mod tests;
