use std::{collections::BTreeSet, future::poll_fn, pin::pin, task::Poll};

use patchbay_model::{Random as _, SeededRandom};

use super::*;
use crate::{Location, testing::World};

/// A future that is dropped after so many polls; its answer, if it came before.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn put(connection: &mut AnyConnection, key: String) -> futures_util::future::BoxFuture<'_, Result<(), StoreError>> {
    Box::pin(async move {
        let statement = sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)");
        statement.bind(key).bind(vec![1_u8]).execute(connection).await?;
        Ok(())
    })
}

/// What nobody should do, but a library may: a transaction in a future that somebody drops, never committed.
#[expect(clippy::disallowed_methods, reason = "what is forbidden elsewhere is what is tested here")]
async fn raw(pool: &AnyPool, key: String) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
        .bind(key)
        .bind(vec![1_u8])
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

/// Whether the next one gets a connection inside somebody's transaction. Asked without parameters, so in one message:
/// outside of a transaction it begins with the statement.
async fn in_a_transaction(pool: &AnyPool) -> bool {
    let mut connection = pool.acquire().await.expect("a connection");
    let fresh = "SELECT now() = statement_timestamp() AND pg_current_xact_id_if_assigned() IS NULL";
    let row = connection.fetch_one(fresh).await.expect("an answer");
    !row.try_get::<bool, _>(0).expect("a truth")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_dropped_futures_lose_nothing_that_was_answered_and_leave_no_transaction_open() {
    let world = World::open().await;
    let Location::Server(url) = &world.config.location else { return };
    let pool = pool(url.expose(), 2, false).await.expect("a pool");
    let server = Server::over(pool.clone(), None);
    let random = SeededRandom::new(5);
    let pick = |below: usize| {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        usize::try_from(u32::from_be_bytes(bytes)).expect("small") % below
    };
    let (mut answered, mut cancelled) = (BTreeSet::new(), 0);
    let mut n = 0;
    while cancelled < 5_000 {
        let some = (0..10).map(|_| {
            n += 1;
            let (kind, polls, key) = (pick(6), pick(14), format!("{n}"));
            let (server, pool) = (&server, &pool);
            async move {
                match kind {
                    0 => {
                        let key = format!("raw{key}");
                        cut(raw(pool, key), polls).await.map(|_| None)
                    }
                    1 => cut(pool.acquire(), polls).await.map(|_| None),
                    2 => {
                        let statement = sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)");
                        let statement = statement.bind(key.clone()).bind(vec![1_u8]).execute(pool);
                        cut(statement, polls).await.map(|done| done.is_ok().then_some(key))
                    }
                    _ => {
                        let company = if kind == 3 { Company::Alone } else { Company::Beside };
                        let mine = key.clone();
                        let done = cut(server.write(company, move |tx| put(tx, mine)), polls).await;
                        done.map(|done| done.is_ok().then_some(key))
                    }
                }
            }
        });
        for end in futures_util::future::join_all(some).await {
            match end {
                None => cancelled += 1,
                Some(key) => answered.extend(key),
            }
        }
        if n % 100 == 0 {
            assert!(!in_a_transaction(&pool).await, "after {n}");
        }
    }
    for _ in 0..20 {
        assert!(!in_a_transaction(&pool).await);
    }
    server.close().await;
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT key FROM meta").fetch_all(world.store.read()).await.expect("keys");
    let kept: BTreeSet<_> = kept.into_iter().collect();
    assert!(answered.len() > 100, "{}", answered.len());
    assert_eq!(answered.difference(&kept).count(), 0, "answered, and not there");
    assert_eq!(kept.iter().filter(|key| key.starts_with("raw")).count(), 0, "never committed, and there");
}
