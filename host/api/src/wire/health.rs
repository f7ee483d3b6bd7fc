//! The health of a deployment on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// How the whole deployment does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentHealth {
    /// Its nodes, the one that works longest first.
    nodes: Vec<NodeHealth>,
    /// The queue of runs.
    queue: QueueHealth,
    /// Items that are written to providers.
    pushes: PushHealth,
    /// Events that are told to webhooks.
    deliveries: DeliveryHealth,
    /// Hosts of providers that are left alone just now.
    breakers: u64,
    /// What gates refused within a day, what was refused last first; at most 200 kinds.
    refusals: Vec<RefusalCount>,
}

/// How a node does, as it said last.
#[derive(Debug, Serialize, ToSchema)]
struct NodeHealth {
    /// Its name; a new one at each start.
    node: String,
    /// Since when it works.
    started_at: Time,
    /// When it was heard last; more than half a minute ago, it is dead or cannot reach the database.
    seen_at: Time,
    /// Runs that it works on.
    running: u64,
    /// Runs that it has begun since it started.
    claimed: u64,
    /// 99 of 100 of its last thousand runs began at most so long after they were due, milliseconds; null before the
    /// first.
    start_delay_p99_ms: Option<u64>,
    /// Writes for work that another node had taken over: refused, each of them.
    stale_writes: u64,
    /// Whether it is the node that answers.
    #[serde(rename = "self")]
    own: bool,
}

/// The queue of runs.
#[derive(Debug, Serialize, ToSchema)]
struct QueueHealth {
    /// Runs whose time has come, and that no node works on.
    due: u64,
    /// Runs that are to begin later; those that a schedule makes when their time comes are not among them.
    scheduled: u64,
    /// Runs that a node works on.
    running: u64,
    /// How long the run waits that was due first, seconds; null where none does.
    oldest_due_seconds: Option<u64>,
}

/// Items that are written to providers.
#[derive(Debug, Serialize, ToSchema)]
struct PushHealth {
    /// Those that wait for a connection, a target or somebody's word.
    waiting: u64,
    /// Those that are planned or under way.
    sending: u64,
    /// Those of which nobody knows whether they were written.
    unknown: u64,
    /// Those that failed or were rejected within a day.
    failed_day: u64,
}

/// Events that are told to webhooks.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryHealth {
    /// Deliveries that are due or under way.
    waiting: u64,
    /// Deliveries that were given up within a day.
    failed_day: u64,
}

/// What was refused within a day.
#[derive(Debug, Serialize, ToSchema)]
struct RefusalCount {
    /// What sort of refusal; its page stands under `/errors/{code}`.
    #[schema(example = "PB6001")]
    code: String,
    /// How often.
    count_day: u64,
    /// When last.
    last_at: Time,
    /// The connector whose request it was; null for one of the host itself.
    connector: Option<String>,
}

impl From<patchbay_app::DeploymentHealth> for DeploymentHealth {
    fn from(health: patchbay_app::DeploymentHealth) -> Self {
        let load = health.workload;
        let node = |(row, own): (patchbay_app::NodeRow, bool)| NodeHealth {
            node: row.node,
            started_at: row.started_at.into(),
            seen_at: row.seen_at.into(),
            running: row.running,
            claimed: row.claimed,
            start_delay_p99_ms: row.late_p99_ms,
            stale_writes: row.stale_writes,
            own,
        };
        let refusal = |row: patchbay_app::RefusalRow| RefusalCount {
            code: row.code.id().to_owned(),
            count_day: row.count,
            last_at: row.last_at.into(),
            connector: row.connector,
        };
        Self {
            nodes: health.nodes.into_iter().map(node).collect(),
            queue: QueueHealth {
                due: load.runs_due,
                scheduled: load.runs_scheduled,
                running: load.runs_running,
                oldest_due_seconds: health.oldest_due.map(|waits| waits.as_secs()),
            },
            pushes: PushHealth {
                waiting: load.pushes_waiting,
                sending: load.pushes_sending,
                unknown: load.pushes_unknown,
                failed_day: load.pushes_failed,
            },
            deliveries: DeliveryHealth { waiting: load.deliveries_waiting, failed_day: load.deliveries_failed },
            breakers: load.breakers,
            refusals: health.refusals.into_iter().map(refusal).collect(),
        }
    }
}
