//! Who made a connector: an Ed25519 signature over its name, its version and its bytes, kept beside it.
//!
//! What is signed is four lines of text, so that anybody can write them down again and check them with any tool:
//!
//! ```text
//! patchbay-sign/1
//! acme.books
//! 1.4.0
//! 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//! ```
//!
//! The last one is the SHA-256 of the packaged component. The manifest stands inside it, so a signature over the digest
//! is one over everything that is asked for; name and version are repeated so that a signature can be told apart by
//! reading it, and so that a sound one never vouches for another name.
//!
//! The [`Document`] travels apart from the component: as `FILE.sig`, as a header of an upload, as an annotation of an
//! image. It carries the public key, which proves nothing by itself: whoever changes the bytes can sign them with a key
//! of his own. Whether the key is the publisher's is what the operator says (`patchbay publishers trust`), and the host
//! remembers.

mod key;

use serde::{Deserialize, Serialize};

pub use key::{KeyError, PublicKey, SigningKey};

/// The first line of what is signed, and the format of a [`Document`].
pub const FORMAT: &str = "patchbay-sign/1";

/// Bytes of a document; what is longer is refused unread.
pub const LONGEST: usize = 8 * 1024;

/// What a signature is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The connector, `publisher.name`.
    pub connector: &'a str,
    /// Its version.
    pub version: &'a str,
    /// SHA-256 of the packaged component, lower-case hex.
    pub sha256: &'a str,
}

impl Signed<'_> {
    fn message(&self) -> String {
        format!("{FORMAT}\n{}\n{}\n{}\n", self.connector, self.version, self.sha256)
    }
}

/// A signature as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`FORMAT`].
    pub format: String,
    /// The connector that it is of.
    pub connector: String,
    /// The version that it is of.
    pub version: String,
    /// SHA-256 of the packaged component, lower-case hex.
    pub sha256: String,
    /// The public key, Base64 of 32 bytes.
    pub key: String,
    /// The signature, Base64 of 64 bytes.
    pub signature: String,
}

/// Why a signature vouches for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// More than [`LONGEST`] bytes.
    #[error("the signature has {0} bytes; {LONGEST} are the most")]
    TooLong(usize),
    /// It is not the JSON that it should be.
    #[error("the signature cannot be read: {0}")]
    Unreadable(String),
    /// It is of a format that this host does not know.
    #[error("the signature is of the format {0:?}; this host knows {FORMAT}")]
    Format(String),
    /// Its key is none.
    #[error("the signature's key cannot be used: {0}")]
    Key(KeyError),
    /// Its signature is not Base64 of 64 bytes.
    #[error("`signature` is not Base64 of 64 bytes")]
    Shape,
    /// It is a signature of something else.
    #[error("the signature is of {what} {said:?}, and this is {is:?}")]
    Other {
        /// What of it: `the connector`, `version` or `the bytes`.
        what: &'static str,
        /// What the signature says.
        said: String,
        /// What lies here.
        is: String,
    },
    /// The key did not sign this.
    #[error("the signature is wrong: the key {0} did not sign this")]
    Wrong(String),
}

impl Document {
    /// Reads one that somebody sent: exactly one JSON object, no other keys, nothing behind it.
    ///
    /// # Errors
    /// See [`SignatureError`].
    pub fn read(bytes: &[u8]) -> Result<Self, SignatureError> {
        if bytes.len() > LONGEST {
            return Err(SignatureError::TooLong(bytes.len()));
        }
        let read: Self =
            serde_json::from_slice(bytes).map_err(|error| SignatureError::Unreadable(error.to_string()))?;
        if read.format == FORMAT { Ok(read) } else { Err(SignatureError::Format(shortened(&read.format))) }
    }

    /// As it is written to a file.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Six texts can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The key that it says it was made with; nothing is proved by that.
    ///
    /// # Errors
    /// [`SignatureError::Key`].
    pub fn key(&self) -> Result<PublicKey, SignatureError> {
        PublicKey::from_text(&self.key).map_err(SignatureError::Key)
    }

    /// The key, once it is proved that it signed exactly this.
    ///
    /// # Errors
    /// See [`SignatureError`].
    pub fn verify(&self, is: Signed<'_>) -> Result<PublicKey, SignatureError> {
        let same = |what, said: &str, is: &str| {
            if said == is {
                return Ok(());
            }
            Err(SignatureError::Other { what, said: shortened(said), is: shortened(is) })
        };
        same("the connector", &self.connector, is.connector)?;
        same("version", &self.version, is.version)?;
        same("the bytes", &self.sha256, is.sha256)?;
        let key = self.key()?;
        key.verify(is.message().as_bytes(), &self.signature)?;
        Ok(key)
    }
}

/// Signs a packaged component.
#[must_use]
pub fn sign(key: &SigningKey, what: Signed<'_>) -> Document {
    Document {
        format: FORMAT.to_owned(),
        connector: what.connector.to_owned(),
        version: what.version.to_owned(),
        sha256: what.sha256.to_owned(),
        key: key.public().to_string(),
        signature: key.sign(what.message().as_bytes()),
    }
}

/// The publisher of a connector: what stands before the dot of its id.
#[must_use]
pub fn publisher(connector: &str) -> &str {
    connector.split_once('.').map_or(connector, |(publisher, _)| publisher)
}

/// A stranger's text in a message.
fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(100).collect()
}

#[cfg(test)]
mod tests;
