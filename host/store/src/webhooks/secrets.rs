//! Signing secrets, sealed. The one without an end is the present one; another signs besides it until its end, so that
//! whoever checks signatures has time to change.

use patchbay_model::{TenantId, Timestamp, WebhookId};
use sqlx::AnyConnection;

use super::Webhook;
use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, one, select},
};

/// A signing secret, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    /// Which of the endpoint's.
    pub no: i64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// What they are sealed to, beside the endpoint's id.
    pub row_version: i64,
    /// Until when it signs; none for the present one.
    pub ends_at: Option<Timestamp>,
}

impl Row for WebhookSecret {
    const TABLE: &'static str = "webhook_secrets";
    const FROM: &'static str = "webhook_secrets x";
    const COLUMNS: &'static str = "x.no, x.sealed, x.row_version, x.ends_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            sealed: r.next("sealed")?,
            row_version: r.next("row_version")?,
            ends_at: r.next("ends_at")?,
        })
    }
}

impl Store {
    /// Gives an endpoint a new signing secret; those before it sign besides until `old_ends_at`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn add_webhook_secret(
        &self,
        tenant: &TenantId,
        id: &WebhookId,
        sealed: Vec<u8>,
        row_version: i64,
        old_ends_at: Timestamp,
        actor: &str,
    ) -> Result<(), StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "webhook.secret_rotated", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let there = sqlx::query(select::<Webhook>("WHERE w.id = $1 AND w.tenant = $2"));
                let there: Webhook = one(&mut *tx, there.bind(id.as_str()).bind(tenant.as_str())).await?;
                let last =
                    sqlx::query_scalar::<_, i64>("SELECT coalesce(max(no), 0) FROM webhook_secrets WHERE webhook = $1");
                let last = last.bind(there.id.as_str()).fetch_one(&mut *tx).await?;
                sqlx::query("DELETE FROM webhook_secrets WHERE webhook = $1 AND ends_at <= $2")
                    .bind(there.id.as_str())
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(
                    "UPDATE webhook_secrets SET ends_at = $2 WHERE webhook = $1 AND (ends_at IS NULL OR ends_at > $2)",
                )
                .bind(there.id.as_str())
                .bind(old_ends_at.as_micros())
                .execute(&mut *tx)
                .await?;
                put(&mut *tx, &there.id, last + 1, sealed, row_version).await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// The secrets that sign for an endpoint now, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn webhook_secrets(&self, id: &WebhookId) -> Result<Vec<WebhookSecret>, StoreError> {
        let rest = "WHERE x.webhook = $1 AND (x.ends_at IS NULL OR x.ends_at > $2) ORDER BY x.no DESC";
        let statement = sqlx::query(select::<WebhookSecret>(rest)).bind(id.as_str());
        many(self.read(), statement.bind(self.now().as_micros())).await
    }
}

/// Writes a secret, inside a transaction.
pub(super) async fn put(
    tx: &mut AnyConnection,
    id: &WebhookId,
    no: i64,
    sealed: Vec<u8>,
    row_version: i64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO webhook_secrets (webhook, no, sealed, row_version) VALUES ($1, $2, $3, $4)")
        .bind(id.as_str())
        .bind(no)
        .bind(sealed)
        .bind(row_version)
        .execute(tx)
        .await?;
    Ok(())
}
