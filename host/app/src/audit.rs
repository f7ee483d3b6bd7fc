//! Who did what: read by tenants about themselves, by operators about everything.

use patchbay_model::{Fault, TenantId};
use patchbay_store::{AuditLine, AuditVerdict, Page};

use crate::{App, work::listed};

impl App {
    /// Lines, newest first.
    pub async fn audit(
        &self,
        tenant: Option<&TenantId>,
        subject: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditLine>, Fault> {
        self.store.audit(tenant, before, limit, subject).await.map_err(listed)
    }

    /// Whether the chain of all lines is whole.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, Fault> {
        Ok(self.store.verify_audit().await?)
    }
}
