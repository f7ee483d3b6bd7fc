//! The outbox of the webhooks: one event for one endpoint each, owned by epoch like a run.
//!
//! - A claim looks at each endpoint that something waits for and takes few of each, in turns, so that one that is
//!   dead or slow and has a million events waiting is in nobody's way.
//! - What was claimed and not ended before its lease lapsed is due again, under the next epoch: every event is sent
//!   at least once, and whoever receives it knows it by its id.

mod claim;
mod replay;

use std::time::Duration;

use patchbay_model::{EventId, EventKind, TenantId, Timestamp, WebhookId};

pub use claim::ClaimedDelivery;

use crate::{
    Page, Store, StoreError, Webhook,
    row::{Reader, Row, many, one_more, select},
};

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

impl Store {
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
}

#[cfg(test)]
mod tests;
