//! The providers' journals against the feed, record by record.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{super::setup::World, number, read};
use crate::shell::Result;

/// Kind at the fake, stream in the feed, members that the connector adds to what it was served.
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("repository", "repositories", &[]),
    ("issue", "issues", &[]),
    ("comment", "issue_comments", &[]),
    ("company", "companies", &[]),
    ("period", "periods", &["company_id"]),
    ("reconciliation", "reconciliations", &["company_id", "period_id"]),
    ("remark", "remarks", &["company_id", "period_id"]),
];

pub(super) fn compare(world: &mut World) -> Result<String> {
    let changes = read::read_feed(world, 0)?;
    let (mut current, mut second, mut last) = (BTreeMap::new(), 0, 0);
    for change in &changes {
        let seq = number(change, "/seq")?;
        if seq <= last {
            return Err(format!("sequence {seq} follows {last}"));
        }
        last = seq;
        second += usize::from(seq > world.left.seq);
        let stream = change["stream"].as_str().unwrap_or_default().to_owned();
        let key = change["key"].as_str().unwrap_or_default().to_owned();
        // The last change of a record is what it is now.
        match change["operation"].as_str() {
            Some("delete") => current.remove(&(stream, key)),
            _ => current.insert((stream, key), change["record"].clone()),
        };
    }
    let mut compared = 0;
    for (kind, stream, added) in KINDS {
        let truth = match kind {
            "company" | "period" | "reconciliation" | "remark" => world.fakes.silverfin.provider.records(kind),
            _ => world.fakes.github.provider.records(kind),
        };
        let served = match kind {
            "company" | "period" | "reconciliation" | "remark" => world.fakes.silverfin.journal.served(),
            _ => world.fakes.github.journal.served(),
        };
        for record in truth {
            let id = record.get("id").unwrap_or(&Value::Null).to_string();
            let was_served = served.contains_key(&(kind.to_owned(), id.clone()));
            let stored = current.remove(&(stream.to_owned(), id.clone()));
            // Pull requests come with the issues and are no issues.
            if record.get("pull_request").is_some() {
                if stored.is_some() {
                    return Err(format!("pull request {id} is stored as an issue"));
                }
                continue;
            }
            match stored {
                None if was_served => return Err(format!("{kind} {id} was served and is not in the feed")),
                None => {}
                Some(_) if !was_served => return Err(format!("{kind} {id} is in the feed and was never served")),
                Some(stored) => {
                    if without(stored, added) != record {
                        return Err(format!("{kind} {id} is not in its newest version"));
                    }
                    compared += 1;
                }
            }
        }
    }
    if let Some(((stream, key), _)) = current.iter().next() {
        return Err(format!("{} records of the feed are not at the providers, e.g. {stream} {key}", current.len()));
    }
    Ok(format!("{compared} records are equal, none lost, none invented; {second} changes by the second sync"))
}

fn without(mut record: Value, members: &[&str]) -> Value {
    if let Some(record) = record.as_object_mut() {
        for member in members {
            record.remove(*member);
        }
    }
    record
}
