//! How often the gate refused something since it was asked last: for an operator who wants to see which connector tries
//! what it may not.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use patchbay_model::{Code, Timestamp};

/// Kinds of refusals that are counted before somebody asks; more connectors than that refuse nothing new.
const KINDS: usize = 1_000;

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// What sort of refusal.
    pub code: Code,
    /// Whose request it was; none for one of the host itself.
    pub connector: Option<String>,
    /// How many.
    pub count: u64,
    /// When the last of them was.
    pub last_at: Timestamp,
}

/// What was refused and not told yet.
#[derive(Default)]
pub(crate) struct Refused(Mutex<BTreeMap<(&'static str, Option<String>), Refusals>>);

impl Refused {
    pub(crate) fn count(&self, code: Code, connector: Option<&str>, now: Timestamp) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (code.id(), connector.map(str::to_owned));
        if let Some(there) = kinds.get_mut(&key) {
            there.count += 1;
            there.last_at = now;
        } else if kinds.len() < KINDS {
            let connector = key.1.clone();
            kinds.insert(key, Refusals { code, connector, count: 1, last_at: now });
        }
    }

    pub(crate) fn take(&self) -> Vec<Refusals> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_what_was_refused_to_whom_and_told_once() {
        let (refused, at) = (Refused::default(), Timestamp::from_millis);
        refused.count(Code::EgressDenied, Some("acme.books"), at(1));
        refused.count(Code::EgressDenied, None, at(2));
        refused.count(Code::EgressDenied, Some("acme.books"), at(3));
        refused.count(Code::SecretSeen, Some("acme.books"), at(4));
        let told: Vec<_> = refused.take().into_iter().map(|of| (of.code, of.connector, of.count, of.last_at)).collect();
        let books = || Some("acme.books".to_owned());
        let expected = [
            (Code::EgressDenied, None, 1, at(2)),
            (Code::EgressDenied, books(), 2, at(3)),
            (Code::SecretSeen, books(), 1, at(4)),
        ];
        assert_eq!(told, expected);
        assert!(refused.take().is_empty());
    }
}
