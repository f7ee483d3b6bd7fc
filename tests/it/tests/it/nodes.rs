//! **One owner at any time, whatever happens to nodes** (trust.md, section 3, rows 9 and 10; K5): of three nodes on one
//! PostgreSQL database one is killed, and another one stands still until long after its lease and then goes on in the
//! belief that nothing happened.
//!
//! How one owner is proved: triggers in the database note who wrote what of each run ([`Witness`]): an epoch is always
//! the next one, a run is taken only after its lease has ended, whatever is written under an epoch comes from the node
//! that took it, nothing follows an end. And the feed has each record once, as the provider has it ([`Books`]).

use std::time::{Duration, Instant};

use patchbay_it::{Books, Nodes, RigSetup, ServerDatabase, TakeOver, Tenant, Witness, changes, many_pages, name};
use patchbay_model::{Clock as _, SystemClock};
use patchbay_test_support::{
    Dice, Result, Trouble,
    fakes::{Act, Rule},
    wait_until,
};

use crate::soak::Soak;

/// Lease of the rounds of every test run.
pub(crate) const SHORT_LEASE: Duration = Duration::from_secs(2);
/// Lease of a host where nobody says otherwise.
pub(crate) const USUAL_LEASE: Duration = Duration::from_secs(30);
const NODES: usize = 3;
const OFFICES: u64 = 4;
const LIMIT: Duration = Duration::from_secs(120);
/// What a take-over may take: the promise for the usual lease, and for a short one on a machine that has much to do. A
/// node that stands still in the middle of a transaction keeps its locks until PostgreSQL ends its session, after five
/// seconds.
const TAKE_OVER: Duration = Duration::from_secs(35);
/// Rounds from which on chance must have brought everything about that it may bring about.
const MANY: u64 = 20;
/// How long the provider takes for each page, so that runs are long enough to be met.
const PAGE_MS: u64 = 40;

/// What the nodes work on.
struct Scene {
    nodes: Nodes,
    tenant: Tenant,
    connections: Vec<String>,
    books: Books,
}

/// What the rounds came to.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    /// Runs that were taken from the killed node, and from the one that stood still.
    taken: (usize, usize),
    /// Longest time from the kill, or the stop, to a take-over.
    slowest: Duration,
    stale: u64,
}

pub(crate) fn rounds(soak: Soak, lease: Duration) -> Result<()> {
    if soak.rounds == 0 {
        return Ok(());
    }
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let mut dice = Dice::of(soak.seed);
    let mut scene = Scene::open(soak.seed, &database, lease)?;
    let mut witness = Witness::of(&database)?;
    let mut tally = Tally::default();
    for round in 0..soak.rounds {
        let told = |error: Trouble| Trouble::new(format!("seed {}, round {round}: {error}", soak.seed));
        scene.round(&mut witness, &mut dice, round, lease, &mut tally).map_err(told)?;
    }
    println!("{} rounds, lease {} s: {tally:?}, {} writes by owners", soak.rounds, lease.as_secs(), witness.writes);
    let Tally { taken, slowest, stale, .. } = tally;
    let rounds = usize::try_from(soak.rounds)?;
    assert!(taken.0 + taken.1 >= rounds, "seed {}: nodes were met without runs: {taken:?}", soak.seed);
    assert!(slowest <= TAKE_OVER, "seed {}: taken over after {slowest:?}", soak.seed);
    if soak.rounds >= MANY {
        assert!(taken.0 >= rounds && taken.1 >= rounds, "seed {}: nodes were met without runs: {taken:?}", soak.seed);
        assert!(stale > 0, "seed {}: no node that stood still was refused anything", soak.seed);
    }
    Ok(())
}

impl Scene {
    fn open(seed: u64, database: &ServerDatabase, lease: Duration) -> Result<Self> {
        let jobs = format!(
            "[jobs]\nlease_seconds = {}\npoll_millis = 50\nworkers = 4\nper_tenant = 0\nper_connection = 0\n",
            lease.as_secs()
        );
        let setup = RigSetup { fakes: Some(many_pages(seed)), jobs: Some(jobs), ..RigSetup::default() };
        let nodes = Nodes::start(NODES, database, setup)?;
        nodes.rig.install_offices()?;
        let tenant = nodes.rig.tenant("A")?;
        let ledger = &nodes.rig.fakes.ledger;
        let connections = (1..=OFFICES).map(|office| tenant.connect_office(ledger, &format!("load-{office}")));
        let connections = connections.collect::<Result<Vec<_>>>()?;
        tenant.all_read(&connections)?;
        let mut scene = Self { nodes, tenant, connections, books: Books::default() };
        scene.compare()?;
        Ok(scene)
    }

    fn compare(&mut self) -> Result<usize> {
        self.books.follow(&self.tenant)?;
        self.books.compare(&self.nodes.rig.fakes.ledger, &self.tenant, &self.connections)
    }

