//! The fake ledger's connector, its connections, and a copy of what they read.
//!
//! [`Book`] is one connection as its tenant's backend steers it; [`LedgerMirror`] keeps what the feed says, and
//! finds what is lost, old, invented or stored twice. The provider's side of it is
//! [`LedgerStand`](patchbay_test_support::fakes::ledger::LedgerStand): `rig.fakes.ledger`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use patchbay_model::{
    manifest::{self, Manifest},
    package,
};
use patchbay_test_support::{Api, Result, Trouble, wait_until};
use serde_json::{Value, json};

use crate::{Tenant, guest_component, items, tenant::at};

/// The connector's id.
pub const LEDGER: &str = "acme.ledger";
/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);

/// The connector of the fake ledger, packaged as it is.
///
/// # Errors
///
/// It is not built.
pub fn ledger_packaged() -> Result<Vec<u8>> {
    let path = guest_component()?.with_file_name("ledger.wasm");
    std::fs::read(&path)
        .map_err(|error| Trouble::new(format!("{}: {error}; run `cargo xtask connectors` first", path.display())))
}

/// The same with another manifest: fewer streams, a shorter look-back, another id.
///
/// # Errors
///
/// It is not built, or the manifest that `change` makes is wrong.
pub fn ledger_with(change: impl FnOnce(&mut Manifest)) -> Result<Vec<u8>> {
    let packaged = ledger_packaged()?;
    let inspected = package::inspect(&packaged, package::Limits::default());
    let mut manifest = inspected.map_err(|fault| Trouble::new(format!("the ledger: {fault:?}")))?.manifest;
    change(&mut manifest);
    let problems = manifest::validate(&manifest);
    if problems.is_empty() {
        return Ok(package::pack(&packaged, &manifest)?);
    }
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Err(Trouble::new(format!("the ledger:\n{}", lines.join("\n"))))
}

/// The ledger with these streams only: whoever connects does not wait for the others.
///
/// # Errors
///
/// It is not built.
pub fn ledger_of(streams: &[&str]) -> Result<Vec<u8>> {
    ledger_with(|manifest| manifest.streams.retain(|stream| streams.contains(&stream.name.as_str())))
}

/// One connection to the ledger.
pub struct Book {
    /// Whose.
    pub tenant: Tenant,
    /// Its id, `con_…`.
    pub id: String,
}

