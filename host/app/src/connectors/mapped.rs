//! Machine code that stays mapped between two uses of a release, on this node. The engine forgets what nobody holds.
//!
//! What is active elsewhere is decided by any node, so each looks by itself what it holds for nothing
//! ([`Mapped::let_go`]). Whatever runs holds what it began with, so nothing is taken from under it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patchbay_engine::Component;
use patchbay_model::{ReleaseId, Timestamp};

/// The code of releases, by id.
pub(super) struct Mapped<C = Component>(Mutex<HashMap<ReleaseId, Held<C>>>);

struct Held<C> {
    connector: String,
    code: Arc<C>,
    /// When it was asked for last.
    used: Timestamp,
}

impl<C> Default for Mapped<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> Mapped<C> {
    /// The code of a release, which is used at this moment; none where it is not mapped.
    pub(super) fn get(&self, release: &ReleaseId, now: Timestamp) -> Option<Arc<C>> {
        let mut all = self.all();
        let held = all.get_mut(release)?;
        held.used = now;
        Some(Arc::clone(&held.code))
    }

    /// Holds what was loaded for a use at this moment.
    pub(super) fn put(&self, release: &ReleaseId, connector: &str, code: &Arc<C>, now: Timestamp) {
        let held = Held { connector: connector.to_owned(), code: Arc::clone(code), used: now };
        self.all().insert(release.clone(), held);
    }

    /// Keeps of a connector's releases the one that is active now and the one that was used last before it, so that going
    /// back needs no loading.
    pub(super) fn keep(&self, connector: &str, active: &ReleaseId) {
        let mut all = self.all();
        let others = all.iter().filter(|(id, held)| held.connector == connector && *id != active);
        let last = others.max_by_key(|(_, held)| held.used).map(|(id, _)| id.clone());
        all.retain(|id, held| held.connector != connector || id == active || Some(id) == last.as_ref());
    }

    /// Lets go of releases that no new work needs: not of one that is being used, and of each connector not of the one that
    /// was used last, because somebody may go back to it.
    pub(super) fn let_go(&self, unneeded: &[ReleaseId]) {
        let mut all = self.all();
        let mut last: HashMap<String, (Timestamp, ReleaseId)> = HashMap::new();
        for (id, held) in all.iter() {
            let later = last.get(&held.connector).is_none_or(|(used, _)| held.used > *used);
            if later && unneeded.contains(id) {
                last.insert(held.connector.clone(), (held.used, id.clone()));
            }
        }
        all.retain(|id, held| {
            let way_back = last.get(&held.connector).is_some_and(|(_, last)| last == id);
            way_back || Arc::strong_count(&held.code) > 1 || !unneeded.contains(id)
        });
    }

    pub(super) fn forget(&self, release: &ReleaseId) {
        self.all().remove(release);
    }

    /// Which are mapped.
    pub(super) fn releases(&self) -> Vec<ReleaseId> {
        self.all().keys().cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ReleaseId, Held<C>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ManualClock, SeededRandom};

    use super::*;

    /// Code, so many releases of one connector that were used one after the other, and their ids.
    fn used(count: usize) -> (Mapped<&'static str>, Vec<ReleaseId>) {
        let (mapped, random) = (Mapped::default(), SeededRandom::new(1));
        let clock = ManualClock::at(Timestamp::from_millis(1_795_219_200_000));
        let ids: Vec<ReleaseId> = (0..count).map(|_| ReleaseId::fresh(&clock, &random)).collect();
        for (at, id) in (0..).zip(&ids) {
            mapped.put(id, "acme.books", &Arc::new("code"), Timestamp::from_millis(at));
        }
        (mapped, ids)
    }

    /// The places of those that are still mapped.
    fn left(mapped: &Mapped<&'static str>, ids: &[ReleaseId]) -> Vec<usize> {
        let held = mapped.releases();
        ids.iter().enumerate().filter(|(_, id)| held.contains(id)).map(|(at, _)| at).collect()
    }

    #[test]
    fn of_what_no_work_needs_only_the_way_back_stays_mapped() {
        let (mapped, ids) = used(5);
        // The last one is active, the first one pinned.
        mapped.let_go(&ids[1..4]);
        assert_eq!(left(&mapped, &ids), [0, 3, 4]);
        mapped.let_go(&ids[3..4]);
        assert_eq!(left(&mapped, &ids), [0, 3, 4], "however often it is looked at");
        mapped.let_go(&[]);
        assert_eq!(left(&mapped, &ids), [0, 3, 4]);
    }

    #[test]
    fn another_connector_has_a_way_back_of_its_own() {
        let (mapped, mut ids) = used(2);
        let clock = ManualClock::at(Timestamp::from_millis(1_795_219_300_000));
        let other = ReleaseId::fresh(&clock, &SeededRandom::new(2));
        mapped.put(&other, "acme.shop", &Arc::new("code"), Timestamp::from_millis(9));
        ids.push(other);
        mapped.let_go(&ids);
        assert_eq!(left(&mapped, &ids), [1, 2]);
    }

    #[test]
    fn what_a_run_works_with_stays_and_goes_when_the_run_has_ended() {
        let (mapped, ids) = used(3);
        let run = mapped.get(&ids[0], Timestamp::from_millis(1)).expect("mapped");
        mapped.let_go(&ids);
        assert_eq!(left(&mapped, &ids), [0, 2]);
        assert_eq!(*run, "code");
        drop(run);
        mapped.let_go(&ids);
        assert_eq!(left(&mapped, &ids), [2]);
    }

    #[test]
    fn what_is_forgotten_goes_on_for_a_run_that_began_with_it() {
        let (mapped, ids) = used(1);
        let run = mapped.get(&ids[0], Timestamp::from_millis(1)).expect("mapped");
        mapped.forget(&ids[0]);
        assert_eq!((left(&mapped, &ids).len(), *run), (0, "code"));
    }

    #[test]
    fn where_a_release_becomes_active_the_one_before_stays_for_the_way_back() {
        let (mapped, ids) = used(4);
        mapped.keep("acme.books", &ids[3]);
        assert_eq!(left(&mapped, &ids), [2, 3]);
        mapped.keep("acme.shop", &ids[0]);
        assert_eq!(left(&mapped, &ids), [2, 3], "another connector's");
    }
}
