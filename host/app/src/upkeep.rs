//! What is done without anybody asking, besides runs and pushes: credentials refreshed whose time has come or
//! whose refresh was interrupted, authorisations dropped that nobody completed, credentials given back,
//! connections asked again who they are and which streams they have, and old sessions and data keys cleaned away.
//!
//! Three loops, so that no provider that is slow to say who somebody is, or to take a credential back, holds up a
//! refresh that may not wait; the one that follows indexes is a task of its own, because reading what a stranger lists
//! may keep a thread busy. Each is woken when this process leaves it something to do, and looks by itself for
//! what another process left, or what time made due. Every step has a time limit of its own, and one that fails is logged
//! and tried again in the next round. Nothing here is lost when it is cut off: refreshes run in tasks of
//! their own, and all else goes on from what is stored.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use patchbay_egress::CredentialError;
use patchbay_model::{ConnectionId, Fault, Timestamp};
use patchbay_store::StoreError;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval, timeout},
};

use crate::App;

/// Looks at the queue (`jobs.poll_millis`) in a round. A provider's grace period can be as short as a minute,
/// and a lease that a crash left behind takes half of it.
const POLLS: u32 = 5;
/// Rounds between two looks at what is not urgent.
const SELDOM: u32 = 12;
/// Longest step of a round.
const LONGEST: Duration = Duration::from_secs(60);

/// Credentials refreshed in a round, and at the same time.
const REFRESHES: u32 = 40;
const AT_ONCE: usize = 4;
/// Items that waited too long, in one transaction.
const EXPIRIES: u32 = 200;
/// Authorisations dropped in a round.
const PENDINGS: u32 = 100;
/// Connections asked in a round, one after the other.
const IDENTIFIES: u32 = 20;
/// How long what a connection said of itself is taken for true, and how long one is left alone that did not
/// answer.
const IDENTIFY_AFTER: Duration = Duration::from_secs(24 * 3_600);
const IDENTIFY_AGAIN: Duration = Duration::from_secs(3_600);
/// How long a session is shown after its end.
const SESSIONS_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long a browser session is kept after its end.
const BROWSER_SESSIONS_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Sessions forgotten in a round.
const SESSIONS: u32 = 500;

/// Connections that did not answer who they are, and until when they are left alone.
#[derive(Default)]
struct Silent(HashMap<ConnectionId, Timestamp>);

