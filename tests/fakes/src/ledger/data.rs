//! What the ledger holds: lists of numbered records, each with a revision and the moment of its last change.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_model::Timestamp;

use super::change::{Change, Poison};
use crate::LedgerConfig;

/// What `entries` and the other lists start from: one record a second from 2026-01-01 on.
const FIRST_MS: i64 = 1_767_225_600_000;
const STEP_MS: i64 = 1_000;

/// One record, without what follows from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) revision: u32,
    pub(crate) changed_ms: i64,
}

/// One list.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) rows: BTreeMap<u64, Row>,
    /// By moment of change, then id.
    pub(crate) order: BTreeSet<(i64, u64)>,
    /// What is gone now, by the moment at which it went, and its last revision.
    pub(crate) gone: BTreeMap<(i64, u64), u32>,
    /// The highest id that ever was.
    last_id: u64,
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    pub(crate) lists: BTreeMap<String, List>,
    pub(crate) accounts: u64,
    pub(crate) lines: u64,
    pub(crate) poison: (Vec<Poison>, u64),
    pub(crate) refused: BTreeSet<String>,
    pub(crate) report_looks: u32,
    /// Looks at each report so far, by its id.
    pub(crate) reports: BTreeMap<u64, u32>,
    pub(crate) tick: u32,
    /// The last moment that was given to a change by itself.
    last_ms: i64,
}

impl Data {
    pub(crate) fn open(config: &LedgerConfig) -> Self {
        let mut data = Self {
            lists: BTreeMap::new(),
            accounts: 0,
            lines: config.lines,
            poison: (Vec::new(), 0),
            refused: BTreeSet::from(["revoked".to_owned()]),
            report_looks: config.report_looks,
            reports: BTreeMap::new(),
            tick: 1,
            last_ms: 0,
        };
        let lists = [
            ("entries", config.entries),
            ("removals", config.removals),
            ("snapshot", config.snapshot),
            ("report", config.report),
        ];
        for (name, count) in lists {
            data.lists.insert(name.to_owned(), List::seeded(count));
        }
        data.accounts(config.accounts);
        data
    }

    fn accounts(&mut self, count: u64) {
        self.accounts = count;
        for number in 1..=count {
            let lines = self.lines;
            self.lists.entry(format!("lines/a{number}")).or_insert_with(|| List::seeded(lines));
        }
    }

    /// Makes a change; an error when there is no such list.
    pub(crate) fn apply(&mut self, change: &Change, now: Timestamp) -> Result<(), String> {
        let now_ms = now.as_micros().div_euclid(1_000);
        match change {
            Change::Add { list, count, at } => {
                let first = self.list(list)?.last_id + 1;
                self.put(list, first..first.saturating_add(*count), *at, now_ms)
            }
            Change::Put { list, ids, at } => self.put(list, ids.iter().copied(), *at, now_ms),
            Change::Touch { list, one_in } => {
                let ids: Vec<u64> = self.list(list)?.rows.keys().copied().filter(|id| each(*id, *one_in)).collect();
                self.put(list, ids, None, now_ms)
            }
            Change::Remove { list, ids } => {
                for id in ids {
                    let at = self.moment(now_ms);
                    self.list(list)?.remove(*id, at);
                }
                Ok(())
            }
            Change::Tick => {
                self.tick += 1;
                Ok(())
            }
            Change::ReportLooks { looks } => {
                self.report_looks = *looks;
                Ok(())
            }
            Change::Accounts { count } => {
                self.accounts(*count);
                Ok(())
            }
            Change::Poison { kinds, one_in } => {
                self.poison = (kinds.clone(), *one_in);
                Ok(())
            }
            Change::Key { name, accepted } => {
                if *accepted {
                    self.refused.remove(name)
                } else {
                    self.refused.insert(name.clone())
                };
                Ok(())
            }
            // Not here: the pages of `/bulk` are made ahead.
            Change::Bulk { .. } => Ok(()),
        }
    }

    /// What is wrong with the record of this id.
    pub(crate) fn poison_of(&self, id: u64) -> Option<Poison> {
        let (kinds, one_in) = &self.poison;
        let turn = id.checked_div(*one_in).filter(|_| each(id, *one_in))?;
        kinds.get(usize::try_from(turn.saturating_sub(1)).ok()?.checked_rem(kinds.len())?).copied()
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<&mut List, String> {
        self.lists.get_mut(name).ok_or_else(|| format!("there is no list {name:?}"))
    }

    fn put(
        &mut self,
        list: &str,
        ids: impl IntoIterator<Item = u64>,
        at: Option<Timestamp>,
        now_ms: i64,
    ) -> Result<(), String> {
        let fixed = at.map(|at| at.as_micros().div_euclid(1_000));
        for id in ids {
            let at = fixed.unwrap_or_else(|| self.moment(now_ms));
            self.list(list)?.put(id, at);
        }
        Ok(())
    }

    /// Now, but later than the change before.
    fn moment(&mut self, now_ms: i64) -> i64 {
        self.last_ms = now_ms.max(self.last_ms + 1);
        self.last_ms
    }
}

impl List {
    fn seeded(count: u64) -> Self {
        let mut list = Self::default();
        for (id, at) in (1..=count).zip((FIRST_MS..).step_by(usize::try_from(STEP_MS).unwrap_or(1))) {
            list.put(id, at);
        }
        list
    }

    fn put(&mut self, id: u64, changed_ms: i64) {
        let before = self.rows.get(&id).copied();
        if let Some(before) = before {
            self.order.remove(&(before.changed_ms, id));
        }
        // What comes back goes on where it ended.
        let mut gone = self.gone.iter().filter(|_| before.is_none());
        let buried = gone.find(|((_, gone), _)| *gone == id).map(|(place, revision)| (*place, *revision));
        if let Some((place, _)) = buried {
            self.gone.remove(&place);
        }
        let last = before.map(|row| row.revision).or(buried.map(|(_, revision)| revision));
        self.rows.insert(id, Row { revision: last.unwrap_or_default() + 1, changed_ms });
        self.order.insert((changed_ms, id));
        self.last_id = self.last_id.max(id);
    }

    fn remove(&mut self, id: u64, at_ms: i64) {
        if let Some(row) = self.rows.remove(&id) {
            self.order.remove(&(row.changed_ms, id));
            self.gone.insert((at_ms, id), row.revision);
        }
    }
}

/// Whether an id is every so-maniest; none is every zeroth.
pub(crate) fn each(id: u64, one_in: u64) -> bool {
    id.checked_rem(one_in) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_no_longer_gone_and_has_a_newer_revision() {
        let mut list = List::seeded(2);
        list.remove(1, FIRST_MS + 10);
        assert_eq!((list.rows.len(), list.gone.len()), (1, 1));
        list.put(1, FIRST_MS + 20);
        assert_eq!((list.rows.len(), list.gone.len(), list.rows[&1].revision), (2, 0, 2));
    }
}
