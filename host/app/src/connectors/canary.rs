//! Trying a release on one connection before all others use it.
//!
//! The connection is pinned to the release, and after so many runs (and pushes) of it that went well the release is made
//! active: by itself, or by a person where it is to be held. One that ends in a way that the code is to blame for, and that
//! the release before did not have, ends the trial: the connection is back where it was, and the release waits with the
//! reason. Whatever the provider does, or a person, counts neither way. What a release asks for more has to be approved
//! first, and is approved for the trial alone: that approval ends with it, and the next trial asks again.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_model::{Code, ConnectionId, ConnectionState, Fault, ReleaseId, ReleaseState};
use patchbay_store::{Canary, JudgedWith, NewApproval, NewCanary, Release as ReleaseRow, ReleaseEnd, StoreError};

use super::judge::Judged;
use crate::{App, corrections::approval_of};

/// Runs that have to end well where nobody says how many.
const RUNS: u32 = 5;
/// And at most.
const MOST: u32 = 1_000;

/// A trial to begin.
#[derive(Debug, Clone)]
pub struct CanaryAsked {
    /// The connection that tries it.
    pub connection: ConnectionId,
    /// How many runs have to end well; five where nobody says.
    pub runs: Option<u32>,
    /// Whether it becomes active by itself then.
    pub promotes: bool,
    /// Whether what it asks beyond what was approved is approved for the trial.
    pub approves: bool,
}

/// How far a trial is.
#[derive(Debug, Clone)]
pub struct CanaryProgress {
    /// What was asked for.
    pub canary: Canary,
    /// How many runs and pushes went well so far.
    pub well: u32,
    /// What ended last, well or not.
    pub last: Option<ReleaseEnd>,
}

