//! The host's own health on the wire: a node, and the hosts of providers that are left alone.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// How the node that answers does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    /// Its name; a new one at each start.
    node: String,
    /// Which database it works on: `sqlite` (a single node) or `postgresql` (shared by several).
    #[schema(example = "postgresql")]
    database: &'static str,
    /// Since when it works.
    started_at: Time,
    /// Runs that it works on.
    running: u64,
    /// Runs that it has begun since it started.
    claimed: u64,
    /// 99 of 100 of its last thousand runs began at most so long after they were due, milliseconds; null before the
    /// first.
    start_delay_p99_ms: Option<u64>,
    /// Writes for work that another node had taken over: refused, each of them.
    stale_writes: u64,
}

impl From<patchbay_app::NodeStatus> for Node {
    fn from(status: patchbay_app::NodeStatus) -> Self {
        Self {
            node: status.node,
            database: status.database,
            started_at: status.started_at.into(),
            running: status.running,
            claimed: status.claimed,
            start_delay_p99_ms: status.late_p99_ms,
            stale_writes: status.stale_writes,
        }
    }
}

/// A host of a provider that failed, for one tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CircuitBreaker {
    /// The tenant, `ten_…`: another one is not held up by it.
    tenant: String,
    /// Scheme, host and port.
    #[schema(example = "https://api.acme.com")]
    origin: String,
    /// Requests that failed in a row.
    failures: u32,
    /// How often in a row it was left alone; each time is longer than the one before.
    opened: u32,
    /// Until when nothing is sent there; null where requests are let through.
    open_until: Option<Time>,
    /// What went wrong last.
    last_error: String,
    /// When that was.
    updated_at: Time,
}

impl From<patchbay_app::BreakerRow> for CircuitBreaker {
    fn from(row: patchbay_app::BreakerRow) -> Self {
        Self {
            tenant: row.tenant,
            origin: row.origin,
            failures: row.failures,
            opened: row.opened,
            open_until: row.open_until.map(Into::into),
            last_error: row.last_error,
            updated_at: row.updated_at.into(),
        }
    }
}