    /// One node is killed, another stands still for two leases, the third one goes on.
    fn round(
        &mut self,
        witness: &mut Witness<'_>,
        dice: &mut Dice,
        round: u64,
        lease: Duration,
        tally: &mut Tally,
    ) -> Result<()> {
        let dead = usize::try_from(dice.below(NODES as u64))?;
        let still = (dead + 1 + usize::try_from(dice.below(NODES as u64 - 1))?) % NODES;
        let awake = NODES - dead - still;
        let ledger = &self.nodes.rig.fakes.ledger;
        ledger.provider.apply(&changes(round)).map_err(Trouble::new)?;
        self.at_work(&[dead, still], dice.below(60))?;

        let (killed_at, stopped_at);
        if dice.below(2) == 0 {
            killed_at = self.kill(dead)?;
            stopped_at = self.suspend(still)?;
        } else {
            stopped_at = self.suspend(still)?;
            killed_at = self.kill(dead)?;
        }
        let since = Instant::now();
        // Whoever is awake answers, and does its own work meanwhile.
        let witnessed = self.nodes.tenant_at(awake, &self.tenant)?;
        self.books.follow(&witnessed)?;
        wait_until("two leases", LIMIT, || Ok((since.elapsed() >= lease * 2).then_some(())))?;
        self.nodes.host_mut(still)?.resume()?;
        self.nodes.host_mut(dead)?.restart()?;
        self.nodes.rig.fakes.ledger.script.clear();
        witnessed.settled()?;

        let compared = self.compare()?;
        assert!(compared > 2_000, "only {compared} records");
        tally.compared += compared;
        tally.stale += self.nodes.stale_writes(still)?;
        let taken = witness.follow()?;
        let (of_dead, of_still) = (from(&taken, dead), from(&taken, still));
        tally.taken.0 += of_dead.len();
        tally.taken.1 += of_still.len();
        for (runs, begun) in [(of_dead, killed_at), (of_still, stopped_at)] {
            let took = runs.iter().map(|run| Duration::from_micros(run.at.saturating_sub(begun)));
            tally.slowest = took.fold(tally.slowest, Duration::max);
        }
        Ok(())
    }

    /// Makes runs of everything, which the provider keeps waiting until each of these nodes has some; then waits for so
    /// many requests more.
    fn at_work(&self, nodes: &[usize], requests: u64) -> Result<()> {
        let ledger = &self.nodes.rig.fakes.ledger;
        // A name is let go of for good.
        let hold = Act::Hold { name: format!("at-work-{}", ledger.journal.last()), applied: false };
        ledger.script.add(Rule::on("GET", "/", hold).times(0));
        for connection in &self.connections {
            self.tenant.run_all(connection)?;
        }
        wait_until("runs on each node", LIMIT, || {
            for node in nodes {
                if self.nodes.running(*node)? == 0 {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })?;
        let wanted = ledger.journal.last() + requests;
        ledger.script.clear();
        ledger.script.add(Rule::on("GET", "/", Act::Delay { ms: PAGE_MS }).times(0));
        wait_until("more requests", LIMIT, || Ok((ledger.journal.last() >= wanted).then_some(())))
    }

    fn kill(&mut self, node: usize) -> Result<u64> {
        self.nodes.host_mut(node)?.kill()?;
        now()
    }

    fn suspend(&mut self, node: usize) -> Result<u64> {
        self.nodes.host_mut(node)?.suspend()?;
        now()
    }
}

fn from(taken: &[TakeOver], node: usize) -> Vec<&TakeOver> {
    taken.iter().filter(|run| run.from == name(node)).collect()
}

/// Microseconds since 1970, as the server on this machine counts them, too.
fn now() -> Result<u64> {
    Ok(u64::try_from(SystemClock.now().as_micros())?)
}

/// The tables that the witness looks at, without a host.
const TABLES: &str = "CREATE TABLE runs (id TEXT, sync TEXT, state TEXT, epoch BIGINT, lease_until BIGINT, pages BIGINT, \
    ended_at BIGINT); CREATE TABLE syncs (id TEXT, cursor TEXT); CREATE TABLE credentials (connection TEXT, \
    refresh_epoch BIGINT); INSERT INTO runs VALUES ('r', 's', 'due', 0, NULL, 0, NULL); INSERT INTO syncs VALUES ('s', '')";

#[test]
fn the_witness_sees_whatever_two_owners_of_one_run_would_do() -> Result<()> {
    const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let claim = format!("state = 'running', epoch = epoch + 1, lease_until = {NOW} + 60000000");
    let claimed = |who: &str| format!("SET application_name = '{who}'; UPDATE runs SET {claim}");
    let writes = |who: &str, what: &str| format!("SET application_name = '{who}'; UPDATE {what}");
    let page = "runs SET pages = pages + 1";
    let lapse = format!("runs SET lease_until = {NOW} - 1");
    let end = format!("runs SET state = 'done', ended_at = {NOW}, lease_until = NULL");
    let one = || claimed("node-0");
    let wrong: [(&str, Vec<String>); 6] = [
        ("an owner that had a lease", vec![one(), claimed("node-1")]),
        ("was not the owner", vec![one(), writes("node-1", page)]),
        ("was not the owner", vec![one(), writes("node-0", &lapse), claimed("node-1"), writes("node-0", page)]),
        ("was not the owner", vec![one(), writes("node-1", "syncs SET cursor = 'x'")]),
        ("goes on, or ends again", vec![one(), writes("node-0", &end), writes("node-0", &end)]),
        ("not the next one", vec![one(), writes("node-0", "runs SET epoch = epoch + 2")]),
    ];
    for (why, statements) in wrong {
        let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
        database.sql(TABLES)?;
        let mut witness = Witness::of(&database)?;
        statements.iter().try_for_each(|sql| database.sql(sql).map(drop))?;
        let seen = witness.follow();
        assert!(seen.as_ref().is_err_and(|error| error.to_string().contains(why)), "{why}: {statements:?}: {seen:?}");
    }
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    database.sql(TABLES)?;
    let mut witness = Witness::of(&database)?;
    let right = [one(), writes("node-0", page), writes("node-0", &lapse), claimed("node-1"), writes("node-1", &end)];
    right.iter().try_for_each(|sql| database.sql(sql).map(drop))?;
    let taken = witness.follow()?;
    assert_eq!(
        taken.iter().map(|run| (run.from.as_str(), run.by.as_str())).collect::<Vec<_>>(),
        [("node-0", "node-1")]
    );
    Ok(())
}
