//! Promises of the list, on both databases.

use std::{collections::BTreeSet, time::Duration};

use patchbay_model::{Random as _, SeededRandom};

use super::*;
use crate::{ConnectionUpdate, NewAccount, testing::World};

/// Ids of all pages, one after the other, with `between` done after each.
async fn walked(world: &World, filter: &ConnectionFilter, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut filter, mut ids) = (filter.clone(), Vec::new());
    loop {
        let page = world.store.connections(&world.tenant, &filter).await.expect("a page");
        assert!(page.items.len() <= usize::try_from(filter.limit).expect("small"));
        ids.extend(page.items.iter().map(|row| row.id.to_string()));
        filter.after = page.next;
        if filter.after.is_none() {
            return ids;
        }
        between(ids.len()).await;
    }
}

async fn rows(world: &World) -> Vec<Connection> {
    let filter = ConnectionFilter { limit: 200, ..ConnectionFilter::default() };
    world.store.connections(&world.tenant, &filter).await.expect("all").items
}

fn every_order() -> impl Iterator<Item = (ConnectionSort, bool)> {
    ConnectionSort::ALL.into_iter().flat_map(|sort| [(sort, false), (sort, true)])
}

/// Connections with few different values in each column, so that most are equal.
async fn many_alike(world: &World, random: &SeededRandom, count: usize) {
    let pick = |of: usize| {
        let mut byte = [0_u8];
        random.fill(&mut byte);
        usize::from(byte[0]) % of
    };
    let there = rows(world).await.len();
    for n in there..there + count {
        let mut consent = world.consent(&format!("b{n}"));
        consent.connector = ["acme.books", "acme.desk", "zeta.post"][pick(3)].to_owned();
        consent.business_name = ["alpha", "Alpha", "été"][pick(3)].to_owned();
        consent.name = ["Same", "same", ""][pick(3)].to_owned();
        let account = consent.accounts.remove(0);
        let numbered = |n: usize| NewAccount { provider_id: format!("a{n}"), usable: n != 1, ..account.clone() };
        consent.accounts = (0..pick(4)).map(numbered).collect();
        consent.syncs.clear();
        if pick(3) == 0 {
            world.clock.advance(Duration::from_millis(1));
        }
        let id = world.store.settle(consent).await.expect("a connection").connection.id;
        let state = [ConnectionState::Active, ConnectionState::Broken, ConnectionState::NeedsSetup][pick(3)];
        world.store.set_connection_state(&world.tenant, &id, state, None, "test").await.expect("a state");
    }
}

#[tokio::test]
async fn every_order_up_and_down_has_each_connection_once_however_many_are_equal() {
    let world = World::open().await;
    for seed in 0..3 {
        many_alike(&world, &SeededRandom::new(seed), 14).await;
        let all: BTreeSet<String> = rows(&world).await.iter().map(|row| row.id.to_string()).collect();
        for (sort, descending) in every_order() {
            for limit in [1, 4, 7, 200] {
                let filter =
                    ConnectionFilter { sort, descending: Some(descending), limit, ..ConnectionFilter::default() };
                let ids = walked(&world, &filter, async |_| {}).await;
                assert_eq!(ids.len(), all.len(), "{sort:?} {descending} {limit}: one is missing or comes twice");
                assert_eq!(BTreeSet::from_iter(ids.iter().cloned()), all, "{sort:?} {descending} {limit}");
                let mut rows = rows(&world).await;
                rows.sort_by(|one, other| {
                    let order = compare(sort, one, other).then_with(|| one.id.as_str().cmp(other.id.as_str()));
                    if descending { order.reverse() } else { order }
                });
                let expected: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
                assert_eq!(ids, expected, "{sort:?} {descending}");
            }
        }
        let filter = ConnectionFilter::default();
        let total = world.store.count_connections(&world.tenant, &filter).await;
        assert_eq!(total, Ok(u64::try_from(all.len()).expect("small")));
    }
}

/// What the order of two connections is, said without the database.
fn compare(sort: ConnectionSort, one: &Connection, other: &Connection) -> std::cmp::Ordering {
    let urgency = |row: &Connection| match row.state {
        ConnectionState::Broken => 0,
        ConnectionState::NeedsSetup => 1,
        ConnectionState::Pending => 2,
        ConnectionState::Active | ConnectionState::Deleted => 3,
    };
    let accounts = |row: &Connection| (row.state == ConnectionState::Broken, row.usable_accounts);
    match sort {
        ConnectionSort::Created => one.id.cmp(&other.id),
        ConnectionSort::Name => one.name.to_ascii_lowercase().cmp(&other.name.to_ascii_lowercase()),
        ConnectionSort::Updated => one.updated_at.cmp(&other.updated_at),
        ConnectionSort::Connector => one.connector.cmp(&other.connector),
        ConnectionSort::BusinessName => {
            one.business_name.to_ascii_lowercase().cmp(&other.business_name.to_ascii_lowercase())
        }
        ConnectionSort::AccountStatus if one.state == other.state && one.state == ConnectionState::Broken => {
            std::cmp::Ordering::Equal
        }
        ConnectionSort::AccountStatus => accounts(one).cmp(&accounts(other)),
        ConnectionSort::BusinessId => one.business_id.cmp(&other.business_id),
        ConnectionSort::Authorized => one.authorized_at.cmp(&other.authorized_at),
        ConnectionSort::State => urgency(one).cmp(&urgency(other)),
    }
}

