//! Webhooks: a tenant's endpoints, and what they were told.
//!
//! What happens is written down in the transaction in which it happens, with a delivery for each endpoint that
//! wants to hear of it; `send` delivers. An endpoint's secret is shown once, when it is made, and kept sealed: what
//! signs has to be had in clear.

mod address;
mod send;
mod sign;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use patchbay_model::{Code, EventId, EventKind, Fault, Secret, TenantId, Timestamp, WebhookId};
use patchbay_store::{Delivery, NewWebhook, Page, StoreError, Webhook, WebhookSecret, WebhookUpdate};

use crate::{App, vault::Place, work::listed};
use sign::SigningSecret;

pub use send::WEBHOOK_RETRIES;

/// How long the secret before signs beside a new one.
const OLD_SIGNS_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Secrets that sign at the same time: the headers of a request have no room for any number.
const SECRETS: usize = 10;
/// Bytes of what people call an endpoint.
const DESCRIPTION: usize = 200;
/// Words of the states of a delivery.
const STATES: [&str; 4] = ["due", "sending", "done", "failed"];

/// An endpoint as a tenant enters it.
pub struct NewEndpoint {
    /// Where requests go: https, at a host with a name.
    pub url: String,
    /// What people call it; may be empty.
    pub description: String,
    /// What it wants to hear; empty for everything.
    pub kinds: Vec<EventKind>,
}

/// An endpoint and the secret that signs for it from now on: the only moment at which its text leaves.
pub struct IssuedWebhook {
    /// The endpoint.
    pub webhook: Webhook,
    /// `whsec_…`, as the libraries of Standard Webhooks take it.
    pub secret: Secret,
}

impl App {
    /// Makes an endpoint.
    pub async fn create_webhook(
        self: &Arc<Self>,
        tenant: &TenantId,
        endpoint: NewEndpoint,
        actor: &str,
    ) -> Result<IssuedWebhook, Fault> {
        check(Some(&endpoint.url), Some(&endpoint.description))?;
        self.store.tenant(tenant).await?;
        let id = WebhookId::fresh(&*self.clock, &*self.random);
        let secret = SigningSecret::fresh(&*self.random);
        let row_version = 1;
        let sealed = self.vault.seal(secret_place(tenant, &id, row_version), secret.bytes()).await?;
        let NewEndpoint { url, description, kinds } = endpoint;
        let (tenant, actor) = (tenant.clone(), actor.to_owned());
        let new = NewWebhook { id, tenant, url, description, kinds, sealed, row_version, actor };
        let webhook = self.store.create_webhook(new).await?;
        Ok(IssuedWebhook { webhook, secret: secret.text() })
    }

    /// The tenant's endpoints.
    pub async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Fault> {
        Ok(self.store.webhooks(tenant).await?)
    }

    /// One of them.
    pub async fn webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<Webhook, Fault> {
        Ok(self.store.webhook(tenant, id).await?)
    }

    /// Changes an endpoint. Switched on, it is told at once what waited for it.
    pub async fn change_webhook(
        &self,
        tenant: &TenantId,
        id: &WebhookId,
        update: WebhookUpdate,
        actor: &str,
    ) -> Result<Webhook, Fault> {
        check(update.url.as_deref(), update.description.as_deref())?;
        let changed = self.store.update_webhook(tenant, id, update, actor).await?;
        self.webhooks_due.notify_one();
        Ok(changed)
    }

    /// Removes an endpoint; what waited for it is told to nobody.
    pub async fn delete_webhook(&self, tenant: &TenantId, id: &WebhookId, actor: &str) -> Result<(), Fault> {
        Ok(self.store.delete_webhook(tenant, id, actor).await?)
    }

