//! A rotation, step by step.

use std::{collections::HashSet, time::Duration};

use patchbay_credentials::{KeyRing, seal::KeyNumber};
use patchbay_model::{Clock, Code, Fault, TenantId};
use patchbay_store::{DataKeyRow, SealedRow, Store, StoreError};
use tokio::sync::watch;

use super::{Renew, Rotation};
use crate::vault::{Place, Vault};

/// Rows that are sealed again before others have a turn.
const BATCH: u32 = 200;
/// How often new tenants may come in between while all data keys are wrapped anew.
const REWRAPS: u32 = 10;
/// How long a data key is kept after it went out of use: what was being sealed with it is stored by then.
pub(super) const RETIRED_FOR: Duration = Duration::from_secs(10 * 60);

/// A rotation at work.
pub(super) struct Rotating<'a> {
    pub(super) vault: &'a Vault,
    pub(super) store: &'a Store,
    pub(super) clock: &'a dyn Clock,
    pub(super) rotation: &'a Rotation,
    pub(super) stop: watch::Receiver<bool>,
}

impl Rotating<'_> {
    /// Takes a ring into use that can open whatever the present one has wrapped.
    pub(super) async fn accept(&self, ring: KeyRing) -> Result<(), Fault> {
        // Also what an earlier rotation that stopped half-way has left behind.
        let wrapping = self.store.data_keys().await?.into_iter().filter_map(|row| KeyNumber::of(&row.wrapped));
        let present = self.vault.ring();
        for number in wrapping.chain([present.current_number()]) {
            // What nobody can open is no reason to keep everything else from a new key.
            if present.holds(number) && !ring.holds(number) {
                let why = format!("The key {number}, which is in use, is not in the source of the key any more.");
                return Err(Fault::because(Code::KeyMismatch, why));
            }
        }
        self.vault.adopt(ring);
        Ok(())
    }

    pub(super) async fn unfinished(&self) -> Result<bool, Fault> {
        Ok(self.vault.behind() || self.store.data_keys().await?.iter().any(|row| !row.current))
    }

    pub(super) async fn run(&self, renew: Renew, actor: &str) {
        let outcome = self.steps(renew, actor).await;
        self.rotation.end(self.clock.now(), &outcome);
        match outcome {
            Ok(()) => tracing::info!(
                "everything is sealed with new keys, wrapped with {}",
                self.vault.ring().current_number()
            ),
            Err(fault) => tracing::error!("the rotation stopped, and goes on later: {fault:?}"),
        }
    }

    async fn steps(&self, renew: Renew, actor: &str) -> Result<(), Fault> {
        let behind = self.renew_data_keys(renew).await?;
        if behind || renew == Renew::All || self.vault.behind() {
            self.rewrap(actor).await?;
        }
        let retired: Vec<DataKeyRow> = self.store.data_keys().await?.into_iter().filter(|row| !row.current).collect();
        for row in &retired {
            let count = self.store.count_sealed_with(row.owner.as_ref(), &row.number).await?;
            self.rotation.progress().values_total += count;
        }
        self.retire().await
    }

    /// Whether a data key was wrapped with another key than the current one.
    async fn renew_data_keys(&self, renew: Renew) -> Result<bool, Fault> {
        let current = self.vault.ring().current_number();
        let rows = self.store.data_keys().await?;
        let is_behind = |row: &&DataKeyRow| KeyNumber::of(&row.wrapped) != Some(current);
        let behind = rows.iter().any(|row| is_behind(&row));
        // With the same key as before, asking for a rotation is asking for new data keys. With another one,
        // those that have it got theirs before a kill.
        let all = renew == Renew::All && !behind;
        for row in rows.iter().filter(|row| row.current && (all || is_behind(row))) {
            self.vault.renew(row).await?;
        }
        Ok(behind)
    }

    /// All wrappings and the check value, at once.
    async fn rewrap(&self, actor: &str) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            let ring = self.vault.ring();
            let mut rows = Vec::new();
            for row in self.store.data_keys().await? {
                rows.push(self.vault.rewrapped(row).await);
            }
            let current = ring.current_number();
            let total = u64::try_from(rows.len()).unwrap_or_default();
            let done = rows.iter().filter(|row| KeyNumber::of(&row.wrapped) == Some(current)).count();
            let done = u64::try_from(done).unwrap_or_default();
            match self.store.rewrap(rows, ring.check_value(), actor).await {
                Ok(()) => {
                    let mut progress = self.rotation.progress();
                    (progress.data_keys_total, progress.data_keys_rewrapped) = (total, done);
                    return Ok(());
                }
                // A tenant has come meanwhile.
                Err(StoreError::Conflict(_)) if tries < REWRAPS => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Seals again what carries the number of a data key out of use, and drops those that nothing carries.
    pub(super) async fn retire(&self) -> Result<(), Fault> {
        let retired: Vec<DataKeyRow> = self.store.data_keys().await?.into_iter().filter(|row| !row.current).collect();
        let owners: HashSet<Option<TenantId>> = retired.iter().map(|row| row.owner.clone()).collect();
        for owner in &owners {
            self.reseal(owner.as_ref()).await?;
        }
        let before = self.clock.now().minus(RETIRED_FOR);
        let mut left = 0;
        for row in &retired {
            if self.store.drop_data_key(row.owner.as_ref(), &row.number, before).await? {
                self.vault.forget(row);
            } else {
                left += 1;
            }
        }
        self.rotation.progress().retiring = left;
        Ok(())
    }

    async fn reseal(&self, owner: Option<&TenantId>) -> Result<(), Fault> {
        let unreadable = || u32::try_from(self.rotation.unreadable()).unwrap_or(u32::MAX);
        loop {
            if *self.stop.borrow() {
                return Err(Fault::new(Code::ShuttingDown));
            }
            let current = self.vault.current_number(owner).await?;
            // What cannot be opened comes back every time, and must not fill the batch.
            let limit = BATCH.saturating_add(unreadable());
            let rows = self.store.sealed_not_with(owner, current.as_bytes(), limit).await?;
            let rows: Vec<SealedRow> = rows.into_iter().filter(|row| !self.rotation.is_unreadable(row)).collect();
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                self.reseal_row(row).await?;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn reseal_row(&self, row: &SealedRow) -> Result<(), Fault> {
        let place = Place::of(row);
        match self.vault.open_sealed(place, &row.sealed).await {
            Ok(plain) => {
                let sealed = self.vault.seal(place, &plain).await?;
                // One that changed meanwhile is sealed with the new key already.
                if self.store.reseal(row, sealed).await? {
                    self.rotation.progress().values_resealed += 1;
                }
            }
            // The database is away: that says nothing of the value.
            Err(fault) if fault.code == Code::StorageFailed => return Err(fault),
            Err(fault) => {
                self.rotation.note_unreadable(row, &fault);
                self.rotation.progress().values_unreadable += 1;
            }
        }
        Ok(())
    }
}
