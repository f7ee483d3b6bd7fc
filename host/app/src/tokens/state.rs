//! What this process remembers of refreshes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_credentials::Credential;
use patchbay_model::{ConnectionId, ReleaseId, TenantId, Timestamp};
use patchbay_store::Connection;
use tokio::sync::Notify;

/// A fresh pair that the database did not take yet: the one before it is spent.
#[derive(Clone)]
pub(super) struct Unsaved {
    /// The connection as it was when the refresh began.
    pub(super) of: Connection,
    /// The release whose manifest says how it is revoked, and whether that ends a newer consent as well.
    pub(super) revocable: (Option<ReleaseId>, bool),
    /// The version of the row that it follows.
    pub(super) follows: i64,
    pub(super) fresh: Credential,
}

/// Refreshes of one version of a credential that failed, in a row.
struct Failures {
    version: i64,
    count: u32,
    /// Not before this moment again.
    pause_until: Timestamp,
}

/// What this process knows about refreshes of one connection.
#[derive(Default)]
struct Refreshing {
    lock: Arc<tokio::sync::Mutex<()>>,
    failures: Option<Failures>,
    unsaved: Option<Unsaved>,
}

/// Connections whose credential is, or was just, refreshed by this process.
#[derive(Default)]
pub(crate) struct Refreshes {
    all: Mutex<HashMap<ConnectionId, Refreshing>>,
    /// Wakes who refreshes without being asked.
    pub(crate) due: Notify,
    #[cfg(test)]
    provider: Mutex<Option<super::tests::Provider>>,
}

impl Refreshes {
    fn with<T>(&self, connection: &ConnectionId, act: impl FnOnce(&mut Refreshing) -> T) -> T {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        // What holds nothing that anybody needs is forgotten; the table stays as small as the present.
        all.retain(|_, one| Arc::strong_count(&one.lock) > 1 || one.failures.is_some() || one.unsaved.is_some());
        act(all.entry(connection.clone()).or_default())
    }

    /// Stands in for the way out.
    #[cfg(test)]
    pub(super) fn ask_instead(&self, provider: super::tests::Provider) {
        *self.provider.lock().unwrap_or_else(PoisonError::into_inner) = Some(provider);
    }

    #[cfg(test)]
    pub(super) fn provider(&self) -> Option<Box<dyn patchbay_credentials::Transport>> {
        let provider = self.provider.lock().unwrap_or_else(PoisonError::into_inner).clone();
        provider.map(|provider| Box::new(provider) as _)
    }

    pub(super) fn lock_of(&self, connection: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        self.with(connection, |one| Arc::clone(&one.lock))
    }

    /// Whether this version is left alone for now. One that came later is another credential.
    pub(super) fn pauses(&self, connection: &ConnectionId, version: i64, now: Timestamp) -> bool {
        self.with(connection, |one| {
            one.failures.as_ref().is_some_and(|failures| failures.version == version && failures.pause_until > now)
        })
    }

    /// One more failure: how long the token address is left alone. The first pause doubles with each failure;
    /// what the provider asks for counts when it is longer, and nothing is longer than `longest`.
    pub(super) fn failed(
        &self,
        connection: &ConnectionId,
        version: i64,
        now: Timestamp,
        asked: Option<Duration>,
        (first, longest): (Duration, Duration),
    ) -> Duration {
        self.with(connection, |one| {
            let before = one.failures.as_ref().filter(|failures| failures.version == version);
            let count = before.map_or(0, |failures| failures.count);
            let pause = first.saturating_mul(1 << count.min(16)).max(asked.unwrap_or_default()).min(longest);
            one.failures = Some(Failures { version, count: count + 1, pause_until: now.plus(pause) });
            pause
        })
    }

    /// It went well.
    pub(super) fn succeeded(&self, connection: &ConnectionId) {
        self.with(connection, |one| one.failures = None);
    }

    pub(super) fn keep(&self, connection: &ConnectionId, unsaved: Unsaved) {
        self.with(connection, |one| one.unsaved = Some(unsaved));
        self.due.notify_one();
    }

    /// The version that a kept pair follows.
    pub(super) fn follows(&self, connection: &ConnectionId) -> Option<i64> {
        self.with(connection, |one| one.unsaved.as_ref().map(|unsaved| unsaved.follows))
    }

    /// The kept pair, which is now in the caller's hands.
    pub(super) fn take(&self, connection: &ConnectionId) -> Option<Unsaved> {
        self.with(connection, |one| one.unsaved.take())
    }

    /// Connections for which this process holds a pair that is nowhere else.
    pub(crate) fn unsaved(&self) -> Vec<(TenantId, ConnectionId)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |(id, one): (&ConnectionId, &Refreshing)| {
            one.unsaved.as_ref().map(|unsaved| (unsaved.of.tenant.clone(), id.clone()))
        };
        all.iter().filter_map(held).collect()
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ManualClock, SeededRandom};

    use super::*;

    fn connection() -> ConnectionId {
        ConnectionId::fresh(&ManualClock::default(), &SeededRandom::new(1))
    }

    #[test]
    fn a_pause_doubles_with_each_failure_up_to_the_longest_and_ends_with_success() {
        let (refreshes, connection) = (Refreshes::default(), connection());
        let now = Timestamp::from_millis(0);
        let seconds = Duration::from_secs;
        let failed = |asked| refreshes.failed(&connection, 1, now, asked, (seconds(30), seconds(3_600)));
        assert_eq!(failed(None), seconds(30));
        assert_eq!(failed(None), seconds(60));
        assert_eq!(failed(Some(seconds(500))), seconds(500), "the provider asks for more");
        assert_eq!(failed(Some(seconds(90_000))), seconds(3_600), "however much it asks");
        assert!(refreshes.pauses(&connection, 1, now));
        refreshes.succeeded(&connection);
        assert!(!refreshes.pauses(&connection, 1, now));
        assert_eq!(failed(None), seconds(30));
    }

    #[test]
    fn a_pause_ends_at_its_moment_and_with_a_new_login() {
        let (refreshes, connection) = (Refreshes::default(), connection());
        let times = (Duration::from_secs(30), Duration::from_secs(60));
        refreshes.failed(&connection, 1, Timestamp::from_millis(0), None, times);
        let just_before = Timestamp::from_millis(29_999);
        assert!(refreshes.pauses(&connection, 1, just_before));
        assert!(!refreshes.pauses(&connection, 1, Timestamp::from_millis(30_000)));
        assert!(!refreshes.pauses(&connection, 2, just_before));
        assert_eq!(refreshes.failed(&connection, 2, just_before, None, times), times.0, "it counts afresh");
    }
}
