//! How many sign-ins may be refused, from one place and from all together, on this node.
//!
//! Each try takes from an allowance that grows back with time, and a right one gives back what it took: who signs in
//! well is never counted, and who guesses soon waits. One allowance is the place's own, the other is everybody's,
//! so that guessing from many places at once is slow, too. What is kept is one moment for each place that was
//! refused lately; the common allowance bounds how many places that can be.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use patchbay_model::Timestamp;
use patchbay_store::SessionKind;

/// Tries that one place may spend at once, and after how long one of them grows back.
const OF_ONE: Allowance = Allowance { tries: 20, back_after: Duration::from_secs(30) };
/// The same for all places together.
const OF_ALL: Allowance = Allowance { tries: 100, back_after: Duration::from_secs(10) };

/// Where a browser is: a network address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    pub(super) const fn new(address: IpAddr) -> Self {
        Self(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// So many tries, each of which grows back.
#[derive(Clone, Copy)]
struct Allowance {
    tries: u32,
    back_after: Duration,
}

impl Allowance {
    /// How long until there is a try to spend, where everything that was spent has grown back at `whole`.
    fn wait(self, whole: Timestamp, now: Timestamp) -> Option<Duration> {
        // The last try may be spent while all the others still grow.
        let wait = whole.since(now).saturating_sub(self.back_after * (self.tries - 1));
        (!wait.is_zero()).then_some(wait)
    }

    fn spent(self, whole: Timestamp, now: Timestamp) -> Timestamp {
        whole.max(now).plus(self.back_after)
    }
}

/// When everything that was spent will have grown back.
#[derive(Default)]
struct Counted {
    places: HashMap<(SessionKind, Peer), Timestamp>,
    all: HashMap<SessionKind, Timestamp>,
}

/// What was refused lately.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Counted>);

impl Attempts {
    /// Spends a try of this place, or says how long to wait for one.
    pub(super) fn begin(&self, kind: SessionKind, peer: Peer, now: Timestamp) -> Result<(), Duration> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.places.retain(|_, whole| *whole > now);
        let place = counted.places.get(&(kind, peer)).copied().unwrap_or(now);
        let all = counted.all.get(&kind).copied().unwrap_or(now);
        if let Some(wait) = OF_ONE.wait(place, now).or_else(|| OF_ALL.wait(all, now)) {
            // Told in whole seconds, of which the last one counts.
            return Err(Duration::from_secs(wait.as_secs() + 1));
        }
        counted.places.insert((kind, peer), OF_ONE.spent(place, now));
        counted.all.insert(kind, OF_ALL.spent(all, now));
        Ok(())
    }

    /// Gives back the try of a sign-in that was right.
    pub(super) fn was_right(&self, kind: SessionKind, peer: Peer) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = counted.places.get_mut(&(kind, peer)) {
            *whole = whole.minus(OF_ONE.back_after);
        }
        if let Some(whole) = counted.all.get_mut(&kind) {
            *whole = whole.minus(OF_ALL.back_after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: SessionKind = SessionKind::Operator;
    const SOON: Timestamp = Timestamp::from_millis(1_000_000);

    fn at(address: &str) -> Peer {
        Peer::at(address.parse().expect("an address"))
    }

    /// How many tries a place has at this moment.
    fn left(attempts: &Attempts, peer: Peer, now: Timestamp) -> usize {
        (0..1_000).take_while(|_| attempts.begin(KIND, peer, now).is_ok()).count()
    }

    #[test]
    fn one_place_spends_its_tries_and_gets_them_back_one_by_one() {
        let attempts = Attempts::default();
        assert_eq!(left(&attempts, at("192.0.2.1"), SOON), 20);
        let wait = attempts.begin(KIND, at("192.0.2.1"), SOON).expect_err("spent");
        assert!(attempts.begin(KIND, at("192.0.2.1"), SOON.plus(wait)).is_ok(), "{wait:?}");
        assert!(attempts.begin(KIND, at("192.0.2.1"), SOON.plus(wait)).is_err());
        assert_eq!(left(&attempts, at("192.0.2.1"), SOON.plus(Duration::from_secs(3_600))), 20);
    }

    #[test]
    fn who_guesses_in_one_place_keeps_nobody_out_of_another_nor_out_of_the_portal() {
        let attempts = Attempts::default();
        left(&attempts, at("192.0.2.1"), SOON);
        assert!(attempts.begin(KIND, at("192.0.2.2"), SOON).is_ok());
        assert!(attempts.begin(SessionKind::Portal, at("192.0.2.1"), SOON).is_ok());
    }

    #[test]
    fn guessing_from_many_places_is_slow_and_soon_over_for_others() {
        let attempts = Attempts::default();
        let places = (0..=255).map(|n| at(&format!("198.51.100.{n}")));
        assert_eq!(places.filter(|peer| attempts.begin(KIND, *peer, SOON).is_ok()).count(), 100);
        let wait = attempts.begin(KIND, at("192.0.2.1"), SOON).expect_err("spent by all together");
        assert!(wait <= Duration::from_secs(11), "{wait:?}");
        assert!(attempts.begin(KIND, at("192.0.2.1"), SOON.plus(wait)).is_ok());
        assert!(attempts.0.lock().expect("counted").places.len() <= 101);
    }

    #[test]
    fn a_sign_in_that_is_right_costs_nothing() {
        let attempts = Attempts::default();
        for _ in 0..1_000 {
            attempts.begin(KIND, at("192.0.2.1"), SOON).expect("a try");
            attempts.was_right(KIND, at("192.0.2.1"));
        }
        assert_eq!(left(&attempts, at("192.0.2.1"), SOON), 20);
    }

    #[test]
    fn a_network_of_ipv6_is_one_place_and_an_address_has_one_spelling() {
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), at("2001:db8:1:2:ffff::1"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
