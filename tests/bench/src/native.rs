//! The other side: the same loop written in Rust, without the sandbox. The same gate and grant, the same reading of
//! the JSON as the connector does, the same splitting, the same store, one page ahead like the host.
//!
//! Left out is what the host does for connectors that nobody trusts and for people who watch: the guard against going
//! in circles, the heartbeat, the look at a sealed credential. So the comparison is rather too strict than too kind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use patchbay_egress::{Body, CredentialError, CredentialSource, Door, DoorScope, Gate, Grant, Request, Values, Writes};
use patchbay_model::{
    ReleaseId, RunState, Secret, Shape,
    contract::{CredentialChoice, Effect, Page, Position},
    manifest::Manifest,
    page::{self, Split},
};
use patchbay_store::{ClaimedRun, PageCommit, PageRecord, RunEnd, Step, Store, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::{sync::watch, time::Instant};

use crate::{
    Amount, Result, in_task,
    measure::cpu,
    provider::LEDGER,
    rooms::{AUTH, Database, House, Rooms, STREAM},
    sandbox::Reading,
    told,
};

/// Records of a page.
pub(crate) const PAGE: u64 = 1_000;

/// The credential, opened once.
struct Opened(Arc<Values>);

#[async_trait]
impl CredentialSource for Opened {
    async fn current(&self) -> std::result::Result<Arc<Values>, CredentialError> {
        Ok(Arc::clone(&self.0))
    }

    async fn renew(&self, _: &Values) -> std::result::Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Dead("the provider does not accept the key".to_owned()))
    }
}

/// The way to the provider, as a run has it.
pub(crate) struct Way {
    gate: Arc<Gate>,
    grant: Arc<Grant>,
    credential: Arc<dyn CredentialSource>,
    stop: watch::Sender<bool>,
}

impl Way {
    pub(crate) fn of(house: &House) -> Result<Self> {
        let secrets = [("api_key".to_owned(), house.provider.key.clone())].into();
        Self::through(Arc::clone(&house.gate), &house.manifest, secrets)
    }

    /// Through any gate, with these secrets for the manifest's way in.
    pub(crate) fn through(gate: Arc<Gate>, manifest: &Manifest, secrets: BTreeMap<String, Secret>) -> Result<Self> {
        let auth = manifest.auth(AUTH).ok_or_else(|| format!("{} has no way in {AUTH}", manifest.id))?;
        let grant = Grant {
            tenant: "bench".to_owned(),
            connector: manifest.id.clone(),
            connection: Some("bench".to_owned()),
            account: None,
            hosts: manifest.hosts.clone(),
            slots: auth.slots.clone(),
            expired: auth.expired.clone(),
            rates: manifest.rates.clone(),
            ..Grant::default()
        };
        let values = Values { secrets, generation: 1, ..Values::default() };
        let credential = Arc::new(Opened(Arc::new(values)));
        Ok(Self { gate, grant: Arc::new(grant), credential, stop: watch::Sender::new(false) })
    }

    pub(crate) fn door(&self) -> Door {
        self.door_with(Writes::Forbidden)
    }

    pub(crate) fn door_with(&self, writes: Writes) -> Door {
        let deadline = Instant::now() + Duration::from_secs(3_600);
        let scope = DoorScope { writes, deadline, stop: self.stop.subscribe() };
        self.gate.door(Arc::clone(&self.grant), Arc::clone(&self.credential), scope)
    }

    pub(crate) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// The path of a page.
pub(crate) fn path(page: u64) -> String {
    format!("/bulk?page={page}&size={PAGE}")
}

/// Asks for a page through the gate.
pub(crate) async fn send(door: &Door, page: u64) -> Result<Vec<u8>> {
    let request = Request {
        method: "GET".to_owned(),
        url: format!("https://{LEDGER}{}", path(page)),
        headers: Vec::new(),
        body: Body::Empty,
        credential: CredentialChoice::Standard,
        effect: Effect::Read,
        step: None,
        timeout: None,
    };
    let answer = door.send(request).await.map_err(told)?;
    if answer.status == 200 { Ok(answer.body) } else { Err(format!("the provider answered {}", answer.status)) }
}

/// A page of the provider, as the connector reads it: each record stays the text that came.
#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next: Option<u64>,
}

/// Where the connector goes on.
#[derive(Serialize)]
struct Cursor {
    page: u64,
}

