//! The key file: text with a header and one key a line, or 32 raw bytes.
//!
//! ```text
//! patchbay-key 1
//! # any remark
//! <64 hex digits>     the current key
//! <64 hex digits>     retired keys, still opened
//! ```
//!
//! Only its owner may read it; a file that is open to others is refused, because by then the key has to
//! be taken as known.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use patchbay_model::{Code, Fault, Random};
use zeroize::Zeroizing;

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
}

impl From<KeyFileError> for Fault {
    fn from(error: KeyFileError) -> Self {
        Self::because(Code::ConfigInvalid, "The key file cannot be used").operator(error)
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
    match create(path, &current) {
        Ok(()) => Ok(Keys { current, retired: Vec::new() }),
        // Another process was first; its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

pub(super) fn read(path: &Path) -> Result<Keys, KeyFileError> {
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
    parse(&bytes).map_err(|reason| KeyFileError::Malformed { path: path.to_owned(), reason })
}

fn create(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{HEADER}\n{}\n", *Zeroizing::new(HEXLOWER.encode(key))));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
        // The name has to last as well, or a power cut loses the key of all that was sealed since.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    });
    if written.is_err() {
        // Half a key would be refused at every later start; nothing is sealed with it yet.
        fs::remove_file(path)?;
    }
    written
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
mod tests {
    use patchbay_model::SeededRandom;

    use super::*;

    fn write(bytes: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
        (folder, path)
    }

    fn key() -> String {
        "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF".to_owned()
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads_and_later_starts_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let made = read_or_create(&path, &SeededRandom::new(1)).expect("made");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        let again = read_or_create(&path, &SeededRandom::new(2)).expect("read");
        assert_eq!(made.current, again.current);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_missing_file_is_not_made_by_reading() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert!(matches!(read(&path), Err(KeyFileError::Io { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let text = format!("{HEADER}\n{}\n", key());
        for mode in [0o640, 0o604, 0o660, 0o601, 0o644, 0o777] {
            let (_folder, path) = write(text.as_bytes(), mode);
            assert!(matches!(read(&path), Err(KeyFileError::Open { mode: told, .. }) if told == mode), "{mode:o}");
            assert!(read_or_create(&path, &SeededRandom::new(1)).is_err());
        }
        let (_folder, path) = write(text.as_bytes(), 0o400);
        assert!(read(&path).is_ok());
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_kept() {
        let zeros = format!("{HEADER}\n{}\n", "0".repeat(64));
        let odd = format!("{HEADER}\n{}\n", &key()[1..]);
        let short = format!("{HEADER}\n{}\n", &key()[2..]);
        let long = format!("{HEADER}\n{}00\n", key());
        let letters = format!("{HEADER}\n{}\n", "g".repeat(64));
        let second = format!("{HEADER}\n{}\nnonsense\n", key());
        let bare = format!("{}\n", key());
        let rows: [&[u8]; 12] = [
            b"",
            &[7; 31],
            &[0; 32],
            &[7; 33],
            HEADER.as_bytes(),
            zeros.as_bytes(),
            odd.as_bytes(),
            short.as_bytes(),
            long.as_bytes(),
            letters.as_bytes(),
            second.as_bytes(),
            bare.as_bytes(),
        ];
        for row in rows {
            let (_folder, path) = write(row, 0o600);
            let refused = read_or_create(&path, &SeededRandom::new(1)).err();
            assert!(matches!(refused, Some(KeyFileError::Malformed { .. })), "{row:?}: {refused:?}");
            assert_eq!(fs::read(&path).expect("kept"), row);
        }
        let (_folder, path) = write(&vec![b'x'; 100_000], 0o600);
        assert!(read(&path).is_err());
        assert!(matches!(read(Path::new("/")), Err(KeyFileError::Malformed { .. })));
    }

    #[test]
    fn the_first_key_line_is_current_and_the_others_are_retired() {
        let text = format!("{HEADER}\n# made in November\n\n{}\n{}\n", key(), "0f".repeat(31) + "00");
        let (_folder, path) = write(text.as_bytes(), 0o600);
        let keys = read(&path).expect("read");
        assert_eq!(HEXLOWER.encode(keys.current.as_slice()), key().to_lowercase());
        assert_eq!(keys.retired.len(), 1);
    }

    #[test]
    fn thirty_two_raw_bytes_are_a_key() {
        let raw: [u8; 32] = std::array::from_fn(|at| at as u8);
        let (_folder, path) = write(&raw, 0o600);
        assert_eq!(*read(&path).expect("read").current, raw);
    }

    #[test]
    fn an_error_names_the_file_and_no_part_of_the_key() {
        let (_folder, path) = write(format!("{HEADER}\n{}\n", &key()[..60]).as_bytes(), 0o600);
        let printed = format!("{:?}", Fault::from(read(&path).err().expect("refused")));
        assert!(printed.contains("key") && !printed.contains(&key()[..8]), "{printed}");
    }
}
