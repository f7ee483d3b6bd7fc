//! The outbox of the webhooks: one event for one endpoint each, owned by epoch like a run.
//!
//! - A claim looks at each endpoint that something waits for and takes few of each, in turns, so that one that is
//!   dead or slow and has a million events waiting is in nobody's way.
//! - What was claimed and not ended before its lease lapsed is due again, under the next epoch: every event is sent
//!   at least once, and whoever receives it knows it by its id.

use std::time::Duration;

use patchbay_model::{EventId, EventKind, TenantId, Timestamp, WebhookId};
use sqlx::AssertSqlSafe;

use crate::{
    Event, Page, Store, StoreError, Webhook,
    dialect::Dialect,
    row::{Reader, Row, json, many, one_more, select},
};

/// Events that one replay makes due again.
const REPLAYS: i64 = 50_000;
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

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It arrived.
    Done {
        /// What was answered.
        status: u16,
    },
    /// It is to be tried again.
    Again {
        /// When.
        at: Timestamp,
        /// What was answered, if anything.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Failed {
        /// What was answered, if anything.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

/// What the end of an attempt led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The endpoint was switched off, because it has failed for too long.
    pub disabled: bool,
}

/// A delivery as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place.
    pub no: i64,
    /// What is told.
    pub event: EventId,
    /// What sort of event that is.
    pub kind: EventKind,
    /// `due`, `sending`, `done` or `failed`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// What was answered last.
    pub last_status: Option<u16>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When the event happened, or was asked for again.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub ended_at: Option<Timestamp>,
}

