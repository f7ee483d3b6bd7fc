//! One guest at work: one instance of a component for one run of one connection.

use std::sync::Arc;

use patchbay_egress::{Door, Usage};
use patchbay_model::{
    Failure,
    contract::{Choices, Context, Identity, Item, Object, Page, PickRequest, PushOutcome, ReadRequest, StreamInfo},
};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use wasmtime::Store;

use crate::{
    Component,
    call::{Limit, judge},
    contract::Call,
    state::State,
};

/// A started guest. It keeps its state between calls until one of them ends in anything but an answer or
/// an error of the connector; from then on it is gone, and so is its memory.
pub struct Instance {
    live: Option<Live>,
    usage: Usage,
    figures: Figures,
    // The code must outlive what runs it, and who swaps releases sees that this one is in use.
    component: Arc<Component>,
}

/// What an instance used of its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Bytes of linear memory that it took, starting included.
    pub memory_bytes: usize,
    /// The most calls of the host that one of its calls made, or its start.
    pub host_calls: u32,
    /// Calls of the host that its last call made; those of its start, before the first.
    pub last_host_calls: u32,
}

/// A store and what is called in it; the store goes first, then its place in the pool.
pub(crate) struct Live {
    pub(crate) store: Store<State>,
    pub(crate) call: Call,
    pub(crate) call_timeout: std::time::Duration,
    pub(crate) _place: OwnedSemaphorePermit,
}

/// Runs one export: taken out before, put back only when the guest came back with an answer. A caller that
/// drops the future drops the guest with it.
macro_rules! call {
    ($self:ident, $export:ident ( $($argument:expr),* )) => {{
        let Some(mut live) = $self.live.take() else {
            return Err(Failure::Trap("the instance broke in an earlier call".to_owned()));
        };
        let limit = live.begin();
        let (mut stop, meter) = (live.store.data().stop.clone(), Arc::clone(&live.store.data().meter));
        let outcome = {
            let work = meter.during(live.call.$export(&mut live.store, $($argument),*));
            limit.hold(&mut stop, work).await
        };
        let answer = judge(live.store.data_mut(), outcome);
        $self.usage = live.usage();
        $self.figures = live.store.data().figures();
        if matches!(answer, Ok(_) | Err(Failure::Connector(_))) {
            $self.live = Some(live);
        }
        answer
    }};
}

impl Instance {
    pub(crate) fn new(live: Live, component: Arc<Component>) -> Self {
        let figures = live.store.data().figures();
        Self { live: Some(live), usage: Usage::default(), figures, component }
    }

    /// `auth.identify`: whose business account it is, and which accounts it reaches.
    ///
    /// # Errors
    ///
    /// The connector's own error, or what stopped it; after the latter every call fails.
    pub async fn identify(&mut self, ctx: &Context) -> Result<Identity, Failure> {
        call!(self, identify(ctx))
    }

    /// `fetch.discover`: which streams this connection has.
    ///
    /// # Errors
    ///
    /// As [`identify`](Self::identify).
    pub async fn discover(&mut self, ctx: &Context) -> Result<Vec<StreamInfo>, Failure> {
        call!(self, discover(ctx))
    }

    /// `fetch.read`: one page. Its bytes, count and cursor are within the contract's bounds; whether the
    /// records are JSON and as many as it says is for the caller to see, who reads them anyway.
    ///
    /// # Errors
    ///
    /// As [`identify`](Self::identify).
    pub async fn read(&mut self, ctx: &Context, request: &ReadRequest) -> Result<Page, Failure> {
        call!(self, read(ctx, request))
    }

    /// `fetch.pick`: what a picker answers.
    ///
    /// # Errors
    ///
    /// As [`identify`](Self::identify).
    pub async fn pick(&mut self, ctx: &Context, request: &PickRequest) -> Result<Choices, Failure> {
        call!(self, pick(ctx, request))
    }

    /// `push.push`: writes one item.
    ///
    /// # Errors
    ///
    /// As [`identify`](Self::identify).
    pub async fn push(&mut self, ctx: &Context, item: &Item) -> Result<PushOutcome, Failure> {
        call!(self, push(ctx, item))
    }

    /// `push.find`: whether a step whose answer is unknown has happened; `sent_ms` is when it was sent,
    /// milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`identify`](Self::identify).
    pub async fn find(
        &mut self,
        ctx: &Context,
        item: &Item,
        step: &str,
        sent_ms: u64,
    ) -> Result<Option<Object>, Failure> {
        call!(self, find(ctx, item, step, sent_ms))
    }

    /// Whether it can still be called.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// What its calls used of the network, the last one included, however it ended.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// What it used of its bounds, the last call included, however it ended.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// The component it is an instance of.
    #[must_use]
    pub fn component(&self) -> &Arc<Component> {
        &self.component
    }
}

impl Live {
    fn usage(&self) -> Usage {
        self.store.data().door.as_ref().map(Door::usage).unwrap_or_default()
    }

    fn begin(&mut self) -> Limit {
        let deadline: Instant = self.store.data().deadline;
        let limit = Limit::of(self.call_timeout, deadline);
        self.store.data_mut().begin(limit.ends, limit.as_what.clone());
        // Epochs passed while nobody called; without this each call would begin by giving way.
        self.store.set_epoch_deadline(1);
        limit
    }
}
