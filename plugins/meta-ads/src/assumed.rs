//! What Meta's documents do not say for certain, or change twice a year: read here from the operator's configuration, and from
//! nowhere else. The defaults stand in `connector.toml`; the version stands in the addresses of the login too,
//! which are the host's business.

use std::collections::BTreeMap;

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// The version of the interface, which every path begins with: `v25.0`.
    pub(crate) version: String,
    /// Rows of a page.
    pub(crate) page_size: u32,
    /// Ad accounts of a page.
    pub(crate) accounts_page_size: u32,
    /// After so long campaigns, ad sets and ads are read whole again.
    pub(crate) full_read_hours: u64,
    /// Fields that are asked for, by list.
    pub(crate) fields: BTreeMap<String, Vec<String>>,
    /// The field by which objects that left a list are asked for, without its kind: `effective_status`.
    pub(crate) gone_field: String,
    /// Its values.
    pub(crate) gone_values: Vec<String>,
    /// Within how many days a conversion is attributed to an ad.
    pub(crate) attribution_windows: Vec<String>,
    /// What an ad account's status means, by its number.
    pub(crate) account_statuses: BTreeMap<String, String>,
    /// Numbers of statuses in which an account can be read.
    pub(crate) usable_statuses: Vec<u32>,
    /// How far back figures are kept, months.
    pub(crate) history_months: u32,
    /// How far back reach is told by breakdown, months.
    pub(crate) reach_months: u32,
    pub(crate) jobs: Jobs,
    pub(crate) usage: Usage,
}

/// How reports are prepared.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Jobs {
    /// Reports of one account that are prepared at the same time.
    pub(crate) at_once: usize,
    /// How often the report of a day is asked for.
    pub(crate) tries: u32,
    /// How long until it is looked at first; doubled each time.
    pub(crate) first_wait_seconds: u64,
    pub(crate) longest_wait_seconds: u64,
    /// After so long a report that has not begun is given up.
    pub(crate) idle_seconds: u64,
    /// After so long every report is given up.
    pub(crate) give_up_seconds: u64,
}

/// How much of what an account may ask is left to others, in percent.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Usage {
    /// Above this the account is asked slowly.
    pub(crate) slow_above: u64,
    /// From this on it is left alone.
    pub(crate) rest_from: u64,
    /// Between two requests that are slow.
    pub(crate) slow_seconds: u64,
    /// How long it is left alone where nobody says how long.
    pub(crate) rest_minutes: u64,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }

    /// The fields of a list, as one parameter.
    pub(crate) fn fields(&self, list: &str) -> String {
        self.fields.get(list).map(|fields| fields.join(",")).unwrap_or_default()
    }
}
