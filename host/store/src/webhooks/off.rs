//! Switching an endpoint off without being asked: it said that it is gone, or nothing has reached it for days.

use patchbay_model::{EventId, EventKind, TenantId, Timestamp, WebhookId};
use sqlx::AnyConnection;

use super::Webhook;
use crate::{
    Store, StoreError,
    audit::{Entry, NewAudit, append},
    events::{NewEvent, emit},
    row::{Reader, Row as _},
};

/// What it takes to switch an endpoint off in a transaction.
pub(crate) struct SwitchOff {
    event: EventId,
    line: Entry,
}

impl Store {
    /// Switches an endpoint off for a reason of its own (it said that it is gone); whether it was on. What is due to
    /// it stays due for when somebody switches it on again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn disable_webhook(&self, id: &WebhookId, reason: &str) -> Result<bool, StoreError> {
        let (id, reason, now) = (id.clone(), reason.to_owned(), self.now());
        let off = self.switch_off();
        let disabled = self.write(move |tx| Box::pin(async move { off.of(tx, &id, &reason, now).await })).await?;
        if disabled {
            self.woke();
        }
        Ok(disabled)
    }

    pub(crate) fn switch_off(&self) -> SwitchOff {
        let line = self.audit_line(NewAudit::of(None, "host", "webhook.disabled", &""));
        SwitchOff { event: self.event_id(), line }
    }
}

impl SwitchOff {
    /// Switches an endpoint off, says so in the audit log and tells the tenant's other endpoints; whether it was on.
    pub(crate) async fn of(
        self,
        tx: &mut AnyConnection,
        id: &WebhookId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "UPDATE webhooks SET enabled = FALSE, disabled_reason = $2, updated_at = $3 WHERE id = $1 AND enabled \
             RETURNING tenant, failing_since, (SELECT CAST(coalesce(sum(d.attempts), 0) AS BIGINT) FROM deliveries d \
             WHERE d.webhook = webhooks.id AND d.state <> 'done')",
        );
        let row = row.bind(id.as_str()).bind(reason).bind(now.as_micros()).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(false) };
        let mut r = Reader::of(&row, Webhook::TABLE);
        let (tenant, since): (TenantId, Option<Timestamp>) = (r.next("tenant")?, r.next("failing_since")?);
        let attempts: u64 = r.next("attempts")?;
        let mut line = self.line.about(id.to_string());
        line.line.tenant = Some(tenant.clone());
        line.line.detail = serde_json::json!({ "reason": reason }).to_string();
        append(&mut *tx, &line).await?;
        let data = serde_json::json!({
            "webhook": id.as_str(), "failing_since": since.map(|since| since.to_string()), "attempts": attempts,
        });
        let kind = EventKind::WebhookDisabled;
        emit(tx, &NewEvent { id: self.event, tenant, kind, subject: id.to_string(), data }, now).await?;
        Ok(true)
    }
}
