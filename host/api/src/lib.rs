//! The HTTP API: what other programs and the web app talk to.
//!
//! One endpoint, one file: contract first, handler, tests. The types on the wire are this room's own,
//! converted from what `app` returns, so that a change inside is not a change for clients by accident.
//! All routes stand on one page, [`router`](crate::router).

mod body;
mod browser;
mod caller;
mod cookie;
mod live;
mod login;
mod ndjson;
mod openapi;
mod problem;
mod router;
mod routes;
mod serve;
mod until_over;
mod web;
mod wire;

use std::sync::Arc;

use patchbay_app::App;
use tokio::sync::watch;

pub use openapi::document;
pub use router::router;
pub use serve::serve;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    app: Arc<App>,
    limits: Limits,
    /// Who looks on live.
    onlookers: Arc<live::Places>,
    /// Who uploads files.
    uploads: Arc<live::Places>,
    /// Turns true when the host is to stop; answers that would go on for ever end then.
    stop: Option<watch::Receiver<bool>>,
}

/// Bounds of this room.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body_bytes: usize,
    /// Bytes of an uploaded component.
    pub component_bytes: usize,
    /// Connections open at the same time; the next one waits.
    pub connections: usize,
}

impl Api {
    /// The API over the use cases.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        Self { app, limits, onlookers: Arc::default(), uploads: Arc::new(live::Places::of_uploads()), stop: None }
    }
}
