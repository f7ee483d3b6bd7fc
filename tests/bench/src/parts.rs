//! Where the time goes: each part alone, over the same pages, one after another.
//!
//! A part that contains another is measured with it, and the difference is the part: the gate is what a request through
//! the door takes beyond one over a bare socket, the guest what a call of `read` takes beyond its request. That is the
//! only way without a clock inside the parts themselves.

use std::{sync::Arc, time::Duration};

use patchbay_engine::{Instance, NoBlobs, NoLog, NoSteps, RunScope};
use patchbay_model::{
    Shape,
    contract::{Context, Page, Position, ReadRequest},
};
use tokio::time::Instant;

use crate::{
    Result, in_task,
    measure::{Figures, Meter, Spent, number},
    native::{PAGE, Way, checked, page_of, path, send},
    rooms::{AUTH, Database, House, Rooms, STREAM},
    store, told,
    wire::Wire,
};

/// Pages of one measurement, and how often each is made.
const PAGES: u64 = 200;
const ROUNDS: usize = 3;

/// What one page of a thousand records takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// Milliseconds.
    pub(crate) wall: f64,
    /// Milliseconds, which are seconds for a million records.
    pub(crate) cpu: f64,
}

impl Part {
    fn of(rounds: &[Spent], pages: u64) -> Self {
        let median = |of: fn(&Spent) -> Duration| {
            let mut figures = Figures::default();
            rounds.iter().for_each(|spent| figures.add(of(spent).as_secs_f64() * 1_000.0 / number(pages)));
            figures.median()
        };
        Self { wall: median(|spent| spent.wall), cpu: median(|spent| spent.cpu) }
    }

    pub(crate) fn beyond(self, other: Self) -> Self {
        Self { wall: self.wall - other.wall, cpu: self.cpu - other.cpu }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self { wall: self.wall + other.wall, cpu: self.cpu + other.cpu }
    }
}

/// The parts as they are measured: each of the first three contains the one before.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts {
    /// A bare socket asks and reads.
    pub(crate) wire: Part,
    /// A request through the run's door.
    pub(crate) door: Part,
    /// A call of the guest's `read`.
    pub(crate) call: Part,
    /// What the connector makes of an answer, in native Rust.
    pub(crate) json: Part,
    /// Splitting, keys, shape, and the copy for the store.
    pub(crate) check: Part,
    /// `commit_page` of records that are new.
    pub(crate) store: Part,
}

/// Measures them over the first pages.
pub(crate) async fn measure(house: &House, database: Database, records: u64) -> Result<Parts> {
    let pages = PAGES.min(records / PAGE);
    let mut taken = Taken::default();
    for _ in 0..ROUNDS {
        wire(house, pages, &mut taken).await?;
        let bodies = door(house, pages, &mut taken).await?;
        let meter = Meter::start();
        for body in &bodies {
            page_of(body)?;
        }
        taken.json.push(meter.stop());
        drop(bodies);
        let read = call(house, pages, &mut taken).await?;
        storing(house, database, &read, &mut taken).await?;
    }
    let part = |rounds: &[Spent]| Part::of(rounds, pages);
    Ok(Parts {
        wire: part(&taken.wire),
        door: part(&taken.door),
        call: part(&taken.call),
        json: part(&taken.json),
        check: part(&taken.check),
        store: part(&taken.store),
    })
}

#[derive(Default)]
struct Taken {
    wire: Vec<Spent>,
    door: Vec<Spent>,
    call: Vec<Spent>,
    json: Vec<Spent>,
    check: Vec<Spent>,
    store: Vec<Spent>,
}

async fn wire(house: &House, pages: u64, taken: &mut Taken) -> Result<()> {
    let mut wire = Wire::open(&house.provider).await?;
    let work = async move {
        wire.get(&path(1), &mut Vec::new()).await?;
        let meter = Meter::start();
        for page in 1..=pages {
            // As the gate reads: a body of its own for each answer.
            wire.get(&path(page), &mut Vec::new()).await?;
        }
        Ok(meter.stop())
    };
    taken.wire.push(in_task(work).await?);
    Ok(())
}

async fn door(house: &House, pages: u64, taken: &mut Taken) -> Result<Vec<Vec<u8>>> {
    let way = Way::of(house)?;
    let door = way.door();
    let work = async move {
        send(&door, 1).await?;
        let mut bodies = Vec::new();
        let meter = Meter::start();
        for page in 1..=pages {
            bodies.push(send(&door, page).await?);
        }
        Ok((meter.stop(), bodies))
    };
    let (spent, bodies) = in_task(work).await?;
    taken.door.push(spent);
    Ok(bodies)
}

async fn call(house: &House, pages: u64, taken: &mut Taken) -> Result<Vec<Page>> {
    let way = Way::of(house)?;
    let (mut instance, context) = open(house, &way).await?;
    let work = async move {
        let (mut cursor, mut read) = (None, Vec::new());
        let meter = Meter::start();
        for _ in 0..pages {
            let hint = u32::try_from(PAGE).unwrap_or(u32::MAX);
            let request = ReadRequest { stream: STREAM.to_owned(), cursor, page_hint: hint, since_ms: None };
            let page = instance.read(&context, &request).await.map_err(told)?;
            cursor = match &page.position {
                Position::More(cursor) => Some(cursor.clone()),
                _ => None,
            };
            read.push(page);
        }
        Ok((meter.stop(), read))
    };
    let (spent, read) = in_task(work).await?;
    taken.call.push(spent);
    Ok(read)
}

/// The connector as a run opens it.
async fn open(house: &House, way: &Way) -> Result<(Instance, Context)> {
    let scope = RunScope {
        door: way.door(),
        memory_bytes: 64 << 20,
        call_timeout: Duration::from_secs(60),
        deadline: Instant::now() + Duration::from_secs(3_600),
        stop: way.stop(),
        clock: Arc::clone(&house.clock),
        random: Arc::clone(&house.random),
        log: Arc::new(NoLog),
        steps: Arc::new(NoSteps),
        blobs: Arc::new(NoBlobs),
    };
    let component = house.component().await?;
    let instance = house.engine.open(&component, scope).await.map_err(told)?;
    let context = Context {
        auth: AUTH.to_owned(),
        account: None,
        facts: Vec::new(),
        account_facts: Vec::new(),
        settings: b"{}".to_vec(),
        config: b"{}".to_vec(),
    };
    Ok((instance, context))
}

async fn storing(house: &House, database: Database, read: &[Page], taken: &mut Taken) -> Result<()> {
    let rooms = Rooms::open(house, database).await?;
    let claimed = rooms.claim().await?;
    let mut shape = Shape::default();
    let meter = Meter::start();
    let mut commits = Vec::new();
    for page in read {
        commits.push(checked(page, &house.manifest, &mut shape, &claimed, None)?);
    }
    taken.check.push(meter.stop());
    taken.store.push(in_task(store::all(rooms.store.clone(), commits)).await?);
    rooms.close().await
}
