//! Who gets a place, and what a claim looks at.

use sqlx::AssertSqlSafe;

use super::*;
use crate::{
    push_queue::{has_room, lanes, room_asked},
    writer::together,
};

fn few(limit: u32, per_tenant: u32, per_connection: u32) -> PushLimits {
    PushLimits { per_tenant, per_connection, ..places(limit) }
}

async fn taken(world: &World, limits: &PushLimits) -> Vec<Push> {
    let claimed = world.store.claim_pushes(limits).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.push).collect()
}

fn names(pushes: &[Push]) -> Vec<&str> {
    pushes.iter().map(|push| push.key.as_str()).collect()
}

/// Another tenant with a connection.
async fn neighbour(world: &World) -> (TenantId, ConnectionId) {
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let consent = crate::Settle { tenant: other.clone(), ..world.consent("b1") };
    (other, world.store.settle(consent).await.expect("settled").connection.id)
}

#[tokio::test]
async fn a_tenant_whose_provider_hangs_takes_no_more_places_than_one_tenant_may() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (other, theirs) = neighbour(&world).await;
    for n in 0..40 {
        put(&world, &format!("k{n:02}"), &id, None).await;
    }
    world.clock.advance(SECOND);
    let late = NewPush { tenant: other.clone(), ..world.push("late", Some(&theirs)) };
    world.store.accept_push(late).await.expect("accepted");
    let first = taken(&world, &few(8, 3, 0)).await;
    assert_eq!(names(&first), ["k00", "k01", "k02", "late"], "the oldest, and nobody is left out");
    assert!(taken(&world, &few(8, 3, 0)).await.is_empty(), "they are counted while they are at work");
    assert_eq!(taken(&world, &few(8, 5, 0)).await.len(), 2);
    leave_as(&world, &first[0], PushEnd::of(PushState::Done)).await;
    assert_eq!(names(&taken(&world, &few(8, 5, 0)).await), ["k05"]);
    assert_eq!(taken(&world, &few(8, 0, 0)).await.len(), 8, "0 is no limit");
    assert_eq!(taken(&world, &few(100, u32::MAX, u32::MAX)).await.len(), 26);
}

#[tokio::test]
async fn the_next_place_is_the_tenants_that_has_the_fewest_at_work() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (other, theirs) = neighbour(&world).await;
    for n in 0..40 {
        put(&world, &format!("k{n:02}"), &id, None).await;
    }
    for n in 0..4 {
        world.clock.advance(SECOND);
        let late = NewPush { tenant: other.clone(), ..world.push(&format!("late{n}"), Some(&theirs)) };
        world.store.accept_push(late).await.expect("accepted");
    }
    assert_eq!(names(&taken(&world, &few(4, 0, 0)).await), ["k00", "k01", "late0", "late1"]);
    assert_eq!(names(&taken(&world, &few(2, 0, 0)).await), ["k02", "late2"]);
}

#[tokio::test]
async fn a_connection_has_its_own_limit_and_its_tenants_others_go_on() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    for n in 0..20 {
        put(&world, &format!("k{n:02}"), &id, None).await;
    }
    put(&world, "other", &other, None).await;
    assert_eq!(names(&taken(&world, &few(8, 0, 2)).await), ["k00", "k01", "other"]);
    let room = |per_tenant, per_connection| {
        let new = NewPush { room: (per_tenant, per_connection), ..world.push("one more", Some(&id)) };
        world.store.write(move |tx| {
            Box::pin(async move {
                let [answer] = together(tx, [room_asked(&new)]).await?;
                has_room(&answer, new.room)
            })
        })
    };
    for (limits, expected) in [((0, 0), true), ((3, 0), false), ((4, 0), true), ((0, 2), false), ((4, 3), true)] {
        assert_eq!(room(limits.0, limits.1).await, Ok(expected), "{limits:?}");
    }
    world.clock.advance(LEASE);
    assert_eq!(taken(&world, &few(8, 1, 1)).await.len(), 3, "whose worker died has its place already");
}

#[tokio::test]
async fn two_nodes_together_take_no_more_than_the_limit() {
    let world = World::open().await;
    let Some(other) = world.node().await else { return };
    let id = world.connect("b1").await.connection.id;
    for n in 0..60 {
        put(&world, &format!("k{n:02}"), &id, None).await;
    }
    let some = few(5, 7, 0);
    let claims = [&world.store, &other, &world.store, &other].map(|node| node.claim_pushes(&some));
    let taken: usize = join_all(claims).await.into_iter().map(|claimed| claimed.expect("claimed").len()).sum();
    assert_eq!(taken, 7);
    other.close().await;
}

#[tokio::test]
async fn what_is_behind_a_long_lane_is_found_and_so_is_a_head_that_is_due_later_than_those_behind_it() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for n in 0..90 {
        put(&world, &format!("deep{n:02}"), &id, Some("deep")).await;
    }
    put(&world, "lane", &id, Some("other")).await;
    put(&world, "free", &id, None).await;
    let ours = taken(&world, &few(8, 0, 0)).await;
    assert_eq!(names(&ours), ["deep00", "lane", "free"]);
    world.clock.advance(SECOND);
    leave_as(&world, &ours[0], due(PushState::Planned, &world)).await;
    assert_eq!(names(&taken(&world, &few(8, 0, 0)).await), ["deep00"], "its turn still");
}

/// Fills a lane, or many, with one statement.
pub(crate) async fn fill(world: &World, id: &ConnectionId, count: u32, lanes: u32) {
    put(world, "model", id, Some("lane0")).await;
    let columns = "tenant, connection, connector, action, target, payload, attachments, content_hash, state, fields, \
        created_at, updated_at, next_at";
    let numbers: Vec<String> = (1..count).map(|n| format!("{n:06}")).collect();
    let list = serde_json::to_string(&numbers).expect("a list");
    world
        .ddl(format!(
            "INSERT INTO pushes (id, key, lane, queued_at, {columns}) SELECT substr(p.id, 1, 24) || n.value, 'n' || n.value, \
             'lane' || CAST(CAST(n.value AS BIGINT) % {lanes} AS TEXT), p.queued_at + CAST(n.value AS BIGINT), \
             {columns} FROM pushes p CROSS JOIN json_each('{list}') n WHERE p.key = 'model'"
        ))
        .await;
}

#[tokio::test]
async fn a_claim_looks_at_no_more_of_a_long_backlog_than_of_a_short_one() {
    let world = World::open().await;
    if world.store.is_shared() {
        return; // Its planner decides by what it has counted.
    }
    let plans = [
        lanes::heads_statement(Dialect::Sqlite),
        lanes::heads_of_connection(Dialect::Sqlite),
        due::ready_statement(Dialect::Sqlite),
        due::of_each(Dialect::Sqlite),
    ];
    for statement in plans {
        let plan = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
        let plan: Vec<(i64, i64, i64, String)> =
            plan.bind("").bind("").fetch_all(world.store.read()).await.expect("a plan");
        let reads: Vec<&str> = plan.iter().map(|line| line.3.as_str()).collect();
        let whole =
            |line: &&str| line.starts_with("SCAN p") || line.starts_with("SCAN h") || line.contains("TEMP B-TREE");
        assert!(!reads.iter().any(whole), "{statement}\n{reads:#?}");
        assert!(reads.iter().any(|line| line.contains("INDEX pushes_")), "{reads:#?}");
    }
}
