//! Answers that go on for a long time end with the session of the browser that asked.
//!
//! A stream of events is asked for once and told for hours. Without this, a tab that stays open after somebody signed
//! out, or whose key was revoked, would be told everything until the host stops.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::Response,
};
use futures_util::StreamExt as _;
use patchbay_app::SessionKind;
use patchbay_model::Secret;
use tokio::time::{MissedTickBehavior, interval};

use crate::Api;

/// How often it is looked whether the session still counts.
const LOOK: Duration = Duration::from_secs(5);

/// Which browser asked, set by the extractors once its cookie opened a session.
#[derive(Clone, Default)]
pub(crate) struct BrowserOf(Arc<OnceLock<(SessionKind, Secret)>>);

impl BrowserOf {
    /// It is the one with this cookie.
    pub(crate) fn is(&self, kind: SessionKind, cookie: Secret) {
        // The same call has the same cookie.
        let _ = self.0.set((kind, cookie));
    }
}

/// Ends streams of events with the session that asked for them.
pub(crate) async fn streams_end(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let browser = BrowserOf::default();
    request.extensions_mut().insert(browser.clone());
    let response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    if kind.is_none_or(|kind| !kind.starts_with(b"text/event-stream")) {
        return response;
    }
    match browser.0.get().cloned() {
        Some((kind, cookie)) => response
            .map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(over(api, kind, cookie))))),
        None => response,
    }
}

/// Comes back when the session does not count any more, or nobody can say.
async fn over(api: Api, kind: SessionKind, cookie: Secret) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    loop {
        look.tick().await;
        if !matches!(api.app.still_signed_in(kind, &cookie).await, Ok(true)) {
            return;
        }
    }
}
