//! A release that breaks down again and again is given up without anybody asking.
//!
//! Five traps within ten minutes, of at least two connections where it has two and of two tenants where two have it, counted
//! over all nodes: the release is set aside, and the one that was active before it runs instead. Where there is none before,
//! or that one would not be allowed now, the release rests for ten minutes: nothing of it begins, items wait, and then one run
//! at a time tries until one goes well, whoever's it is. A release that was set aside because the host died of it
//! (`store/crashes.rs`) has the one before stand in, too.
//!
//! **Going back grants nothing.** A release before that asks for more than is granted now, or whose key is not trusted any
//! more, comes back by an operator's word only.
//!
//! **Going back is done once.** When the one before breaks down in the same way within a day, the release is not what is wrong
//! (a provider sends what no version can read), and running ever older code would help nobody: it rests.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Code, Fault, ReleaseId, ReleaseState};
use patchbay_store::{GoBack, JudgedWith, Release as ReleaseRow, StoreError, Traps, WentBy};

use crate::App;

/// Who goes back, in the audit log and at the release.
const BREAKER: &str = "breaker";
/// For how long a release that was gone back to is not gone back from.
const ONCE: Duration = Duration::from_secs(24 * 3_600);

/// What there is to go back to by itself.
enum Before {
    /// This one, with what it was judged with.
    Usable(Box<ReleaseRow>, JudgedWith),
    /// Nothing, and why.
    None(String),
}

impl App {
    /// What follows from the end of work, where that end was noted.
    pub(crate) async fn judge_end(self: &Arc<Self>, went_by: Option<&WentBy>) {
        let Some(went_by) = went_by.filter(|went_by| went_by.is_noted()) else { return };
        if let Err(fault) = self.judge_release(&went_by.release).await {
            // The upkeep looks again.
            tracing::warn!(release = %went_by.release, "release {} could not be judged: {fault:?}", went_by.release);
        }
    }

    /// One step of the upkeep: what a process that died did not decide.
    pub(crate) async fn judge_releases(self: &Arc<Self>) -> Result<(), Fault> {
        for release in self.store.releases_to_judge().await? {
            self.judge_release(&release).await?;
        }
        for row in self.store.releases_without_successor().await? {
            self.stand_in(&row).await?;
        }
        Ok(self.store.forget_ends().await?)
    }

