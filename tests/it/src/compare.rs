//! A provider's records against what the feed says, record by record.

use std::collections::BTreeMap;

use patchbay_test_support::{Result, Trouble};
use serde_json::Value;

use crate::{Rig, Tenant, tenant::at};

/// Kind at the fake and stream in the feed.
const KINDS: [(&str, &str); 3] = [("repository", "repositories"), ("issue", "issues"), ("comment", "issue_comments")];

/// A copy of one GitHub connection's records, kept as a tenant's backend would: from the feed alone.
#[derive(Default)]
pub struct Mirror {
    records: BTreeMap<(String, String), Value>,
    after: u64,
}

impl Mirror {
    /// Takes over what has changed since the last time; how many changes.
    ///
    /// # Errors
    ///
    /// A sequence does not rise, or a change says what was known already: it was stored twice.
    pub fn follow(&mut self, tenant: &Tenant) -> Result<usize> {
        let changes = tenant.feed(self.after)?;
        for change in &changes {
            let seq = at(change, "seq").as_u64().unwrap_or_default();
            if seq <= self.after {
                return Err(Trouble::new(format!("sequence {seq} follows {}", self.after)));
            }
            self.after = seq;
            let text = |name: &str| at(change, name).as_str().unwrap_or_default().to_owned();
            let place = (text("stream"), text("key"));
            let before = match at(change, "operation").as_str() {
                Some("delete") => self.records.remove(&place),
                _ => self.records.insert(place.clone(), at(change, "record").clone()),
            };
            if before.as_ref() == Some(at(change, "record")) {
                return Err(Trouble::new(format!("{place:?} was stored twice: {change}")));
            }
        }
        Ok(changes.len())
    }

    /// How many records of a stream there are.
    #[must_use]
    pub fn count(&self, stream: &str) -> usize {
        self.records.keys().filter(|(of, _)| of == stream).count()
    }

    /// Whether this is exactly what the provider has now; how many records.
    ///
    /// # Errors
    ///
    /// One is lost, old or invented.
    pub fn compare(&self, rig: &Rig) -> Result<usize> {
        let mut stored = self.records.clone();
        let mut compared = 0;
        let visible: Vec<String> =
            rig.fakes.github.provider.repositories().iter().map(|name| format!("github.com/{name}/")).collect();
        for (kind, stream) in KINDS {
            for record in rig.fakes.github.provider.records(kind) {
                // What the token does not see is nobody's loss.
                let place = format!("{}/", at(&record, "html_url").as_str().unwrap_or_default());
                if !visible.iter().any(|repository| place.contains(repository)) {
                    continue;
                }
                let id = at(&record, "id").to_string();
                let found = stored.remove(&(stream.to_owned(), id.clone()));
                // Pull requests come with the issues and are no issues.
                let wanted = record.get("pull_request").is_none().then_some(record);
                if found != wanted {
                    let what = match (&found, &wanted) {
                        (None, _) => "is lost",
                        (_, None) => "is stored and should not be",
                        _ => "is not in its newest version",
                    };
                    return Err(Trouble::new(format!("{kind} {id} {what}")));
                }
                compared += usize::from(found.is_some());
            }
        }
        match stored.keys().next() {
            None => Ok(compared),
            Some(invented) => Err(Trouble::new(format!("{} records are invented, e.g. {invented:?}", stored.len()))),
        }
    }
}
