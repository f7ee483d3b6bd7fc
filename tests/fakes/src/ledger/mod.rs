//! A bookkeeping service that does not exist: lists of small records with a paged JSON API, for tests of the engine.
//!
//! It differs from the other fakes in three ways. Its API is what a test needs and no sheet says; it **serves pages at
//! next to no cost** (`/bulk`, `/tick`), so that a benchmark measures the host; and it **writes its own bytes**
//! ([`crate::Odd`]), so that an answer can be wrong in ways that no server library lets out.
//!
//! | path | what |
//! |---|---|
//! | `GET /me`, `GET /accounts` | whose key it is; accounts `a1`, `a2`, … |
//! | `GET /entries?since&page&size` | by change, oldest first; `since` includes its own millisecond |
//! | `GET /accounts/{account}/lines?since&page&size` | the same, of an account |
//! | `GET /removals?since&page&size`, `GET /deleted?since&page&size` | the same, and what is gone from it |
//! | `GET /snapshot?page&size` | everything, by id |
//! | `POST /reports`, `GET /reports/{id}`, `GET /reports/{id}/rows?page&size` | a job that is ready after some looks |
//! | `GET /bulk?page&size` | so many records, made ahead |
//! | `GET /tick` | one record |
//!
//! A page is `{"items":[…],"next":"/path?…"}`, `next` null at the end; of `/bulk` it is the next number. A record is
//! `{"id":"17","changed_at":"2026-01-01T00:00:00.000Z","n":REVISION,"text":"LIST ID rREVISION …"}` of 300 bytes.
//! A test tells it what it has by [`Change`]s and reads its [`LedgerJournal`]: in its own process through
//! [`LedgerStand`], in another one through [`LedgerRemote`] or `/_fake/` (`control.rs`). The key stands in `X-Api-Key`. Every key sees the same data, as another office.

mod bulk;
mod change;
mod control;
mod data;
mod journal;
mod pages;
mod record;
mod remote;
mod reply;
mod serve;
mod start;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use patchbay_model::Clock;
use serde_json::json;

use crate::{LedgerConfig, exchange::Incoming, lock, odd::Odd, seed, strict};
use bulk::Bulk;
use data::Data;
use journal::Facts;
use serve::Given;

pub use change::{Change, Poison};
pub use journal::{Facts as ServedFacts, LedgerJournal, Visit, ever, newest};
pub use remote::LedgerRemote;
pub use start::{LedgerStand, LoneLedger};

/// Host of the API; a request that names another one is refused.
pub const HOST: &str = "ledger.test";
/// Origin of the API.
pub const ORIGIN: &str = "https://ledger.test";

const LOAD: &str = "ledger-load-";

/// The ledger's data and its controls.
pub struct Ledger {
    keys: [(&'static str, String); 3],
    /// What the keys of benchmarks end with.
    load: String,
    config: LedgerConfig,
    clock: Arc<dyn Clock>,
    data: Mutex<Data>,
    bulk: Mutex<Bulk>,
}

impl Ledger {
    pub(crate) fn open(seed: u64, config: LedgerConfig, clock: Arc<dyn Clock>) -> Self {
        let (data, bulk) = (Mutex::new(Data::open(&config)), Mutex::new(Bulk::open(config.bulk)));
        let keys =
            ["owner", "other", "revoked"].map(|name| (name, seed::secret(seed, &format!("ledger/key/{name}"), 40)));
        Self { keys, load: seed::secret(seed, "ledger/load", 24), config, clock, data, bulk }
    }

    /// The value of a key: `owner`, `other`, `revoked` (is refused), or `load-N` for any number N.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        match name.strip_prefix("load-") {
            Some(number) => format!("{LOAD}{number}-{}", self.load),
            None => self.keys.iter().find(|(known, _)| *known == name).map(|(_, key)| key.clone()).unwrap_or_default(),
        }
    }

    /// Makes changes, all of them or none after the first that cannot be made.
    ///
    /// # Errors
    ///
    /// A list is not there; the text says which.
    pub fn apply(&self, changes: &[Change]) -> Result<(), String> {
        for change in changes {
            if let Change::Bulk { records } = change {
                lock(&self.bulk).renew(*records);
            }
            let mut data = lock(&self.data);
            data.apply(change, self.clock.now())?;
        }
        Ok(())
    }

