//! Telling again: an application that was down, or lost what it was told, asks for it.

use patchbay_model::{EventId, EventKind, TenantId, Timestamp, WebhookId};

use crate::{Store, StoreError, row::json};

/// Events that one replay makes due again.
const REPLAYS: i64 = 5_000;

impl Store {
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
    /// the oldest 5,000 at most: ask again from the last one for more.
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
        let quiet: Vec<&str> = EventKind::ALL.iter().filter(|kind| kind.is_quiet()).map(|kind| kind.as_str()).collect();
        let (now, quiet) = (self.now(), json(&quiet)?);
        let replayed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "INSERT INTO deliveries (webhook, event, tenant, state, next_at, created_at) \
                         SELECT w.id, e.id, e.tenant, 'due', $5, $5 FROM webhooks w JOIN events e ON e.tenant = w.tenant \
                         WHERE w.id = $1 AND w.tenant = $2 AND ($3 IS NULL OR e.id = $3) AND e.at >= $4 \
                         AND (e.kind <> 'webhook.test' OR e.subject = w.id) \
                         AND ($3 IS NOT NULL OR (w.kinds = '[]' AND e.kind NOT IN (SELECT q.value FROM json_each($7) q)) \
                         OR e.kind IN (SELECT k.value FROM json_each(w.kinds) k)) \
                         ORDER BY e.id LIMIT $6 ON CONFLICT (webhook, event) DO UPDATE SET state = 'due', attempts = 0, \
                         next_at = excluded.next_at, ended_at = NULL WHERE deliveries.state <> 'sending'",
                    )
                    .bind(webhook.as_str())
                    .bind(tenant.as_str())
                    .bind(event.as_ref().map(EventId::as_str))
                    .bind(since.as_micros())
                    .bind(now.as_micros())
                    .bind(REPLAYS)
                    .bind(quiet)
                    .execute(tx)
                    .await?;
                    Ok(done.rows_affected())
                })
            })
            .await?;
        self.woke();
        Ok(replayed)
    }
}
