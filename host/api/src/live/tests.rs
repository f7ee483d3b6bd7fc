use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use patchbay_app::Progress;
use patchbay_model::{Code, ConnectionId, ManualClock, RunId, RunState, SeededRandom, SyncId, Timestamp};

use super::{
    places::tests::{caller, tenant},
    *,
};

/// How far the runs of a test are, and how often somebody looked.
#[derive(Clone, Default)]
struct World {
    runs: Arc<Mutex<Vec<Progress>>>,
    gone: Arc<Mutex<bool>>,
    looks: Arc<AtomicUsize>,
    changed: Arc<Notify>,
    places: Arc<Places>,
}

impl World {
    fn with(runs: &[Progress]) -> Self {
        let world = Self::default();
        *world.runs.lock().expect("the runs") = runs.to_vec();
        world
    }

    fn change(&self, at: usize, change: impl FnOnce(&mut Progress)) {
        change(&mut self.runs.lock().expect("the runs")[at]);
        self.changed.notify_waiters();
    }

    fn shown(&self) -> Vec<RunProgress> {
        self.runs.lock().expect("the runs").iter().cloned().map(RunProgress::from).collect()
    }

    fn watched(
        &self,
        one_run: bool,
        stop: Option<watch::Receiver<bool>>,
    ) -> Going<impl FnMut() -> futures_util::future::Ready<Result<Vec<RunProgress>, Fault>> + Send + 'static + use<>>
    {
        let world = self.clone();
        let look = move || {
            world.looks.fetch_add(1, Ordering::Relaxed);
            let gone = *world.gone.lock().expect("whether it is gone");
            futures_util::future::ready(if gone { Err(Fault::new(Code::NotFound)) } else { Ok(world.shown()) })
        };
        let place = self.places.take(&caller(&tenant(), None)).expect("a place");
        Live { look, changed: Arc::clone(&self.changed), stop, one_run, place }.told_from(self.shown())
    }
}

fn run(seed: u64, records: u64) -> Progress {
    let (clock, random) = (ManualClock::default(), SeededRandom::new(seed));
    Progress {
        run: RunId::fresh(&clock, &random),
        sync: SyncId::fresh(&clock, &random),
        connection: ConnectionId::fresh(&clock, &random),
        account: String::new(),
        stream: "issues".to_owned(),
        state: RunState::Running,
        pages: 1,
        records,
        changed: 0,
        deleted: 0,
        total: Some(1_000),
        started_at: Some(Timestamp::from_millis(0)),
        ended_at: None,
        code: None,
    }
}

fn end(run: &mut Progress) {
    (run.state, run.ended_at) = (RunState::Done, Some(Timestamp::from_millis(9)));
}

fn short(told: Option<Told>) -> Option<(bool, u64)> {
    told.map(|told| (told.ended, told.progress.records))
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_how_everything_is_and_then_tells_what_is_different() {
    let mut ended = run(2, 5);
    end(&mut ended);
    let world = World::with(&[run(1, 100), ended]);
    let mut going = world.watched(false, None);
    assert_eq!(short(going.next().await), Some((false, 100)));
    assert_eq!(short(going.next().await), Some((true, 5)), "one that ended a moment ago is told as ended");
    world.change(0, |run| run.records = 200);
    assert_eq!(short(going.next().await), Some((false, 200)));
    world.change(0, end);
    assert_eq!(short(going.next().await), Some((true, 200)));
    world.runs.lock().expect("the runs").push(run(3, 1));
    assert_eq!(short(going.next().await), Some((false, 1)), "a stream about all goes on");
}

#[tokio::test(start_paused = true)]
async fn a_stream_about_one_run_ends_behind_its_end() {
    let world = World::with(&[run(1, 100)]);
    let mut going = world.watched(true, None);
    assert_eq!(short(going.next().await), Some((false, 100)));
    world.change(0, end);
    assert_eq!(short(going.next().await), Some((true, 100)));
    assert_eq!(going.next().await, None);
    let mut late = world.watched(true, None);
    assert_eq!((short(late.next().await), late.next().await), (Some((true, 100)), None), "also of one that is over");
}

#[tokio::test(start_paused = true)]
async fn it_looks_at_most_four_times_a_second_and_at_least_once() {
    let world = World::with(&[run(1, 0)]);
    let mut going = world.watched(false, None);
    going.next().await;
    let begun = Instant::now();
    for records in 1..=40 {
        world.change(0, |run| run.records = records);
        assert_eq!(short(going.next().await), Some((false, records)));
    }
    assert_eq!(begun.elapsed(), PACE * 40, "as fast as it may");
    assert_eq!(world.looks.load(Ordering::Relaxed), 40);
    // Another node's page wakes nobody here.
    let quiet = Instant::now();
    world.runs.lock().expect("the runs")[0].records = 99;
    assert_eq!(short(going.next().await), Some((false, 99)));
    assert!(quiet.elapsed() <= LOOK, "{:?}", quiet.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_that_of_the_last_ten_seconds_and_one_that_falls_to_nothing_is_said_once() {
    let world = World::with(&[run(1, 100)]);
    let mut going = world.watched(false, None);
    let first = going.next().await.expect("how it is").progress;
    assert_eq!((first.records_per_second, first.estimate_seconds), (None, None));
    for _ in 0..30 {
        world.change(0, |run| run.records += 25);
        tokio::time::advance(PACE).await;
        going.next().await;
    }
    world.change(0, |run| run.records += 25);
    let moving = going.next().await.expect("how it is").progress;
    assert_eq!(moving.records, 875);
    assert_eq!((moving.records_per_second, moving.estimate_seconds), (Some(100.0), Some(2)));
    let stopped = Instant::now();
    let still = going.next().await.expect("that it stands still").progress;
    assert_eq!((still.records_per_second, still.estimate_seconds), (Some(0.0), None));
    let after = stopped.elapsed();
    assert!(after >= Duration::from_secs(9) && after <= Duration::from_secs(12), "{after:?}");
    assert!(timeout(Duration::from_secs(60), going.next()).await.is_err(), "and then it is silent");
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_host_stops_and_when_it_cannot_look() {
    let world = World::with(&[run(1, 100)]);
    let (stop, stopped) = watch::channel(false);
    let mut going = world.watched(false, Some(stopped.clone()));
    going.next().await;
    let (told, ()) = tokio::join!(going.next(), async {
        stop.send_replace(true);
    });
    assert_eq!(told, None);
    let mut going = world.watched(false, None);
    going.next().await;
    *world.gone.lock().expect("whether it is gone") = true;
    assert_eq!(going.next().await, None);
}
