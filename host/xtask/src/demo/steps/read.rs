//! Syncing and reading back.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{super::setup::World, items, number, tenant, told, wait_for_runs};
use crate::shell::Result;

/// What the demo must at least have read.
const RECORDS: u64 = 10_000;
/// Longest that the first sync may take.
const LIMIT: Duration = Duration::from_secs(600);

pub(super) fn sync(world: &mut World) -> Result<String> {
    let api = tenant(world)?;
    wait_for_runs(api, LIMIT)?;
    let runs = items(api, "/v1/runs")?;
    let sum = |at: &str| runs.iter().filter_map(|run| run.pointer(at)?.as_u64()).sum::<u64>();
    if let Some(bad) = runs.iter().find(|run| run["state"] != "done") {
        return Err(format!("a run is not done: {bad}"));
    }
    let records = sum("/records");
    if records < RECORDS {
        return Err(format!("only {records} records"));
    }
    Ok(format!("{} runs, {} pages, {records} records, {} requests", runs.len(), sum("/pages"), sum("/usage/requests")))
}

/// Reads the feed to its end; each change with its sequence.
pub(super) fn read_feed(world: &World, mut after: u64) -> Result<Vec<Value>> {
    let api = tenant(world)?;
    let mut all = Vec::new();
    loop {
        let answer =
            told(api.get(&format!("/v1/changes?after={after}&limit=1000")).and_then(|answer| answer.expect(200)))?;
        all.extend(told(answer.array_at("/changes"))?);
        after = number(&answer.json, "/next_after")?;
        if answer.json.pointer("/more") != Some(&Value::Bool(true)) {
            return Ok(all);
        }
    }
}

/// Where a record belongs: connection, account, stream, key.
pub(super) fn place(change: &Value) -> String {
    ["connection", "account", "stream", "key"].map(|name| change[name].as_str().unwrap_or_default()).join("\u{1}")
}

pub(super) fn feed(world: &mut World) -> Result<String> {
    let changes = read_feed(world, 0)?;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut last = 0;
    for change in &changes {
        let seq = number(change, "/seq")?;
        if seq <= last {
            return Err(format!("sequence {seq} follows {last}"));
        }
        last = seq;
        if let Some(first) = seen.insert(place(change), seq) {
            return Err(format!("a record stands at {first} and again at {seq}, though nothing has changed: {change}"));
        }
    }
    world.left.seq = last;
    if (seen.len() as u64) < RECORDS {
        return Err(format!("only {} records in the feed", seen.len()));
    }
    Ok(format!("{} changes in order, each record once", changes.len()))
}