    /// Gives an endpoint a new secret; the one before signs besides for a day.
    pub async fn rotate_webhook_secret(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &WebhookId,
        actor: &str,
    ) -> Result<IssuedWebhook, Fault> {
        let webhook = self.store.webhook(tenant, id).await?;
        let kept = self.store.webhook_secrets(id).await?;
        if kept.len() >= SECRETS {
            let text = format!("{SECRETS} secrets sign for this endpoint already; the oldest ends within a day.");
            return Err(Fault::because(Code::Conflict, text));
        }
        let row_version = kept.iter().map(|secret| secret.row_version).max().unwrap_or(0) + 1;
        let secret = SigningSecret::fresh(&*self.random);
        let sealed = self.vault.seal(secret_place(tenant, id, row_version), secret.bytes()).await?;
        let old_ends_at = self.clock.now().plus(OLD_SIGNS_FOR);
        self.store.add_webhook_secret(tenant, id, sealed, row_version, old_ends_at, actor).await?;
        Ok(IssuedWebhook { webhook, secret: secret.text() })
    }

    /// Tells an endpoint, and nobody else, that somebody tries it. What becomes of that stands in its deliveries.
    pub async fn test_webhook(self: &Arc<Self>, tenant: &TenantId, id: &WebhookId) -> Result<EventId, Fault> {
        let event = self.store.try_webhook(tenant, id).await?;
        self.webhooks_due.notify_one();
        Ok(event)
    }

    /// What an endpoint was told and is to be told, newest first; in one state, or all.
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        state: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Delivery>, Fault> {
        if state.is_some_and(|state| !STATES.contains(&state)) {
            let text = format!("`state` is one of {}.", STATES.join(", "));
            return Err(Fault::because(Code::ParameterInvalid, text));
        }
        self.store.deliveries(tenant, webhook, state, after, limit).await.map_err(listed)
    }

    /// Tells an endpoint an event again, whatever became of it before.
    pub async fn replay_delivery(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        event: &EventId,
        actor: &str,
    ) -> Result<(), Fault> {
        self.store.replay_delivery(tenant, webhook, event).await?;
        tracing::info!(webhook.id = %webhook, event.id = %event, "{actor} has {event} told to {webhook} again");
        self.webhooks_due.notify_one();
        Ok(())
    }

    /// Tells an endpoint again what happened since then and it wants to hear; how much that is.
    pub async fn replay_since(
        &self,
        tenant: &TenantId,
        webhook: &WebhookId,
        since: Timestamp,
        actor: &str,
    ) -> Result<u64, Fault> {
        let replayed = self.store.replay_since(tenant, webhook, since).await?;
        tracing::info!(webhook.id = %webhook, "{actor} has {replayed} events since {since} told to {webhook} again");
        self.webhooks_due.notify_one();
        Ok(replayed)
    }

    /// The secrets that sign for an endpoint now, newest first.
    async fn signing_secrets(&self, webhook: &Webhook) -> Result<Vec<SigningSecret>, Fault> {
        let mut secrets = Vec::new();
        for WebhookSecret { sealed, row_version, .. } in self.store.webhook_secrets(&webhook.id).await? {
            let place = secret_place(&webhook.tenant, &webhook.id, row_version);
            secrets.push(SigningSecret::from_bytes(self.vault.open_sealed(place, &sealed).await?));
        }
        if secrets.is_empty() {
            // It was removed since it was claimed.
            return Err(StoreError::NotFound.into());
        }
        Ok(secrets)
    }
}

/// Where a secret is sealed to; the store knows it, too, for the rotation of keys.
pub(crate) fn secret_place<'a>(tenant: &'a TenantId, webhook: &'a WebhookId, row_version: i64) -> Place<'a> {
    Place { tenant: Some(tenant), subject: webhook.as_str(), field: "webhook_secret", row_version }
}

/// Refuses what cannot be an endpoint.
fn check(url: Option<&str>, description: Option<&str>) -> Result<(), Fault> {
    let mut wrong = Fault::new(Code::WebhookInvalid);
    if let Some(Err(why)) = url.map(address::checked) {
        wrong = wrong.field("/url", why);
    }
    if description.is_some_and(|text| text.len() > DESCRIPTION || text.chars().any(char::is_control)) {
        wrong = wrong.field("/description", format!("must have at most {DESCRIPTION} bytes of printable characters"));
    }
    if wrong.fields.is_empty() { Ok(()) } else { Err(wrong) }
}
