//! Compiled components on disk: content-addressed, sealed, and never trusted for being there.
//!
//! A forged entry would be native code of an attacker's choice in this process. So each entry carries an HMAC-SHA-256
//! under a key that only this host has, over everything that says what the entry is for and over the code (`entry`). A
//! file is opened once, as itself and never through a link; it is read into memory once, checked there, and what was
//! checked is what is mapped: whoever changes or swaps the file afterwards changes nothing. (Mapping the file itself would
//! save a copy, and would let whoever can write to it change code that was checked.)
//!
//! An entry's name is the SHA-256 of what it is for: the component's code (`code`), wasmtime's whole version, and its
//! compatibility hash (settings, processor).
//!
//! An entry that is not taken is a line in the log with its reason, is removed, and the component is compiled again. A
//! cache that cannot be written is a slow start, not a failure.

mod entry;

use std::{
    fs::{self, File, Permissions},
    hash::{Hash as _, Hasher},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use data_encoding::HEXLOWER;
use patchbay_model::Code;
use rustix::{fs::OFlags, process::geteuid};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use self::entry::{HEADER, Refusal, Sealer};
use crate::{EngineError, artefact::Artefact, config::WASMTIME};

/// No compiled component has more; what a file says of itself is not believed beyond.
const CODE_BYTES: u64 = 1536 * 1024 * 1024;
/// Whoever is not this user, and may write.
const OTHERS_WRITE: u32 = 0o022;

/// The folder of compiled components.
pub(crate) struct Cache {
    folder: PathBuf,
    sealer: Sealer,
    written: AtomicU64,
}

impl Cache {
    /// Opens the folder, made when missing, for this user alone.
    pub(crate) fn open(folder: &Path, key: [u8; 32], engine: &Engine) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Cache { folder: folder.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let mut hasher = Wide(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let mut wasmtime = [0; 32];
        wasmtime.iter_mut().zip(WASMTIME.bytes()).for_each(|(to, from)| *to = from);
        let sealer = Sealer { key, wasmtime, settings: hasher.0.finalize().into() };
        let cache = Self { folder: folder.to_owned(), sealer, written: AtomicU64::new(0) };
        cache.close_to_others().map_err(failed)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(cache)
    }

    /// The compiled code of the component with this digest, if a sealed entry for this engine is there.
    pub(crate) fn get(&self, digest: &[u8; 32]) -> Option<Artefact> {
        match self.read(digest) {
            Ok(code) => code.map(Artefact::of_checked_entry),
            Err(refusal) => {
                tracing::warn!(
                    code = Code::CacheEntryRefused.id(),
                    component = HEXLOWER.encode(digest),
                    "a compiled component in the cache is not taken: {refusal}; it is compiled again"
                );
                self.forget(digest);
                None
            }
        }
    }

    /// Keeps compiled code. Written aside, synced and renamed: a reader sees all of it or nothing, and a
    /// file that somebody has read is never changed.
    pub(crate) fn put(&self, digest: &[u8; 32], artefact: &Artefact) -> io::Result<()> {
        let Some(header) = self.sealer.header(digest, artefact.bytes()) else {
            return Err(io::Error::other("the key does not make a seal"));
        };
        let path = self.path(digest);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{number}.part", std::process::id()));
        let written = (|| {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(&header)?;
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

    /// Removes an entry that turned out to be of no use, or what stands in its place.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        let path = self.path(digest);
        // When it cannot be removed it is refused again next time.
        if fs::remove_file(&path).is_err() {
            let _ = fs::remove_dir_all(&path);
        }
    }

    fn read(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Refusal> {
        if self.close_to_others()? {
            return Err(Refusal::OpenFolder);
        }
        let Some(mut file) = open(&self.path(digest))? else { return Ok(None) };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(Refusal::NoFile);
        }
        if meta.uid() != geteuid().as_raw() || meta.mode() & OTHERS_WRITE != 0 {
            return Err(Refusal::Foreign);
        }
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| Refusal::NoEntry)?;
        let length = entry::length(&header)?;
        let (found, said) = (meta.len(), length.saturating_add(HEADER as u64));
        if found != said || length > CODE_BYTES {
            return Err(Refusal::Length { found, said });
        }
        let mut code = Vec::new();
        file.take(length).read_to_end(&mut code)?;
        self.sealer.check(digest, &header, &code)?;
        Ok(Some(code))
    }

    /// Makes the folder this user's alone. Whether it was open for others to write: then nothing that is in it stays.
    fn close_to_others(&self) -> io::Result<bool> {
        let meta = fs::metadata(&self.folder)?;
        if meta.uid() != geteuid().as_raw() {
            return Err(io::Error::other("another user owns it; remove it, and it is made again"));
        }
        if meta.mode() & OTHERS_WRITE == 0 {
            return Ok(false);
        }
        fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            // What cannot be removed is refused by itself.
            let _ = fs::remove_file(entry.path());
        }
        tracing::warn!(
            code = Code::CacheEntryRefused.id(),
            folder = %self.folder.display(),
            "the folder of compiled components was open for others to write; what was in it is compiled again"
        );
        Ok(true)
    }

    fn path(&self, digest: &[u8; 32]) -> PathBuf {
        let mut name = Sha256::new();
        [digest, &self.sealer.wasmtime, &self.sealer.settings].iter().for_each(|field| name.update(field));
        self.folder.join(HEXLOWER.encode(&name.finalize())).with_extension("cwasm")
    }
}

/// The file itself: no link is followed, and nothing waits for a pipe's other end. None where nothing is there.
fn open(path: &Path) -> Result<Option<File>, Refusal> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    match File::options().read(true).custom_flags(flags.cast_signed()).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => Err(Refusal::NoFile),
        Err(error) => Err(error.into()),
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
mod tests;
