//! What the operator configured, as far as the use cases need it.

use std::{path::PathBuf, time::Duration};

use patchbay_model::{Ceiling, Unsigned, Upgrades};
use patchbay_store::Retention;
use url::Url;

/// Limits, lengths and addresses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people and providers reach this host.
    pub public_url: Url,
    /// What this start of this node is called where several share a database.
    pub node: String,
    /// Where component files are kept, one per digest.
    pub components_dir: PathBuf,
    /// Where files of runs are while these last; they have no names there.
    pub scratch_dir: PathBuf,
    /// Runs and pushes at the same time, on this node.
    pub workers: usize,
    /// Runs of one tenant at the same time, on all nodes.
    pub per_tenant: u32,
    /// Runs of one connector at the same time, on all nodes.
    pub per_connector: u32,
    /// Runs of one connection at the same time, on all nodes.
    pub per_connection: u32,
    /// How long a worker may be silent before its work is another's.
    pub lease: Duration,
    /// How often the queue is looked at when nothing wakes it.
    pub poll: Duration,
    /// One call of a connector.
    pub call_timeout: Duration,
    /// One run, whatever its manifest asks.
    pub run_time: Duration,
    /// Pages that one run reads.
    pub run_pages: u64,
    /// Records that one run reads.
    pub run_records: u64,
    /// Bytes that one run receives.
    pub run_bytes: u64,
    /// Memory of one instance at most, whatever its manifest asks, bytes.
    pub memory_bytes: usize,
    /// Bytes of a component.
    pub component_bytes: usize,
    /// Bytes of a file that a push carries, and of all files that one run makes.
    pub blob_bytes: u64,
    /// Bytes that all files of one tenant count for together.
    pub tenant_blob_bytes: u64,
    /// How long a started login may take.
    pub login_time: Duration,
    /// How long a connect session may take to bring its end user back.
    pub session_time: Duration,
    /// How long an authorisation waits for the tenant's backend to redeem its completion code.
    pub completion_time: Duration,
    /// How long one refresh of a credential keeps the others away.
    pub refresh_lease: Duration,
    /// Longest request of a refresh; ends well before the lease does.
    pub refresh_exchange: Duration,
    /// Pause after the first refresh that failed; each further one doubles it.
    pub cool_down: Duration,
    /// Longest such pause.
    pub longest_cool_down: Duration,
    /// On how many separate days in a row a refresh has to fail before the connection is broken.
    pub failing_days: u32,
    /// How often an unused credential is refreshed where the provider drops idle ones.
    pub idle_refresh: Duration,
    /// After how long a push ends that still waits; none for never.
    pub push_expires: Option<Duration>,
    /// Longest that a look for a lost write waits for the provider to settle, whatever the manifest says.
    pub settle_at_most: Duration,
    /// Time between two looks that must agree that something is not there.
    pub settle_again: Duration,
    /// Pauses after attempts to tell a webhook that failed; after the last one it is given up.
    pub webhook_retries: Vec<Duration>,
    /// After how long without a success an endpoint is told nothing any more.
    pub webhook_disable_after: Duration,
    /// How long one attempt to tell a webhook is somebody's own; ends well after its request does.
    pub webhook_lease: Duration,
    /// Which registries connectors may come from.
    pub registries: crate::Registries,
    /// Which indexes of connectors are followed.
    pub indexes: Vec<crate::FollowedIndex>,
    /// How often they are asked.
    pub update_check: Duration,
    /// How old a version has to be before it is taken by itself.
    pub update_age: Duration,
    /// Which connectors are taken, which upgrades go ahead, and what no approval can exceed.
    pub connectors: ConnectorPolicy,
    /// How long what is over is kept.
    pub retention: Retention,
}

/// What an operator says about connectors before any comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectorPolicy {
    /// Which are taken without a signature.
    pub unsigned: Unsigned,
    /// Which upgrades go ahead by themselves, where nothing was said of a connector.
    pub upgrades: Upgrades,
    /// What no approval can exceed.
    pub ceiling: Ceiling,
    /// How many releases are kept beside the active one, of each connector.
    pub retained: u32,
}

#[cfg(test)]
impl Settings {
    /// One worker, short times, everything in this folder.
    pub(crate) fn of_a_test(folder: &std::path::Path) -> Self {
        let seconds = Duration::from_secs;
        Self {
            public_url: "https://patchbay.example.com".parse().expect("a URL"),
            node: "test".to_owned(),
            components_dir: folder.to_owned(),
            scratch_dir: folder.join("scratch"),
            workers: 1,
            per_tenant: u32::MAX,
            per_connector: u32::MAX,
            per_connection: u32::MAX,
            lease: seconds(30),
            poll: seconds(1),
            call_timeout: seconds(30),
            run_time: seconds(60),
            run_pages: 1_000,
            run_records: 100_000,
            run_bytes: 1 << 30,
            memory_bytes: 1 << 20,
            component_bytes: 1 << 20,
            blob_bytes: 1 << 20,
            tenant_blob_bytes: 4 << 20,
            login_time: seconds(600),
            session_time: seconds(1_800),
            completion_time: seconds(600),
            refresh_lease: seconds(30),
            refresh_exchange: seconds(20),
            cool_down: seconds(30),
            longest_cool_down: seconds(3_600),
            failing_days: 4,
            idle_refresh: seconds(86_400),
            push_expires: None,
            settle_at_most: seconds(1),
            settle_again: seconds(1),
            webhook_retries: crate::WEBHOOK_RETRIES.to_vec(),
            webhook_disable_after: seconds(5 * 86_400),
            webhook_lease: seconds(45),
            registries: crate::Registries::default(),
            indexes: Vec::new(),
            update_check: seconds(3_600),
            update_age: seconds(86_400),
            connectors: ConnectorPolicy::default(),
            retention: Retention {
                runs: seconds(30 * 86_400),
                tombstones: seconds(90 * 86_400),
                dead_letters: seconds(30 * 86_400),
                events: seconds(30 * 86_400),
                drifts: seconds(30 * 86_400),
                blobs: seconds(7 * 86_400),
                unused_blobs: seconds(86_400),
                runs_per_sync: 20,
            },
        }
    }
}
