//! A copy of a connection's records, kept as a tenant's backend would: from the feed alone.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_test_support::{Result, Trouble};
use serde_json::Value;

use crate::{Row, Scene};

/// Stream, account, key.
pub(crate) type Place = (String, String, String);

/// The copy.
#[derive(Default)]
pub(crate) struct Mirror {
    records: BTreeMap<Place, Value>,
    after: u64,
}

/// What the provider has, of all streams of a case.
pub(crate) type Truth = BTreeMap<Place, Value>;

/// Asks the provider's side.
///
/// # Errors
///
/// Two records have the same place, or one has no key: the case is wrong.
pub(crate) fn truth(scene: &Scene<'_>) -> Result<Truth> {
    let mut truth = Truth::new();
    for stream in &scene.case.streams {
        for Row { account, key, record } in (stream.truth)(scene)? {
            let place = (stream.name.to_owned(), account, key);
            if place.2.is_empty() || truth.insert(place.clone(), record).is_some() {
                return Err(Trouble::new(format!("the truth of the case has {place:?} twice, or without a key")));
            }
        }
    }
    Ok(truth)
}

/// The places where two truths are not the same.
pub(crate) fn difference(before: &Truth, after: &Truth) -> BTreeSet<Place> {
    let changed = |(place, record): &(&Place, &Value)| before.get(*place) != Some(*record);
    let gone = before.keys().filter(|place| !after.contains_key(*place));
    after.iter().filter(changed).map(|(place, _)| place).chain(gone).cloned().collect()
}

impl Mirror {
    /// Takes over what has changed since the last time; where.
    ///
    /// # Errors
    ///
    /// A change says what was known already: it was stored twice.
    pub(crate) fn follow(&mut self, scene: &Scene<'_>, connection: &str) -> Result<BTreeSet<Place>> {
        let mut places = BTreeSet::new();
        for change in scene.tenant.feed(self.after)? {
            self.after = change.get("seq").and_then(Value::as_u64).unwrap_or(self.after);
            let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("connection") != connection {
                continue;
            }
            let place = (text("stream"), text("account"), text("key"));
            let record = change.get("record").unwrap_or(&Value::Null);
            let before = match text("operation").as_str() {
                "delete" => self.records.remove(&place),
                _ => self.records.insert(place.clone(), record.clone()),
            };
            if before.as_ref() == Some(record) {
                return Err(Trouble::new(format!("{place:?} was stored twice: {change}")));
            }
            places.insert(place);
        }
        Ok(places)
    }

    /// Whether this is exactly what the provider has.
    ///
    /// # Errors
    ///
    /// A record is lost, old or invented; the text names one and counts all.
    pub(crate) fn compare(&self, truth: &Truth) -> Result<()> {
        let lost = truth.keys().filter(|place| !self.records.contains_key(*place));
        let invented = self.records.keys().filter(|place| !truth.contains_key(*place));
        let other = truth.iter().filter_map(|(place, wanted)| {
            let stored = self.records.get(place)?;
            first_difference(wanted, stored).map(|difference| (place, difference))
        });
        let mut wrong: Vec<String> = lost.map(|place| format!("{place:?} is lost")).collect();
        wrong.extend(invented.map(|place| format!("{place:?} is stored, and the provider has it not")));
        wrong.extend(other.map(|(place, difference)| format!("{place:?}: {difference}")));
        match wrong.first() {
            None => Ok(()),
            Some(first) => {
                let (count, has) = (wrong.len(), truth.len());
                Err(Trouble::new(format!("of {has} records {count} are wrong, e.g. {first}")))
            }
        }
    }
}

/// The first member that a record has to have and has otherwise.
fn first_difference(wanted: &Value, stored: &Value) -> Option<String> {
    let Value::Object(wanted) = wanted else {
        return (!wanted.is_null() && wanted != stored).then(|| format!("{wanted} was expected, {stored} is stored"));
    };
    let differs = |(name, value): &(&String, &Value)| stored.get(name.as_str()) != Some(*value);
    let (name, value) = wanted.iter().find(differs)?;
    Some(format!("{name} should be {value}, and is {:?} in {stored}", stored.get(name).map(ToString::to_string)))
}
