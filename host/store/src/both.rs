//! The same operations in the same order on both databases, with the same answers. In the suite's run on PostgreSQL.

use std::{fmt::Debug, time::Duration};

use patchbay_model::{PushState, Random as _, RunState, Schedule, SeededRandom, SyncId, Timestamp};
use sqlx::Row as _;

use crate::{
    ClaimLimits, ClaimedPush, ClaimedRun, NewPush, NextRun, PushEnd, RunEnd, RunFilter, SendPush, Step, StoreError,
    Trigger,
    testing::{LEASE, World, limits, page},
};

/// What one of the two worlds has in its hands.
struct Side {
    world: World,
    runs: Vec<ClaimedRun>,
    pushes: Vec<ClaimedPush>,
    syncs: Vec<SyncId>,
}

/// An operation: what to do, and three numbers for whatever it has to choose.
type Operation = (u8, [usize; 3]);

fn at<T>(of: &[T], n: usize) -> Option<&T> {
    of.get(n.checked_rem(of.len())?)
}

fn said<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(error)) => panic!("{error}"),
        answer => format!("{answer:?}"),
    }
}

impl Side {
    async fn act(&mut self, (what, [a, b, c]): Operation) -> String {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let now = store.now();
        let seconds = Duration::from_secs(u64::try_from(b % 2_000).expect("small"));
        match what {
            0 => {
                let business = format!("b{}", a % 6);
                let settled = store.settle(self.world.consent(&business)).await;
                if let Ok(settled) = &settled {
                    let syncs = store.syncs(tenant, &settled.connection.id).await.expect("syncs");
                    self.syncs.extend(syncs.into_iter().map(|sync| sync.id));
                }
                said(settled)
            }
            1 | 2 => said(store.schedule_due(10).await),
            3..=5 => {
                let limits = ClaimLimits { limit: 3, per_tenant: 4, ..limits() };
                let claimed = store.claim_runs(&limits).await;
                self.runs.extend(claimed.iter().flatten().cloned());
                said(claimed)
            }
            6..=8 => {
                let Some(run) = at(&self.runs, a) else { return String::new() };
                let keys: Vec<String> = (0..b % 5).map(|n| format!("k{}", (n + c) % 9)).collect();
                let value = u32::try_from(c % 3).expect("small");
                let records: Vec<(&str, u32)> = keys.iter().map(|key| (key.as_str(), value)).collect();
                let step = [Step::More, Step::Wait, Step::End, Step::Complete][c % 4];
                said(store.commit_page(page(run, step, &records)).await)
            }
            9 | 10 => {
                if self.runs.is_empty() {
                    return String::new();
                }
                let run = self.runs.remove(a % self.runs.len());
                let state = [RunState::Done, RunState::Failed, RunState::MoreLater, RunState::Stalled][c % 4];
                let next =
                    (b % 3 == 0).then_some(NextRun { at: now.plus(seconds), trigger: Trigger::Retry, attempts: 1 });
                let paused_until = (b % 7 == 0).then(|| now.plus(seconds));
                let end = RunEnd { next, paused_until, ..RunEnd::of(state) };
                said(store.finish_run(&run.run, run.epoch, end).await)
            }
            11 => {
                self.world.clock.advance(seconds);
                said(store.next_due().await)
            }
            12 => match at(&self.runs, a) {
                Some(run) if c % 2 == 0 => said(store.heartbeat_run(&run.run, run.epoch, LEASE).await),
                Some(run) => said(store.cancel_run(tenant, &run.run).await),
                None => String::new(),
            },
            13 => {
                let Some(sync) = at(&self.syncs, a) else { return String::new() };
                match c % 5 {
                    0 => said(store.reset_sync(tenant, sync, "x").await),
                    1 => said(store.backfill_sync(tenant, sync, Timestamp::from_millis(1_000), "x").await),
                    2 => {
                        let schedule = Schedule::Every(Duration::from_secs(60) + seconds);
                        said(store.set_schedule(tenant, sync, schedule, b % 2 == 0, "x").await)
                    }
                    3 => said(store.set_sync_enabled(tenant, sync, b % 3 != 0, "x").await),
                    _ => said(store.enqueue_run(tenant, sync, now.plus(seconds), Trigger::Manual).await),
                }
            }
            14 => {
                let ours: Vec<_> = self.runs.iter().map(|run| (run.run.clone(), run.epoch)).collect();
                said(store.cancelled_runs(&ours).await)
            }
            15 => {
                let lane = (c % 3 > 0).then(|| format!("t{}", c % 3));
                let content_hash = [u8::from(b % 5 == 0); 32];
                let (on_demand, expires_at) = (b % 7 == 0, (b % 3 == 0).then(|| now.plus(seconds)));
                let key = format!("p{}", a % 9);
                let new = NewPush {
                    lane,
                    content_hash,
                    on_demand,
                    expires_at,
                    update: b % 2 == 0,
                    ..self.world.push(&key, None)
                };
                said(store.accept_push(new).await)
            }
            16 if c % 4 == 0 => said(store.expire_pushes(2).await),
            16 => said(store.wake_waiting_pushes().await),
            17 => {
                let claimed = store.claim_pushes(&crate::testing::places(2)).await;
                self.pushes.extend(claimed.iter().flatten().cloned());
                said(claimed)
            }
            _ => {
                let Some(push) = at(&self.pushes, a) else { return String::new() };
                let (id, epoch) = (&push.push.id, push.push.epoch);
                match c % 8 {
                    0 => said(store.step_begin(id, epoch, "create", [1; 32], true).await),
                    1 => said(store.step_lost(id, epoch, "create").await),
                    2 => said(store.step_absent(id, epoch, "create", Duration::ZERO).await),
                    3 => said(store.step_found(id, epoch, "create", "o1", None).await),
                    4 => said(store.finish_push(id, epoch, PushEnd::of(PushState::Unknown)).await),
                    5 => said(store.send_push(tenant, id, SendPush::default(), "x").await),
                    6 => said(store.decide_push(tenant, id, PushEnd::of(PushState::Failed), "x").await),
                    _ if b % 3 == 0 => said(store.withdraw_push(tenant, id, "x").await),
                    _ => said(store.finish_push(id, epoch, PushEnd::of(PushState::Done)).await),
                }
            }
        }
    }

