//! Reading a stream to where it stands, as a run does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::test_host::fail;
use crate::{Context, Fetch, Position, ReadRequest, Result};

/// What a run reads.
#[derive(Debug, Clone)]
pub struct Reading {
    /// All records, parsed.
    pub records: Vec<Value>,
    /// Keys that the provider says are gone.
    pub deleted: Vec<String>,
    /// How many pages it took.
    pub pages: usize,
    /// Where the stream stands; never `More`.
    pub position: Position,
}

/// Reads pages until the stream says `end`, `complete` or `wait`, and checks what the host checks: the count of each page,
/// and that no cursor comes twice.
///
/// # Errors
/// Those of the connector.
///
/// # Panics
/// When a page breaks the contract.
pub fn read_all<C: Fetch>(ctx: &Context, mut request: ReadRequest) -> Result<Reading> {
    let mut reading =
        Reading { records: Vec::new(), deleted: Vec::new(), pages: 0, position: Position::End(Vec::new()) };
    let mut cursors: BTreeSet<Vec<u8>> = request.cursor.clone().into_iter().collect();
    loop {
        let page = C::read(ctx, &request)?;
        let records: Vec<Value> = match serde_json::from_slice(&page.records) {
            Ok(records) => records,
            Err(error) => fail(&format!("a page is no JSON array: {error}")),
        };
        if u32::try_from(records.len()) != Ok(page.count) {
            fail(&format!("a page says {} records and holds {}", page.count, records.len()));
        }
        reading.records.extend(records);
        reading.deleted.extend(page.deleted);
        reading.pages += 1;
        match page.position {
            Position::More(cursor) => {
                if !cursors.insert(cursor.clone()) {
                    fail(&format!("a cursor came twice: {}", String::from_utf8_lossy(&cursor)));
                }
                request.cursor = Some(cursor);
            }
            position => {
                reading.position = position;
                return Ok(reading);
            }
        }
    }
}
