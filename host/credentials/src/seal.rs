//! Sealing: **a credential is never at rest unsealed, and a sealed value opens only in its own place.**
//!
//! # The keys
//!
//! ```text
//! key file ──► key-encryption key (KEK), 32 random bytes        KeyRing: the current one and retired ones
//!                │ HKDF-SHA256, one label for each use
//!                ├─ "number"         8 bytes   names the key; says nothing about it
//!                ├─ "check value"   32 bytes   kept in the database: a wrong key is noticed at start
//!                ├─ "derived/LABEL" 32 bytes   KeyRing::derive: signing and hashing keys of other rooms
//!                └─ "sealing"       32 bytes   wraps data keys
//!                     └─ data key of a tenant, 32 random bytes
//!                          │ HKDF-SHA256
//!                          ├─ "number"   8 bytes
//!                          └─ "sealing" 32 bytes   seals values
//! ```
//!
//! HKDF has no salt; its `info` is `patchbay/v1 ` and the label. A root key is used for nothing but
//! deriving, so that no two uses meet in one key.
//!
//! # A sealed value, byte by byte
//!
//! ```text
//! offset  length  what
//!      0       1  format: 1 = XChaCha20-Poly1305 as described here; every other value is refused
//!      1       8  number of the key that sealed it, as derived above
//!      9      24  nonce, random
//!     33       n  ciphertext, as long as the plaintext
//!   33+n      16  Poly1305 tag
//! ```
//!
//! A wrapped data key is a sealed value as well (n = 32), made with the KEK, in the context
//! (tenant, "", "data-key", version 0).
//!
//! # The authenticated context, exact bytes
//!
//! ```text
//! "patchbay/v1"                       11 bytes, no length before it
//! u32 big-endian length, tenant       UTF-8
//! u32 big-endian length, connection   UTF-8; of an OAuth client or a login attempt, its id
//! u32 big-endian length, field        UTF-8
//! u32 big-endian 8, key number        as in the header
//! u32 big-endian 8, row version       i64 big-endian
//! ```
//!
//! The lengths keep ("ab", "c") and ("a", "bc") apart. A value that was copied to another tenant,
//! connection, column or row version does not open; neither does one with any bit changed. The key
//! number is derived from the key, so a value is bound to one key and not merely to any that fits.
//!
//! # What this does not do
//!
//! Whoever can write the database can put a whole row back as it was, version and all. Lengths are
//! visible. 192 random bits of nonce make a repetition under one key out of reach, so nothing counts.

pub mod file;
mod key;
mod ring;

pub use file::KeyFileError;
pub use ring::KeyRing;

use std::fmt;

use patchbay_model::{Code, Fault, Random};
use zeroize::Zeroizing;

use self::key::{Key, Parts};

const NUMBER_BYTES: usize = 8;

/// The place that a sealed value belongs to; it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// The connection's id, or that of the OAuth client or login attempt.
    pub connection: &'a str,
    /// Which value of it, e.g. `credential`.
    pub field: &'a str,
    /// The row's version at the time of writing.
    pub row_version: i64,
}

impl SealContext<'_> {
    fn bytes(&self, number: KeyNumber) -> Vec<u8> {
        let mut bytes = b"patchbay/v1".to_vec();
        for part in [
            self.tenant.as_bytes(),
            self.connection.as_bytes(),
            self.field.as_bytes(),
            &number.0,
            &self.row_version.to_be_bytes(),
        ] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

/// Names a key; derived from it, so that it cannot be given to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyNumber([u8; NUMBER_BYTES]);

impl KeyNumber {
    /// The number in the header of a sealed value, to count what a retired key still holds; none when
    /// it is not a sealed value of a known format.
    #[must_use]
    pub fn of(sealed: &[u8]) -> Option<Self> {
        Parts::read(sealed).ok().map(|parts| parts.number)
    }

    /// A number as the database keeps it; none when it has another length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, as in the header.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Sixteen hex digits.
impl fmt::Display for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tenant's key; seals the values of its connections.
pub struct DataKey(Key);

impl DataKey {
    /// A key that nobody had before.
    #[must_use]
    pub fn fresh(random: &dyn Random) -> Self {
        let mut root = Zeroizing::new([0; 32]);
        random.fill(root.as_mut_slice());
        Self(Key::of(root))
    }

    /// Names this key.
    #[must_use]
    pub fn number(&self) -> KeyNumber {
        self.0.number
    }

    /// Seals a value into its place.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above 256 GiB.
    pub fn seal(&self, place: &SealContext<'_>, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
        self.0.seal(place, plain, random)
    }

    /// Opens a value in its place.
    ///
    /// # Errors
    /// Every [`SealError`] but [`SealError::TooLong`] and [`SealError::UnknownWrappingKey`].
    pub fn open(&self, place: &SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.0.open(place, sealed)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.0.number)
    }
}

/// Why a value was not sealed or opened. Says nothing of key or content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is too short to be a sealed value.
    #[error("{0} bytes are too few for a sealed value")]
    Short(usize),
    /// Its first byte names a format that this host does not know.
    #[error("sealed format {0} is unknown")]
    UnknownFormat(u8),
    /// It was sealed with another data key than the one at hand.
    #[error("sealed with data key {0}, which is not the one at hand")]
    UnknownKey(KeyNumber),
    /// The data key was wrapped with a key-encryption key that is not in the key file.
    #[error("wrapped with key-encryption key {0}, which is not in the key file")]
    UnknownWrappingKey(KeyNumber),
    /// It was changed, or it belongs to another place.
    #[error("changed since it was sealed, or moved to another place")]
    Refused,
    /// It is longer than the cipher takes.
    #[error("too long to be sealed")]
    TooLong,
}

impl From<SealError> for Fault {
    fn from(error: SealError) -> Self {
        let code = match error {
            SealError::UnknownWrappingKey(_) => Code::KeyMismatch,
            SealError::Short(_)
            | SealError::UnknownFormat(_)
            | SealError::UnknownKey(_)
            | SealError::Refused
            | SealError::TooLong => Code::SealBroken,
        };
        Self::new(code).operator(error)
    }
}

#[cfg(test)]
mod tests;
