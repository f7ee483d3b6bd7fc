//! Answers that go on for a long time end with the key or the session that asked for them.
//!
//! A stream of events is asked for once and told for hours; an export is as long as its reader takes. Without this, a tab
//! that stays open after somebody signed out, or a client whose key was revoked, would be told everything until the host
//! stops. Streams of events just end: whoever may ask again is told what is wrong then. Any other body breaks off, because
//! half an export must not look like a whole one.

use std::{
    future::Future,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::Response,
};
use futures_util::{Stream, StreamExt as _, stream};
use patchbay_app::Caller;
use tokio::time::{MissedTickBehavior, interval};

use crate::Api;

/// How often it is looked whether the key or session still counts.
const LOOK: Duration = Duration::from_secs(5);

/// Who asked, set by the extractors once that is proved.
#[derive(Clone, Default)]
pub(crate) struct AskedBy(Arc<OnceLock<Caller>>);

impl AskedBy {
    /// It was this caller.
    pub(crate) fn is(&self, caller: &Caller) {
        // The same call has the same caller.
        let _ = self.0.set(caller.clone());
    }

    /// Who it was, once that is proved.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        self.0.get()
    }
}

/// Ends answers that are sent piece by piece with what opened them.
pub(crate) async fn streams_end(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let asked = AskedBy::default();
    request.extensions_mut().insert(asked.clone());
    let response = next.run(request).await;
    // One that has a length is made already.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let Some(caller) = asked.caller().cloned() else { return response };
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let events = kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"));
    response.map(|body| {
        let end = if events { End::Well } else { End::Cut };
        Body::from_stream(until(over(api, caller), end, body.into_data_stream()))
    })
}

/// How a body ends that may not go on.
#[derive(Clone, Copy)]
enum End {
    /// As if it had nothing more to say.
    Well,
    /// Visibly in the middle.
    Cut,
}

/// The pieces of a body, as long as it is not over.
fn until<S>(
    over: impl Future<Output = ()> + Send,
    end: End,
    pieces: S,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send
where
    S: Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin,
{
    stream::unfold(Some((pieces, Box::pin(over))), move |going| async move {
        let (mut pieces, mut over) = going?;
        tokio::select! {
            biased;
            () = over.as_mut() => match end {
                End::Well => None,
                End::Cut => Some((Err(axum::Error::new(io::Error::other("who asked may not be told more"))), None)),
            },
            piece = pieces.next() => piece.map(|piece| (piece, Some((pieces, over)))),
        }
    })
}

/// Comes back when the key or session does not count any more, or nobody can say.
async fn over(api: Api, caller: Caller) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    loop {
        look.tick().await;
        if !matches!(api.app.still_counts(&caller).await, Ok(true)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Instant, timeout};

    use super::*;

    const OVER: Duration = Duration::from_secs(7);

    async fn after(time: Duration) {
        // Nothing else ends it.
        let _ = timeout(time, pending::<()>()).await;
    }

    /// A piece each second, `count` of them.
    fn each_second(count: usize) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin {
        Box::pin(stream::unfold(0, move |sent| async move {
            if sent == count {
                return None;
            }
            after(Duration::from_secs(1)).await;
            Some((Ok(Bytes::from_static(b"piece")), sent + 1))
        }))
    }

    /// How many pieces came, whether the end was one, and after how long.
    async fn taken(end: End, count: usize) -> (usize, bool, Duration) {
        let begun = Instant::now();
        let pieces: Vec<_> = until(after(OVER), end, each_second(count)).collect().await;
        let whole = pieces.iter().all(Result::is_ok);
        (pieces.iter().filter(|piece| piece.is_ok()).count(), whole, begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn events_end_and_other_bodies_break_off_when_it_is_over() {
        assert_eq!(taken(End::Well, 1_000).await, (6, true, OVER));
        assert_eq!(taken(End::Cut, 1_000).await, (6, false, OVER));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_ends_before_is_whole() {
        for end in [End::Well, End::Cut] {
            assert_eq!(taken(end, 3).await, (3, true, Duration::from_secs(3)));
        }
    }
}