impl Row for Delivery {
    const TABLE: &'static str = "deliveries";
    const FROM: &'static str = "deliveries d JOIN events e ON e.id = d.event";
    const COLUMNS: &'static str = "d.no, d.event, e.kind, d.state, d.attempts, d.next_at, d.last_status, \
        d.last_error, d.created_at, d.ended_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            event: r.next("event")?,
            kind: r.next("kind")?,
            state: r.next("state")?,
            attempts: r.next("attempts")?,
            next_at: r.next("next_at")?,
            last_status: r.next("last_status")?,
            last_error: r.next("last_error")?,
            created_at: r.next("created_at")?,
            ended_at: r.next("ended_at")?,
        })
    }
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

    /// Ends an attempt. One that arrived makes the endpoint a healthy one; an endpoint that nothing has reached for
    /// longer than `disable_after` is switched off, the tenant's others are told, and what is due to it stays due.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed and another has taken over.
    pub async fn end_delivery(
        &self,
        no: i64,
        epoch: i64,
        end: DeliveryEnd,
        disable_after: Duration,
    ) -> Result<Ended, StoreError> {
        let (now, off) = (self.now(), self.switch_off());
        // Beside others: the row is ours by its epoch, and only then its endpoint's row is taken.
        let ended = self
            .write_beside(move |tx| {
                Box::pin(async move {
                    let (state, next_at, status, error) = match end {
                        DeliveryEnd::Done { status } => ("done", None, Some(status), None),
                        DeliveryEnd::Again { at, status, error } => ("due", Some(at), status, Some(error)),
                        DeliveryEnd::Failed { status, error } => ("failed", None, status, Some(error)),
                    };
                    let row = sqlx::query(
                        "UPDATE deliveries SET state = $3, next_at = $4, last_status = $5, last_error = $6, \
                         ended_at = $7, lease_until = NULL WHERE no = $1 AND epoch = $2 AND state = 'sending' \
                         RETURNING webhook",
                    )
                    .bind(no)
                    .bind(epoch)
                    .bind(state)
                    .bind(next_at.map(Timestamp::as_micros))
                    .bind(status.map(i64::from))
                    .bind(error)
                    .bind(next_at.is_none().then(|| now.as_micros()))
                    .fetch_optional(&mut *tx)
                    .await?;
                    let row = row.ok_or(StoreError::Stale)?;
                    let webhook: WebhookId = Reader::of(&row, Delivery::TABLE).next("webhook")?;
                    let row = sqlx::query(
                        "UPDATE webhooks SET failing_since = CASE WHEN $2 THEN NULL ELSE coalesce(failing_since, $4) END, \
                         last_success_at = CASE WHEN $2 THEN $4 ELSE last_success_at END, last_status = $3 \
                         WHERE id = $1 RETURNING failing_since",
                    )
                    .bind(webhook.as_str())
                    .bind(state == "done")
                    .bind(status.map(i64::from))
                    .bind(now.as_micros())
                    .fetch_one(&mut *tx)
                    .await?;
                    let since: Option<Timestamp> = Reader::of(&row, Webhook::TABLE).next("failing_since")?;
                    let days = disable_after.as_secs() / 86_400;
                    let disabled = match since {
                        Some(since) if since.plus(disable_after) <= now => {
                            off.of(tx, &webhook, &format!("Nothing has reached it for {days} days."), now).await?
                        }
                        _ => false,
                    };
                    Ok(Ended { disabled })
                })
            })
            .await?;
        if ended.disabled {
            self.woke();
        }
        Ok(ended)
    }

    /// What an endpoint is told, newest first; in one state, or all.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an endpoint that is not the tenant's; [`StoreError::NoPlace`] for an `after` that
    /// is none.
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        state: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Delivery>, StoreError> {
        self.webhook(tenant, webhook).await?;
        let after = after.map(|after| after.parse::<i64>().map_err(|_| StoreError::NoPlace)).transpose()?;
        let rest = "WHERE d.webhook = $1 AND ($2 IS NULL OR d.state = $2) AND ($3 IS NULL OR d.no < $3) \
            ORDER BY d.no DESC LIMIT $4";
        let statement = sqlx::query(select::<Delivery>(rest)).bind(webhook.as_str()).bind(state).bind(after);
        let items = many(self.read(), statement.bind(one_more(limit))).await?;
        Ok(Page::cut(items, limit, |delivery: &Delivery| delivery.no.to_string()))
    }

    /// Tells an endpoint an event again, whatever became of it before, or for the first time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while it is being sent.
    pub async fn replay_delivery(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        event: &EventId,
    ) -> Result<(), StoreError> {
        let (webhook, event) = (self.webhook(tenant, webhook).await?.id, self.event(tenant, event).await?);
        let replayed = self.replay(webhook, event.tenant, Some(event.id), Timestamp::from_micros(i64::MIN)).await?;
        if replayed == 0 { Err(StoreError::Conflict("it is being delivered")) } else { Ok(()) }
    }

    /// Tells an endpoint again what happened since then and it wants to hear, whatever became of it before; how many,
    /// the oldest 50,000 at most.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn replay_since(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let webhook = self.webhook(tenant, webhook).await?;
        self.replay(webhook.id, webhook.tenant, None, since).await
    }

    async fn replay(
        &self,
        webhook: WebhookId,
        tenant: TenantId,
        event: Option<EventId>,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let replayed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "INSERT INTO deliveries (webhook, event, tenant, state, next_at, created_at) \
                         SELECT w.id, e.id, e.tenant, 'due', $5, $5 FROM webhooks w JOIN events e ON e.tenant = w.tenant \
                         WHERE w.id = $1 AND w.tenant = $2 AND ($3 IS NULL OR e.id = $3) AND e.at >= $4 \
                         AND ($3 IS NOT NULL OR w.kinds = '[]' OR e.kind IN (SELECT k.value FROM json_each(w.kinds) k)) \
                         ORDER BY e.id LIMIT $6 ON CONFLICT (webhook, event) DO UPDATE SET state = 'due', attempts = 0, \
                         next_at = excluded.next_at, ended_at = NULL WHERE deliveries.state <> 'sending'",
                    )
                    .bind(webhook.as_str())
                    .bind(tenant.as_str())
                    .bind(event.as_ref().map(EventId::as_str))
                    .bind(since.as_micros())
                    .bind(now.as_micros())
                    .bind(REPLAYS)
                    .execute(tx)
                    .await?;
                    Ok(done.rows_affected())
                })
            })
            .await?;
        self.woke();
        Ok(replayed)
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

#[cfg(test)]
mod tests;
