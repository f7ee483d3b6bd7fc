//! Telling live what happens: the events of a tenant, each once, in the order in which they were written.
//!
//! Like a stream of progress it looks when something may have happened, at most four times a second, and once a second for
//! what other nodes do. Unlike it, nothing is told that is over: a client that comes back says up to where it was told, and
//! goes on from there.

use std::{collections::VecDeque, convert::Infallible, pin::Pin, sync::Arc};

use axum::response::sse::Event;
use futures_util::{Stream, stream};
use patchbay_app::{App, Following};
use tokio::{
    sync::{futures::OwnedNotified, watch},
    time::{Interval, MissedTickBehavior, interval, timeout},
};

use super::{LOOK, PACE, changing, places::Place, stopped};
use crate::wire;

/// What a stream of events needs.
pub(crate) struct Happenings {
    pub(crate) app: Arc<App>,
    /// How far it is.
    pub(crate) following: Following,
    /// Turns true when the host is to stop; none where it never does.
    pub(crate) stop: Option<watch::Receiver<bool>>,
    /// Held as long as somebody looks on.
    #[expect(dead_code, reason = "it is given back when it is dropped")]
    pub(crate) place: Place,
}

struct Going {
    happenings: Happenings,
    waiting: VecDeque<Event>,
    pace: Interval,
    changed: Pin<Box<OwnedNotified>>,
}

impl Happenings {
    /// The events, from where the client was told on.
    pub(crate) fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let changed = changing(&self.app.something_happened());
        let waiting = VecDeque::new();
        stream::unfold(Going { happenings: self, waiting, pace, changed }, |mut going| async move {
            let event = going.next().await?;
            Some((Ok(event), going))
        })
    }
}

impl Going {
    async fn next(&mut self) -> Option<Event> {
        let mut first = true;
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let stopped = stopped(self.happenings.stop.clone());
            let looked = tokio::select! {
                biased;
                () = stopped => return None,
                looked = self.look(first) => looked,
            };
            // The client comes back, and is told as an answer what is wrong then.
            looked?;
            first = false;
        }
    }

    /// Looks when it is time to: the first time at once, because more may wait than was read.
    async fn look(&mut self, at_once: bool) -> Option<()> {
        self.pace.tick().await;
        if !at_once {
            // Whichever comes first.
            let _ = timeout(LOOK - PACE, self.changed.as_mut()).await;
        }
        let Happenings { app, following, .. } = &mut self.happenings;
        // Before the look, so that what happens while it reads is looked for again.
        self.changed = changing(&app.something_happened());
        match app.next_events(following).await {
            Ok(news) => self.waiting.extend(news.into_iter().filter_map(event)),
            Err(fault) => {
                tracing::info!("a stream of events ends early: {fault:?}");
                return None;
            }
        }
        Some(())
    }
}

/// One that cannot be shown is passed over: the list of events says why.
fn event((number, happened): (i64, patchbay_app::Event)) -> Option<Event> {
    let happened = wire::Event::try_from(happened).ok()?;
    // JSON of our own has no line breaks, which an event cannot have; stored JSON has none either.
    Some(Event::default().event("event").id(number.to_string()).data(serde_json::to_string(&happened).ok()?))
}
