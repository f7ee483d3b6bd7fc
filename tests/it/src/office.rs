//! The connector of the fake ledger, and connections of it.

use std::time::Duration;

use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        FakesConfig, LedgerConfig,
        ledger::{Change, LedgerStand},
    },
    wait_until,
};
use serde_json::json;

use crate::{Rig, Tenant, guest_component, items, tenant::at};

/// What the ledger holds where a test wants pages rather than records: a first run of a connection reads about a
/// hundred pages of [`PAGE`] records. A report is ready at the first look.
#[must_use]
pub fn many_pages(seed: u64) -> FakesConfig {
    let ledger = LedgerConfig {
        entries: 400,
        removals: 120,
        snapshot: 300,
        report: 40,
        report_looks: 0,
        accounts: 3,
        lines: 160,
        bulk: 200,
        ..LedgerConfig::default()
    };
    FakesConfig { seed, ledger, ..FakesConfig::small() }
}

/// Longest wait for first runs.
const LIMIT: Duration = Duration::from_secs(60);
/// Records of a page.
pub const PAGE: u64 = 20;

impl Rig {
    /// Installs the connector `acme.ledger`.
    ///
    /// # Errors
    ///
    /// It is not built, or does not become active.
    pub fn install_offices(&self) -> Result<String> {
        let path = guest_component()?.with_file_name("ledger.wasm");
        let packaged = std::fs::read(&path).map_err(|error| Trouble::new(format!("{}: {error}", path.display())))?;
        self.install(packaged)
    }
}

impl Tenant {
    /// Connects the ledger as an office of its own (`load-1`, `load-2`, …), which sees what all offices see, and reads
    /// it in pages of [`PAGE`] records, without the reports, whose pace is the host's. Its first runs are due.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_office(&self, ledger: &LedgerStand, office: &str) -> Result<String> {
        let fields = json!({ "api_key": ledger.provider.key(office) });
        let body = json!({ "connector": "acme.ledger", "fields": fields });
        let connection = self.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
        let path = format!("/v1/connections/{connection}");
        self.api.patch(&path, &json!({ "settings": { "page_size": PAGE } }))?.expect(200)?;
        for sync in items(&self.api, &format!("{path}/syncs"))? {
            if *at(&sync, "stream") == json!("reports") {
                let path = format!("/v1/syncs/{}", at(&sync, "id").as_str().unwrap_or_default());
                self.api.patch(&path, &json!({ "enabled": false }))?.expect(200)?;
            }
        }
        Ok(connection)
    }

    /// Waits until each stream of these connections was read to its end at least once. ([`Tenant::settled`] would be
    /// content with runs that nobody has made yet.)
    ///
    /// # Errors
    ///
    /// One is not; the text says how it stands.
    pub fn all_read(&self, connections: &[String]) -> Result<()> {
        for connection in connections {
            let mut last = Vec::new();
            let read = wait_until("all streams to be read", LIMIT, || {
                last = items(&self.api, &format!("/v1/connections/{connection}/syncs"))?;
                last.retain(|sync| *at(sync, "enabled") == json!(true) && at(sync, "last_success_at").is_null());
                Ok(last.is_empty().then_some(()))
            });
            read.map_err(|error| Trouble::new(format!("{error}: {last:?}")))?;
        }
        self.settled()
    }
}

/// Changes of everything that [`Books::compare`](crate::Books::compare) looks at: new revisions of a half, some new
/// records, a few that are gone. `round` is a number from 0 and on, so that others are gone each time.
#[must_use]
pub fn changes(round: u64) -> Vec<Change> {
    let touched = ["entries", "removals", "snapshot", "lines/a1", "lines/a2", "lines/a3"];
    let list = |name: &&str| (*name).to_owned();
    let touch = touched.iter().map(|name| Change::Touch { list: list(name), one_in: 2 });
    let add = touched.iter().map(|name| Change::Add { list: list(name), count: 3, at: None });
    let gone = |name: &&str| Change::Remove { list: list(name), ids: (1..=3).map(|place| round * 3 + place).collect() };
    let remove = ["removals", "snapshot"];
    let more = [Change::Bulk { records: 200 + round }, Change::Tick];
    touch.chain(add).chain(remove.iter().map(gone)).chain(more).collect()
}
