//! The circuits of the process, and a request's leave to go.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::{BreakerState, Circuit, Duration};
use crate::target::Origin;

/// Circuits that are remembered. Origins may be entered by strangers, so there is an end to them.
pub(super) const MANY: usize = 10_000;

/// Every circuit that is not plainly closed.
#[derive(Debug, Default)]
pub(crate) struct Breakers {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    circuits: HashMap<CircuitKey, Circuit>,
    /// Opened or closed since somebody asked.
    changed: HashSet<CircuitKey>,
    probes: u64,
}

/// Whose circuit, to where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CircuitKey {
    tenant: String,
    origin: Origin,
}

/// Leave for one request to go; dropped without a word, it says nothing about the host.
#[derive(Debug)]
pub(crate) struct Pass<'b> {
    breakers: &'b Breakers,
    key: &'b CircuitKey,
    probe: Option<u64>,
}

impl CircuitKey {
    pub(crate) fn of(tenant: &str, origin: &Origin) -> Self {
        Self { tenant: tenant.to_owned(), origin: origin.clone() }
    }

    fn read(tenant: &str, origin: &str) -> Option<Self> {
        Some(Self { tenant: tenant.to_owned(), origin: Origin::parse(origin).ok()? })
    }
}

impl Breakers {
    /// How long a request would have to stay away; none when it may go.
    pub(crate) fn refusal(&self, key: &CircuitKey, now: Instant) -> Option<Duration> {
        self.table().circuits.get(key)?.refusal(now)
    }

    /// Leave for one request, or how long it has to stay away.
    pub(crate) fn pass<'b>(&'b self, key: &'b CircuitKey, now: Instant) -> Result<Pass<'b>, Duration> {
        let mut table = self.table();
        table.probes += 1;
        let number = table.probes;
        let probe = table.circuits.get_mut(key).map_or(Ok(None), |circuit| circuit.admit(now, number))?;
        Ok(Pass { breakers: self, key, probe })
    }

    /// All that are not plainly closed.
    pub(crate) fn states(&self, now: Instant) -> Vec<BreakerState> {
        let mut table = self.table();
        table.circuits.retain(|_, circuit| {
            circuit.forget(now);
            circuit.opened > 0 || !circuit.failures.is_empty()
        });
        table.circuits.iter().map(|(key, circuit)| state(key, Some(circuit), now)).collect()
    }

    /// Those that this process opened or closed since it was asked last.
    pub(crate) fn changed(&self, now: Instant) -> Vec<BreakerState> {
        let mut table = self.table();
        let changed = std::mem::take(&mut table.changed);
        changed.iter().map(|key| state(key, table.circuits.get(key), now)).collect()
    }

    /// What others know: another node, or this one before it was started again.
    pub(crate) fn apply(&self, states: Vec<BreakerState>, now: Instant) {
        let mut table = self.table();
        for state in states {
            let Some(key) = CircuitKey::read(&state.tenant, &state.origin) else { continue };
            if state.opened > 0 {
                table.circuit(key).told_open(now, &state);
            } else if table.circuits.get_mut(&key).is_some_and(|circuit| circuit.told_closed(now)) {
                table.circuits.remove(&key);
            }
        }
    }

    /// An operator's word: closed, whatever was known.
    pub(crate) fn close(&self, tenant: &str, origin: &str) {
        let Some(key) = CircuitKey::read(tenant, origin) else { return };
        let mut table = self.table();
        if table.circuits.remove(&key).is_some_and(|circuit| circuit.opened > 0) {
            table.note(&key);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    #[cfg(test)]
    pub(super) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// The host answered.
    pub(crate) fn answered(self) {
        let mut table = self.breakers.table();
        if table.circuits.get(self.key).is_some_and(|circuit| circuit.answered(self.probe))
            && table.circuits.remove(self.key).is_some_and(|circuit| circuit.opened > 0)
        {
            table.note(self.key);
        }
    }

    /// The host failed.
    pub(crate) fn failed(self, now: Instant, error: &str) {
        let mut table = self.breakers.table();
        // A probe of a circuit that was closed meanwhile tells of a time that is over.
        let known = table.circuits.contains_key(self.key);
        if (known || self.probe.is_none()) && table.circuit(self.key.clone()).failed(now, self.probe, error) {
            table.note(self.key);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(probe) = self.probe
            && let Some(circuit) = self.breakers.table().circuits.get_mut(self.key)
        {
            circuit.released(probe);
        }
    }
}

impl Table {
    /// The circuit of this key; a fresh one takes the place of the one that is missed least.
    fn circuit(&mut self, key: CircuitKey) -> &mut Circuit {
        if self.circuits.len() >= MANY && !self.circuits.contains_key(&key) {
            // A closed one is missed less than an open one, then the one that ends first.
            let worth = |circuit: &Circuit| {
                (circuit.opened > 0, circuit.own.max(circuit.told), circuit.failures.back().copied())
            };
            let least = self.circuits.iter().min_by_key(|(_, circuit)| worth(circuit));
            if let Some(least) = least.map(|(key, _)| key.clone()) {
                self.circuits.remove(&least);
            }
        }
        self.circuits.entry(key).or_default()
    }

    fn note(&mut self, key: &CircuitKey) {
        // Nobody asks, so nobody misses it.
        if self.changed.len() < MANY {
            self.changed.insert(key.clone());
        }
    }
}

fn state(key: &CircuitKey, circuit: Option<&Circuit>, now: Instant) -> BreakerState {
    BreakerState {
        tenant: key.tenant.clone(),
        origin: key.origin.to_string(),
        failures: circuit.map_or(0, |circuit| u32::try_from(circuit.failures.len()).unwrap_or(u32::MAX)),
        opened: circuit.map_or(0, |circuit| circuit.opened),
        open_for: circuit.filter(|circuit| circuit.opened > 0).map(|circuit| circuit.left(now)),
        last_error: circuit.map_or_else(String::new, |circuit| circuit.last_error.clone()),
    }
}
