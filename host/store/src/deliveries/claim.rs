//! Which deliveries are sent next: oldest first, in turns between endpoints.

use std::time::Duration;

use patchbay_model::Timestamp;
use sqlx::AssertSqlSafe;

use crate::{
    Event, Store, StoreError, Webhook,
    dialect::Dialect,
    row::{Reader, Row, json, many},
};

/// Serialises claims on PostgreSQL, so that what an endpoint is sent at once is counted right.
const CLAIMS: &str = "SELECT pg_advisory_xact_lock(7878004)";

/// A delivery that is ours now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// Which.
    pub no: i64,
    /// To be named with its end.
    pub epoch: i64,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// Where to.
    pub webhook: Webhook,
    /// What.
    pub event: Event,
}

impl Row for ClaimedDelivery {
    const TABLE: &'static str = "deliveries";
    const FROM: &'static str = "deliveries d JOIN webhooks w ON w.id = d.webhook JOIN events e ON e.id = d.event";
    const COLUMNS: &'static str = "d.no, d.epoch, d.attempts";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (no, epoch, attempts) = (r.next("no")?, r.next("epoch")?, r.next("attempts")?);
        Ok(Self { no, epoch, attempts, webhook: r.join()?, event: r.join()? })
    }
}

/// What to send next: `$1` now, `$2` at once to one endpoint, `$3` at most; the first of each endpoint, then the second
/// of each. Which endpoints something waits for is found by jumps through the index, however much waits for one.
macro_rules! due {
    ($some:literal) => {
        concat!(
            "WITH RECURSIVE waiting (id) AS (SELECT min(webhook) FROM deliveries WHERE next_at IS NOT NULL \
             UNION ALL SELECT (SELECT min(d.webhook) FROM deliveries d WHERE d.next_at IS NOT NULL \
             AND d.webhook > waiting.id) FROM waiting WHERE waiting.id IS NOT NULL), \
             ready (id, sending) AS (SELECT w.id, (SELECT count(*) FROM deliveries d WHERE d.webhook = w.id \
             AND d.lease_until IS NOT NULL) FROM waiting JOIN webhooks w ON w.id = waiting.id AND w.enabled) \
             SELECT t.no FROM (SELECT d.no, d.next_at, \
             o.sending + row_number() OVER (PARTITION BY o.id ORDER BY d.next_at, d.no) AS turn FROM ready o CROSS JOIN ",
            $some,
            ") t WHERE t.turn <= $2 ORDER BY t.turn, t.next_at, t.no LIMIT $3"
        )
    };
}
const DUE_SQLITE: &str = due!(
    "deliveries d ON d.no IN (SELECT x.no FROM deliveries x \
     WHERE x.webhook = o.id AND x.next_at <= $1 ORDER BY x.next_at, x.no LIMIT $2)"
);
const DUE_POSTGRES: &str = due!(
    "LATERAL (SELECT x.no, x.next_at FROM deliveries x \
     WHERE x.webhook = o.id AND x.next_at <= $1 ORDER BY x.next_at, x.no LIMIT $2) d"
);

impl Store {
    /// Takes deliveries that are due: oldest first, in turns between endpoints, at most `per_webhook` of one under way
    /// in the whole cluster. Nothing of an endpoint that is switched off.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_deliveries(
        &self,
        lease: Duration,
        limit: u32,
        per_webhook: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let (clock, dialect) = (self.clock.clone(), self.dialect());
        // Beside others: claims stand in line for the lock, an end touches a row only while it is `sending` under its
        // own epoch, and what changes endpoints is alone.
        self.write_beside(move |tx| {
            Box::pin(async move {
                if dialect == Dialect::Postgres {
                    sqlx::query(CLAIMS).execute(&mut *tx).await?;
                }
                let now = clock.now();
                sqlx::query(
                    "UPDATE deliveries SET state = 'due', next_at = lease_until, lease_until = NULL WHERE lease_until <= $1",
                )
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                let due = sqlx::query_scalar::<_, i64>(dialect.pick(DUE_SQLITE, DUE_POSTGRES)).bind(now.as_micros());
                let due = due.bind(i64::from(per_webhook)).bind(i64::from(limit)).fetch_all(&mut *tx).await?;
                if due.is_empty() {
                    return Ok(Vec::new());
                }
                let due = json(&due)?;
                sqlx::query(
                    "UPDATE deliveries SET state = 'sending', epoch = epoch + 1, attempts = attempts + 1, \
                     lease_until = $2, next_at = NULL WHERE no IN (SELECT CAST(value AS BIGINT) FROM json_each($1))",
                )
                .bind(due.as_str())
                .bind(now.plus(lease).as_micros())
                .execute(&mut *tx)
                .await?;
                let claimed = AssertSqlSafe(format!(
                    "SELECT {}, {}, {} FROM {} WHERE d.no IN (SELECT CAST(value AS BIGINT) FROM json_each($1)) ORDER BY d.no",
                    ClaimedDelivery::COLUMNS,
                    Webhook::COLUMNS,
                    Event::COLUMNS,
                    ClaimedDelivery::FROM,
                ));
                many(tx, sqlx::query(claimed).bind(due)).await
            })
        })
        .await
    }

    /// The earliest moment at which something is to be sent to an endpoint that is switched on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(
            "SELECT min(at) FROM (SELECT (SELECT min(d.next_at) FROM deliveries d WHERE d.webhook = w.id \
             AND d.next_at IS NOT NULL) AS at FROM webhooks w WHERE w.enabled \
             UNION ALL SELECT min(lease_until) FROM deliveries WHERE lease_until IS NOT NULL) moments",
        )
        .fetch_one(self.read())
        .await?;
        Ok(at.map(Timestamp::from_micros))
    }
}
