//! **Killed at any moment, on either database, nothing is lost and nothing is stored twice** (trust.md, section 3,
//! row 5; K1): all kinds of streams at once, SIGKILL wherever the host then stands.

use std::time::Duration;

use patchbay_it::{Books, Rig, RigSetup, ServerDatabase, Tenant, changes, items, many_pages};
use patchbay_test_support::{
    Dice, Result, Trouble,
    fakes::{Act, Rule, ledger::Change},
    wait_until,
};
use serde_json::json;

use crate::soak::Soak;

const LIMIT: Duration = Duration::from_secs(60);
/// A lease that a test can wait for; the host has it until this long after its end.
const JOBS: &str = "[jobs]\nlease_seconds = 2\npoll_millis = 50\nworkers = 32\n";
/// Offices that are read at once.
const OFFICES: [&str; 2] = ["load-1", "load-2"];
/// Requests that the runs of a round make at least; the kill comes before.
const REQUESTS: u64 = 80;

pub(crate) fn on_sqlite(soak: Soak) -> Result<()> {
    rounds(soak, None)
}

pub(crate) fn on_postgres(soak: Soak) -> Result<()> {
    match ServerDatabase::make_or_skip()? {
        Some(database) => rounds(soak, Some(&database)),
        None => Ok(()),
    }
}

/// What is killed, and what is compared.
struct Scene {
    rig: Rig,
    tenant: Tenant,
    connections: Vec<String>,
    books: Books,
}

impl Scene {
    fn open(seed: u64, database: Option<&ServerDatabase>) -> Result<Self> {
        let (fakes, jobs) = (Some(many_pages(seed)), Some(JOBS.to_owned()));
        let rig =
            RigSetup { fakes, jobs, database: database.map(ServerDatabase::url), ..RigSetup::default() }.start()?;
        rig.install_offices()?;
        let tenant = rig.tenant("A")?;
        let connections = OFFICES.iter().map(|office| tenant.connect_office(&rig.fakes.ledger, office));
        let connections = connections.collect::<Result<Vec<_>>>()?;
        tenant.all_read(&connections)?;
        let mut scene = Self { rig, tenant, connections, books: Books::default() };
        scene.compare()?;
        Ok(scene)
    }

    fn compare(&mut self) -> Result<usize> {
        self.books.follow(&self.tenant)?;
        self.books.compare(&self.rig.fakes.ledger, &self.tenant, &self.connections)
    }

    /// Whether the checker would see it if the host did not do what the provider has done.
    fn checker_sees(&mut self, what: &str, change: Change) -> Result<()> {
        self.rig.fakes.ledger.provider.apply(&[change]).map_err(Trouble::new)?;
        let compared = self.compare();
        assert!(compared.as_ref().is_err_and(|error| error.to_string().contains(what)), "{what}: {compared:?}");
        for connection in &self.connections {
            self.tenant.run_all(connection)?;
        }
        self.tenant.settled()?;
        self.compare().map(drop)
    }

    fn run_all(&self) -> Result<Vec<String>> {
        let runs = self.connections.iter().map(|connection| self.tenant.run_all(connection));
        Ok(runs.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Waits until so many requests more have come, and kills: where the host stands then is chance.
    fn kill_after(&mut self, requests: u64) -> Result<()> {
        let journal = &self.rig.fakes.ledger.journal;
        let wanted = journal.last() + requests;
        wait_until("the requests before the kill", LIMIT, || Ok((journal.last() >= wanted).then_some(())))?;
        self.rig.host.kill()
    }

    /// Kills while the provider keeps a page back that it has served, or not yet.
    fn kill_at_page(&mut self, name: &str, page: u32, applied: bool) -> Result<()> {
        let script = &self.rig.fakes.ledger.script;
        script.add(Rule::on("GET", "/", Act::Hold { name: name.to_owned(), applied }).after(page));
        if !script.wait_until_held(name, LIMIT) {
            return Err(Trouble::new(format!("page {page} was not asked for")));
        }
        self.rig.host.kill()
    }
}

fn rounds(soak: Soak, database: Option<&ServerDatabase>) -> Result<()> {
    let (mut dice, mut scene) = (Dice::of(soak.seed), Scene::open(soak.seed, database)?);
    let (mut compared, mut left, mut pages) = (0, 0, 0);
    for round in 0..soak.rounds {
        let mut place = String::new();
        let told =
            |error: Trouble, place: &str| Trouble::new(format!("seed {}, round {round}, {place}: {error}", soak.seed));
        let result = kill(&mut scene, &mut dice, round, &mut place);
        let killed = result.map_err(|error| told(error, &place))?;
        assert!(killed.compared > 2_000, "seed {}, round {round}, {place}: {killed:?}", soak.seed);
        compared += killed.compared;
        left += killed.left;
        pages += killed.pages;
    }
    println!("{} kills: {left} runs were left behind, {pages} pages, {compared} records compared", soak.rounds);
    assert!(left as u64 >= soak.rounds, "the kills must have met runs: {left} in {} rounds", soak.rounds);
    scene.checker_sees("not at", Change::Put { list: "lines/a1".to_owned(), ids: vec![1], at: None })?;
    scene.checker_sees("is lost", Change::Add { list: "snapshot".to_owned(), count: 1, at: None })?;
    // The youngest is there however many rounds there were.
    let last = scene.rig.fakes.ledger.provider.truth("removals").into_keys().next_back().unwrap_or_default();
    scene.checker_sees("is invented", Change::Remove { list: "removals".to_owned(), ids: vec![last] })
}

/// What one kill came to.
#[derive(Debug)]
struct Killed {
    compared: usize,
    left: usize,
    pages: u64,
}

fn kill(scene: &mut Scene, dice: &mut Dice, round: u64, place: &mut String) -> Result<Killed> {
    scene.rig.fakes.ledger.provider.apply(&changes(round)).map_err(Trouble::new)?;
    // Three of four at random; else while a page is on its way.
    let held = dice.below(4) == 0;
    let (requests, applied) = (dice.below(REQUESTS), dice.below(2) == 0);
    *place = format!("killed at request {requests}, held {held}, applied {applied}");
    let begun = scene.rig.fakes.ledger.journal.last();
    let (dead, runs) = (scene.rig.node()?, scene.run_all()?);
    if held {
        scene.kill_at_page(&format!("kill-{round}"), u32::try_from(requests / 2).unwrap_or_default(), applied)?;
    } else {
        scene.kill_after(requests.saturating_sub(scene.rig.fakes.ledger.journal.last() - begun))?;
    }
    scene.rig.fakes.ledger.script.clear();
    scene.rig.host.restart()?;
    let left = scene.rig.left_by(&dead, &scene.tenant)?;
    // What is told now must not be told again by the runs that go on.
    scene.books.follow(&scene.tenant)?;
    scene.tenant.settled()?;
    let mut pages = 0;
    for connection in &scene.connections {
        for run in items(&scene.tenant.api, &format!("/v1/runs?connection={connection}&limit=200"))? {
            if runs.iter().any(|id| run["id"] == json!(id)) {
                if run["state"] != json!("done") {
                    return Err(Trouble::new(format!("it did not go on: {run}")));
                }
                pages += run["pages"].as_u64().unwrap_or_default();
            }
        }
    }
    Ok(Killed { compared: scene.compare()?, left, pages })
}
