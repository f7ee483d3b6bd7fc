//! What a search of records promises.

use patchbay_model::RunState;

use super::*;
use crate::{
    ClaimedRun, PageCommit, PageRecord, RunEnd, Settled, Step,
    testing::{World, page},
};

/// What a picker of clients looks for.
fn looking(query: &str) -> RecordSearch {
    RecordSearch {
        stream: "invoices".into(),
        value: "/id".into(),
        label: "/name".into(),
        hint: Some("/code".into()),
        query: query.into(),
        limit: 10,
        ..RecordSearch::default()
    }
}

struct Stocked {
    world: World,
    settled: Settled,
    run: ClaimedRun,
}

impl Stocked {
    async fn with(records: &[&str]) -> Self {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let stocked = Self { world, settled, run };
        let records = records.iter().enumerate().map(|(n, content)| (n.to_string(), *content));
        stocked.put(records.collect::<Vec<_>>()).await;
        stocked
    }

    async fn put(&self, records: Vec<(String, &str)>) {
        let records = records.into_iter().map(|(key, content)| PageRecord { key, content: content.to_owned() });
        let page = PageCommit { records: records.collect(), ..page(&self.run, Step::More, &[]) };
        self.world.store.commit_page(page).await.expect("stored");
    }

    async fn delete(&self, key: &str) {
        let page = PageCommit { deleted: vec![key.to_owned()], ..page(&self.run, Step::More, &[]) };
        self.world.store.commit_page(page).await.expect("stored");
    }

    async fn search(&self, search: &RecordSearch) -> RecordsFound {
        let id = &self.settled.connection.id;
        self.world.store.search_records(&self.world.tenant, id, search).await.expect("searched")
    }

    async fn ids(&self, search: &RecordSearch) -> Vec<String> {
        self.search(search).await.choices.into_iter().map(|choice| choice.id).collect()
    }
}

