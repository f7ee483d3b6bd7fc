//! To whom the operator's own client is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asks, LoginAsked};
use crate::manifest::{AuthKind, ClientAuth, TokenRequest};

impl Asks {
    /// The hosts to which the operator's client secret is sent, by all ways to log in, which share it.
    pub(super) fn client_secret_hosts(&self) -> BTreeSet<String> {
        self.logins.values().flat_map(LoginAsked::client_secret_hosts).collect()
    }
}

impl LoginAsked {
    /// Whether it logs in with the client that the operator registered, and not with one that is entered.
    pub(super) fn uses_operators_client(&self) -> bool {
        let entered = self.kind == AuthKind::Oauth2ClientCredentials && self.fields.contains_key("client_id");
        self.kind.has_client() && !entered
    }

    /// The hosts of its requests that carry the secret of the operator's client. The login page gets none.
    fn client_secret_hosts(&self) -> BTreeSet<String> {
        let requests = [&self.token, &self.refresh, &self.exchange, &self.revoke].into_iter().flatten();
        let proven = requests.filter(|request| self.uses_operators_client() && request.client_auth != ClientAuth::None);
        proven.flat_map(|request| self.hosts(request)).collect()
    }

    /// The hosts to which a request may go: one for each region where the region chooses.
    pub(super) fn hosts(&self, request: &TokenRequest) -> BTreeSet<String> {
        hosts(request.origin(), self.regions.values())
    }
}

/// The hosts of an origin, one for each region where it names a value of the table.
pub(crate) fn hosts<'a>(origin: &str, regions: impl Iterator<Item = &'a BTreeMap<String, String>>) -> BTreeSet<String> {
    let host = origin.strip_prefix("https://").unwrap_or(origin);
    let filled = |values: &BTreeMap<String, String>| {
        let fill = |host: String, (name, value): (&String, &String)| host.replace(&format!("{{region.{name}}}"), value);
        values.iter().fold(host.to_owned(), fill)
    };
    let all: BTreeSet<String> = regions.filter(|_| host.contains("{region.")).map(filled).collect();
    if all.is_empty() { BTreeSet::from([host.to_owned()]) } else { all }
}
