//! What nobody documents: read here from the operator's configuration, and from nowhere else. The defaults stand in
//! `connector.toml`. The addresses of the login are there too, and the host's business.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Assumed {
    /// `https://s.enewsletter.pl`
    pub(crate) origin: String,
    pub(crate) api_path: String,
    pub(crate) account_path: String,
    /// `https://api.sarehub.com`
    pub(crate) hub_origin: String,
    pub(crate) hub_path: String,
    /// Whether sends and events are read at all.
    pub(crate) reports: bool,
    pub(crate) paths: Paths,
    pub(crate) page: Paging,
    pub(crate) envelope: Envelope,
    /// Days for which a send is read again: it is still opened and clicked.
    pub(crate) sends_look_back_days: u64,
}

/// Each below the account; the page follows.
#[derive(Deserialize)]
pub(crate) struct Paths {
    pub(crate) report_sends: String,
    pub(crate) report_events: String,
}

#[derive(Deserialize)]
pub(crate) struct Paging {
    /// Addresses that are asked for at once.
    pub(crate) size_hint: u32,
}

/// Members of an answer.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) code: String,
    pub(crate) data: String,
    pub(crate) row_error: String,
    pub(crate) row_reason: String,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
