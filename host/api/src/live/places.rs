//! How many may do what costs something as long as it lasts: looking on takes a connection and looks at the database by
//! itself, an upload holds some pieces of its file. One tenant cannot take the places of the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::TenantId;

/// Streams of one tenant, and of all.
const STREAMS: (usize, usize) = (50, 500);
/// Uploads of one tenant, and of all.
const UPLOADS: (usize, usize) = (16, 64);

/// The places that are taken.
pub(crate) struct Places {
    of_tenant: usize,
    of_all: usize,
    taken: Mutex<HashMap<TenantId, usize>>,
}

/// A place, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The tenant has all of its own.
    Tenant,
    /// The host has none left.
    Host,
}

impl Default for Places {
    /// For those who look on.
    fn default() -> Self {
        Self::of(STREAMS)
    }
}

impl Places {
    /// For those who send files.
    pub(crate) fn of_uploads() -> Self {
        Self::of(UPLOADS)
    }

    fn of((of_tenant, of_all): (usize, usize)) -> Self {
        Self { of_tenant, of_all, taken: Mutex::default() }
    }

    /// Takes a place for a tenant.
    pub(crate) fn take(self: &Arc<Self>, tenant: &TenantId) -> Result<Place, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(tenant).is_some_and(|count| *count >= self.of_tenant) {
            return Err(Full::Tenant);
        }
        if taken.values().sum::<usize>() >= self.of_all {
            return Err(Full::Host);
        }
        *taken.entry(tenant.clone()).or_default() += 1;
        Ok(Place { places: Arc::clone(self), tenant: tenant.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ManualClock, SeededRandom};

    use super::*;

    #[test]
    fn one_tenant_cannot_take_the_places_of_the_others() {
        let (clock, random, places) = (ManualClock::default(), SeededRandom::new(1), Arc::new(Places::default()));
        let tenants: Vec<TenantId> = (0..11).map(|_| TenantId::fresh(&clock, &random)).collect();
        let fill = |tenant: &TenantId| (0..STREAMS.0).filter_map(|_| places.take(tenant).ok()).collect::<Vec<_>>();
        let mut taken: Vec<Vec<Place>> = tenants.iter().take(1).map(&fill).collect();
        assert_eq!((taken[0].len(), places.take(&tenants[0]).err()), (50, Some(Full::Tenant)));
        taken.extend(tenants.iter().skip(1).map(&fill));
        assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 500);
        assert_eq!(places.take(&tenants[10]).err(), Some(Full::Host));
        drop(taken.remove(3).pop());
        assert_eq!(places.take(&tenants[10]).err(), None, "whoever leaves gives the place back");
        drop(taken);
        assert!(places.taken.lock().expect("the places").is_empty());
    }
}