impl Book {
    /// Connects with a key of the ledger (`rig.fakes.ledger.provider.key("load-7")`); its streams begin at once.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect(tenant: &Tenant, key: &str) -> Result<Self> {
        Self::connect_to(LEDGER, tenant, key)
    }

    /// The same with a connector of another id ([`ledger_with`]).
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_to(connector: &str, tenant: &Tenant, key: &str) -> Result<Self> {
        let wanted = json!({ "connector": connector, "fields": { "api_key": key } });
        let made = tenant.api.post("/v1/connections", &wanted)?.expect(201)?;
        Ok(Self { tenant: tenant.copy(), id: made.text_at("/id")? })
    }

    /// Sets the connection's settings, whole: `page_size`, `paging`, `unchecked`, `wait_ms`.
    ///
    /// # Errors
    ///
    /// They are refused.
    pub fn settings(&self, settings: &Value) -> Result<()> {
        let path = format!("/v1/connections/{}", self.id);
        self.tenant.api.patch(&path, &json!({ "settings": settings }))?.expect(200).map(drop)
    }

    /// Switches all streams off but these.
    ///
    /// # Errors
    ///
    /// A sync is not changed.
    pub fn only(&self, streams: &[&str]) -> Result<()> {
        for sync in self.syncs()? {
            let wanted = streams.contains(&at(&sync, "stream").as_str().unwrap_or_default());
            if *at(&sync, "enabled") != json!(wanted) {
                let path = format!("/v1/syncs/{}", text(&sync, "id"));
                self.tenant.api.patch(&path, &json!({ "enabled": wanted }))?.expect(200)?;
            }
        }
        Ok(())
    }

    /// Its syncs.
    ///
    /// # Errors
    ///
    /// There is no such connection.
    pub fn syncs(&self) -> Result<Vec<Value>> {
        items(&self.tenant.api, &format!("/v1/connections/{}/syncs", self.id))
    }

    /// The sync of a stream that is read once for the connection, or of one account.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn sync(&self, stream: &str, account: Option<&str>) -> Result<Value> {
        let found = self
            .syncs()?
            .into_iter()
            .find(|sync| *at(sync, "stream") == json!(stream) && *at(sync, "account") == json!(account));
        found.ok_or_else(|| Trouble::new(format!("{} has no sync of {stream} {account:?}", self.id)))
    }

    /// Makes a run of a stream due now; the run. One that is open already is the answer.
    ///
    /// # Errors
    ///
    /// There is no such stream.
    pub fn start(&self, stream: &str) -> Result<String> {
        self.tenant.run(&text(&self.sync(stream, None)?, "id"))
    }

    /// Runs a stream now and waits for the run's end; the run.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub fn run(&self, stream: &str) -> Result<Value> {
        self.tenant.ended(&self.start(stream)?)
    }

    /// Runs a stream until a run is `done`; that run. Ends that go on by themselves are waited for.
    ///
    /// # Errors
    ///
    /// One ends in another way.
    pub fn done(&self, stream: &str) -> Result<Value> {
        loop {
            let run = self.run(stream)?;
            match at(&run, "state").as_str() {
                Some("done") => return Ok(run),
                Some("more_later") => {}
                _ => return Err(Trouble::new(format!("a run of {stream} is not done: {run}"))),
            }
        }
    }

    /// The runs of a stream (of all accounts), newest first.
    ///
    /// # Errors
    ///
    /// There is no such connection.
    pub fn runs(&self, stream: &str) -> Result<Vec<Value>> {
        let syncs: BTreeSet<String> =
            self.syncs()?.iter().filter(|sync| text(sync, "stream") == stream).map(|sync| text(sync, "id")).collect();
        let runs = self.tenant.runs(&self.id)?;
        Ok(runs.into_iter().filter(|run| syncs.contains(&text(run, "sync"))).collect())
    }

    /// Waits until no run of the connection is due now or running. One that is to come later, after a failure or a
    /// wait, is not waited for.
    ///
    /// # Errors
    ///
    /// It does not come to that.
    pub fn settled(&self) -> Result<()> {
        wait_until(&format!("the runs of {}", self.id), LIMIT, || {
            let open = self.tenant.runs(&self.id)?.into_iter().any(|run| {
                let later = at(&run, "attempts").as_u64() > Some(0) || *at(&run, "trigger") == json!("more");
                *at(&run, "state") == json!("running") || (*at(&run, "state") == json!("due") && !later)
            });
            Ok((!open).then_some(()))
        })
    }

    /// The records of a stream as they are now, by key.
    ///
    /// # Errors
    ///
    /// There is no such stream.
    pub fn records(&self, stream: &str) -> Result<BTreeMap<String, Value>> {
        let all = items(&self.tenant.api, &format!("/v1/connections/{}/records/{stream}?limit=1000", self.id))?;
        Ok(all.into_iter().map(|row| (text(&row, "key"), at(&row, "record").clone())).collect())
    }

    /// What could not be read of a stream, newest first.
    ///
    /// # Errors
    ///
    /// There is no such stream.
    pub fn dead_letters(&self, stream: &str) -> Result<Vec<Value>> {
        items(&self.tenant.api, &format!("/v1/connections/{}/dead-letters?stream={stream}&limit=200", self.id))
    }

    /// How the records of a stream have changed in shape, newest first.
    ///
    /// # Errors
    ///
    /// There is no such stream.
    pub fn drifts(&self, stream: &str) -> Result<Vec<Value>> {
        items(&self.tenant.api, &format!("/v1/syncs/{}/drifts", text(&self.sync(stream, None)?, "id")))
    }

    /// `POST /v1/syncs/{id}/ACTION` of a stream: `reset`, `backfill`, `approve-deletions`.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub fn tell(&self, stream: &str, action: &str, body: &Value) -> Result<Value> {
        let path = format!("/v1/syncs/{}/{action}", text(&self.sync(stream, None)?, "id"));
        let answer = self.tenant.api.post(&path, body)?;
        if (200..300).contains(&answer.status) { Ok(answer.json) } else { answer.expect(200).map(|answer| answer.json) }
    }
}

/// A text member; empty when there is none.
fn text(object: &Value, name: &str) -> String {
    at(object, name).as_str().unwrap_or_default().to_owned()
}

/// Where a record stands: connection, stream, account, key.
type Place = (String, String, String, String);