    /// The revision of each record of a list as it is now, by id.
    #[must_use]
    pub fn truth(&self, list: &str) -> BTreeMap<u64, u32> {
        match list {
            "bulk" => {
                let bulk = lock(&self.bulk);
                (1..=bulk.records).map(|id| (id, bulk.revision)).collect()
            }
            "tick" => BTreeMap::from([(0, lock(&self.data).tick)]),
            _ => {
                let data = lock(&self.data);
                let rows = data.lists.get(list).map(|list| &list.rows);
                rows.into_iter().flatten().map(|(id, row)| (*id, row.revision)).collect()
            }
        }
    }

    /// What the record of this id is served as, where that is spoilt.
    #[must_use]
    pub fn poison_of(&self, id: u64) -> Option<Poison> {
        lock(&self.data).poison_of(id)
    }

    /// Goes back to how it was at the start.
    pub fn reset(&self) {
        *lock(&self.data) = Data::open(&self.config);
        *lock(&self.bulk) = Bulk::open(self.config.bulk);
    }

    /// The name of the key with this value, when it is one.
    fn holder(&self, value: &str) -> Option<String> {
        if let Some((number, end)) = value.strip_prefix(LOAD).and_then(|rest| rest.split_once('-')) {
            return (number.parse::<u32>().is_ok() && end == self.load).then(|| format!("load-{number}"));
        }
        self.keys.iter().find(|(_, key)| key == value).map(|(name, _)| (*name).to_owned())
    }

    fn answer(&self, request: &Incoming, key: Option<&str>, odd: Option<&Odd>) -> Given {
        let checked =
            strict::host(request, HOST).and_then(|()| strict::headers(request, &["x-api-key", "transfer-encoding"]));
        if let Err(why) = checked {
            return Given::refusal(why);
        }
        let Some(key) = key.filter(|key| !lock(&self.data).refused.contains(*key)) else {
            return Given::problem(401, "this key is not known");
        };
        let given = self.route(request, key, odd);
        given.unwrap_or_else(|| Given::problem(404, "there is nothing here"))
    }

    fn route(&self, request: &Incoming, key: &str, odd: Option<&Odd>) -> Option<Given> {
        let segments = request.segments();
        let get = request.method == "GET";
        if get && segments == ["bulk"] {
            return Some(lock(&self.bulk).answer(request));
        }
        let mut data = lock(&self.data);
        match segments.as_slice() {
            ["me"] if get => Some(Given::json(
                200,
                &json!({ "id": format!("office-{key}"), "name": format!("Office of {key}"), "login": format!("{key}@ledger.test") }),
            )),
            ["accounts"] if get => Some(pages::accounts(&data, request)),
            ["accounts", account, "lines"] if get => {
                Some(pages::records(&data, request, &format!("lines/{account}"), true, odd))
            }
            [list @ ("entries" | "removals")] if get => Some(pages::records(&data, request, list, true, odd)),
            ["snapshot"] if get => Some(pages::records(&data, request, "snapshot", false, odd)),
            ["deleted"] if get => Some(pages::gone(&data, request, odd)),
            ["reports"] if request.method == "POST" => {
                let id = data.reports.keys().next_back().copied().unwrap_or_default() + 1;
                data.reports.insert(id, 0);
                Some(Given::json(201, &json!({ "id": id.to_string(), "status": "running" })))
            }
            ["reports", id] if get => Some(report(&mut data, id)),
            ["reports", id, "rows"] if get => Some(rows(&data, request, id, odd)),
            ["tick"] if get => Some(tick(&data)),
            _ => None,
        }
    }
}

/// A look at a report.
fn report(data: &mut Data, id: &str) -> Given {
    let wanted = data.report_looks;
    let Some(looks) = id.parse().ok().and_then(|id: u64| data.reports.get_mut(&id)) else {
        return Given::problem(404, "there is no such report");
    };
    let status = if *looks >= wanted { "ready" } else { "running" };
    *looks = looks.saturating_add(1);
    Given::json(200, &json!({ "id": id, "status": status }))
}

/// Rows of a report that was seen to be ready.
fn rows(data: &Data, request: &Incoming, id: &str, odd: Option<&Odd>) -> Given {
    match id.parse().ok().and_then(|id: u64| data.reports.get(&id)) {
        None => Given::problem(404, "there is no such report"),
        Some(looks) if *looks <= data.report_looks => Given::problem(409, "this report is not ready"),
        Some(_) => pages::records(data, request, "report", false, odd),
    }
}

fn tick(data: &Data) -> Given {
    let record = format!("{{\"items\":[{{\"id\":\"0\",\"n\":{}}}],\"next\":null}}", data.tick);
    let facts = Facts { list: "tick".to_owned(), served: vec![(0, data.tick)], ..Facts::default() };
    Given { facts, ..Given::text(200, record) }
}