#[tokio::test]
async fn a_picker_finds_by_label_or_hint_under_its_parent() {
    let stocked = Stocked::with(&[
        r#"{"id":7,"name":"Travel","code":"600","book":{"id":"x"}}"#,
        r#"{"id":8,"name":"travel abroad","code":"601","book":{"id":"y"}}"#,
        r#"{"id":9,"name":"Rent","code":"travel-no","book":{"id":"x"}}"#,
        r#"{"id":10,"code":"nameless","book":{"id":"x"}}"#,
        r#"{"id":null,"name":"travel without an id","book":{"id":"x"}}"#,
        r#"{"id":{"odd":1},"name":"travel with an odd one","book":{"id":"x"}}"#,
    ])
    .await;
    let under = |query: &str, parent: &str| RecordSearch {
        parents: vec![("/book/id".into(), parent.into())],
        ..looking(query)
    };
    assert_eq!(stocked.ids(&under("TRAVEL", "x")).await, ["7", "9"]);
    assert_eq!(stocked.ids(&under("", "x")).await, ["9", "7"], "by label");
    assert_eq!(stocked.ids(&under("travel", "y")).await, ["8"]);
    assert_eq!(stocked.ids(&under("travel", "")).await, Vec::<String>::new(), "no choice is not any choice");
    for query in ["x' OR 1=1 --", "tr_vel", "t%", "*", "\"", "\u{0}", "[a-z]", "ravel$"] {
        assert_eq!(stocked.ids(&under(query, "x")).await, Vec::<String>::new(), "{query:?} has no meaning of its own");
    }
    let odd = RecordSearch { label: "/name\") OR (\"".into(), ..looking("") };
    assert_eq!(stocked.ids(&odd).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_label_that_begins_with_what_was_typed_comes_first_and_case_does_not_matter() {
    let stocked = Stocked::with(&[
        r#"{"id":"1","name":"Zoë Ångström","code":"c1"}"#,
        r#"{"id":"2","name":"ÅNGSTRÖM AB","code":"c2"}"#,
        r#"{"id":"3","name":"Bakery","code":"by ångström"}"#,
        r#"{"id":"ångström","name":"Quiet","code":"c4"}"#,
        r#"{"id":"5","name":"100 % Ångström","code":"c5"}"#,
        r#"{"id":"6","name":"Angstrom","code":"c6"}"#,
    ])
    .await;
    for query in ["ångström", "ÅNGSTRÖM", "  ÅngSTRöm "] {
        let found = stocked.ids(&looking(query)).await;
        assert_eq!(found.first().map(String::as_str), Some("2"), "{query}: {found:?}");
        assert_eq!(found.len(), if query == "ångström" { 5 } else { 4 }, "an id is found by all of it: {found:?}");
        assert_eq!(found.get(1).map(String::as_str), Some("5"), "then by label: {found:?}");
    }
    assert_eq!(stocked.ids(&looking("ångströ")).await.len(), 4);
}

#[tokio::test]
async fn what_changes_is_found_as_it_is_now() {
    let stocked = Stocked::with(&[r#"{"id":1,"name":"Ann"}"#, r#"{"id":2,"name":"Anton"}"#]).await;
    assert_eq!(stocked.ids(&looking("an")).await, ["1", "2"]);
    stocked.put(vec![("0".into(), r#"{"id":1,"name":"Bea"}"#), ("9".into(), r#"{"id":3,"name":"Anouk"}"#)]).await;
    assert_eq!(stocked.ids(&looking("an")).await, ["3", "2"]);
    assert_eq!(stocked.ids(&looking("bea")).await, ["1"]);
    stocked.delete("1").await;
    assert_eq!(stocked.ids(&looking("an")).await, ["3"]);
    stocked.put(vec![("9".into(), r#"{"id":3}"#)]).await;
    assert_eq!(stocked.ids(&looking("")).await, ["1"], "one without a label is no choice any more");
    let held = stocked.world.store.searches.list(&key_of(&stocked, &looking("")));
    let (held, fresh) = (held.lock().await.bytes(), Stocked::with(&[r#"{"id":1,"name":"Bea"}"#]).await);
    fresh.ids(&looking("")).await;
    let fresh = fresh.world.store.searches.list(&key_of(&fresh, &looking(""))).lock().await.bytes();
    assert_eq!(held, fresh, "what is held is counted right");
}

fn key_of(stocked: &Stocked, search: &RecordSearch) -> Key {
    let lists = &stocked.world.store.searches.0.lock().expect("not poisoned").lists;
    let key = lists.keys().find(|(_, fields)| fields.label == search.label);
    key.expect("a list").clone()
}

#[tokio::test]
async fn deletions_that_were_forgotten_meanwhile_are_not_missed() {
    let stocked = Stocked::with(&[r#"{"id":1,"name":"Ann"}"#, r#"{"id":2,"name":"Anton"}"#]).await;
    assert_eq!(stocked.ids(&looking("")).await, ["1", "2"]);
    stocked.delete("0").await;
    // As the retention leaves it.
    stocked.world.ddl("DELETE FROM records WHERE content IS NULL").await;
    stocked.world.ddl("UPDATE tenants SET seq_floor = seq").await;
    stocked.put(vec![("9".into(), r#"{"id":3,"name":"Bea"}"#)]).await;
    assert_eq!(stocked.ids(&looking("")).await, ["2", "3"]);
}

#[tokio::test]
async fn pages_follow_each_other_and_one_choice_of_several_records_is_one() {
    let records: Vec<String> = (0..50).map(|n| format!(r#"{{"id":{},"name":"N{:02}"}}"#, n % 25, n % 25)).collect();
    let stocked = Stocked::with(&records.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let page = |skip| RecordSearch { skip, ..looking("n") };
    let (mut seen, mut skip) = (Vec::new(), 0);
    loop {
        let found = stocked.search(&page(skip)).await;
        seen.extend(found.choices.into_iter().map(|choice| choice.id));
        if !found.more {
            break;
        }
        skip += 10;
    }
    assert_eq!(seen, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_is_too_large_to_be_held_is_searched_as_it_is_read() {
    let stocked = Stocked::with(&[r#"{"id":1,"name":"Ann"}"#, r#"{"id":2,"name":"Anton"}"#]).await;
    let (pool, key) = (stocked.world.store.read(), {
        stocked.ids(&looking("")).await;
        key_of(&stocked, &looking(""))
    });
    let end: i64 = stocked.world.number("SELECT max(seq) FROM records").await;
    let mut list = List::default();
    assert!(!list.catch_up(pool, key.0, &key.1, 0, end, 10).await.expect("read"), "it has no room");
    assert_eq!(list.bytes(), 0);
    let wanted = Wanted { text: "an".into(), id: "an".into(), parents: Vec::new() };
    let mut matches = Matches::of(wanted, 11);
    list::search_unheld(pool, key.0, &key.1, &mut matches).await.expect("searched");
    assert_eq!(matches.page(0, 10).0.len(), 2);
}

#[tokio::test]
async fn lists_share_a_room_and_the_one_that_was_used_longest_ago_goes() {
    let searches = Searches::default();
    let fields = Arc::new(Fields { value: "/a".into(), label: "/b".into(), hint: None, parents: Vec::new() });
    for sync in 1..=3 {
        searches.list(&(sync, Arc::clone(&fields)));
        searches.took(&(sync, Arc::clone(&fields)), ROOM / 2 - 10);
        searches.list(&(1, Arc::clone(&fields)));
    }
    let mut left: Vec<i64> = searches.0.lock().expect("not poisoned").lists.keys().map(|(sync, _)| *sync).collect();
    left.sort_unstable();
    assert_eq!(left, [1, 3]);
}

#[tokio::test]
async fn how_old_it_is_and_whether_it_is_being_read_is_said_and_nothing_of_what_is_not_read_is_found() {
    let stocked = Stocked::with(&[r#"{"id":1,"name":"Ann"}"#]).await;
    let (store, tenant) = (&stocked.world.store, &stocked.world.tenant);
    let found = stocked.search(&looking("ann")).await;
    assert_eq!((found.choices.len(), found.as_of, found.refreshing), (1, None, true));
    let done = RunEnd::of(RunState::Done);
    store.finish_run(&stocked.run.run, stocked.run.epoch, done).await.expect("ended");
    let found = stocked.search(&looking("ann")).await;
    assert_eq!((found.as_of, found.refreshing), (Some(store.now()), false));
    let other = RecordSearch { account: Some("a2".into()), ..looking("ann") };
    assert_eq!(stocked.search(&other).await.choices, []);
    let theirs = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let id = &stocked.settled.connection.id;
    assert_eq!(store.search_records(&theirs, id, &looking("ann")).await, Err(StoreError::NotFound));
    store.set_sync_enabled(tenant, &stocked.run.sync, false, "jane").await.expect("off");
    assert_eq!(stocked.search(&looking("ann")).await.choices, [], "it is not read any more");
}

/// Prints figures and asserts none: how long a search takes while somebody types, over 20,000 records.
#[tokio::test]
async fn typing_over_twenty_thousand_records() {
    let stocked = Stocked::with(&[]).await;
    let filler = "x".repeat(300);
    let records: Vec<String> = (0..20_000)
        .map(|n| {
            let name =
                format!("{} {} {n}", ["Ångström", "Becker", "Claes", "Dubois"][n % 4], ["AB", "BV", "GmbH"][n % 3]);
            format!(
                r#"{{"id":{n},"name":"{name}","code":"C{:05}","notes":"{filler}","book":{{"id":"{}"}}}}"#,
                n,
                n % 50
            )
        })
        .collect();
    for (part, chunk) in records.chunks(1_000).enumerate() {
        let keyed = chunk.iter().enumerate().map(|(n, text)| (format!("{part}-{n}"), text.as_str())).collect();
        stocked.put(keyed).await;
    }
    let began = std::time::Instant::now();
    stocked.ids(&looking("")).await;
    let cold = began.elapsed();
    let (mut times, mut after_a_page) = (Vec::new(), Vec::new());
    for typed in ["ångström ab 1999", "becker 12", "c19999", "zzz", "", "dubois gmbh"] {
        for length in 0..=typed.chars().count() {
            let query: String = typed.chars().take(length).collect();
            let began = std::time::Instant::now();
            let found = stocked.ids(&looking(&query)).await;
            times.push(began.elapsed());
            assert!(found.len() <= 10);
        }
        stocked.put(vec![(format!("new {typed}"), r#"{"id":"new","name":"New"}"#)]).await;
        let began = std::time::Instant::now();
        stocked.ids(&looking("new")).await;
        after_a_page.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100];
    println!(
        "20,000 records: first search {cold:?}, then median {:?}, 95 % within {:?}, longest {:?}; after a page {:?}",
        at(50),
        at(95),
        times[times.len() - 1],
        after_a_page.iter().max()
    );
}
