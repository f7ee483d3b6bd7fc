//! What the fakes hold and how they behave when nobody asks for trouble.

use std::{path::PathBuf, sync::Arc, time::Duration};

use patchbay_model::{Clock, SystemClock};

use crate::also::Also;

/// Everything that [`Fakes::start`](crate::Fakes::start) can be told.
#[derive(Clone)]
pub struct FakesConfig {
    /// Names, texts, ids and tokens follow from it alone.
    pub seed: u64,
    /// Where journals and the certificate authority's PEM are written; a temporary folder when left out.
    pub journal_dir: Option<PathBuf>,
    /// What dates created and touched records, and ends tokens.
    pub clock: Arc<dyn Clock>,
    /// The GitHub fake.
    pub github: GithubConfig,
    /// The Silverfin fake.
    pub silverfin: SilverfinConfig,
    /// The ledger.
    pub ledger: LedgerConfig,
    /// The desk.
    pub desk: DeskConfig,
    /// Further providers: [`also::all`](crate::also::all), or those that a test needs.
    pub also: Vec<Also>,
}

/// What the GitHub fake holds.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// Repositories that the tokens `owner` and `reader` see.
    pub repositories: usize,
    /// Issues, pull requests and comments in all of them together.
    pub records: usize,
    /// Requests that a token may make in an hour; not enforced when left out.
    pub primary: Option<u32>,
    /// Writes that a token may make in a minute; not enforced when left out.
    pub secondary: Option<u32>,
}

/// What the Silverfin fake holds.
#[derive(Debug, Clone)]
pub struct SilverfinConfig {
    /// Companies that the list of the first firm returns (one archived and one hidden come on top).
    pub companies: usize,
    /// Remarks of each of the first five companies.
    pub remarks: usize,
    /// How long an access token is accepted.
    pub access_life: Duration,
    /// Whether a second call to one company at the same time is answered 429.
    pub one_call_per_company: bool,
}

/// What the ledger holds at the start; [`Change`](crate::ledger::Change) does the rest.
#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// Where it listens on 127.0.0.1; a free port when 0.
    pub port: u16,
    /// Records of `entries`.
    pub entries: u64,
    /// Records of `removals`.
    pub removals: u64,
    /// Records of `snapshot`.
    pub snapshot: u64,
    /// Rows of a report.
    pub report: u64,
    /// How many looks find a report unfinished.
    pub report_looks: u32,
    /// Accounts: `a1` and on.
    pub accounts: u64,
    /// Records of the `lines` of each account.
    pub lines: u64,
    /// Records of `/bulk`.
    pub bulk: u64,
}

/// What the desk holds at the start; [`Desk::resize`](crate::desk::Desk::resize) does the rest.
#[derive(Debug, Clone)]
pub struct DeskConfig {
    /// Clients: `c1` and on. 20,000 are fine.
    pub clients: u64,
    /// Folders of each client.
    pub folders: u64,
}

impl Default for DeskConfig {
    fn default() -> Self {
        Self { clients: 40, folders: 3 }
    }
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            port: 0,
            entries: 250,
            removals: 30,
            snapshot: 250,
            report: 40,
            report_looks: 2,
            accounts: 2,
            lines: 30,
            bulk: 10_000,
        }
    }
}

impl Default for FakesConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            journal_dir: None,
            clock: Arc::new(SystemClock),
            github: GithubConfig::default(),
            silverfin: SilverfinConfig::default(),
            ledger: LedgerConfig::default(),
            desk: DeskConfig::default(),
            also: Vec::new(),
        }
    }
}

impl FakesConfig {
    /// Few records, for tests that do not count them: 40 at GitHub, 12 companies at Silverfin.
    #[must_use]
    pub fn small() -> Self {
        let mut config = Self::default();
        config.github.records = 40;
        config.silverfin.companies = 12;
        config
    }
}

impl Default for GithubConfig {
    fn default() -> Self {
        Self { repositories: 3, records: 10_800, primary: None, secondary: None }
    }
}

impl Default for SilverfinConfig {
    fn default() -> Self {
        Self { companies: 1_200, remarks: 2, access_life: Duration::from_secs(7_200), one_call_per_company: false }
    }
}