    async fn judge_release(self: &Arc<Self>, release: &ReleaseId) -> Result<(), Fault> {
        if let Some(canary) = self.store.canary(release).await? {
            self.judge_canary(&canary).await?;
        }
        let (row, traps) = match self.store.traps(release).await {
            Ok(found) => found,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(until) = row.rest_until {
            return self.judge_rest(&row, &traps, until > self.clock.now()).await;
        }
        if !traps.too_many() || row.state == ReleaseState::Quarantined {
            return Ok(());
        }
        let reason = format!(
            "{} of its runs and pushes broke down within ten minutes, at {} of {} connections",
            traps.traps, traps.trapped, traps.connections
        );
        match self.before(&row).await? {
            Before::Usable(before, judged) => self.set_back(&row, &before, judged, reason).await,
            Before::None(why) => self.rest(&row, &format!("{reason}; {why}")).await,
        }
    }

    /// A release that was set aside because the host died of it has the one before stand in for it.
    async fn stand_in(&self, row: &ReleaseRow) -> Result<(), Fault> {
        let (before, judged) = match self.usable_before(row).await? {
            Before::Usable(before, judged) => (before, judged),
            Before::None(why) => {
                // In every round until an operator acts.
                tracing::debug!(release = %row.id, "nothing runs instead of {} {}: {why}", row.connector, row.version);
                return Ok(());
            }
        };
        let reason = row.reason.clone().unwrap_or_default();
        let back = GoBack { to: before.id.clone(), judged, approval: None, actor: BREAKER.to_owned(), reason };
        match self.store.go_back(back).await {
            Ok(active) => {
                self.now_active(&active);
                tracing::error!("{} {} runs instead of {}", active.connector, active.version, row.version);
                Ok(())
            }
            // Another node, or a person, was quicker.
            Err(StoreError::Conflict(_) | StoreError::Outdated(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn judge_rest(&self, row: &ReleaseRow, traps: &Traps, rests: bool) -> Result<(), Fault> {
        if rests {
            return Ok(());
        }
        // One that works for somebody is not held back from all for what breaks in the account of another.
        if traps.well > 0 {
            self.store.end_rest(&row.id).await?;
            tracing::info!(release = %row.id, "{} {} works again", row.connector, row.version);
            return Ok(());
        }
        if traps.breaks_again() {
            return self.rest(row, "it broke down again after it was left alone for ten minutes").await;
        }
        Ok(())
    }

    /// The release to go back to by itself: the one that was active before, where it may be used as it stands. None for one
    /// that is not active, and for one that was gone back to a moment ago.
    async fn before(&self, row: &ReleaseRow) -> Result<Before, Fault> {
        if row.state == ReleaseState::Active {
            return self.usable_before(row).await;
        }
        Ok(Before::None("it is not the active one".to_owned()))
    }

    async fn usable_before(&self, row: &ReleaseRow) -> Result<Before, Fault> {
        let lately = row.activated_at.is_some_and(|at| self.clock.now().since(at) < ONCE);
        if lately && row.activated_by.as_deref() == Some(BREAKER) {
            return Ok(Before::None("it was gone back to a moment ago".to_owned()));
        }
        let Some(before) = self.store.release_before(&row.connector).await? else {
            return Ok(Before::None("there is none before it to go back to".to_owned()));
        };
        let version = &before.version;
        let judged = match self.judge_usable(&before).await {
            Ok(judged) => judged,
            Err(fault) if matches!(fault.code, Code::CorrectionUnfit | Code::CeilingExceeded) => {
                let why = fault.operator.unwrap_or(fault.person);
                return Ok(Before::None(format!("{version} does not come back by itself: {why}")));
            }
            Err(fault) => return Err(fault),
        };
        // What was approved for it once is not what is granted today.
        let granted = self.granted(&before.connector).await?.unwrap_or_default();
        let beyond = judged.beyond(&granted.asks);
        if !beyond.is_empty() {
            let why = beyond.join("; ");
            return Ok(Before::None(format!(
                "{version} does not come back by itself: beyond what is granted, it {why}"
            )));
        }
        if before.signed_by.is_some() && !self.key_of(&before).await?.is_some_and(|key| key.is_trusted()) {
            let why = "the key that signed it is not trusted any more";
            return Ok(Before::None(format!("{version} does not come back by itself: {why}")));
        }
        let with = JudgedWith { revision: judged.revision, granted: Some(granted.no) };
        Ok(Before::Usable(Box::new(before), with))
    }

    async fn set_back(
        &self,
        row: &ReleaseRow,
        before: &ReleaseRow,
        judged: JudgedWith,
        reason: String,
    ) -> Result<(), Fault> {
        let told = reason.clone();
        let back = GoBack { to: before.id.clone(), judged, approval: None, actor: BREAKER.to_owned(), reason };
        if self.store.set_back(&row.id, back).await? {
            self.now_active(before);
            let (connector, left, now) = (&row.connector, &row.version, &before.version);
            tracing::error!(release = %row.id, "{connector} {left} is set aside, and {now} runs instead: {told}");
        }
        Ok(())
    }

    async fn rest(&self, row: &ReleaseRow, reason: &str) -> Result<(), Fault> {
        if self.store.rest(&row.id, reason).await? {
            let (connector, version) = (&row.connector, &row.version);
            tracing::error!(release = %row.id, "{connector} {version} is left alone for ten minutes: {reason}");
        }
        Ok(())
    }
}
