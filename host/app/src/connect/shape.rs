//! What a connection consists of, from what the connector said and what the manifest declares.

use std::{collections::BTreeSet, time::Duration};

use patchbay_model::{ConnectionState, Schedule, contract::Identity, manifest::Stream};
use patchbay_store::{NewAccount, NewSync};

use crate::{connectors::Release, facts};

/// Up to so many accounts are read without anybody choosing; with more, a person chooses.
const SELECTED_BY_ITSELF: usize = 50;
/// How often a stream is read whose schedule cannot be read (the manifest check lets none through).
const EVERY: Duration = Duration::from_secs(3_600);

/// The accounts of an identity, each once.
pub(crate) fn new_accounts(identity: &Identity) -> Vec<NewAccount> {
    let selected = identity.accounts.len() <= SELECTED_BY_ITSELF;
    let mut seen = BTreeSet::new();
    identity
        .accounts
        .iter()
        .filter(|account| !account.id.is_empty() && seen.insert(account.id.as_str()))
        .map(|account| NewAccount {
            provider_id: account.id.clone(),
            name: account.name.clone(),
            usable: account.usable,
            note: account.note.clone(),
            facts: facts::json(&account.facts.iter().cloned().collect()),
            selected: selected && account.usable && !account.unselected,
        })
        .collect()
}

/// Every stream that this way to log in can read, once, or once for each account; switched on where the account is
/// selected.
pub(crate) fn new_syncs(release: &Release, auth: &str, accounts: &[NewAccount]) -> Vec<NewSync> {
    let mut syncs = Vec::new();
    for stream in release.manifest.streams.iter().filter(|stream| stream.read_by(auth)) {
        let schedule = schedule_of(stream);
        let picked = release.manifest.pickers.iter().any(|picker| picker.from_stream.as_ref() == Some(&stream.name));
        let sync = |account: &str, enabled| NewSync {
            account: account.to_owned(),
            stream: stream.name.clone(),
            schedule: schedule.clone(),
            enabled,
            picked,
        };
        if stream.per_account {
            syncs.extend(accounts.iter().map(|account| sync(&account.provider_id, account.selected)));
        } else {
            syncs.push(sync("", true));
        }
    }
    syncs
}

/// How often a stream is read where nobody says otherwise.
pub(crate) fn schedule_of(stream: &Stream) -> Schedule {
    Schedule::parse(&stream.schedule).unwrap_or(Schedule::Every(EVERY))
}

/// How a connection stands once its credential works: a connector that reads account by account needs
/// one that is chosen.
pub(super) fn state_of(release: &Release, auth: &str, any_selected: bool) -> ConnectionState {
    let per_account = release.manifest.streams.iter().any(|stream| stream.per_account && stream.read_by(auth));
    if per_account && !any_selected { ConnectionState::NeedsSetup } else { ConnectionState::Active }
}

#[cfg(test)]
mod tests {
    use patchbay_model::contract::Account;

    use super::*;

    #[test]
    fn an_account_is_read_by_itself_unless_it_cannot_be_or_is_left_to_a_person() {
        let account = |id: &str, usable, unselected| Account {
            id: id.to_owned(),
            name: id.to_owned(),
            usable,
            unselected,
            note: None,
            facts: Vec::new(),
        };
        let identity = Identity {
            id: "me".to_owned(),
            name: "Me".to_owned(),
            login: None,
            accounts: vec![account("a", true, false), account("b", true, true), account("c", false, false)],
            facts: Vec::new(),
            scopes: None,
            credential_ends_ms: None,
        };
        let selected: Vec<(String, bool)> =
            new_accounts(&identity).into_iter().map(|account| (account.provider_id, account.selected)).collect();
        assert_eq!(
            selected,
            [("a", true), ("b", false), ("c", false)].map(|(id, by_itself)| (id.to_owned(), by_itself))
        );
    }
}
