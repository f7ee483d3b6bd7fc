//! What is known of a connection and is no secret, kept apart by who said it.
//!
//! Facts of the *login* (fields that the person typed, values of the callback and the token answer that
//! the manifest names) decide where requests may go: they fill the placeholders of hosts, paths and
//! token addresses. Facts of *identify* come from the connector and are only handed back to it. Mixed,
//! a connector could name its own host and have the credential sent there.

use std::collections::BTreeMap;

use patchbay_model::manifest::{self, Manifest, REGION};
use serde::{Deserialize, Serialize};

/// The facts of a connection, as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// From the login; fill placeholders.
    pub(crate) login: BTreeMap<String, String>,
    /// From the connector; told back to it.
    pub(crate) identity: BTreeMap<String, String>,
}

impl Facts {
    /// Reads them; what cannot be read grants nothing.
    pub(crate) fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What the connector is told: a fact of the login wins over its own of the same name.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        let mut told = self.identity.clone();
        told.extend(self.login.clone());
        told.into_iter().collect()
    }

    /// Whether both lead to the same hosts: the placeholders of the manifest's origins are equal.
    pub(crate) fn same_hosts(&self, other: &Self, manifest: &Manifest) -> bool {
        manifest.hosts.iter().all(|host| {
            manifest::placeholders(&host.origin).unwrap_or_default().into_iter().all(|name| {
                // `{region.x}` stands for a value of the region that the fact names.
                let name = if name.starts_with("region.") { REGION } else { name };
                self.login.get(name) == other.login.get(name)
            })
        })
    }
}

/// Facts as they are stored: a JSON object of texts.
pub(crate) fn json(facts: &BTreeMap<String, String>) -> String {
    serde_json::to_string(facts).unwrap_or_else(|_| "{}".to_owned())
}

/// Facts of an account: a JSON object of texts.
pub(crate) fn of_account(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_connector_cannot_overrule_what_the_login_said() {
        let facts = Facts { login: map(&[("shop", "acme")]), identity: map(&[("shop", "evil"), ("plan", "gold")]) };
        let facts = Facts::read(&facts.to_json());
        assert_eq!(facts.login, map(&[("shop", "acme")]));
        assert_eq!(facts.told(), [("plan".to_owned(), "gold".to_owned()), ("shop".to_owned(), "acme".to_owned())]);
    }

    #[test]
    fn facts_that_cannot_be_read_grant_nothing() {
        assert_eq!(Facts::read(r#"{"shop":"evil"}"#), Facts::default());
    }
}
