//! When SQLite committed, seen from outside, without a clock in the way of what is measured.
//!
//! A transaction that changed something ends with its pages on the disk (`synchronous = FULL`), and then with the head
//! of the log's index (`patchbay.db-shm`): the third word there counts such transactions (`WalIndexHdr.iChange`). One
//! that changed nothing writes nothing, and is not counted. Whoever looks at that word sees a commit as soon as any
//! reader of the database could, and at most one look later: 0.06 ms, which count against the host.

use std::{
    ffi::OsString,
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use patchbay_model::{Clock, Timestamp};

use crate::{Result, told};

/// Where the word stands.
const WORD: u64 = 8;
/// Pause between two looks; the system makes it longer.
const LOOK: Duration = Duration::from_micros(5);

/// Watches one database until it is dropped, which must not be before the store is closed: who closes a file gives up
/// all locks that the process has on it, and SQLite has some.
pub(crate) struct Commits {
    index: Arc<Index>,
    thread: Option<JoinHandle<()>>,
}

struct Index {
    file: File,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
    stop: AtomicBool,
}

#[derive(Default)]
struct Seen {
    /// The word.
    count: u32,
    /// When it was seen to have grown.
    at: Vec<Timestamp>,
}

impl Commits {
    /// Of a database that is open.
    pub(crate) fn watch(database: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let path = index_of(database);
        let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let count = count(&file).map_err(|error| format!("{}: {error}", path.display()))?;
        let seen = Mutex::new(Seen { count, at: Vec::new() });
        let index = Arc::new(Index { file, clock, seen, stop: AtomicBool::new(false) });
        let looked_at = Arc::clone(&index);
        let look = move || {
            while !looked_at.stop.load(Ordering::Relaxed) {
                looked_at.look(|_| ());
                std::thread::sleep(LOOK);
            }
        };
        let thread = std::thread::Builder::new().name("commits".to_owned()).spawn(look).map_err(told)?;
        Ok(Self { index, thread: Some(thread) })
    }

    /// How many there were since they were taken last.
    pub(crate) fn len(&self) -> usize {
        self.index.look(|at| at.len())
    }

    /// Those since this was asked last, oldest first.
    pub(crate) fn take(&self) -> Vec<Timestamp> {
        self.index.look(std::mem::take)
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        self.index.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It ends within a look.
            drop(thread.join());
        }
    }
}

impl Index {
    fn look<T>(&self, told: impl FnOnce(&mut Vec<Timestamp>) -> T) -> T {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be read now can be read the next time; else commits are missing, and that is an error.
        let count = count(&self.file).unwrap_or(seen.count);
        let more = usize::try_from(count.wrapping_sub(seen.count)).unwrap_or_default();
        if more > 0 {
            seen.count = count;
            seen.at.extend(std::iter::repeat_n(self.clock.now(), more));
        }
        told(&mut seen.at)
    }
}

fn index_of(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push("-shm");
    path.into()
}

fn count(index: &File) -> std::io::Result<u32> {
    let mut word = [0; 4];
    index.read_exact_at(&mut word, WORD)?;
    Ok(u32::from_ne_bytes(word))
}

#[cfg(test)]
mod tests {
    use patchbay_model::SystemRandom;
    use patchbay_store::{PushLimits, Store, StoreConfig};

    use super::*;
    use crate::measure::Steady;

    #[tokio::test]
    async fn each_transaction_that_changes_something_is_seen_once_and_no_other_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("patchbay.db");
        let clock: Arc<dyn Clock> = Arc::new(Steady::start());
        let store = Store::open(StoreConfig::at(&path), Arc::clone(&clock), Arc::new(SystemRandom)).await;
        let store = store.expect("a database");
        let commits = Commits::watch(&path, Arc::clone(&clock)).expect("its log has an index");
        let before = clock.now();
        for n in 0..10 {
            store.ready().await.expect("written");
            // Many pages are one commit.
            store.set_meta_once(&format!("large {n}"), vec![7; 50_000]).await.expect("written");
            // Nothing is due: a transaction all the same.
            assert_eq!(
                store
                    .claim_pushes(&PushLimits {
                        lease: Duration::from_secs(1),
                        limit: 1,
                        per_tenant: 0,
                        per_connection: 0
                    })
                    .await
                    .expect("asked"),
                []
            );
        }
        assert_eq!(commits.len(), 20);
        let seen = commits.take();
        assert!(seen.len() == 20 && seen.is_sorted(), "{seen:?}");
        assert!(seen.iter().all(|at| (before..=clock.now()).contains(at)));
        assert_eq!(commits.len(), 0);
        store.close().await;
    }
}