    /// All that the API would show, and what nothing shows.
    async fn all(&self) -> Vec<String> {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let mut all = vec![
            said(store.tally(tenant, None).await),
            said(store.runs(tenant, &RunFilter { limit: 1_000, ..RunFilter::default() }).await),
            said(store.verify_audit().await),
        ];
        for sync in &self.syncs {
            all.push(said(store.sync(tenant, sync).await));
        }
        for statement in [
            "SELECT CAST(seq AS TEXT) || key || coalesce(content, '-') || CAST(pass AS TEXT) || CAST(revision AS TEXT) \
             FROM records ORDER BY seq",
            "SELECT id || action || subject || detail FROM audit ORDER BY no",
            "SELECT id || kind || subject || data FROM events ORDER BY no",
            "SELECT id || state || CAST(epoch AS TEXT) || CAST(deaths AS TEXT) || CAST(queued_at AS TEXT) || \
             coalesce(lane, '-') || CAST(revision AS TEXT) FROM pushes ORDER BY id",
            "SELECT push || state || CAST(at AS TEXT) || coalesce(code, '-') || coalesce(actor, '-') FROM push_moves \
             ORDER BY no",
        ] {
            let rows = sqlx::query(statement).fetch_all(store.read()).await.expect("rows");
            all.extend(rows.iter().map(|row| row.get::<String, _>(0)));
        }
        all
    }
}

#[tokio::test]
async fn the_same_random_operations_have_the_same_answers_on_both_databases() {
    let first = World::open().await;
    if !first.store.is_shared() {
        return; // There is nothing to compare with.
    }
    let mut worlds = Some(first);
    for seed in 0..4 {
        let server = match worlds.take() {
            Some(world) => world,
            None => World::open().await,
        };
        let side = |world| Side { world, runs: Vec::new(), pushes: Vec::new(), syncs: Vec::new() };
        let (mut server, mut file) = (side(server), side(World::on(None).await));
        let random = SeededRandom::new(seed);
        let pick = || {
            let mut bytes = [0; 4];
            random.fill(&mut bytes);
            usize::try_from(u32::from_be_bytes(bytes)).expect("small")
        };
        let mut done = Vec::new();
        for step in 0..250 {
            let operation = (u8::try_from(pick() % 19).expect("small"), [pick(), pick(), pick()]);
            let (there, here) = (server.act(operation).await, file.act(operation).await);
            done.push(operation.0);
            assert_eq!(there, here, "seed {seed}, step {step}: {done:?}");
        }
        assert_eq!(server.all().await, file.all().await, "seed {seed}");
    }
}
