//! **When PostgreSQL goes away, work goes on as soon as it is back** (trust.md, section 3, row 23; K11): restarted at
//! once, and all of its sessions ended, while runs read and the API writes. What was acknowledged is there afterwards.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use patchbay_it::{Books, Rig, RigSetup, ServerDatabase, Tenant, changes, items, many_pages};
use patchbay_test_support::{
    Api, Dice, Result, Trouble,
    fakes::{Act, Rule},
    postgres::{Cluster, required, url_or_skip},
    wait_until,
};
use serde_json::json;

use crate::soak::Soak;

/// How soon writes have to succeed again.
const RESUMED: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(120);
const OFFICES: u64 = 2;
/// Writers of the API besides the runs.
const WRITERS: usize = 3;
/// How long the provider takes for each page.
const PAGE_MS: u64 = 20;

/// Writes of the API that were acknowledged, and when the last one was.
#[derive(Default)]
struct Acknowledged(Mutex<(BTreeSet<String>, Option<Instant>)>);

impl Acknowledged {
    fn add(&self, tenant: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.insert(tenant);
        all.1 = Some(Instant::now());
    }

    fn since(&self, moment: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.is_some_and(|last| last > moment)
    }

    fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    // Not the server of the suites: others would feel it.
    if url_or_skip().is_none() && !required() {
        return Ok(());
    }
    let mut cluster = Cluster::start()?;
    let server = cluster.server().clone();
    let database = ServerDatabase::on(&server)?;
    let fakes = Some(many_pages(soak.seed));
    let rig = RigSetup { fakes, database: Some(database.url()), ..RigSetup::default() }.start()?;
    rig.install_offices()?;
    let tenant = rig.tenant("A")?;
    let connections = (1..=OFFICES).map(|office| tenant.connect_office(&rig.fakes.ledger, &format!("load-{office}")));
    let connections = connections.collect::<Result<Vec<_>>>()?;
    tenant.all_read(&connections)?;
    let mut scene = Scene { rig, tenant, connections, books: Books::default(), slowest: Duration::ZERO };
    let mut dice = Dice::of(soak.seed);
    for round in 0..soak.rounds {
        let told = |error: Trouble| Trouble::new(format!("seed {}, round {round}: {error}", soak.seed));
        scene.round(&mut cluster, &database, &mut dice, round).map_err(told)?;
    }
    println!("{} rounds: writes resumed within {:?}", soak.rounds, scene.slowest);
    Ok(())
}

struct Scene {
    rig: Rig,
    tenant: Tenant,
    connections: Vec<String>,
    books: Books,
    slowest: Duration,
}

impl Scene {
    /// The server goes away in the middle of everything, by turns restarted or without its sessions.
    fn round(&mut self, cluster: &mut Cluster, database: &ServerDatabase, dice: &mut Dice, round: u64) -> Result<()> {
        let ledger = &self.rig.fakes.ledger;
        ledger.provider.apply(&changes(round)).map_err(Trouble::new)?;
        // Until all is under way; a name is let go of for good.
        let hold = Act::Hold { name: format!("under-way-{round}"), applied: false };
        ledger.script.add(Rule::on("GET", "/", hold).times(0));
        for connection in &self.connections {
            self.tenant.run_all(connection)?;
        }
        let wanted = ledger.journal.last() + 10 + dice.below(40);
        ledger.script.clear();
        ledger.script.add(Rule::on("GET", "/", Act::Delay { ms: PAGE_MS }).times(0));
        let (stop, acknowledged) = (AtomicBool::new(false), Acknowledged::default());
        let (operator, journal) = (&self.rig.operator, &ledger.journal);
        let took = std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (stop, acknowledged) = (&stop, &acknowledged);
                scope.spawn(move || write(operator, &format!("w{round}-{writer}"), stop, acknowledged));
            }
            let mut fault = || -> Result<Duration> {
                wait_until("requests", LIMIT, || Ok((journal.last() >= wanted).then_some(())))?;
                let begun = Instant::now();
                wait_until("a write", LIMIT, || Ok(acknowledged.since(begun).then_some(())))?;
                if round.is_multiple_of(2) {
                    cluster.restart_immediately()?;
                } else if database.terminate_sessions()? == 0 {
                    return Err(Trouble::new("there were no sessions"));
                }
                let gone = Instant::now();
                wait_until("writes to resume", RESUMED, || Ok(acknowledged.since(gone).then_some(())))?;
                Ok(gone.elapsed())
            };
            let took = fault();
            stop.store(true, Ordering::SeqCst);
            took
        })?;
        self.slowest = self.slowest.max(took);
        ledger.script.clear();
        self.tenant.settled()?;
        let kept: BTreeSet<String> = items(&self.rig.operator, "/v1/tenants?limit=200")?
            .iter()
            .filter_map(|tenant| tenant["id"].as_str().map(str::to_owned))
            .collect();
        let lost: Vec<String> = acknowledged.all().difference(&kept).cloned().collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        for connection in &self.connections {
            for sync in items(&self.tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
                // An attempt that the database did not take is followed by another one.
                let fine = sync["enabled"] == json!(false) || sync["last_run"]["state"] == json!("done");
                assert!(fine, "round {round}: {sync}");
            }
        }
        self.books.follow(&self.tenant)?;
        let compared = self.books.compare(&self.rig.fakes.ledger, &self.tenant, &self.connections)?;
        assert!(compared > 2_000, "round {round}: only {compared} records");
        Ok(())
    }
}

/// Makes tenants, one after the other, whatever the answers.
fn write(operator: &Api, name: &str, stop: &AtomicBool, acknowledged: &Acknowledged) {
    let mut number = 0;
    let ended = wait_until("the end of the load", LIMIT * 2, || {
        number += 1;
        let made = operator.post("/v1/tenants", &json!({ "name": format!("{name}-{number}") }));
        if let Ok(made) = made.and_then(|answer| answer.expect(201))
            && let Ok(id) = made.text_at("/id")
        {
            acknowledged.add(id);
        }
        Ok(stop.load(Ordering::SeqCst).then_some(()))
    });
    // Whoever waits for writes has said so by then.
    drop(ended);
}
