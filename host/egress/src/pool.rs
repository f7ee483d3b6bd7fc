//! Connections that are kept for the next request.
//!
//! The key holds whose connection it is, so that no tenant ever speaks on another's connection. What
//! a connection may reach is one policy per gate, checked when it was opened.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{target::Origin, wire::Wire};

/// Unused HTTP/1 connections of one key.
const KEPT: usize = 8;

/// Times that all connections are looked through while one may lie unused.
const SWEEPS: u32 = 10;

/// Who may use a connection, for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    pub(crate) tenant: String,
    pub(crate) connector: String,
    pub(crate) connection: Option<String>,
    pub(crate) origin: Origin,
}

pub(crate) struct Pool {
    idle: Duration,
    kept: Mutex<Kept>,
}

struct Kept {
    wires: HashMap<PoolKey, Vec<(Wire, Instant)>>,
    /// When all of them were looked through last.
    swept: Instant,
}

impl Pool {
    pub(crate) fn keeping(idle: Duration) -> Self {
        Self { idle, kept: Mutex::new(Kept { wires: HashMap::new(), swept: Instant::now() }) }
    }

    /// A kept connection of this key, if one is still open.
    pub(crate) fn take(&self, key: &PoolKey) -> Option<Wire> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wires = kept.wires.get_mut(key)?;
        let oldest = Instant::now().checked_sub(self.idle);
        while let Some((mut wire, since)) = wires.pop() {
            if wire.is_closed() || oldest.is_some_and(|oldest| since < oldest) {
                continue;
            }
            if let Some(shared) = wire.share() {
                wires.push((wire, Instant::now()));
                return Some(shared);
            }
            wire.reused = true;
            return Some(wire);
        }
        kept.wires.remove(key);
        None
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(crate) fn put(&self, key: PoolKey, wire: Wire) {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Connections of those who went quiet leave with the traffic of the others, but not each request
        // looks through all of them.
        if let Some(oldest) = now.checked_sub(self.idle)
            && now.saturating_duration_since(kept.swept) >= self.idle / SWEEPS
        {
            kept.swept = now;
            kept.wires.retain(|_, wires| {
                wires.retain(|(wire, since)| !wire.is_closed() && *since >= oldest);
                !wires.is_empty()
            });
        }
        let wires = kept.wires.entry(key).or_default();
        let another = wire.share().is_some() && wires.iter().any(|(other, _)| other.share().is_some());
        if !wire.is_closed() && !another && wires.len() < KEPT {
            wires.push((wire, now));
        }
    }
}
