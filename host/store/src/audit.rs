//! Who did what: a line in the transaction of each change.

use patchbay_model::{AuditId, TenantId, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    Page, Store, StoreError,
    row::{Reader, Row, many, one_more, select},
};

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its id; sorts by time.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Whose; none for the deployment.
    pub tenant: Option<TenantId>,
    /// Who: a key's id, a session's id, or `host`.
    pub actor: String,
    /// What, e.g. `connection.deleted`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// More about it, a JSON object without secrets.
    pub detail: String,
}

/// A line to write.
#[derive(Debug, Clone)]
pub struct NewAudit {
    /// Whose; none for the deployment.
    pub tenant: Option<TenantId>,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    /// More about it, a JSON object without secrets.
    pub detail: String,
}

impl NewAudit {
    /// A line without detail.
    #[must_use]
    pub fn of(tenant: Option<&TenantId>, actor: &str, action: &'static str, subject: &impl ToString) -> Self {
        Self {
            tenant: tenant.cloned(),
            actor: actor.to_owned(),
            action,
            subject: subject.to_string(),
            detail: "{}".to_owned(),
        }
    }

    /// The same with a detail.
    #[must_use]
    pub fn detail(mut self, detail: &serde_json::Value) -> Self {
        self.detail = detail.to_string();
        self
    }
}

impl Row for AuditLine {
    const TABLE: &'static str = "audit";
    const FROM: &'static str = "audit u";
    const COLUMNS: &'static str = "u.id, u.at, u.tenant, u.actor, u.action, u.subject, u.detail";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            at: r.next("at")?,
            tenant: r.next("tenant")?,
            actor: r.next("actor")?,
            action: r.next("action")?,
            subject: r.next("subject")?,
            detail: r.next("detail")?,
        })
    }
}

/// Writes a line in the transaction of what it tells.
pub(crate) async fn append(tx: &mut SqliteConnection, line: &AuditLine) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (id, at, tenant, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(line.id.as_str())
    .bind(line.at.as_micros())
    .bind(line.tenant.as_ref().map(TenantId::as_str))
    .bind(line.actor.as_str())
    .bind(line.action.as_str())
    .bind(line.subject.as_str())
    .bind(line.detail.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// Gives a line its id and time.
    pub(crate) fn audit_line(&self, new: NewAudit) -> AuditLine {
        AuditLine {
            id: AuditId::fresh(&*self.clock, &*self.random),
            at: self.now(),
            tenant: new.tenant,
            actor: new.actor,
            action: new.action.to_owned(),
            subject: new.subject,
            detail: new.detail,
        }
    }

    /// Writes a line about something that no table of its own shows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn append_audit(&self, new: NewAudit) -> Result<(), StoreError> {
        let line = self.audit_line(new);
        self.write(move |tx| Box::pin(async move { append(tx, &line).await })).await
    }

    /// Lines, newest first: of a tenant, or of everything for an operator.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit(
        &self,
        tenant: Option<&TenantId>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditLine>, StoreError> {
        let statement = match tenant {
            Some(tenant) => {
                let rest = "WHERE u.tenant = $1 AND ($2 IS NULL OR u.id < $2) ORDER BY u.id DESC LIMIT $3";
                sqlx::query(select::<AuditLine>(rest)).bind(tenant.as_str())
            }
            None => {
                let rest = "WHERE $1 IS NULL AND ($2 IS NULL OR u.id < $2) ORDER BY u.id DESC LIMIT $3";
                sqlx::query(select::<AuditLine>(rest)).bind(None::<&str>)
            }
        };
        let items = many(self.read(), statement.bind(before).bind(one_more(limit))).await?;
        Ok(Page::cut(items, limit, |line: &AuditLine| line.id.to_string()))
    }
}
