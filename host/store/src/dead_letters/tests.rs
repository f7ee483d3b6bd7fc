//! What the list of unreadable records promises.

use super::*;
use crate::{
    PageCommit, Step,
    testing::{World, page},
};

fn letter(n: u8, reason: &str) -> NewDeadLetter {
    NewDeadLetter { key: Some(format!("k{n}")), hash: [n; 32], reason: reason.into(), excerpt: "{\"a\":".into() }
}

#[tokio::test]
async fn a_content_that_cannot_be_read_is_one_line_however_often_it_comes() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let bad = |refused| PageCommit { refused, ..page(&run, Step::More, &[("a", 1)]) };
    world.store.commit_page(bad(vec![letter(1, "no key"), letter(2, "cut"), letter(1, "no key")])).await.expect("one");
    world.clock.advance(std::time::Duration::from_secs(1));
    world.store.commit_page(bad(vec![letter(2, "cut short")])).await.expect("two");
    let (store, tenant, id) = (&world.store, &world.tenant, &settled.connection.id);
    let all = store.dead_letters(tenant, id, None, None, 9).await.expect("letters");
    let seen: Vec<_> = all.items.iter().map(|it| (it.key.as_deref(), it.times, it.reason.as_str())).collect();
    assert_eq!(seen, [(Some("k2"), 2, "cut short"), (Some("k1"), 2, "no key")]);
    let second = &all.items[0];
    assert_eq!((second.hash.as_str(), second.run.as_str()), ("02".repeat(32).as_str(), run.run.as_str()));
    assert!(second.last_at > second.first_at);
    assert_eq!((second.account.as_str(), second.stream.as_str()), ("a1", "invoices"));

    let first = store.dead_letters(tenant, id, Some("invoices"), None, 1).await.expect("a page");
    let rest = store.dead_letters(tenant, id, Some("invoices"), first.next.as_deref(), 1).await.expect("a page");
    assert_eq!((rest.items.len(), rest.next), (1, None));
    assert!(store.dead_letters(tenant, id, Some("other"), None, 9).await.expect("none").items.is_empty());
    assert_eq!(store.dead_letters(tenant, id, None, Some("x"), 9).await.err(), Some(StoreError::NoPlace));
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.dead_letters(&other, id, None, None, 9).await.err(), Some(StoreError::NotFound));
    assert_eq!(world.number("SELECT refused FROM runs").await, 4, "each time counts");
    assert_eq!(world.number("SELECT refused FROM syncs").await, 4);
}

#[tokio::test]
async fn a_page_keeps_only_so_many_but_counts_all() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let refused = (0..=255).map(|n| letter(n, "bad")).collect();
    world.store.commit_page(PageCommit { refused, ..page(&run, Step::More, &[]) }).await.expect("stored");
    assert_eq!(world.number("SELECT count(*) FROM dead_letters").await, 100);
    assert_eq!(world.number("SELECT refused FROM runs").await, 256);
}

#[tokio::test]
async fn a_provider_that_sends_other_nonsense_each_time_fills_no_disk() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    for n in 0..=PER_SYNC / 100 {
        let refused = (0..100_i64).map(|m| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(n * 100 + m).to_be_bytes());
            NewDeadLetter { hash, ..letter(1, "no key") }
        });
        let bad = PageCommit { refused: refused.collect(), ..page(&run, Step::More, &[]) };
        world.store.commit_page(bad).await.expect("stored");
    }
    assert_eq!(world.number("SELECT count(*) FROM dead_letters").await, PER_SYNC);
    assert_eq!(world.number("SELECT refused FROM runs").await, PER_SYNC + 100, "each one is counted");
}
