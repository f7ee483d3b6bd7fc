//! Compiled components on disk: content-addressed, sealed, and never trusted for being there.
//!
//! A forged entry would be native code of an attacker's choice in this process. So each entry carries an
//! HMAC-SHA-256 under a key that only this host has, over everything that says what the entry is for and
//! over the code; it is read into memory once, checked there, and what was checked is what is mapped.
//!
//! ```text
//! name    hex SHA-256 of the key fields, ".cwasm"
//! entry   "patchbay-cwasm-1" (16 bytes) · HMAC (32 bytes) · compiled code
//! fields  SHA-256 of the component's code (`code`) · full wasmtime version · wasmtime's compatibility hash (settings, processor)
//! ```
//!
//! An entry that is missing, short, forged, or that wasmtime does not take is a miss: it is removed and
//! the component compiled again. A cache that cannot be written is a slow start, not a failure.

use std::{
    fs::{self, File, Permissions},
    hash::{Hash as _, Hasher},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::{EngineError, artefact::Artefact, config::WASMTIME};

const MAGIC: &[u8; 16] = b"patchbay-cwasm-1";
const MAC: usize = 32;

/// The folder of compiled components.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    compatibility: [u8; 32],
    written: AtomicU64,
}

impl Cache {
    /// Opens the folder, made when missing, for this user alone.
    pub(crate) fn open(folder: &Path, key: [u8; 32], engine: &Engine) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Cache { folder: folder.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
        let mut hasher = Wide(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = hasher.0.finalize().into();
        Ok(Self { folder: folder.to_owned(), key, compatibility, written: AtomicU64::new(0) })
    }

    /// The compiled code of the component with this digest, if a sealed entry for this engine is there.
    pub(crate) fn get(&self, digest: &[u8; 32]) -> Option<Artefact> {
        let mut bytes = fs::read(self.path(digest)).ok()?;
        let (magic, rest) = bytes.split_first_chunk::<16>()?;
        let (mac, code) = rest.split_first_chunk::<MAC>()?;
        let sealed = magic == MAGIC && self.mac(digest, code).is_some_and(|right| right.verify_slice(mac).is_ok());
        if !sealed {
            tracing::warn!(component = HEXLOWER.encode(digest), "a cache entry is not ours; it is compiled again");
            self.forget(digest);
            return None;
        }
        Some(Artefact::of_checked_entry(bytes.split_off(MAGIC.len() + MAC)))
    }

    /// Keeps compiled code. Written aside, synced and renamed: a reader sees all of it or nothing, and a
    /// file that somebody has read is never changed.
    pub(crate) fn put(&self, digest: &[u8; 32], artefact: &Artefact) -> io::Result<()> {
        let Some(mac) = self.mac(digest, artefact.bytes()) else {
            return Err(io::Error::other("the key does not make a MAC"));
        };
        let path = self.path(digest);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{number}.part", std::process::id()));
        let written = (|| {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(MAGIC)?;
            file.write_all(&mac.finalize().into_bytes())?;
            file.write_all(artefact.bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        })();
        if written.is_err() {
            // What could not be written must not stay behind half.
            let _ = fs::remove_file(&aside);
        }
        written
    }

    /// Removes an entry that turned out to be of no use.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        // When it cannot be removed it is refused again next time.
        let _ = fs::remove_file(self.path(digest));
    }

    fn path(&self, digest: &[u8; 32]) -> PathBuf {
        let mut name = Sha256::new();
        self.fields(digest).iter().for_each(|field| name.update(field));
        self.folder.join(HEXLOWER.encode(&name.finalize())).with_extension("cwasm")
    }

    fn mac(&self, digest: &[u8; 32], code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        self.fields(digest).iter().for_each(|field| mac.update(field));
        mac.update(code);
        Some(mac)
    }

    /// Fixed lengths but for the version, which therefore says its own.
    fn fields<'a>(&'a self, digest: &'a [u8; 32]) -> [&'a [u8]; 5] {
        const LENGTH: [u8; 1] = [WASMTIME.len() as u8];
        [MAGIC, digest, &LENGTH, WASMTIME.as_bytes(), &self.compatibility]
    }
}

/// `Hash` into 256 bits rather than 64, so that two settings do not meet by chance.
struct Wide(Sha256);

impl Hasher for Wide {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Path, key: u8) -> Cache {
        let engine = Engine::new(&crate::config::shared().expect("settings")).expect("an engine");
        Cache::open(folder, [key; 32], &engine).expect("a cache")
    }

    #[test]
    fn an_entry_comes_back_to_its_own_key_and_digest_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = cache(folder.path(), 1);
        ours.put(&[7; 32], &Artefact::of_child(b"code".to_vec())).expect("written");
        assert_eq!(ours.get(&[7; 32]).expect("an entry").bytes(), b"code");
        assert!(ours.get(&[8; 32]).is_none());
        assert!(cache(folder.path(), 2).get(&[7; 32]).is_none());
    }

    #[test]
    fn every_changed_byte_makes_it_a_miss_that_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path(), 1);
        let length = MAGIC.len() + MAC + 4;
        for at in 0..length {
            cache.put(&[7; 32], &Artefact::of_child(b"code".to_vec())).expect("written");
            let path = cache.path(&[7; 32]);
            let mut bytes = fs::read(&path).expect("read");
            assert_eq!(bytes.len(), length);
            bytes[at] ^= 1;
            fs::write(&path, bytes).expect("written");
            assert!(cache.get(&[7; 32]).is_none(), "byte {at}");
            assert!(!path.exists(), "byte {at}");
        }
    }

    #[test]
    fn an_entry_moved_to_another_component_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path(), 1);
        cache.put(&[7; 32], &Artefact::of_child(b"code".to_vec())).expect("written");
        fs::rename(cache.path(&[7; 32]), cache.path(&[8; 32])).expect("moved");
        assert!(cache.get(&[8; 32]).is_none());
    }

    #[test]
    fn the_folder_and_its_entries_are_for_this_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("compiled");
        let cache = cache(&inner, 1);
        cache.put(&[7; 32], &Artefact::of_child(b"code".to_vec())).expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        assert_eq!(mode(&cache.path(&[7; 32])), 0o600);
    }
}
