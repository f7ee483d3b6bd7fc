//! Notices a connector that goes in circles, whatever it says.
//!
//! The provider's paging is not trusted: a cursor that comes twice, pages that repeat what the run has
//! seen, or empty pages without end (`trust.md` section 3, row 8) end a run as stalled.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
};

use patchbay_model::{
    Failure,
    contract::{Position, limits},
};

/// What a run has seen so far. Holds hashes, so a million keys cost some 16 MB.
pub(crate) struct StallGuard {
    hasher: RandomState,
    cursors: Hashes,
    keys: Hashes,
    stale: u32,
    empty: u32,
}

type Hashes = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// What is kept are hashes by a key that no provider knows, so there is nothing to hash once more: of a large stream that
/// was a sixth of what the host does besides the connector's own work.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never asked for: a `u64` comes by `write_u64`.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl StallGuard {
    /// A run that starts from `cursor`.
    pub(crate) fn starting_at(cursor: Option<&[u8]>) -> Self {
        let hasher = RandomState::new();
        let cursors = cursor.map(|cursor| hasher.hash_one(cursor)).into_iter().collect();
        Self { hasher, cursors, keys: Hashes::default(), stale: 0, empty: 0 }
    }

    /// Takes note of a page; an error says why the run cannot go on.
    pub(crate) fn page<'a>(&mut self, position: &Position, keys: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let mut count = 0_u32;
        let mut new = 0_u32;
        for key in keys {
            count += 1;
            new += u32::from(self.keys.insert(self.hasher.hash_one(key)));
        }
        match position {
            // How often a pass may wait is counted by the store: each wait ends a run.
            Position::End(_) | Position::Complete(_) | Position::Wait(..) => return Ok(()),
            Position::More(cursor) => {
                if !self.cursors.insert(self.hasher.hash_one(cursor.as_slice())) {
                    return Err(Failure::Stalled("the same cursor came twice".to_owned()));
                }
            }
        }
        if count == 0 {
            self.empty += 1;
        } else {
            self.empty = 0;
            self.stale = if new == 0 { self.stale + 1 } else { 0 };
        }
        if self.stale >= limits::STALE_PAGES {
            return Err(Failure::Stalled(format!("{} pages in a row without a new key", limits::STALE_PAGES)));
        }
        if self.empty >= limits::EMPTY_PAGES {
            return Err(Failure::Stalled(format!("{} empty pages in a row", limits::EMPTY_PAGES)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn more(cursor: &str) -> Position {
        Position::More(cursor.into())
    }

    #[test]
    fn a_cursor_that_comes_twice_ends_the_run() {
        let mut guard = StallGuard::starting_at(Some(b"start"));
        guard.page(&more("a"), ["1"].into_iter()).expect("new");
        guard.page(&more("b"), ["2"].into_iter()).expect("new");
        assert!(matches!(guard.page(&more("a"), ["3"].into_iter()), Err(Failure::Stalled(_))));
        let mut guard = StallGuard::starting_at(Some(b"start"));
        assert!(matches!(guard.page(&more("start"), ["3"].into_iter()), Err(Failure::Stalled(_))));
    }

    #[test]
    fn being_up_to_date_with_the_same_cursor_is_no_stall() {
        let mut guard = StallGuard::starting_at(Some(b"start"));
        guard.page(&Position::End(b"start".to_vec()), ["1"].into_iter()).expect("the normal end of a quiet run");
    }

    #[test]
    fn pages_that_only_repeat_end_the_run_and_one_new_key_forgives() {
        let mut guard = StallGuard::starting_at(None);
        for (at, key) in ["1", "1", "1", "2", "1", "1"].into_iter().enumerate() {
            guard.page(&more(&at.to_string()), [key].into_iter()).expect("fewer than three in a row");
        }
        assert!(matches!(guard.page(&more("end"), ["2"].into_iter()), Err(Failure::Stalled(_))));
    }

    #[test]
    fn empty_pages_end_the_run_after_a_thousand() {
        let mut guard = StallGuard::starting_at(None);
        for at in 1..limits::EMPTY_PAGES {
            guard.page(&more(&at.to_string()), [].into_iter()).expect("still allowed");
        }
        assert!(matches!(guard.page(&more("last"), [].into_iter()), Err(Failure::Stalled(_))));
    }
}
