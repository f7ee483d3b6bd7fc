//! Whether numbered pages still stand where they stood.
//!
//! Nobody says how many rows a list of SARE has. When one leaves it while it is read, all behind it move up, and the one at
//! the edge of the next page is never met. So each page is looked at once more when the next one was read: if it ends as
//! before, nothing slipped from one to the other. A cursor holds fingerprints, never the addresses themselves.

use serde::{Deserialize, Serialize};

/// The edge between what was read and what comes next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Edge {
    /// What the rows of this page that are done looked like.
    done: u64,
    /// What the page before looked like, where there is one.
    before: Option<u64>,
    /// A row may have slipped by: what was not met is not known to be gone.
    pub(crate) slipped: bool,
}

impl Edge {
    /// The page came again to go on behind so many of its rows: they have to be the ones that are done.
    pub(crate) fn resumed(&mut self, rows: &[&str], done: usize) {
        self.slipped |= rows.get(..done).is_none_or(|done| print(done) != self.done);
    }

    /// The page before, as it is now that the one behind it was read.
    pub(crate) fn looked_back(&mut self, rows: &[&str]) {
        self.slipped |= self.before != Some(print(rows));
    }

    /// So many rows of this page are done now.
    pub(crate) fn took(&mut self, rows: &[&str], done: usize) {
        match rows.get(..done) {
            Some(some) if done < rows.len() => self.done = print(some),
            _ => (self.done, self.before) = (0, Some(print(rows))),
        }
    }

    /// Another list begins.
    pub(crate) fn next_list(&mut self) {
        *self = Self { slipped: self.slipped, ..Self::default() };
    }
}

/// A fingerprint of rows (FNV-1a).
fn print(rows: &[&str]) -> u64 {
    let bytes = rows.iter().flat_map(|row| row.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |print, byte| (print ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
