//! H11: a connector looks for its own credential: in its memory after a request that carried it, in what a provider echoes,
//! in errors, in redirects. It is nowhere, and nowhere in what the host keeps.

use std::path::Path;

use patchbay_test_support::{Result, canary};
use serde_json::{Value, json};

use super::{Guest, Stand};

/// What there is to search once it has looked everywhere.
pub(super) struct Told {
    /// Requests that the provider had before.
    before: usize,
    records: Vec<Value>,
}

pub(super) fn deeds(guest: &Guest<'_>) -> Result<Told> {
    let before = guest.stand.wire.requests().len();
    let mut records = Vec::new();
    for path in ["tells", "refuses", "leads"] {
        let run = guest.reads(&format!("request:{}", json!({ "url": format!("https://wire.example/{path}") })))?;
        assert_eq!(run["state"], json!("done"), "{path}: {run}");
        let record = guest.record("answer")?;
        assert!(record.to_string().contains("[secret]"), "{path}: the provider said it, masked: {record}");
        records.push(record);
    }
    let dumped = guest.reads("dump:https://wire.example/tells")?;
    assert_eq!(dumped["state"], json!("done"), "{dumped}");
    Ok(Told { before, records })
}

/// It is nowhere. Searching a data folder takes a processor, and that is the test's doing: nobody is measured meanwhile.
pub(super) fn judged(guest: &Guest<'_>, told: Told) -> Result<()> {
    let (wire, token, before) = (&guest.stand.wire, guest.token.as_str(), told.before);
    let memory = dump(guest)?;
    // The provider had it each time, or this proves nothing.
    let requests = wire.requests();
    let carried = format!("authorization: Bearer {token}\r\n");
    for request in requests.iter().skip(before) {
        assert!(String::from_utf8_lossy(request).contains(&carried));
    }
    assert!(requests.len() >= before + 4, "{} requests", requests.len() - before);
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("memory"), &memory)?;
    std::fs::write(folder.path().join("told"), Value::Array(told.records).to_string())?;
    let operator = guest.stand.rig.operator_of(&guest.tenant);
    for (place, path) in ["/v1/changes?limit=1000", "/v1/runs", "/v1/connections"].iter().enumerate() {
        std::fs::write(folder.path().join(place.to_string()), operator.get(path)?.expect(200)?.text())?;
    }
    let rig = &guest.stand.rig;
    let (data, log) = (rig.host.data_dir(), rig.host.log_path());
    let places: [&Path; 3] = [&data, &log, folder.path()];
    assert_eq!(canary::search(&places, &[token])?, []);
    assert_ne!(canary::search(&[folder.path()], &["business-1"])?, [], "the memory that was searched is a memory");
    Ok(())
}

/// The connector's own memory, as it wrote it into records.
fn dump(guest: &Guest<'_>) -> Result<Vec<u8>> {
    let mut memory = Vec::new();
    for piece in 0.. {
        let record = guest.record(&piece.to_string())?;
        let Some(digits) = record["hex"].as_str() else { break };
        let pairs = digits.as_bytes().chunks(2);
        memory.extend(pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()));
    }
    assert!(memory.len() > 1024 * 1024, "{} bytes of memory", memory.len());
    Ok(memory)
}

#[test]
fn a_connectors_own_token_is_neither_in_its_memory_nor_in_anything_that_it_is_told() -> Result<()> {
    Stand::start()?
        .beside(|stand| {
            let guest = stand.guest("h11")?;
            let told = deeds(&guest)?;
            judged(&guest, told)
        })
        .map(drop)
}
