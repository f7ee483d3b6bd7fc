//! What one connection's guest may reach, and for how long one run may try.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_model::{
    CustomerOrigins, HostPatterns,
    manifest::{Host, Rate, ResponseRule, Slot},
};
use tokio::{sync::watch, time::Instant};

use crate::{Journal, Rehearsal};

/// What one connection's guest may reach: the manifest as it was approved, and the values that fill
/// its placeholders. Nothing else widens it.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// Whose connection it is.
    pub tenant: String,
    /// The connector's id.
    pub connector: String,
    /// The connection's id; none before there is one.
    pub connection: Option<String>,
    /// The account that this run works for.
    pub account: Option<String>,
    /// Where requests may go.
    pub hosts: Vec<Host>,
    /// Where credentials may stand.
    pub slots: Vec<Slot>,
    /// Answers that mean that the credential is no longer accepted; status 401 when empty.
    pub expired: Vec<ResponseRule>,
    /// How fast.
    pub rates: Vec<Rate>,
    /// Facts and plain fields for `{x}` in hosts, paths and slots, and `region.NAME` of the region; never
    /// a secret.
    pub placeholders: BTreeMap<String, String>,
    /// Which addresses of customers' own the operator grants to the connector.
    pub customer_origins: CustomerOrigins,
    /// Hosts that the deployment allows at all, whatever was approved.
    pub ceiling: HostPatterns,
}

/// The bounds of one run.
pub struct DoorScope {
    /// Whether it may write.
    pub writes: Writes,
    /// When the run's time is over.
    pub deadline: Instant,
    /// Turns true when the run is cancelled.
    pub stop: watch::Receiver<bool>,
}

/// Whether requests of effect `write` are allowed.
pub enum Writes {
    /// They are refused: this call only reads.
    Forbidden,
    /// They are, each under a step of this journal.
    Journal(Arc<dyn Journal>),
    /// They are noted here instead of being sent, and so is all else that is not read.
    Rehearse(Arc<dyn Rehearsal>),
}
