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

mod file;
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
mod tests {
    use patchbay_model::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    const PLACE: SealContext<'_> =
        SealContext { tenant: "ten_1", connection: "con_1", field: "credential", row_version: 7 };

    fn key() -> DataKey {
        DataKey::fresh(&SeededRandom::new(1))
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        key().seal(&PLACE, plain, &SeededRandom::new(2)).expect("sealed")
    }

    #[test]
    fn a_sealed_value_has_the_bytes_that_the_essay_says() {
        let plain = b"a token";
        let sealed = sealed(plain);
        assert_eq!(sealed.len(), 1 + 8 + 24 + plain.len() + 16);
        assert_eq!(sealed[0], 1);
        assert_eq!(&sealed[1..9], key().number().as_bytes());
        let mut nonce = [0; 24];
        SeededRandom::new(2).fill(&mut nonce);
        assert_eq!(sealed[9..33], nonce);
        assert!(!sealed.windows(plain.len()).any(|window| window == plain));
    }

    #[test]
    fn the_context_has_the_bytes_that_the_essay_says() {
        let mut expected = b"patchbay/v1\0\0\0\x05ten_1\0\0\0\x05con_1\0\0\0\x0acredential\0\0\0\x08".to_vec();
        expected.extend_from_slice(key().number().as_bytes());
        expected.extend_from_slice(b"\0\0\0\x08\0\0\0\0\0\0\0\x07");
        assert_eq!(PLACE.bytes(key().number()), expected);
    }

    #[test]
    fn a_value_with_any_bit_changed_is_refused() {
        let sealed = sealed(b"a token that matters");
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                let error = key().open(&PLACE, &changed).expect_err("changed");
                match at {
                    0 => assert_eq!(error, SealError::UnknownFormat(changed[0])),
                    1..9 => assert!(matches!(error, SealError::UnknownKey(_))),
                    _ => assert_eq!(error, SealError::Refused),
                }
            }
        }
    }

    #[test]
    fn a_value_that_was_cut_or_grew_is_refused() {
        let sealed = sealed(b"a token");
        for length in 0..sealed.len() {
            assert!(key().open(&PLACE, &sealed[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(key().open(&PLACE, &[&sealed[..], b"\0"].concat()), Err(SealError::Refused));
    }

    #[test]
    fn a_value_opens_only_in_its_own_place() {
        let sealed = sealed(b"a token");
        for other in [
            SealContext { tenant: "ten_2", ..PLACE },
            SealContext { connection: "con_2", ..PLACE },
            SealContext { field: "verifier", ..PLACE },
            SealContext { row_version: 8, ..PLACE },
            SealContext { row_version: -7, ..PLACE },
            // The same letters with the borders elsewhere.
            SealContext { tenant: "ten_1c", connection: "on_1", ..PLACE },
            SealContext { connection: "con_1credential", field: "", ..PLACE },
        ] {
            assert_eq!(key().open(&other, &sealed), Err(SealError::Refused), "{other:?}");
        }
        assert_eq!(*key().open(&PLACE, &sealed).expect("its own place"), b"a token");
    }

    #[test]
    fn another_data_key_is_named_and_refused() {
        let other = DataKey::fresh(&SeededRandom::new(9));
        assert_eq!(other.open(&PLACE, &sealed(b"a token")), Err(SealError::UnknownKey(key().number())));
        assert_eq!(KeyNumber::of(&sealed(b"a token")), Some(key().number()));
    }

    #[test]
    fn two_seals_of_one_value_differ() {
        let random = SeededRandom::new(3);
        let seal = || key().seal(&PLACE, b"a token", &random).expect("sealed");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let root = data_encoding::HEXLOWER.encode(key().0.root.as_slice());
        let printed = format!("{:?} {:?}", key(), Fault::from(SealError::UnknownKey(key().number())));
        assert!(!printed.contains(&root[..16]), "{printed}");
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_again(
            plain in prop::collection::vec(any::<u8>(), 0..2_000),
            tenant in ".{0,20}", connection in ".{0,20}", field in ".{0,20}", row_version: i64, seed: u64,
        ) {
            let random = SeededRandom::new(seed);
            let key = DataKey::fresh(&random);
            let place = SealContext { tenant: &tenant, connection: &connection, field: &field, row_version };
            let sealed = key.seal(&place, &plain, &random).expect("sealed");
            prop_assert_eq!(&*key.open(&place, &sealed).expect("opened"), &plain);
        }

        #[test]
        fn no_bytes_at_all_make_opening_panic_or_succeed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(key().open(&PLACE, &bytes).is_err());
        }
    }
}
