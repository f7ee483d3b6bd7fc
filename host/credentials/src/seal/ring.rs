//! The key-encryption keys that this host has: the current one, and retired ones that still open.

use std::{fmt, path::Path};

use patchbay_model::Random;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    DataKey, KeyFileError, KeyNumber, SealContext, SealError, file,
    key::{FORMAT, Key, Parts},
};

/// The keys of one key file. Wraps with the current key, opens with any.
pub struct KeyRing {
    current: Key,
    retired: Vec<Key>,
}

impl KeyRing {
    /// Reads the key file.
    ///
    /// # Errors
    /// It does not exist, may be read by others than its owner, or holds no key.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        file::read(path).map(Self::of)
    }

    /// Reads the key file, or makes one where there is none. Only for a database that is new as well,
    /// or whose check value is compared right after: a fresh key opens nothing that exists.
    ///
    /// # Errors
    /// As [`open`](Self::open), or the file could not be made.
    pub fn open_or_create(path: &Path, random: &dyn Random) -> Result<Self, KeyFileError> {
        file::read_or_create(path, random).map(Self::of)
    }

    fn of(keys: file::Keys) -> Self {
        Self { current: Key::of(keys.current), retired: keys.retired.into_iter().map(Key::of).collect() }
    }

    /// Reads what came from elsewhere than a file: the text of a key file, 32 raw bytes, or one line of 64
    /// hex digits. `from` names it in errors, e.g. `environment variable PATCHBAY_KEY`.
    ///
    /// # Errors
    /// It is no key.
    pub fn from_text(bytes: &[u8], from: &str) -> Result<Self, KeyFileError> {
        file::read_text(bytes, from).map(Self::of)
    }

    /// Names the current key.
    #[must_use]
    pub fn current_number(&self) -> KeyNumber {
        self.current.number
    }

    /// Whether this ring opens what the key of this number wrapped.
    #[must_use]
    pub fn holds(&self, number: KeyNumber) -> bool {
        self.keys().any(|key| key.number == number)
    }

    /// What a database keeps to know its key again: format, key number and 32 derived bytes. No secret.
    #[must_use]
    pub fn check_value(&self) -> Vec<u8> {
        check_value(&self.current)
    }

    /// Whether a database's check value was made with a key of this ring.
    #[must_use]
    pub fn fits(&self, check: &[u8]) -> bool {
        self.keys().any(|key| check_value(key).ct_eq(check).into())
    }

    /// A key for another use of this process (a cache's HMAC, signed cursors). Each label is a key of its
    /// own, and a new current key is a new key for every label.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        self.current.derive(&["derived/", label].concat())
    }

    /// A tenant's data key, as the database may keep it.
    ///
    /// # Errors
    /// None that is known: a data key is never too long.
    pub fn wrap_data_key(&self, tenant: &str, key: &DataKey, random: &dyn Random) -> Result<Vec<u8>, SealError> {
        self.current.seal(&place(tenant), key.0.root.as_slice(), random)
    }

    /// The data key of a tenant.
    ///
    /// # Errors
    /// It was wrapped with a key that the file does not hold, for another tenant, or was changed.
    pub fn open_data_key(&self, tenant: &str, wrapped: &[u8]) -> Result<DataKey, SealError> {
        let number = Parts::read(wrapped)?.number;
        let key = self.keys().find(|key| key.number == number).ok_or(SealError::UnknownWrappingKey(number))?;
        let plain = key.open(&place(tenant), wrapped)?;
        let root = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| SealError::Refused)?;
        Ok(DataKey(Key::of(Zeroizing::new(root))))
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.retired)
    }
}

/// Numbers only.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|key| key.number)).finish()
    }
}

fn check_value(key: &Key) -> Vec<u8> {
    [&[FORMAT], key.number.as_bytes(), key.derive("check value").as_slice()].concat()
}

fn place(tenant: &str) -> SealContext<'_> {
    SealContext { tenant, connection: "", field: "data-key", row_version: 0 }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Code, Fault, SeededRandom};

    use super::*;

    fn root(fill: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(std::array::from_fn(|at| fill.wrapping_add(at as u8)))
    }

    fn ring(current: u8, retired: &[u8]) -> KeyRing {
        KeyRing::of(file::Keys { current: root(current), retired: retired.iter().copied().map(root).collect() })
    }

    fn wrapped(ring: &KeyRing) -> Vec<u8> {
        let key = DataKey::fresh(&SeededRandom::new(1));
        ring.wrap_data_key("ten_1", &key, &SeededRandom::new(2)).expect("wrapped")
    }

    #[test]
    fn a_wrong_key_is_refused_by_the_check_value() {
        let check = ring(1, &[]).check_value();
        assert!(ring(1, &[]).fits(&check));
        assert!(!ring(2, &[]).fits(&check));
        for at in 0..check.len() {
            let mut changed = check.clone();
            changed[at] ^= 1;
            assert!(!ring(1, &[]).fits(&changed), "byte {at}");
        }
        assert!(!ring(1, &[]).fits(&check[..check.len() - 1]));
        assert!(!ring(1, &[]).fits(b""));
    }

    #[test]
    fn a_retired_key_still_opens_and_the_current_one_wraps() {
        let (before, after) = (ring(1, &[]), ring(2, &[1]));
        assert!(after.fits(&before.check_value()));
        let key = after.open_data_key("ten_1", &wrapped(&before)).expect("opened by the retired key");
        let again = after.wrap_data_key("ten_1", &key, &SeededRandom::new(3)).expect("wrapped");
        assert_eq!(KeyNumber::of(&again), Some(after.current_number()));
        let opened = ring(2, &[]).open_data_key("ten_1", &again).expect("opened without the retired key");
        assert_eq!(opened.number(), key.number());
    }

    #[test]
    fn a_data_key_without_its_wrapping_key_is_a_key_mismatch() {
        let error = ring(2, &[3]).open_data_key("ten_1", &wrapped(&ring(1, &[]))).expect_err("no such key");
        assert_eq!(error, SealError::UnknownWrappingKey(ring(1, &[]).current_number()));
        assert_eq!(Fault::from(error).code, Code::KeyMismatch);
    }

    #[test]
    fn a_wrapped_data_key_serves_only_its_tenant_and_is_refused_when_changed() {
        let ring = ring(1, &[]);
        let wrapped = wrapped(&ring);
        assert_eq!(ring.open_data_key("ten_2", &wrapped).err(), Some(SealError::Refused));
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 0x80;
            assert!(ring.open_data_key("ten_1", &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_label_is_a_key_of_its_own() {
        let one = ring(1, &[]);
        let keys = [one.derive("a"), one.derive("b"), one.current.derive("sealing"), one.current.derive("a")];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "key {at} is not new");
        }
        assert_eq!(one.derive("a"), ring(1, &[7]).derive("a"));
        assert_ne!(one.derive("a"), ring(2, &[1]).derive("a"));
    }
}
