//! How long a connection leaves a provider alone because the provider asked for it.
//!
//! A provider's word (`Retry-After`, counters that are used up) is about a credential, so it holds for
//! the whole connection at that origin: for every run, for every account, also for those that wait in
//! line already. Other nodes learn it through the database; what they say names no origin and holds for
//! all of the connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::LONGEST_PAUSE;
use crate::{Grant, target::Origin};

/// Connections before those that nobody waits for are forgotten.
const MANY: usize = 10_000;

/// The pauses of every connection.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    connections: HashMap<(String, String), Arc<Paused>>,
    /// How many were left when it was looked through last.
    left: usize,
}

/// The pauses of one connection.
#[derive(Default)]
pub(super) struct Paused(Mutex<Until>);

#[derive(Default)]
struct Until {
    anywhere: Option<Instant>,
    at: HashMap<Origin, Instant>,
}

impl Pauses {
    pub(super) fn of(&self, grant: &Grant) -> Arc<Paused> {
        match &grant.connection {
            Some(connection) => self.kept().paused(&grant.tenant, connection),
            // Before there is a connection, those who ask for the same connector share their pauses.
            None => self.kept().paused(&grant.tenant, &format!("none yet of {}", grant.connector)),
        }
    }

    /// The longest pause of a connection, wherever it was told.
    pub(crate) fn longest(&self, tenant: &str, connection: &str) -> Option<Duration> {
        let paused = self.kept().connections.get(&(tenant.to_owned(), connection.to_owned())).map(Arc::clone)?;
        let now = Instant::now();
        let until = paused.until();
        let last = until.at.values().copied().chain(until.anywhere).max()?;
        Some(last.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// A pause of a connection at every origin.
    pub(crate) fn tell(&self, tenant: &str, connection: &str, length: Duration) {
        let paused = self.kept().paused(tenant, connection);
        let mut until = paused.until();
        until.anywhere = until.anywhere.max(Some(end(length)));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn paused(&mut self, tenant: &str, connection: &str) -> Arc<Paused> {
        // Only when it has doubled, or a busy process would look through all of them each time.
        if self.connections.len() >= MANY.max(self.left.saturating_mul(2)) {
            let now = Instant::now();
            self.connections.retain(|_, paused| Arc::strong_count(paused) > 1 || paused.until().is_live(now));
            self.left = self.connections.len();
        }
        Arc::clone(self.connections.entry((tenant.to_owned(), connection.to_owned())).or_default())
    }
}

impl Paused {
    /// Until when nobody of the connection goes to this origin.
    pub(super) fn at(&self, origin: &Origin) -> Option<Instant> {
        let until = self.until();
        until.anywhere.max(until.at.get(origin).copied())
    }

    /// The provider asked for a pause at this origin; it never shortens a longer one.
    pub(super) fn pause(&self, origin: &Origin, length: Duration) {
        let now = Instant::now();
        let mut until = self.until();
        until.at.retain(|_, end| *end > now);
        let end = end(length);
        until.at.entry(origin.clone()).and_modify(|known| *known = end.max(*known)).or_insert(end);
    }

    fn until(&self) -> MutexGuard<'_, Until> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Until {
    fn is_live(&self, now: Instant) -> bool {
        self.at.values().copied().chain(self.anywhere).any(|end| end > now)
    }
}

fn end(length: Duration) -> Instant {
    Instant::now() + length.min(LONGEST_PAUSE)
}