/// What the connector makes of an answer: the records passed through, counted, each an object.
pub(crate) fn page_of(body: &[u8]) -> Result<(Page, Option<u64>)> {
    let listing: Listing<'_> = serde_json::from_slice(body).map_err(told)?;
    if listing.items.iter().any(|row| !row.get().starts_with('{')) {
        return Err("a record that is no object".to_owned());
    }
    let mut records = Vec::with_capacity(body.len());
    records.push(b'[');
    for row in &listing.items {
        if records.len() > 1 {
            records.push(b',');
        }
        records.extend_from_slice(row.get().as_bytes());
    }
    records.push(b']');
    let count = u32::try_from(listing.items.len()).map_err(told)?;
    let cursor = serde_json::to_vec(&Cursor { page: listing.next.unwrap_or(1) }).map_err(told)?;
    let position = if listing.next.is_some() { Position::More(cursor) } else { Position::End(cursor) };
    Ok((Page { records, count, deleted: Vec::new(), position }, listing.next))
}

/// What the host makes of a page before it stores it.
pub(crate) fn checked(
    page: &Page,
    manifest: &Manifest,
    shape: &mut Shape,
    run: &ClaimedRun,
    release: Option<&ReleaseId>,
) -> Result<PageCommit> {
    let stream = manifest.stream(STREAM).ok_or_else(|| format!("{} has no stream {STREAM}", manifest.id))?;
    let Split { records, .. } = page::split(page, &stream.key).map_err(told)?;
    let mut grown = false;
    for record in &records {
        grown |= shape.observe(record.content);
    }
    Ok(PageCommit {
        run: run.run.clone(),
        epoch: run.epoch,
        records: records
            .into_iter()
            .map(|record| PageRecord { key: record.key, content: record.content.to_owned() })
            .collect(),
        deleted: Vec::new(),
        refused: Vec::new(),
        cursor: page.position.cursor().to_vec(),
        step: if matches!(page.position, Position::More(_)) { Step::More } else { Step::End },
        release: release.cloned(),
        usage: Usage { bytes: page.records.len() as u64, requests: 1, ..Usage::default() },
        shape: grown.then(|| shape.text()),
        drifts: Vec::new(),
        log: Vec::new(),
    })
}

/// One reading of everything, from the claim of the run to its end.
pub(crate) async fn read(house: &House, database: Database, amount: Amount) -> Result<Reading> {
    let rooms = Rooms::open(house, database).await?;
    let way = Way::of(house)?;
    let before = cpu();
    let claimed = rooms.claim().await?;
    let work = rooms.store.load_run(&claimed.run, claimed.epoch).await.map_err(told)?;
    let (store, manifest) = (rooms.store.clone(), house.manifest.clone());
    let all = All { store, door: way.door(), manifest, claimed: claimed.clone(), release: work.release };
    let mut reading = in_task(all.read()).await?;
    reading.cpu = cpu().saturating_sub(before);
    let run = rooms.app.run_row(&rooms.tenant, &claimed.run).await.map_err(told)?;
    if run.records != amount.records {
        return Err(format!("{} records were stored", run.records));
    }
    let (Some(started), Some(ended)) = (run.started_at, run.ended_at) else {
        return Err("the run has no start or no end".to_owned());
    };
    reading.wall = ended.since(started);
    rooms.close().await?;
    Ok(reading)
}

/// The loop with all that it needs.
struct All {
    store: Store,
    door: Door,
    manifest: Manifest,
    claimed: ClaimedRun,
    release: Option<ReleaseId>,
}

impl All {
    async fn read(self) -> Result<Reading> {
        let Self { store, door, manifest, claimed, release } = self;
        let (mut reading, mut shape, mut records) = (Reading::default(), Shape::default(), 0);
        // Like the host, it reads and checks a page while the one before is stored.
        let mut page = async |number| {
            let (page, next) = page_of(&send(&door, number).await?)?;
            let commit = checked(&page, &manifest, &mut shape, &claimed, release.as_ref())?;
            Ok::<_, String>((commit, next))
        };
        let mut ahead = page(1).await?;
        loop {
            let (commit, next) = ahead;
            records += commit.records.len() as u64;
            let Some(number) = next else {
                store.commit_page(commit).await.map_err(told)?;
                break;
            };
            let (stored, read) = tokio::join!(store.commit_page(commit), page(number));
            stored.map_err(told)?;
            reading.passed(records);
            ahead = read?;
        }
        let end = RunEnd::of(RunState::Done);
        store.finish_run(&claimed.run, claimed.epoch, end).await.map_err(told)?;
        reading.passed(records);
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_passed_through_and_leads_to_the_next_one() {
        let (page, next) = page_of(br#"{"items":[{"id":"1"},{"id":"2"}],"next":2}"#).expect("a page");
        assert_eq!((page.records.as_slice(), page.count, next), (&br#"[{"id":"1"},{"id":"2"}]"#[..], 2, Some(2)));
        assert_eq!(page.position, Position::More(br#"{"page":2}"#.to_vec()));
        let (page, next) = page_of(br#"{"items":[],"next":null}"#).expect("a page");
        assert_eq!((page.position, next), (Position::End(br#"{"page":1}"#.to_vec()), None));
        assert!(page_of(br#"{"items":[1],"next":null}"#).is_err());
    }
}
