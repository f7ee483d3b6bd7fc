//! The key file: text with a header and one key a line, or 32 raw bytes.
//!
//! ```text
//! patchbay-key 1
//! # any remark
//! <64 hex digits>     the current key
//! <64 hex digits>     retired keys, still opened
//! ```
//!
//! The same text, the same bytes, or 64 hex digits alone may come from elsewhere: an environment variable,
//! a command, a credential of systemd.
//!
//! Only its owner may read it; a file that is open to others is refused, because by then the key has to
//! be taken as known.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER_PERMISSIVE;
use patchbay_model::{Code, Fault, Random};
use zeroize::Zeroizing;

mod write;

pub use write::add_key;

const HEADER: &str = "patchbay-key 1";
const LARGEST: u64 = 64 * 1024;

/// Why there is no key to work with. Never holds a part of the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("key file {path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else than its owner may read or write it.
    #[error(
        "key file {path} has mode {mode:04o}: others may read it. Run `chmod 600` on it, and replace the key if others may have read it"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is something else than a key file.
    #[error("key file {path}: {reason}. It holds 32 raw bytes, or the line `{HEADER}` and then 64 hex digits a line")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What came from elsewhere is no key.
    #[error("{from}: {reason}. It is 64 hex digits, 32 raw bytes, or the text of a key file")]
    NotAKey {
        /// Where it came from.
        from: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl From<KeyFileError> for Fault {
    fn from(error: KeyFileError) -> Self {
        Self::because(Code::ConfigInvalid, "The key cannot be used").operator(error)
    }
}

/// What a key file holds.
pub(super) struct Keys {
    pub(super) current: Zeroizing<[u8; 32]>,
    pub(super) retired: Vec<Zeroizing<[u8; 32]>>,
}

pub(super) fn read_or_create(path: &Path, random: &dyn Random) -> Result<Keys, KeyFileError> {
    match read(path) {
        Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let mut current = Zeroizing::new([0; 32]);
    random.fill(current.as_mut_slice());
    match write::create(path, &current) {
        Ok(()) => Ok(Keys { current, retired: Vec::new() }),
        // Another process was first; its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

pub(super) fn read(path: &Path) -> Result<Keys, KeyFileError> {
    parse(&bytes_of(path)?).map_err(|reason| KeyFileError::Malformed { path: path.to_owned(), reason })
}

/// What a key file holds; not from a file, so one line alone is a key as well.
pub(super) fn read_text(bytes: &[u8], from: &str) -> Result<Keys, KeyFileError> {
    let line = bytes.trim_ascii();
    let keys = match std::str::from_utf8(line).map(hex) {
        Ok(Ok(current)) => Ok(Keys { current, retired: Vec::new() }),
        // 64 digits are meant as a key even if it is a bad one.
        Ok(Err(reason)) if line.len() == 64 => Err(reason),
        _ => parse(bytes),
    };
    keys.map_err(|reason| KeyFileError::NotAKey { from: from.to_owned(), reason })
}

fn bytes_of(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    // Asked before opening as well: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeyFileError::Malformed { path: path.to_owned(), reason: "not a regular file" });
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    // Room for the largest file from the start, so that no growing buffer leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize + 1));
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Keys, &'static str> {
    if bytes.is_empty() {
        return Err("empty; if this host never ran with it, delete it and start again");
    }
    if bytes.len() as u64 > LARGEST {
        return Err("far too long");
    }
    if let Ok(raw) = <[u8; 32]>::try_from(bytes) {
        return sound(Zeroizing::new(raw)).map(|current| Keys { current, retired: Vec::new() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "neither text nor 32 bytes")?;
    let mut lines = text.lines().map(str::trim);
    if lines.next() != Some(HEADER) {
        return Err("wrong length for a raw key, and no header line");
    }
    let mut keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(hex);
    let current = keys.next().ok_or("no key after the header")??;
    Ok(Keys { current, retired: keys.collect::<Result<_, _>>()? })
}

fn hex(line: &str) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    let decoded = HEXLOWER_PERMISSIVE.decode(line.as_bytes()).map(Zeroizing::new);
    let decoded = decoded.map_err(|_| "a key line is not 64 hex digits")?;
    let key = <[u8; 32]>::try_from(decoded.as_slice()).map_err(|_| "a key line is not 64 hex digits")?;
    sound(Zeroizing::new(key))
}

/// A file of zeros is a mistake that would seal everything with a key that everybody knows.
fn sound(key: Zeroizing<[u8; 32]>) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    if key.iter().all(|byte| Some(byte) == key.first()) { Err("the key is one byte repeated") } else { Ok(key) }
}

#[cfg(test)]
mod tests;
