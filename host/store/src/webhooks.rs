//! Where a tenant is told what happens: endpoints, what each wants to hear, and their signing secrets (sealed).

mod off;
mod secrets;

use patchbay_model::{EventKind, TenantId, Timestamp, WebhookId};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, json, many, one, select},
};

pub use secrets::WebhookSecret;

/// Endpoints that a tenant may have.
const MOST: i64 = 20;
const TOO_MANY: StoreError = StoreError::Conflict("a tenant has at most 20 webhook endpoints");

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// Its address.
    pub url: String,
    /// What people call it.
    pub description: String,
    /// What it wants to hear; empty for everything that is not quiet ([`EventKind::is_quiet`]).
    pub kinds: Vec<EventKind>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why it is not, where the host switched it off.
    pub disabled_reason: Option<String>,
    /// Since when nothing has reached it.
    pub failing_since: Option<Timestamp>,
    /// What it answered last; none where no answer came.
    pub last_status: Option<u16>,
    /// When something reached it last.
    pub last_success_at: Option<Timestamp>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When somebody changed it last.
    pub updated_at: Timestamp,
}

/// An endpoint to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Its id, which its secret is sealed to.
    pub id: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// Its address.
    pub url: String,
    /// What people call it.
    pub description: String,
    /// What it wants to hear; empty for everything.
    pub kinds: Vec<EventKind>,
    /// Its signing secret, sealed to its id and this version.
    pub sealed: Vec<u8>,
    /// The version.
    pub row_version: i64,
    /// Who makes it.
    pub actor: String,
}

/// What is to be different about an endpoint.
#[derive(Debug, Clone, Default)]
pub struct WebhookUpdate {
    /// Its address.
    pub url: Option<String>,
    /// What people call it.
    pub description: Option<String>,
    /// What it wants to hear; empty for everything.
    pub kinds: Option<Vec<EventKind>>,
    /// Whether it is told anything. Switched on, it is as if nothing had failed.
    pub enabled: Option<bool>,
}

impl Row for Webhook {
    const TABLE: &'static str = "webhooks";
    const FROM: &'static str = "webhooks w";
    const COLUMNS: &'static str = "w.id, w.tenant, w.url, w.description, w.kinds, w.enabled, w.disabled_reason, \
        w.failing_since, w.last_status, w.last_success_at, w.created_at, w.updated_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (id, tenant) = (r.next::<WebhookId>("id")?, r.next("tenant")?);
        let (url, description) = (r.next("url")?, r.next("description")?);
        let kinds: String = r.next("kinds")?;
        let odd = || StoreError::Inconsistent { table: "webhooks", column: "kinds", row: id.to_string() };
        let words: Vec<String> = serde_json::from_str(&kinds).map_err(|_| odd())?;
        let kinds = words.iter().map(|word| EventKind::from_word(word).ok_or_else(odd)).collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            tenant,
            url,
            description,
            kinds,
            enabled: r.next("enabled")?,
            disabled_reason: r.next("disabled_reason")?,
            failing_since: r.next("failing_since")?,
            last_status: r.next("last_status")?,
            last_success_at: r.next("last_success_at")?,
            created_at: r.next("created_at")?,
            updated_at: r.next("updated_at")?,
        })
    }
}

/// Kinds as the table has them: each once, in the order of their words.
fn kinds_text(kinds: &[EventKind]) -> Result<String, StoreError> {
    let words: std::collections::BTreeSet<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    json(&words)
}

impl Store {
    /// Makes an endpoint with its first signing secret.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the tenant has 20 of them; [`StoreError::NotFound`] for a tenant that does
    /// not exist.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook, StoreError> {
        let (kinds, now) = (kinds_text(&new.kinds)?, self.now());
        let detail = serde_json::json!({ "url": new.url });
        let line = NewAudit::of(Some(&new.tenant), &new.actor, "webhook.created", &new.id).detail(&detail);
        let line = self.audit_line(line);
        self.write(move |tx| {
            Box::pin(async move {
                let there = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM webhooks WHERE tenant = $1");
                if there.bind(new.tenant.as_str()).fetch_one(&mut *tx).await? >= MOST {
                    return Err(TOO_MANY);
                }
                sqlx::query(
                    "INSERT INTO webhooks (id, tenant, url, description, kinds, enabled, created_at, updated_at) \
                     VALUES ($1, $2, $3, $4, $5, TRUE, $6, $6)",
                )
                .bind(new.id.as_str())
                .bind(new.tenant.as_str())
                .bind(new.url)
                .bind(new.description)
                .bind(kinds)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                secrets::put(&mut *tx, &new.id, 1, new.sealed, new.row_version).await?;
                append(&mut *tx, &line).await?;
                load(tx, &new.id).await
            })
        })
        .await
    }

    /// The endpoints of a tenant, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError> {
        let statement = sqlx::query(select::<Webhook>("WHERE w.tenant = $1 ORDER BY w.id"));
        many(self.read(), statement.bind(tenant.as_str())).await
    }

    /// One endpoint of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<Webhook, StoreError> {
        let statement = sqlx::query(select::<Webhook>("WHERE w.id = $1 AND w.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// Changes an endpoint. What was due while it was switched off is due again when it is switched on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn update_webhook(
        &self,
        tenant: &TenantId,
        id: &WebhookId,
        update: WebhookUpdate,
        actor: &str,
    ) -> Result<Webhook, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let kinds = update.kinds.as_deref().map(kinds_text).transpose()?;
        let detail = serde_json::json!({ "url": update.url, "enabled": update.enabled });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "webhook.updated", &id).detail(&detail));
        let changed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE webhooks SET url = coalesce($3, url), description = coalesce($4, description), \
                         kinds = coalesce($5, kinds), enabled = coalesce($6, enabled), \
                         disabled_reason = CASE WHEN $6 IS NULL THEN disabled_reason END, \
                         failing_since = CASE WHEN $6 THEN NULL ELSE failing_since END, updated_at = $7 \
                         WHERE id = $1 AND tenant = $2",
                    )
                    .bind(id.as_str())
                    .bind(tenant.as_str())
                    .bind(update.url)
                    .bind(update.description)
                    .bind(kinds)
                    .bind(update.enabled)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    append(&mut *tx, &line).await?;
                    load(tx, &id).await
                })
            })
            .await?;
        self.woke();
        Ok(changed)
    }

    /// Removes an endpoint with its secrets and what was to be told to it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_webhook(&self, tenant: &TenantId, id: &WebhookId, actor: &str) -> Result<(), StoreError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "webhook.deleted", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let there = sqlx::query(select::<Webhook>("WHERE w.id = $1 AND w.tenant = $2"));
                let there: Webhook = one(&mut *tx, there.bind(id.as_str()).bind(tenant.as_str())).await?;
                for statement in [
                    "DELETE FROM deliveries WHERE webhook = $1",
                    "DELETE FROM webhook_secrets WHERE webhook = $1",
                    "DELETE FROM webhooks WHERE id = $1",
                ] {
                    sqlx::query(statement).bind(there.id.as_str()).execute(&mut *tx).await?;
                }
                append(tx, &line).await
            })
        })
        .await
    }
}

async fn load(tx: &mut AnyConnection, id: &WebhookId) -> Result<Webhook, StoreError> {
    one(tx, sqlx::query(select::<Webhook>("WHERE w.id = $1")).bind(id.as_str())).await
}

#[cfg(test)]
pub(crate) mod tests;