impl App {
    /// Keeps things in order until the host stops.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let app = Arc::clone(&self);
        self.tasks.spawn(async move { app.resume_rotation().await });
        let app = Arc::clone(&self);
        self.tasks.spawn(async move { Box::pin(app.keep_followed()).await });
        tokio::join!(self.keep_fresh(), self.keep_tidy());
    }

    /// Follows indexes of connectors: in a round of its own, since a component may take minutes to come.
    async fn keep_followed(self: &Arc<Self>) {
        let (mut round, nobody) = (self.rounds(), Notify::new());
        let mut stop = self.stop.clone();
        while !self.settings.indexes.is_empty() && self.next_round(&mut round, &nobody).await {
            let followed = tokio::select! {
                followed = self.follow_indexes() => followed,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            if let Err(fault) = followed {
                tracing::error!("the indexes could not be followed: {fault:?}");
            }
        }
    }

    async fn keep_fresh(self: &Arc<Self>) {
        let mut round = self.rounds();
        while self.next_round(&mut round, &self.refreshes.due).await {
            limited("credentials could not be refreshed", self.refresh_due()).await;
        }
    }

    async fn keep_tidy(self: &Arc<Self>) {
        let mut round = self.rounds();
        let mut silent = Silent::default();
        let mut rounds: u32 = 0;
        while self.next_round(&mut round, &self.upkeep_due).await {
            tokio::join!(
                limited("authorisations that nobody completed could not be dropped", self.drop_expired()),
                limited("credentials could not be given back", self.revoke_due()),
                limited("connections could not be asked who they are", self.identify_due(&mut silent)),
                limited("connections could not be asked for their streams", self.discover_due()),
                limited("items that waited too long could not be ended", self.expire_waiting()),
                limited("records that are extracted now could not be told", self.tell_unseen()),
                limited("releases that broke down could not be judged", self.judge_releases()),
            );
            if rounds.is_multiple_of(SELDOM) {
                limited("old sessions could not be forgotten", self.forget_sessions()).await;
                limited("data keys out of use could not be dropped", self.retire_keys()).await;
                limited("what is too old could not be forgotten", self.forget_old()).await;
                limited("old releases could not be dropped", self.drop_old_releases()).await;
            }
            rounds = rounds.wrapping_add(1);
        }
    }

    fn rounds(&self) -> Interval {
        let mut round = interval((self.settings.poll * POLLS).min(LONGEST / 2));
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        round
    }

    /// Waits for the next round, or for who wakes this one earlier; false when the host stops.
    async fn next_round(&self, round: &mut Interval, woken: &Notify) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => false,
            _ = round.tick() => true,
            () = woken.notified() => true,
        }
    }

    /// Refreshes what is due whether it is used or not, and what a crash or a lost answer interrupted.
    async fn refresh_due(self: &Arc<Self>) -> Result<(), Fault> {
        let mut due = self.store.refreshes_due(REFRESHES).await?;
        due.extend(self.refreshes.unsaved());
        let mut running = JoinSet::new();
        for (tenant, connection) in due {
            if running.len() >= AT_ONCE {
                running.join_next().await;
            }
            if *self.stop.borrow() {
                break;
            }
            let app = Arc::clone(self);
            running.spawn(async move {
                // What needs its owner is said where it is found; the rest comes again by itself.
                if let Err(CredentialError::Busy(why)) = app.refresh_unused(&tenant, &connection).await {
                    tracing::debug!(connection.id = %connection, "connection {connection} was not refreshed: {why}");
                }
            });
        }
        running.join_all().await;
        Ok(())
    }

    async fn drop_expired(&self) -> Result<(), Fault> {
        for session in self.store.expired_pendings(PENDINGS).await? {
            match self.store.drop_expired_pending(&session, "host").await {
                Ok(()) => self.upkeep_due.notify_one(),
                // It was completed, or dropped, a moment ago.
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn expire_waiting(&self) -> Result<(), Fault> {
        while self.store.expire_pushes(EXPIRIES).await? >= u64::from(EXPIRIES) && !*self.stop.borrow() {}
        Ok(())
    }

    async fn identify_due(self: &Arc<Self>, silent: &mut Silent) -> Result<(), Fault> {
        let now = self.clock.now();
        silent.0.retain(|_, until| *until > now);
        // Those that do not answer stand first in line every time, and must not hold up the others.
        let limit = IDENTIFIES.saturating_add(u32::try_from(silent.0.len()).unwrap_or(u32::MAX));
        let due = self.store.identifies_due(now.minus(IDENTIFY_AFTER), limit).await?;
        for (tenant, connection) in due {
            if *self.stop.borrow() {
                break;
            }
            if silent.0.contains_key(&connection) {
                continue;
            }
            // Said before, so that one that takes all of the step's time is not the first of the next one.
            silent.0.insert(connection.clone(), self.clock.now().plus(IDENTIFY_AGAIN));
            let row = match self.store.connection(&tenant, &connection).await {
                Ok(row) => row,
                Err(StoreError::NotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            match self.identify_connection(&row, "host").await {
                Ok(()) => {
                    silent.0.remove(&connection);
                }
                Err(fault) => {
                    tracing::warn!(connection.id = %connection, "connection {connection} did not say who it is: {fault:?}");
                }
            }
        }
        Ok(())
    }

    async fn forget_sessions(&self) -> Result<(), Fault> {
        self.store.forget_sessions(self.clock.now().minus(SESSIONS_FOR), SESSIONS).await?;
        self.store.forget_browser_sessions(self.clock.now().minus(BROWSER_SESSIONS_FOR), SESSIONS).await?;
        Ok(())
    }
}

/// Runs a step for so long at most; what goes wrong is logged.
async fn limited(what: &str, step: impl Future<Output = Result<(), Fault>>) {
    match timeout(LONGEST, step).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::error!("{what}: {fault:?}"),
        Err(_) => tracing::warn!("{what} in {} s; the rest comes in the next round", LONGEST.as_secs()),
    }
}
