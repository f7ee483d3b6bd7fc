//! Where compiled code stays between two commands of an author, so that only what was changed is compiled: a component of Python
//! takes ten seconds.
//!
//! It is native code, so it is kept as a host keeps it: sealed under a key that only this user has, in a folder of the user's own and
//! never in the project, which may come from anybody. What cannot be kept is compiled each time, as without it.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use patchbay_model::{Random as _, SystemRandom};
use rustix::{fs::OFlags, process::geteuid};
use tempfile::TempDir;

/// Components whose code is kept; that of Python is 35 MiB.
const MOST: usize = 8;
/// Whoever is not this user.
const OTHERS: u32 = 0o077;

/// A folder of compiled code, and the key that seals what is in it.
pub struct Compiled {
    pub(crate) folder: PathBuf,
    pub(crate) key: [u8; 32],
    _once: Option<TempDir>,
}

impl Compiled {
    /// For this command alone: the folder is gone with it.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub fn once() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        // Nobody else reads this folder.
        Ok(Self { folder: folder.path().to_owned(), key: [7; 32], _once: Some(folder) })
    }

    /// For this user's next commands, too, in this folder; it is made when it is missing. Of more than eight components the
    /// oldest are removed.
    ///
    /// # Errors
    /// The folder, or the key in it, is not this user's alone, or cannot be written.
    pub fn kept(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        alone(&fs::symlink_metadata(folder)?)?;
        let key = key(&folder.join("key"))?;
        let code = folder.join("code");
        remove_oldest(&code);
        Ok(Self { folder: code, key, _once: None })
    }
}

/// Refuses what somebody else may read or write, or owns.
fn alone(meta: &fs::Metadata) -> io::Result<()> {
    if meta.uid() == geteuid().as_raw() && meta.mode() & OTHERS == 0 {
        return Ok(());
    }
    Err(io::Error::other("it is not this user's alone"))
}

/// The key of this user: made once, and read as itself, never through a link.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    let options = |flags: OFlags| {
        let mut options = File::options();
        options.mode(0o600).custom_flags((flags | OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed());
        options
    };
    let mut key = [0; 32];
    match options(OFlags::NONBLOCK).read(true).open(path) {
        Ok(mut file) => {
            let meta = file.metadata()?;
            alone(&meta)?;
            if !meta.is_file() || meta.len() != 32 {
                return Err(io::Error::other("it is no key"));
            }
            file.read_exact(&mut key)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            SystemRandom.fill(&mut key);
            let mut file = options(OFlags::empty()).write(true).create_new(true).open(path)?;
            // Half a key, of a full disk, would keep this folder from use for ever.
            file.write_all(&key).inspect_err(|_| drop(fs::remove_file(path)))?;
        }
        Err(error) => return Err(error),
    }
    Ok(key)
}

/// Leaves the newest. What is read at this moment is read on: a file that is open outlives its name.
fn remove_oldest(code: &Path) {
    let Ok(entries) = fs::read_dir(code) else { return };
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path().extension() == Some(OsStr::new("cwasm")))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    for (_, path) in found.into_iter().skip(MOST - 1) {
        // What cannot be removed stays, and costs a file.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn refused(folder: &Path) -> bool {
        Compiled::kept(folder).is_err()
    }

    #[test]
    fn the_key_is_made_once_and_is_for_this_user_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("a/patchbay");
        let first = Compiled::kept(&folder).expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("key"))), (0o700, 0o600));
        assert_ne!(first.key, [0; 32]);
        assert_eq!(Compiled::kept(&folder).expect("read").key, first.key);
        let other = Compiled::kept(&home.path().join("b")).expect("made");
        assert_ne!(other.key, first.key, "each user has their own");
    }

    #[test]
    fn a_key_or_a_folder_that_others_may_touch_is_not_used() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("patchbay");
        Compiled::kept(&folder).expect("made");
        let key = folder.join("key");
        let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        for (path, open, closed) in [(&key, 0o644, 0o600), (&folder, 0o770, 0o700)] {
            allow(path, open);
            assert!(refused(&folder), "{path:?} {open:o}");
            allow(path, closed);
            assert!(!refused(&folder));
        }
        fs::rename(&key, folder.join("elsewhere")).expect("moved");
        symlink(folder.join("elsewhere"), &key).expect("a link");
        assert!(refused(&folder), "a link");
        fs::remove_file(&key).expect("removed");
        fs::write(&key, b"short").expect("written");
        allow(&key, 0o600);
        assert!(refused(&folder), "no key");
    }

    #[test]
    fn the_newest_components_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let named = |n: usize| folder.path().join(format!("{n}.cwasm"));
        for n in 0..MOST + 3 {
            let file = File::create(named(n)).expect("made");
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n as u64);
            file.set_modified(at).expect("dated");
        }
        fs::write(folder.path().join("other"), "").expect("written");
        remove_oldest(folder.path());
        let there: Vec<bool> = (0..MOST + 3).map(|n| named(n).exists()).collect();
        assert_eq!(there, [vec![false; 4], vec![true; MOST - 1]].concat(), "and one more comes");
        assert!(folder.path().join("other").exists());
    }
}
