//! The checker of the ledger: what the provider has and served against what the feed says, record by record.
//!
//! A test that kills changes the ledger, lets runs read it and kills in the middle; nothing changes from then on until
//! all has settled and [`Books::compare`] was asked. So **a cursor that was ever ahead of its records is seen**: the run
//! that goes on after a death begins at the cursor exactly, whatever look-back its stream has between runs, and what
//! was skipped stays lost.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_test_support::{
    Result, Trouble,
    fakes::ledger::{LedgerStand, ever},
};
use serde_json::{Value, json};

use crate::{Tenant, items, nodes::number, tenant::at};

/// Stream and list of what is read once for a connection.
const LISTS: [(&str, &str); 5] =
    [("entries", "entries"), ("removals", "removals"), ("snapshot", "snapshot"), ("bulk", "bulk"), ("tick", "tick")];

/// Connection, stream, account.
type Place = (String, String, String);

/// A copy of the records of a tenant, kept as its own backend would: from the feed alone.
#[derive(Default)]
pub struct Books {
    records: BTreeMap<Place, BTreeMap<String, Value>>,
    after: u64,
}

impl Books {
    /// Takes over what has changed since the last time; how many changes.
    ///
    /// # Errors
    ///
    /// A sequence does not rise, or a change says what was known already: it was stored twice.
    pub fn follow(&mut self, tenant: &Tenant) -> Result<usize> {
        let changes = tenant.feed(self.after)?;
        for change in &changes {
            let seq = number(change, "seq");
            if seq <= self.after {
                return Err(Trouble::new(format!("sequence {seq} follows {}", self.after)));
            }
            self.after = seq;
            let text = |name: &str| at(change, name).as_str().unwrap_or_default().to_owned();
            let records = self.records.entry((text("connection"), text("stream"), text("account"))).or_default();
            let (key, record) = (text("key"), at(change, "record"));
            let before = match at(change, "operation").as_str() {
                Some("delete") => records.remove(&key),
                _ => records.insert(key, record.clone()),
            };
            if before.as_ref() == Some(record) {
                return Err(Trouble::new(format!("stored twice: {change}")));
            }
        }
        Ok(changes.len())
    }

    /// Whether these connections have exactly what the ledger has, each record once and as it was served; how many
    /// records. Only where nothing is due or running.
    ///
    /// # Errors
    ///
    /// A record is lost, old, invented, or counted twice.
    pub fn compare(&self, ledger: &LedgerStand, tenant: &Tenant, connections: &[String]) -> Result<usize> {
        let visits = ledger.journal.visits();
        let mut compared = 0;
        for connection in connections {
            let counts = counts(tenant, connection)?;
            for (stream, account, list) in lists(&counts) {
                let place = (connection.clone(), stream.to_owned(), account.clone());
                let truth = ledger.provider.truth(&list);
                let stored = self.revisions(&place)?;
                let told = |what: &str, id: u64| Trouble::new(format!("{connection}, {list}: record {id} {what}"));
                for (id, revision) in &truth {
                    match stored.get(id) {
                        Some(found) if found == revision => {}
                        Some(found) => return Err(told(&format!("is at {found}, not at {revision}"), *id)),
                        None => return Err(told("is lost", *id)),
                    }
                }
                let served: BTreeSet<(u64, u32)> = ever(&visits, &list);
                if let Some((id, _)) =
                    stored.iter().find(|(id, found)| !truth.contains_key(id) || !served.contains(&(**id, **found)))
                {
                    return Err(told("is invented, or should be gone", *id));
                }
                let counted = counts.get(&(stream.to_owned(), account)).copied().unwrap_or_default();
                if counted != stored.len() {
                    let (feed, count) = (stored.len(), counted);
                    return Err(Trouble::new(format!("{connection}, {list}: {feed} in the feed, counted as {count}")));
                }
                compared += stored.len();
            }
        }
        Ok(compared)
    }

    fn revisions(&self, place: &Place) -> Result<BTreeMap<u64, u32>> {
        let records = self.records.get(place);
        let revision = |record: &Value| u32::try_from(number(record, "n")).unwrap_or_default();
        let all = records.into_iter().flatten().map(|(key, record)| Ok((key.parse()?, revision(record))));
        all.collect()
    }
}

/// Records of each sync of a connection that is switched on, as the host counts them, by stream and account.
fn counts(tenant: &Tenant, connection: &str) -> Result<BTreeMap<(String, String), usize>> {
    let syncs = items(&tenant.api, &format!("/v1/connections/{connection}/syncs"))?;
    let enabled = syncs.iter().filter(|sync| *at(sync, "enabled") == json!(true));
    let counted = enabled.map(|sync| {
        let text = |name: &str| at(sync, name).as_str().unwrap_or_default().to_owned();
        ((text("stream"), text("account")), usize::try_from(number(sync, "records")).unwrap_or_default())
    });
    Ok(counted.collect())
}

/// Stream, account and list of each of them.
fn lists(counts: &BTreeMap<(String, String), usize>) -> Vec<(&str, String, String)> {
    let lines = counts.keys().filter(|(stream, _)| stream == "lines");
    let lines = lines.map(|(_, account)| ("lines", account.clone(), format!("lines/{account}")));
    LISTS.iter().map(|(stream, list)| (*stream, String::new(), (*list).to_owned())).chain(lines).collect()
}
