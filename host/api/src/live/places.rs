//! How many may do what costs something as long as it lasts: looking on takes a connection and looks at the database by
//! itself, an upload holds some pieces of its file. One tenant cannot take the places of the others, and one user in the
//! portal cannot take those of the tenant.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::TenantId;

use crate::caller::Tenant;

/// How many places there are.
#[derive(Clone, Copy)]
struct Bounds {
    /// For one user in the portal, in all browsers together.
    of_user: usize,
    of_tenant: usize,
    of_all: usize,
}

/// Streams: a window of the web app takes up to two, so a user can have four of them open.
const STREAMS: Bounds = Bounds { of_user: 8, of_tenant: 50, of_all: 500 };
/// Uploads: a form sends all its files at the same time.
const UPLOADS: Bounds = Bounds { of_user: 12, of_tenant: 16, of_all: 64 };

/// The places that are taken.
pub(crate) struct Places {
    bounds: Bounds,
    taken: Mutex<HashMap<TenantId, Taken>>,
}

/// Those of one tenant.
#[derive(Default)]
struct Taken {
    all: usize,
    /// Of its users in the portal.
    users: HashMap<String, usize>,
}

/// A place, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
    user: Option<String>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The user in the portal has all of theirs.
    User,
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

    fn of(bounds: Bounds) -> Self {
        Self { bounds, taken: Mutex::default() }
    }

    /// Takes a place for whoever calls.
    pub(crate) fn take(self: &Arc<Self>, caller: &Tenant) -> Result<Place, Full> {
        let (tenant, user) = (&caller.id, caller.caller.user());
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = taken.get(tenant);
        let of_user = user.and_then(|user| theirs?.users.get(user).copied()).unwrap_or_default();
        if user.is_some() && of_user >= self.bounds.of_user {
            return Err(Full::User);
        }
        if theirs.is_some_and(|theirs| theirs.all >= self.bounds.of_tenant) {
            return Err(Full::Tenant);
        }
        if taken.values().map(|theirs| theirs.all).sum::<usize>() >= self.bounds.of_all {
            return Err(Full::Host);
        }
        let theirs = taken.entry(tenant.clone()).or_default();
        theirs.all += 1;
        if let Some(user) = user {
            *theirs.users.entry(user.to_owned()).or_default() += 1;
        }
        Ok(Place { places: Arc::clone(self), tenant: tenant.clone(), user: user.map(str::to_owned) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(theirs) = taken.get_mut(&self.tenant) else { return };
        theirs.all -= 1;
        if let Some(user) = &self.user
            && let Some(count) = theirs.users.get_mut(user)
        {
            *count -= 1;
            if *count == 0 {
                theirs.users.remove(user);
            }
        }
        if theirs.all == 0 {
            taken.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use patchbay_app::Caller;
    use patchbay_model::{BrowserSessionId, KeyId, SystemClock, SystemRandom};

    use super::*;

    /// The backend of a tenant, or one of its users in the portal.
    pub(crate) fn caller(tenant: &TenantId, user: Option<&str>) -> Tenant {
        let (clock, random) = (&SystemClock, &SystemRandom);
        let caller = match user {
            None => Caller::Tenant { key: KeyId::fresh(clock, random), tenant: tenant.clone() },
            Some(user) => Caller::Portal {
                // Another browser each time.
                session: BrowserSessionId::fresh(clock, random),
                tenant: tenant.clone(),
                user: user.to_owned(),
            },
        };
        Tenant { id: tenant.clone(), caller }
    }

    pub(crate) fn tenant() -> TenantId {
        TenantId::fresh(&SystemClock, &SystemRandom)
    }

    /// As many places as there are for such a caller.
    fn fill(places: &Arc<Places>, tenant: &TenantId, user: Option<&str>) -> (Vec<Place>, Full) {
        let mut taken = Vec::new();
        loop {
            match places.take(&caller(tenant, user)) {
                Ok(place) => taken.push(place),
                Err(full) => return (taken, full),
            }
        }
    }

    #[test]
    fn one_tenant_cannot_take_the_places_of_the_others() {
        let places = Arc::new(Places::default());
        let tenants: Vec<TenantId> = (0..11).map(|_| tenant()).collect();
        let (first, full) = fill(&places, &tenants[0], None);
        assert_eq!((first.len(), full), (50, Full::Tenant));
        let mut taken: Vec<Vec<Place>> = tenants[1..10].iter().map(|tenant| fill(&places, tenant, None).0).collect();
        taken.push(first);
        assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 500);
        let late = caller(&tenants[10], None);
        assert_eq!(places.take(&late).err(), Some(Full::Host));
        drop(taken.remove(3).pop());
        assert_eq!(places.take(&late).err(), None, "whoever leaves gives the place back");
        drop(taken);
        assert!(places.taken.lock().expect("the places").is_empty());
    }

    #[test]
    fn one_user_in_the_portal_cannot_take_the_places_of_the_tenant() {
        for (places, of_user, of_tenant) in [(Places::default(), 8, 50), (Places::of_uploads(), 12, 16)] {
            let (places, tenant, other) = (Arc::new(places), tenant(), tenant());
            let (mut ann, full) = fill(&places, &tenant, Some("ann"));
            assert_eq!((ann.len(), full), (of_user, Full::User), "in all browsers together");
            let namesake = fill(&places, &other, Some("ann")).0;
            assert_eq!(namesake.len(), of_user, "somebody else, whose name is the same");
            ann.pop();
            let (again, full) = fill(&places, &tenant, Some("ann"));
            assert_eq!((again.len(), full), (1, Full::User), "whoever leaves gives the place back");
            // The rest stays for the others, and is bounded as before.
            let (rest, full) = fill(&places, &tenant, None);
            assert_eq!((rest.len(), full), (of_tenant - of_user, Full::Tenant));
            assert_eq!(places.take(&caller(&tenant, Some("bob"))).err(), Some(Full::Tenant));
            drop((ann, again, rest, namesake));
            assert!(places.taken.lock().expect("the places").is_empty());
        }
    }
}