#[tokio::test]
async fn what_comes_and_goes_between_two_pages_moves_nothing_else() {
    for (sort, descending) in every_order() {
        let world = World::open().await;
        many_alike(&world, &SeededRandom::new(5), 12).await;
        let before: Vec<String> = rows(&world).await.iter().map(|row| row.id.to_string()).collect();
        let filter = ConnectionFilter { sort, descending: Some(descending), limit: 3, ..ConnectionFilter::default() };
        let gone = std::cell::RefCell::new(BTreeSet::new());
        let ids = walked(&world, &filter, async |seen| {
            // One that was read goes, and one comes, wherever it stands in this order.
            let all = rows(&world).await;
            let first = all.iter().find(|row| before.contains(&row.id.to_string())).expect("one of the old ones");
            gone.borrow_mut().insert(first.id.to_string());
            let deleted = world.store.delete_connection(&world.tenant, &first.id, false, None, "person").await;
            deleted.expect("deleted");
            if seen < 30 {
                world.connect(&format!("late{seen}")).await;
            }
        })
        .await;
        let gone = gone.into_inner();
        let mut once = BTreeSet::new();
        assert!(ids.iter().all(|id| once.insert(id.clone())), "{sort:?} {descending}: one came twice");
        for id in before.iter().filter(|id| !gone.contains(*id)) {
            assert!(once.contains(id), "{sort:?} {descending}: {id} was skipped");
        }
    }
}

#[tokio::test]
async fn a_place_of_another_order_is_none_of_this() {
    let world = World::open().await;
    for n in ["a", "b"] {
        world.connect(n).await;
    }
    let mut places = Vec::new();
    for (sort, descending) in every_order() {
        let filter = ConnectionFilter { sort, descending: Some(descending), limit: 1, ..ConnectionFilter::default() };
        let page = world.store.connections(&world.tenant, &filter).await.expect("a page");
        places.push((filter, page.next.expect("a second page")));
    }
    for (filter, own) in &places {
        for (_, place) in &places {
            let filter = ConnectionFilter { after: Some(place.clone()), ..filter.clone() };
            let read = world.store.connections(&world.tenant, &filter).await;
            assert_eq!(read.is_ok(), place == own, "{place} for {filter:?}");
        }
    }
    for nonsense in ["", "u", "ucon_", "Ucon_000000000000000000000000x1", "\u{fffd}", "é"] {
        let filter = ConnectionFilter {
            sort: ConnectionSort::Updated,
            after: Some(nonsense.to_owned()),
            limit: 1,
            ..ConnectionFilter::default()
        };
        assert_eq!(world.store.connections(&world.tenant, &filter).await, Err(StoreError::NoPlace), "{nonsense}");
    }
}

#[tokio::test]
async fn a_search_finds_by_what_a_person_sees_and_counts_what_it_finds() {
    let world = World::open().await;
    let first = world.connect("b1").await.connection.id;
    let mut other = world.consent("x9");
    (other.connector, other.login) = ("zeta.post".to_owned(), Some("Piet@Example.nl".to_owned()));
    other.name = "Kas".to_owned();
    world.store.settle(other).await.expect("a connection");
    let renamed = ConnectionUpdate { name: Some("Main books".to_owned()), ..ConnectionUpdate::default() };
    world.store.update_connection(&world.tenant, &first, renamed, "person").await.expect("renamed");
    for (query, found, wanted) in [
        ("main BOOKS", "", "b1"),
        ("x9 ltd", "", "x9"),
        ("piet@", "", "x9"),
        ("B1", "", "b1"),
        ("%", "", ""),
        ("posterous", "zeta.post", "x9"),
        ("b1", "zeta.post", "b1x9"),
    ] {
        let filter = ConnectionFilter {
            query: Some(query.to_owned()),
            found: [found].into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            sort: ConnectionSort::BusinessId,
            limit: 9,
            ..ConnectionFilter::default()
        };
        let items = world.store.connections(&world.tenant, &filter).await.expect("found").items;
        let ids: String = items.iter().map(|row| row.business_id.as_str()).collect();
        assert_eq!(ids, wanted, "{query}");
        let total = world.store.count_connections(&world.tenant, &filter).await;
        assert_eq!(total, Ok(u64::try_from(items.len()).expect("small")), "{query}");
    }
}

/// What is ordered by has an index with the tenant before it and the id behind: a page of ten thousand connections is read from
/// where it begins, fifty rows long. Only what no index can hold is looked up for each connection, and then ordered.
#[tokio::test]
async fn a_page_is_read_from_its_place_in_every_order_that_an_index_can_hold() {
    let world = World::open().await;
    if world.store.is_shared() {
        return; // Its planner decides by what it has counted.
    }
    for (sort, descends) in every_order() {
        for behind in [false, true] {
            let statement = page(sort, descends, behind);
            let plan = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
            let plan: Vec<(i64, i64, i64, String)> = plan.fetch_all(world.store.read()).await.expect("a plan");
            let reads: Vec<&str> = plan.iter().map(|line| line.3.as_str()).collect();
            let within = if behind { ">?" } else { "tenant=?)" };
            let within = if behind && descends { "<?" } else { within };
            let at_its_place = |line: &&str| line.starts_with("SEARCH c USING") && line.contains(within);
            let held = !matches!(sort, ConnectionSort::AccountStatus | ConnectionSort::State);
            assert!(!held || reads.iter().any(at_its_place), "{sort:?} {descends} {behind}\n{reads:#?}");
            // The page itself is put in order once more when it is read.
            let ordered = reads.iter().filter(|line| line.contains("TEMP B-TREE")).count();
            assert!(ordered <= if held { 1 } else { 2 }, "{sort:?} {descends} {behind}\n{reads:#?}");
        }
    }
}
