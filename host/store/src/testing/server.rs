//! A fresh database of the PostgreSQL server that the suite was given: a copy of one whose tables are made once.

use patchbay_model::Secret;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

#[expect(clippy::disallowed_methods, reason = "how a suite says what its tests run on")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether the suite is to run on PostgreSQL.
pub(crate) fn asked_for() -> bool {
    told("PATCHBAY_STORE_TESTS").as_deref() == Some("postgres")
}

/// Its address; none when the suite runs on SQLite.
pub(crate) async fn fresh_database() -> Option<Secret> {
    if !asked_for() {
        return None;
    }
    let server = told("PATCHBAY_TEST_POSTGRES").expect("the server that the suite runs on");
    let (base, _) = server.rsplit_once('/').expect("an address with a database");
    let mut admin = PgConnection::connect(&server).await.expect("the server");
    let template = format!("patchbay_{}", fingerprint());
    // One test makes the tables; those that begin meanwhile wait for it.
    admin.execute("SET client_min_messages = error; SELECT pg_advisory_lock(1)").await.expect("a lock");
    let there = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(template.as_str());
    if there.fetch_optional(&mut admin).await.expect("a list").is_none() {
        let making = format!("{template}_making");
        admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {making}"))).await.expect("gone");
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {making}"))).await.expect("a database");
        let mut inside = PgConnection::connect(&format!("{base}/{making}")).await.expect("the database");
        sqlx::migrate!("migrations/postgres").run(&mut inside).await.expect("its tables");
        inside.close().await.expect("closed");
        admin.execute(AssertSqlSafe(format!("ALTER DATABASE {making} RENAME TO {template}"))).await.expect("named");
    }
    let name = "SELECT 'test_' || floor(extract(epoch FROM now())) || '_' || replace(gen_random_uuid()::text, '-', '')";
    let name: String = sqlx::query(name).fetch_one(&mut admin).await.and_then(|row| row.try_get(0)).expect("a name");
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template}"))).await.expect("a database");
    tidy_up(&mut admin).await;
    admin.close().await.expect("closed");
    Some(Secret::new(format!("{base}/{name}")))
}

/// Drops some databases of tests that are long over: nobody else does, and each takes 10 MB.
async fn tidy_up(admin: &mut PgConnection) {
    let old = "SELECT datname FROM pg_database d WHERE datname ~ '^test_[0-9]+_' \
        AND CAST(split_part(datname, '_', 2) AS BIGINT) < extract(epoch FROM now()) - 300 \
        AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname) ORDER BY random() LIMIT 3";
    let old: Vec<String> = sqlx::query_scalar(old).fetch_all(&mut *admin).await.unwrap_or_default();
    for name in old {
        // Another test may be dropping it just now.
        drop(admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await);
    }
}

/// What tells one state of the migrations from another.
fn fingerprint() -> String {
    let migrations = sqlx::migrate!("migrations/postgres");
    let sum = migrations.iter().flat_map(|migration| migration.checksum.iter());
    sum.take(8).map(|byte| format!("{byte:02x}")).collect()
}
