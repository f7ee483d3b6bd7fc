//! Trying an endpoint: an event that says nothing, told to it alone.

use patchbay_model::{EventId, EventKind, TenantId, WebhookId};

use crate::{Store, StoreError};

impl Store {
    /// Tells one endpoint an event of its own, whatever it wants to hear; it is delivered like any other.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] for an endpoint that is switched off.
    pub async fn try_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<EventId, StoreError> {
        let webhook = self.webhook(tenant, id).await?;
        let (event, now) = (self.event_id(), self.now());
        let told = event.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let data = serde_json::json!({ "webhook": webhook.id.as_str() }).to_string();
                let done = sqlx::query(
                    "INSERT INTO deliveries (webhook, event, tenant, state, next_at, created_at) \
                     SELECT w.id, $2, w.tenant, 'due', $3, $3 FROM webhooks w WHERE w.id = $1 AND w.enabled",
                )
                .bind(webhook.id.as_str())
                .bind(told.as_str())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::Conflict("the endpoint is switched off"));
                }
                sqlx::query("INSERT INTO events (id, tenant, kind, subject, data, at) VALUES ($1, $2, $3, $4, $5, $6)")
                    .bind(told.as_str())
                    .bind(webhook.tenant.as_str())
                    .bind(EventKind::WebhookTest.as_str())
                    .bind(webhook.id.as_str())
                    .bind(data)
                    .bind(now.as_micros())
                    .execute(tx)
                    .await?;
                Ok(())
            })
        })
        .await?;
        self.woke();
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{WebhookUpdate, testing::World, webhooks::tests::endpoint};

    #[tokio::test]
    async fn a_trial_is_told_to_its_endpoint_alone_whatever_it_wants_to_hear() {
        let world = World::open().await;
        let tried = endpoint(&world, &[EventKind::RunFailed]);
        let id = tried.id.clone();
        world.store.create_webhook(tried).await.expect("made");
        world.store.create_webhook(endpoint(&world, &[])).await.expect("made");
        let event = world.store.try_webhook(&world.tenant, &id).await.expect("told");
        let claimed = world.store.claim_deliveries(Duration::from_secs(30), 10, 4).await.expect("claimed");
        let claimed: Vec<_> = claimed.into_iter().map(|one| (one.webhook.id, one.event.id, one.event.kind)).collect();
        assert_eq!(claimed, [(id.clone(), event, EventKind::WebhookTest)]);

        let off = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
        world.store.update_webhook(&world.tenant, &id, off, "test").await.expect("off");
        let tried = world.store.try_webhook(&world.tenant, &id).await;
        assert!(matches!(tried, Err(StoreError::Conflict(_))), "{tried:?}");
        let other = world.store.create_tenant("other", "", "test").await.expect("a tenant").id;
        assert_eq!(world.store.try_webhook(&other, &id).await, Err(StoreError::NotFound));
    }
}
