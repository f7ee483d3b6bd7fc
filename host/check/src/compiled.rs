//! Where compiled code stays between two commands of an author, so that only what was changed is compiled: a component of Python
//! takes ten seconds.
//!
//! It is native code, so it is kept as a host keeps it: sealed under a key that only this user has, in a folder of the user's own and
//! never in the project, which may come from anybody. What cannot be kept is compiled each time, as without it.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use patchbay_model::{Random as _, SystemRandom};
use rustix::{fs::OFlags, process::geteuid};
use tempfile::{NamedTempFile, TempDir};

/// Components whose code is kept; that of Python is 35 MiB.
const MOST: usize = 8;
/// Longer than anybody writes one: what is older was left behind by a command that was ended.
const WRITING: Duration = Duration::from_secs(3600);
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
        // Of what a umask leaves open, nothing: native code is loaded from here.
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()?;
        let mut key = [0; 32];
        SystemRandom.fill(&mut key);
        Ok(Self { folder: folder.path().to_owned(), key, _once: Some(folder) })
    }

    /// For this user's next commands, too, in this folder; it is made when it is missing. Of more than eight components the
    /// oldest are removed.
    ///
    /// # Errors
    /// The folder, or the key in it, is not this user's alone, or cannot be written.
    pub fn kept(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        alone(&fs::symlink_metadata(folder)?)?;
        let key = key(folder)?;
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

/// The key of this user, made where there is none.
fn key(folder: &Path) -> io::Result<[u8; 32]> {
    let path = folder.join("key");
    match read_key(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        there => return there,
    }
    let mut key = [0; 32];
    SystemRandom.fill(&mut key);
    // Whole or not at all: half a key, of a full disk or a process that was ended, would keep this folder from use for ever.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    // A name may reach the disk before what it names.
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        // Another command of this user was faster: its code is sealed by that key.
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => read_key(&path),
        Err(refused) => Err(refused.error),
    }
}

/// Read as itself, never through a link.
fn read_key(path: &Path) -> io::Result<[u8; 32]> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let meta = file.metadata()?;
    alone(&meta)?;
    if !meta.is_file() || meta.len() != 32 {
        return Err(io::Error::other("it is no key"));
    }
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    Ok(key)
}

/// Leaves the newest, and of what was not written to its end what may still be written. What is read at this moment is read on: a
/// file that is open outlives its name.
fn remove_oldest(code: &Path) {
    let Ok(entries) = fs::read_dir(code) else { return };
    let found = entries.flatten().filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())));
    let ends = |path: &Path, end| path.extension() == Some(OsStr::new(end));
    let (mut whole, parts): (Vec<(SystemTime, PathBuf)>, Vec<_>) =
        found.filter(|(_, path)| ends(path, "cwasm") || ends(path, "part")).partition(|(_, path)| ends(path, "cwasm"));
    whole.sort_unstable_by(|one, other| other.cmp(one));
    let left = parts.into_iter().filter(|(at, _)| at.elapsed().is_ok_and(|age| age > WRITING));
    for (_, path) in whole.into_iter().skip(MOST - 1).chain(left) {
        // What cannot be removed stays, and costs a file.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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
        let (once, again) = (Compiled::once().expect("made"), Compiled::once().expect("made"));
        assert_eq!(mode(&once.folder), 0o700);
        assert_ne!(once.key, again.key, "each command has its own");
    }

    #[test]
    fn commands_that_begin_at_one_moment_have_one_key() {
        for _ in 0..50 {
            let home = tempfile::tempdir().expect("a folder");
            let (folder, begin) = (home.path().join("patchbay"), std::sync::Barrier::new(4));
            let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
                let command = || {
                    begin.wait();
                    Compiled::kept(&folder).expect("made or read").key
                };
                let commands: Vec<_> = (0..4).map(|_| scope.spawn(command)).collect();
                commands.into_iter().map(|one| one.join().expect("done")).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            let left: Vec<_> = fs::read_dir(&folder).expect("there").flatten().map(|one| one.file_name()).collect();
            assert_eq!(left, ["key"], "nothing else is left");
        }
    }

    #[test]
    fn a_key_or_a_folder_that_others_may_touch_is_not_used() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("patchbay");
        Compiled::kept(&folder).expect("made");
        let key = folder.join("key");
        let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
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
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(n as u64);
            File::create(named(n)).and_then(|file| file.set_modified(at)).expect("made");
        }
        let [other, left, written] = ["other", "a.part", "b.part"].map(|name| folder.path().join(name));
        for path in [&other, &left] {
            File::create(path).and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH)).expect("made");
        }
        File::create(&written).expect("made");
        remove_oldest(folder.path());
        let there: Vec<bool> = (0..MOST + 3).map(|n| named(n).exists()).collect();
        assert_eq!(there, [vec![false; 4], vec![true; MOST - 1]].concat(), "and one more comes");
        let there = [&other, &left, &written].map(|path| path.exists());
        assert_eq!(there, [true, false, true], "what is none of it, what was left behind, and what is being written");
    }
}