/// A copy of a tenant's records, kept as its backend would: from the feed alone.
#[derive(Default)]
pub struct LedgerMirror {
    records: BTreeMap<Place, Value>,
    after: u64,
    deleted: u64,
}

impl LedgerMirror {
    /// Takes over what has changed since the last time; how many changes.
    ///
    /// # Errors
    ///
    /// A sequence does not rise, a change says what was known already (it was stored twice), or something is deleted
    /// that was not there.
    pub fn follow(&mut self, api: &Api) -> Result<usize> {
        let mut count = 0;
        loop {
            let part = api.get(&format!("/v1/changes?after={}&limit=1000", self.after))?.expect(200)?;
            let changes = part.array_at("/changes")?;
            for change in &changes {
                self.take(change)?;
            }
            count += changes.len();
            if *at(&part.json, "more") != json!(true) {
                return Ok(count);
            }
        }
    }

    fn take(&mut self, change: &Value) -> Result<()> {
        let seq = at(change, "seq").as_u64().unwrap_or_default();
        if seq <= self.after {
            return Err(Trouble::new(format!("sequence {seq} follows {}", self.after)));
        }
        self.after = seq;
        let place = (text(change, "connection"), text(change, "stream"), text(change, "account"), text(change, "key"));
        if text(change, "operation") == "delete" {
            self.deleted += 1;
            return match self.records.remove(&place) {
                Some(_) => Ok(()),
                None => Err(Trouble::new(format!("{place:?} is deleted and was not there: {change}"))),
            };
        }
        let record = at(change, "record");
        if self.records.get(&place) == Some(record) {
            return Err(Trouble::new(format!("{place:?} was stored twice: {change}")));
        }
        self.records.insert(place, record.clone());
        Ok(())
    }

    /// How many deletions came so far.
    #[must_use]
    pub fn deleted(&self) -> u64 {
        self.deleted
    }

    /// The revision of each record of a stream of one connection, by id.
    #[must_use]
    pub fn revisions(&self, connection: &str, stream: &str, account: Option<&str>) -> BTreeMap<u64, u32> {
        let account = account.unwrap_or_default();
        let here = |(of, name, part, _): &Place| of == connection && name == stream && part == account;
        let records = self.records.iter().filter(|(place, _)| here(place));
        records.map(|((.., key), record)| (number(key), n(record))).collect()
    }

    /// Whether a stream of one connection is exactly this (`rig.fakes.ledger.provider.truth("entries")`); how many
    /// records.
    ///
    /// # Errors
    ///
    /// One is lost, old or invented.
    pub fn compare(
        &self,
        connection: &str,
        stream: &str,
        account: Option<&str>,
        truth: &BTreeMap<u64, u32>,
    ) -> Result<usize> {
        let stored = self.revisions(connection, stream, account);
        if stored == *truth {
            return Ok(truth.len());
        }
        let lost: Vec<_> = truth.keys().filter(|id| !stored.contains_key(id)).take(5).collect();
        let invented: Vec<_> = stored.keys().filter(|id| !truth.contains_key(id)).take(5).collect();
        let other = |(id, n): (&u64, &u32)| stored.get(id).filter(|have| *have != n).map(|have| (*id, *have, *n));
        let old: Vec<_> = truth.iter().filter_map(other).take(5).collect();
        Err(Trouble::new(format!(
            "{connection} {stream}: {} records stored of {}; lost {lost:?}, stored and should not be {invented:?}, \
             other revisions (id, stored, true) {old:?}",
            stored.len(),
            truth.len()
        )))
    }

    /// Whether every record of a stream was once served like that (`rig.fakes.ledger.journal.ever("entries")`).
    ///
    /// # Errors
    ///
    /// One is invented.
    pub fn was_served(
        &self,
        connection: &str,
        stream: &str,
        account: Option<&str>,
        ever: &BTreeSet<(u64, u32)>,
    ) -> Result<()> {
        let stored = self.revisions(connection, stream, account);
        match stored.into_iter().find(|record| !ever.contains(record)) {
            None => Ok(()),
            Some((id, n)) => Err(Trouble::new(format!("{connection} {stream}: {id} in revision {n} was never served"))),
        }
    }
}

fn number(key: &str) -> u64 {
    key.parse().unwrap_or(u64::MAX)
}

fn n(record: &Value) -> u32 {
    at(record, "n").as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX)
}
