//! A key file is made, or gets a new key. It is whole at every moment, whenever the power goes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use patchbay_model::Random;
use zeroize::Zeroizing;

use super::{HEADER, KeyFileError, LARGEST, bytes_of, parse};
use crate::seal::{KeyNumber, key::Key};

/// Writes a new current key on top of a key file; all others are kept and still open. Says the new key's
/// number.
///
/// The file is replaced in one step, so a reader sees it as it was or as it is. Two that add a key at the
/// same time add two keys, one after the other.
///
/// # Errors
/// The file cannot be read or written, may be read by others, holds no keys, or is full. It is then as it
/// was.
pub fn add_key(path: &Path, random: &dyn Random) -> Result<KeyNumber, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let malformed = |reason| KeyFileError::Malformed { path: path.to_owned(), reason };
    // Behind a link, it is the file itself that is replaced.
    let path = &fs::canonicalize(path).map_err(failed)?;
    let folder = File::open(folder_of(path)).map_err(failed)?;
    folder.lock().map_err(failed)?;

    let bytes = bytes_of(path)?;
    let keys = parse(&bytes).map_err(malformed)?;
    let mut root = Zeroizing::new([0; 32]);
    random.fill(root.as_mut_slice());
    let line = Zeroizing::new(HEXLOWER.encode(root.as_slice()));
    let old = match std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_start().strip_prefix(HEADER)) {
        // As it stands, with its remarks.
        Some(rest) => Zeroizing::new(rest.trim_start_matches(['\r', '\n']).to_owned()),
        None => Zeroizing::new(format!("{}\n", *Zeroizing::new(HEXLOWER.encode(keys.current.as_slice())))),
    };
    let text = Zeroizing::new(format!("{HEADER}\n{}\n{}", *line, *old));
    if text.len() as u64 > LARGEST {
        return Err(malformed("no room for another key"));
    }
    // What is written must be read again at every later start.
    let read = parse(text.as_bytes()).map_err(malformed)?;
    if read.current != root || read.retired.len() != keys.retired.len() + 1 {
        return Err(malformed("a new key cannot be put on top of it"));
    }
    replace(path, &folder, text.as_bytes()).map_err(failed)?;
    Ok(Key::of(root).number)
}

/// Makes a key file with one key, where there is none.
pub(super) fn create(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{HEADER}\n{}\n", *Zeroizing::new(HEXLOWER.encode(key))));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
        // The name has to last as well, or a power cut loses the key of all that was sealed since.
        File::open(folder_of(path))?.sync_all()
    });
    if written.is_err() {
        // Half a key would be refused at every later start; nothing is sealed with it yet.
        fs::remove_file(path)?;
    }
    written
}

/// Puts a whole new file in the place of the old one. The folder is locked.
fn replace(path: &Path, folder: &File, text: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // What an earlier try left, whose process is gone: the lock is ours.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write_beside(path, &beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    folder.sync_all()
}

fn write_beside(path: &Path, beside: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    let (old, new) = (fs::metadata(path)?, file.metadata()?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        // Run by root, it must not take the file away from the user who serves with it.
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.write_all(text)?;
    file.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use patchbay_model::SeededRandom;

    use super::*;
    use crate::seal::{KeyRing, SealContext, SealError};

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn file(bytes: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
        (folder, path)
    }

    #[test]
    fn a_new_key_is_current_and_what_the_old_one_wrapped_still_opens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let random = SeededRandom::new(1);
        let before = KeyRing::open_or_create(&path, &random).expect("made");
        let key = crate::DataKey::fresh(&random);
        let wrapped = before.wrap_data_key("ten_1", &key, &random).expect("wrapped");
        let number = add_key(&path, &random).expect("added");
        let third = add_key(&path, &random).expect("added again");

        let after = KeyRing::open(&path).expect("read");
        assert_eq!(after.current_number(), third);
        assert!(after.holds(before.current_number()) && after.holds(number) && after.holds(third));
        assert!(!before.holds(number));
        assert_eq!(after.open_data_key("ten_1", &wrapped).expect("opened").number(), key.number());
        assert!(after.fits(&before.check_value()));
        let fresh = after.wrap_data_key("ten_1", &key, &random).expect("wrapped");
        assert!(matches!(before.open_data_key("ten_1", &fresh), Err(SealError::UnknownWrappingKey(_))));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
        let place = SealContext { tenant: "ten_1", connection: "c", field: "f", row_version: 1 };
        assert!(key.seal(&place, b"x", &random).is_ok());
    }

    #[test]
    fn remarks_are_kept_and_raw_bytes_become_a_line() {
        let random = SeededRandom::new(1);
        let (_folder, path) = file(format!("{HEADER}\n\n# of November\n{KEY}\n").as_bytes(), 0o600);
        add_key(&path, &random).expect("added");
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.ends_with(&format!("\n# of November\n{KEY}\n")), "{text}");
        assert_eq!(text.lines().count(), 4);

        let raw: [u8; 32] = std::array::from_fn(|at| at as u8);
        let (_folder, path) = file(&raw, 0o400);
        let old = KeyRing::open(&path).expect("read").current_number();
        let new = add_key(&path, &random).expect("added");
        let ring = KeyRing::open(&path).expect("read");
        assert!(ring.holds(old) && ring.current_number() == new);
    }

    #[test]
    fn a_file_that_is_no_good_key_file_is_refused_and_left_as_it_was() {
        let good = format!("{HEADER}\n{KEY}\n");
        let full = format!("{HEADER}\n{KEY}\n#{}", "x".repeat(LARGEST as usize - 90));
        for (bytes, mode) in [
            (good.as_str(), 0o640),
            ("", 0o600),
            (HEADER, 0o600),
            (KEY, 0o600),
            ("patchbay-key 12", 0o600),
            (&full, 0o600),
        ] {
            let (folder, path) = file(bytes.as_bytes(), mode);
            assert!(add_key(&path, &SeededRandom::new(1)).is_err(), "{bytes:.40} {mode:o}");
            assert_eq!(fs::read(&path).expect("kept"), bytes.as_bytes());
            assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        }
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(add_key(&folder.path().join("key"), &SeededRandom::new(1)), Err(KeyFileError::Io { .. })));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "no file is made");
        assert!(add_key(folder.path(), &SeededRandom::new(1)).is_err());
    }

    #[test]
    fn what_an_interrupted_try_left_does_not_stand_in_the_way() {
        let (folder, path) = file(format!("{HEADER}\n{KEY}\n").as_bytes(), 0o600);
        fs::write(folder.path().join("key.new"), "half a ke").expect("written");
        add_key(&path, &SeededRandom::new(1)).expect("added");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn behind_a_link_the_file_itself_gets_the_key() {
        let (folder, path) = file(format!("{HEADER}\n{KEY}\n").as_bytes(), 0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let number = add_key(&link, &SeededRandom::new(1)).expect("added");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(KeyRing::open(&path).expect("read").current_number(), number);
    }

    #[test]
    fn two_that_add_a_key_at_once_add_two() {
        let (_folder, path) = file(format!("{HEADER}\n{KEY}\n").as_bytes(), 0o600);
        let numbers: Vec<_> = std::thread::scope(|scope| {
            let path = &path;
            let adding: Vec<_> =
                (0..8).map(|seed| scope.spawn(move || add_key(path, &SeededRandom::new(seed)))).collect();
            adding.into_iter().map(|one| one.join().expect("no panic").expect("added")).collect()
        });
        let ring = KeyRing::open(&path).expect("read");
        assert!(numbers.iter().all(|number| ring.holds(*number)), "{ring:?} lacks one of {numbers:?}");
    }
}
