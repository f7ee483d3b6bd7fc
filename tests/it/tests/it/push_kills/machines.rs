//! What is killed: one host on a file of SQLite, or two on one PostgreSQL database. And the time that they live in.

use std::time::{Duration, Instant};

use patchbay_it::{Database, Nodes, Rig, RigSetup, ServerDatabase, Tenant};
use patchbay_model::{Clock as _, SystemClock};
use patchbay_test_support::{Api, Dice, Result, Trouble, wait_until};

/// Longest wait for something that the host does by itself.
pub(super) const LIMIT: Duration = Duration::from_secs(90);
/// How long a host keeps its work: no round is that long, so that only a moved clock ends it.
const LEASE: Duration = Duration::from_secs(60);
/// The same where another node is to take it over while the test watches.
const SHORT_LEASE: Duration = Duration::from_secs(3);
/// Between the two looks that must agree, far longer than everything else that a round waits for: nobody looks again
/// before the clock is moved that far ([`FAR`]).
pub(super) const AGAIN: Duration = Duration::from_secs(600);
/// A move of the clock from which on somebody may look for the second time.
pub(super) const FAR: Duration = Duration::from_secs(90);

/// How much is at work, and when the first of the others goes on.
const QUEUE: &str = "SELECT (SELECT count(*) FROM pushes WHERE lease_until IS NOT NULL), \
    coalesce((SELECT min(p.next_at) FROM pushes p WHERE p.next_at IS NOT NULL AND p.lease_until IS NULL \
    AND (p.lane IS NULL OR NOT EXISTS (SELECT 1 FROM pushes e WHERE e.connection = p.connection AND e.lane = p.lane \
    AND e.state IN ('planned', 'sending', 'unknown') AND (e.queued_at, e.id) < (p.queued_at, p.id)))), 0)";

fn jobs(lease: Duration) -> Option<String> {
    let (lease, again) = (lease.as_secs(), AGAIN.as_secs());
    Some(format!("[jobs]\nlease_seconds = {lease}\npoll_millis = 20\nsettle_again_seconds = {again}\nworkers = 40\n"))
}

/// The hosts.
pub(super) enum Machines<'a> {
    One(Box<Rig>),
    Two(Box<Nodes>, &'a ServerDatabase),
}

impl<'a> Machines<'a> {
    pub(super) fn one() -> Result<Self> {
        let rig = RigSetup { jobs: jobs(LEASE), test_clock: true, ..RigSetup::default() }.start()?;
        Ok(Self::One(Box::new(rig)))
    }

    pub(super) fn two(database: &'a ServerDatabase) -> Result<Self> {
        let setup = RigSetup { jobs: jobs(SHORT_LEASE), test_clock: true, ..RigSetup::default() };
        Ok(Self::Two(Box::new(Nodes::start(2, database, setup)?), database))
    }

    pub(super) fn rig(&self) -> &Rig {
        match self {
            Self::One(rig) => rig,
            Self::Two(nodes, _) => &nodes.rig,
        }
    }

    /// A tenant's API at this host, counted round.
    pub(super) fn api(&self, number: usize, tenant: &Tenant) -> Result<Api> {
        match self {
            Self::One(_) => Ok(tenant.api.clone()),
            Self::Two(nodes, _) => Ok(nodes.tenant_at(number % nodes.count(), tenant)?.api),
        }
    }

    /// Kills a host; with it goes the test's right to ask it.
    pub(super) fn kill(&mut self, dice: &mut Dice) -> Result<usize> {
        match self {
            Self::One(rig) => rig.host.kill().map(|()| 0),
            Self::Two(nodes, _) => {
                let node = usize::try_from(dice.below(nodes.count() as u64))?;
                nodes.host_mut(node)?.kill()?;
                Ok(node)
            }
        }
    }

    /// Starts it again. What a single host held is nobody's by then; of two the other one has to wait for its end.
    pub(super) fn restart(&mut self, node: usize) -> Result<()> {
        match self {
            Self::One(rig) => {
                rig.advance(LEASE + Duration::from_secs(1))?;
                rig.host.restart()
            }
            Self::Two(nodes, _) => nodes.host_mut(node)?.restart(),
        }
    }

    /// One of two stands still for two leases.
    pub(super) fn stand_still(&mut self, dice: &mut Dice) -> Result<()> {
        let Self::Two(nodes, _) = self else { return Ok(()) };
        let node = usize::try_from(dice.below(nodes.count() as u64))?;
        nodes.host_mut(node)?.suspend()?;
        let since = Instant::now();
        wait_until("two leases", LIMIT, || Ok((since.elapsed() >= SHORT_LEASE * 2).then_some(())))?;
        nodes.host_mut(node)?.resume()
    }

    pub(super) fn advance(&self, by: Duration) -> Result<()> {
        match self {
            Self::One(rig) => rig.advance(by),
            Self::Two(nodes, _) => nodes.advance(by),
        }
    }

    /// Waits until nothing is at work and nothing is due; how long it is from now to what goes on first, if anything
    /// does.
    pub(super) fn quiet(&self) -> Result<Option<Duration>> {
        let mut file = match self {
            Self::One(rig) => Some(Database::open(&rig.host.data_dir().join("patchbay.db"))?),
            Self::Two(..) => None,
        };
        let mut last = (0, 0);
        let quiet = wait_until("an end of all work", LIMIT, || {
            last = match (self, &mut file) {
                (Self::Two(_, database), _) => read(&database.sql(QUEUE)?.split('|').collect::<Vec<_>>())?,
                (Self::One(_), Some(file)) => {
                    let row = file.rows(QUEUE, &[])?.into_iter().next().unwrap_or_default();
                    let texts: Vec<String> = row.iter().map(ToString::to_string).collect();
                    read(&texts.iter().map(String::as_str).collect::<Vec<_>>())?
                }
                (Self::One(_), None) => return Err(Trouble::new("no database")),
            };
            let now = SystemClock.now().plus(self.rig().host.ahead()?).as_micros();
            match last {
                (0, 0) => Ok(Some(None)),
                (0, at) if at > now => Ok(Some(Some(Duration::from_micros(u64::try_from(at - now)?)))),
                _ => Ok(None),
            }
        });
        quiet.map_err(|error| Trouble::new(format!("{error}; at work, first due: {last:?}")))
    }
}

fn read(row: &[&str]) -> Result<(u64, i64)> {
    match row {
        [at_work, first] => Ok((at_work.trim().parse()?, first.trim().parse()?)),
        _ => Err(Trouble::new(format!("the queue said {row:?}"))),
    }
}
