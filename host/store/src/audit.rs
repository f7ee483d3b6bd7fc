//! Who did what: a line in the transaction of each change, chained to the line before.

mod chain;
mod verify;

use patchbay_model::{AuditId, TenantId, Timestamp};

pub(crate) use chain::{AuditKey, Standing, append, stand_in_line};
pub use verify::AuditVerdict;

use crate::{
    Page, Store, StoreError,
    row::{Reader, Row, many, one_more, select},
};

/// A line and the key that chains it.
pub(crate) struct Entry {
    pub(crate) line: AuditLine,
    key: AuditKey,
}

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

impl Entry {
    /// Who did it.
    pub(crate) fn actor(&self) -> &str {
        &self.line.actor
    }

    /// The same line about another subject; to be written once.
    pub(crate) fn about(&self, subject: String) -> Self {
        Self { line: AuditLine { subject, ..self.line.clone() }, key: self.key.clone() }
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

impl Store {
    /// The key that chains the lines from now on; without it a fixed one does, which proves nothing. To be
    /// set once, at start.
    pub fn set_audit_key(&self, key: [u8; 32]) {
        self.audit_key.set(key);
    }

    /// Gives a line its id and time.
    pub(crate) fn audit_line(&self, new: NewAudit) -> Entry {
        let line = AuditLine {
            id: AuditId::fresh(&*self.clock, &*self.random),
            at: self.now(),
            tenant: new.tenant,
            actor: new.actor,
            action: new.action.to_owned(),
            subject: new.subject,
            detail: new.detail,
        };
        Entry { line, key: self.audit_key.clone() }
    }

    /// Writes a line about something that no table of its own shows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn append_audit(&self, new: NewAudit) -> Result<(), StoreError> {
        let line = self.audit_line(new);
        self.write(move |tx| Box::pin(async move { append(tx, &line).await })).await
    }

    /// Lines, newest first: of a tenant, or of everything for an operator; about one subject, or about all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit(
        &self,
        tenant: Option<&TenantId>,
        before: Option<&str>,
        limit: u32,
        subject: Option<&str>,
    ) -> Result<Page<AuditLine>, StoreError> {
        // Which index is right depends on what is asked for, so each has a statement of its own.
        let rest = match (tenant, subject) {
            (_, Some(_)) => {
                "WHERE ($1 IS NULL OR u.tenant = $1) AND u.subject = $2 AND ($3 IS NULL OR u.no < (SELECT b.no FROM audit b WHERE b.id = $3)) \
                 ORDER BY u.no DESC LIMIT $4"
            }
            (Some(_), None) => {
                "WHERE u.tenant = $1 AND $2 IS NULL AND ($3 IS NULL OR u.no < (SELECT b.no FROM audit b WHERE b.id = $3)) ORDER BY u.no DESC LIMIT $4"
            }
            (None, None) => {
                "WHERE $1 IS NULL AND $2 IS NULL AND ($3 IS NULL OR u.no < (SELECT b.no FROM audit b WHERE b.id = $3)) ORDER BY u.no DESC LIMIT $4"
            }
        };
        let statement = sqlx::query(select::<AuditLine>(rest)).bind(tenant.map(TenantId::as_str)).bind(subject);
        let items = many(self.read(), statement.bind(before).bind(one_more(limit))).await?;
        Ok(Page::cut(items, limit, |line: &AuditLine| line.id.to_string()))
    }
}

#[cfg(test)]
mod tests;
