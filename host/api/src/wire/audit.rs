//! The audit log on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Raw, Time};
use crate::problem::Problem;

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLine {
    /// Its id, `aud_…`.
    id: String,
    /// When.
    at: Time,
    /// The tenant that it is about; null for the deployment.
    tenant: Option<String>,
    /// Who: a key, a connect session, or `host`.
    actor: String,
    /// What, e.g. `connection.deleted`.
    #[schema(example = "connection.deleted")]
    action: String,
    /// To what: an id, or a connector.
    subject: String,
    /// More about it, without secrets.
    detail: Raw,
}

impl TryFrom<patchbay_app::AuditLine> for AuditLine {
    type Error = Problem;

    fn try_from(row: patchbay_app::AuditLine) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id.to_string(),
            at: row.at.into(),
            tenant: row.tenant.map(|id| id.to_string()),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: row.detail.try_into()?,
        })
    }
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The lines, newest first.
    items: Vec<AuditLine>,
    /// Pass it as `before` for older lines; null at the end.
    next: Option<String>,
}

impl TryFrom<patchbay_app::Page<patchbay_app::AuditLine>> for AuditPage {
    type Error = Problem;

    fn try_from(page: patchbay_app::Page<patchbay_app::AuditLine>) -> Result<Self, Problem> {
        let items = page.items.into_iter().map(AuditLine::try_from).collect::<Result<_, _>>()?;
        Ok(Self { items, next: page.next })
    }
}

/// What became of the chain of all lines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditVerification {
    /// Lines that are as they were written, from the first one on.
    lines: u64,
    /// The hash of the last of them, hex. Kept elsewhere, it shows later that nothing was put back; null without
    /// lines.
    head: Option<String>,
    /// Where the chain breaks; null when it is whole.
    broken: Option<Broken>,
}

/// Where the chain of the audit log breaks.
#[derive(Debug, Serialize, ToSchema)]
struct Broken {
    /// The first line at which something is wrong, `aud_…`.
    id: String,
    /// What is wrong.
    why: String,
}

impl From<patchbay_app::AuditVerdict> for AuditVerification {
    fn from(verdict: patchbay_app::AuditVerdict) -> Self {
        let broken = verdict.broken.map(|(id, why)| Broken { id: id.to_string(), why });
        Self { lines: verdict.lines, head: verdict.head, broken }
    }
}
