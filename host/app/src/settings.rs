//! What the operator configured, as far as the use cases need it.

use std::{path::PathBuf, time::Duration};

use url::Url;

/// Limits, lengths and addresses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people and providers reach this host.
    pub public_url: Url,
    /// Where component files are kept, one per digest.
    pub components_dir: PathBuf,
    /// Runs and pushes at the same time.
    pub workers: usize,
    /// How long a worker may be silent before its work is another's.
    pub lease: Duration,
    /// How often the queue is looked at when nothing wakes it.
    pub poll: Duration,
    /// One call of a connector.
    pub call_timeout: Duration,
    /// One run, whatever its manifest asks.
    pub run_time: Duration,
    /// Memory of one instance at most, whatever its manifest asks, bytes.
    pub memory_bytes: usize,
    /// Bytes of a component.
    pub component_bytes: usize,
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
    /// Longest that a look for a lost write waits for the provider to settle, whatever the manifest says.
    pub settle_at_most: Duration,
    /// Time between two looks that must agree that something is not there.
    pub settle_again: Duration,
}