impl App {
    /// Lets one connection run a release that is ready.
    pub async fn start_canary(
        self: &Arc<Self>,
        release: &ReleaseId,
        asked: CanaryAsked,
        actor: &str,
    ) -> Result<CanaryProgress, Fault> {
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move {
            let wanted = asked.runs.unwrap_or(RUNS);
            if !(1..=MOST).contains(&wanted) {
                return Err(Fault::new(Code::BodyInvalid).field("/runs", format!("is not from 1 to {MOST}")));
            }
            let row = app.store.release(&release).await?;
            if row.state != ReleaseState::Ready {
                return Err(refused(format!(
                    "Version {} is {}, and only one that waits can be tried.",
                    row.version,
                    row.state.as_str()
                )));
            }
            if app.store.canary(&release).await?.is_some() {
                return Err(refused(format!("Version {} is being tried already.", row.version)));
            }
            let connection = app.store.any_connection(&asked.connection).await?;
            if connection.connector != row.connector {
                return Err(refused(format!("{} is a connection of {}.", connection.id, connection.connector)));
            }
            if connection.state != ConnectionState::Active || !connection.enabled {
                return Err(refused(format!("{} does not work just now.", connection.id)));
            }
            let judged = app.judge_usable(&row).await?;
            let beyond = app.beyond_approved(&row, &judged).await?;
            if !beyond.is_empty() && !asked.approves {
                let text = format!("Version {} asks for more than was approved.", row.version);
                let fault = Fault::because(Code::ApprovalNeeded, text);
                return Err(beyond.into_iter().fold(fault, |fault, line| fault.field("/approve", line)));
            }
            app.vouch_again(&row, &actor).await?;
            let approval = match beyond.is_empty() {
                true => None,
                false => Some(approval_of(&row, &judged.asks, &actor)?),
            };
            let (promotes, revision) = (asked.promotes, judged.revision);
            let new = NewCanary { release, connection: connection.id, wanted, promotes, revision, approval, actor };
            let canary = app.store.start_canary(new).await.map_err(|error| match error {
                StoreError::Conflict(why) => refused(format!("It cannot be begun: {why}.")),
                other => other.into(),
            })?;
            // Mapped before its first run asks for it.
            if let Err(fault) = app.release(&row.id).await {
                tracing::warn!(release = %row.id, "release {} is tried and cannot be loaded: {fault:?}", row.id);
            }
            Ok(CanaryProgress { canary, well: 0, last: None })
        })
        .await
    }

    /// Makes a release active that is being tried, however far that is.
    pub async fn promote(self: &Arc<Self>, release: &ReleaseId, actor: &str) -> Result<ReleaseRow, Fault> {
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move {
            let promoted = app.promote_now(&release, &actor).await?;
            promoted.map_err(|why| Fault::because(Code::Conflict, "It was changed just now: look again.").operator(why))
        })
        .await
    }

    /// The release that is active now; why it is not, where what it was judged with changed in this very moment.
    async fn promote_now(&self, release: &ReleaseId, actor: &str) -> Result<Result<ReleaseRow, &'static str>, Fault> {
        let row = self.store.release(release).await?;
        let tried_no_more = || refused(format!("Nothing tries version {}: `approve` makes it active.", row.version));
        let Some(tried) = self.store.canary(release).await? else { return Err(tried_no_more()) };
        let judged = self.judge_usable(&row).await?;
        let (with, approval) = self.holds_for_all(&row, &judged).await?;
        match self.store.promote_canary(&tried, with, approval, actor).await {
            Ok(active) => {
                self.now_active(&active);
                Ok(Ok(active))
            }
            Err(StoreError::Outdated(why)) => Ok(Err(why)),
            Err(StoreError::NotFound) => Err(tried_no_more()),
            Err(other) => Err(other.into()),
        }
    }

    /// What one that is tried is judged with, and what has to be granted to the connector for it to be used by all: nothing
    /// where that is granted already, else what it asks, by whoever approved that for it or for its trial.
    async fn holds_for_all(
        &self,
        row: &ReleaseRow,
        judged: &Judged,
    ) -> Result<(JudgedWith, Option<NewApproval>), Fault> {
        let granted = self.granted(&row.connector).await?.unwrap_or_default();
        let beyond = judged.beyond(&granted.asks);
        if beyond.is_empty() {
            return Ok((JudgedWith { revision: judged.revision, granted: Some(granted.no) }, None));
        }
        for own in [self.store.approval_of(&row.id).await?, self.store.approval_for_trial(&row.id).await?] {
            if let Some(own) = self.covers(own, judged).await? {
                let approval = approval_of(row, &judged.asks, &own.approved_by)?;
                return Ok((JudgedWith::revision(judged.revision), Some(approval)));
            }
        }
        Err(beyond.into_iter().fold(Fault::new(Code::ApprovalNeeded), |fault, line| fault.field("", line)))
    }

    /// Ends a trial: the connection is back on what it ran before, the release waits.
    pub async fn end_canary(self: &Arc<Self>, release: &ReleaseId, actor: &str) -> Result<ReleaseRow, Fault> {
        let reason = format!("{actor} ended its trial");
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move { Ok(app.store.end_canary(&release, &reason, &actor).await?) }).await
    }

    /// How far the trial of a release is; none where nothing tries it.
    pub async fn canary_progress(&self, release: &ReleaseId) -> Result<Option<CanaryProgress>, Fault> {
        let Some(canary) = self.store.canary(release).await? else { return Ok(None) };
        let ends = self.store.ends_of(release, &canary.connection, canary.started_at).await?;
        let well = u32::try_from(ends.iter().filter(|end| end.well).count()).unwrap_or(u32::MAX);
        Ok(Some(CanaryProgress { canary, well, last: ends.into_iter().last() }))
    }

    /// What follows from the ends so far of the one connection that tries a release.
    pub(super) async fn judge_canary(&self, canary: &Canary) -> Result<(), Fault> {
        let release = &canary.release;
        match self.store.any_connection(&canary.connection).await {
            Ok(_) => {}
            Err(StoreError::NotFound) => {
                return self.give_up(release, "the connection that tried it was removed").await;
            }
            Err(error) => return Err(error.into()),
        }
        let ends = self.store.ends_of(release, &canary.connection, canary.started_at).await?;
        if let Some(bad) = against(&ends, &canary.known) {
            let (code, title) = bad.code.map_or(("", ""), |code| (code.id(), code.title()));
            return self
                .give_up(release, &format!("{} of the connection that tried it ended with {code}: {title}", bad.work))
                .await;
        }
        let well = ends.iter().filter(|end| end.well).count();
        if !canary.promotes || well < usize::try_from(canary.wanted).unwrap_or(usize::MAX) {
            return Ok(());
        }
        match self.promote_now(release, "host").await {
            Ok(Ok(_)) => Ok(()),
            // The upkeep looks again: neither is anything that speaks against the release.
            Ok(Err(why)) => {
                tracing::info!(release = %release, "release {release} is judged again: {why}");
                Ok(())
            }
            Err(fault) if fault.code == Code::StorageFailed => Err(fault),
            // Another node was quicker, or a person.
            Err(_) if self.store.canary(release).await?.is_none() => Ok(()),
            Err(fault) => self.give_up(release, &format!("it went well, and cannot be used: {}", fault.person)).await,
        }
    }

    async fn give_up(&self, release: &ReleaseId, reason: &str) -> Result<(), Fault> {
        match self.store.end_canary(release, reason, "host").await {
            Ok(row) => {
                tracing::warn!(release = %release, "{} {} is tried no more: {reason}", row.connector, row.version);
                Ok(())
            }
            // It was ended a moment ago.
            Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The first end that speaks against a release: one that its sync did not have before.
fn against<'e>(ends: &'e [ReleaseEnd], known: &str) -> Option<&'e ReleaseEnd> {
    let known: BTreeMap<String, String> = serde_json::from_str(known).unwrap_or_default();
    ends.iter().find(|end| {
        let before = known.get(&end.part).map(String::as_str);
        !end.well && before.is_none_or(|code| Some(code) != end.code.map(Code::id))
    })
}

fn refused(why: String) -> Fault {
    Fault::because(Code::CanaryRefused, why)
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ManualClock, SeededRandom, Timestamp};

    use super::*;

    fn end(part: &str, code: Option<Code>) -> ReleaseEnd {
        let connection = ConnectionId::fresh(&ManualClock::at(Timestamp::from_millis(0)), &SeededRandom::new(1));
        let (work, part, at) = ("run_1".to_owned(), part.to_owned(), Timestamp::default());
        ReleaseEnd { work, part, connection, well: code.is_none(), trapped: false, code, at }
    }

    #[test]
    fn what_a_stream_had_before_does_not_speak_against_the_release() {
        let known = format!(r#"{{"syn_1":"{}"}}"#, Code::RecordsRefused.id());
        let judged = |ends: &[ReleaseEnd]| against(ends, &known).map(|end| end.part.clone());
        assert_eq!(judged(&[end("syn_1", None), end("syn_1", Some(Code::RecordsRefused))]), None);
        assert_eq!(judged(&[end("syn_1", Some(Code::ConnectorCrashed))]).as_deref(), Some("syn_1"), "it had another");
        assert_eq!(judged(&[end("syn_2", Some(Code::RecordsRefused))]).as_deref(), Some("syn_2"), "another had it");
    }
}
