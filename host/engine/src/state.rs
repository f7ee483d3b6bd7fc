//! What a store holds: the powers of its run, and what the host remembers about the call that runs.

use std::{sync::Arc, time::Duration};

use patchbay_egress::Door;
use patchbay_model::{Budget, Clock, Failure, ManualClock, Random, SystemRandom};
use tokio::{sync::watch, time::Instant};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::{
    Blobs, Figures, LogSink, NoBlobs, NoSteps, RunScope, Steps,
    compute::{self, Meter},
    limits::{Growth, HANDLES, HOST_CALLS},
    log::RunLog,
    wasi,
};

/// The state behind every host function.
pub(crate) struct State {
    pub(crate) door: Option<Door>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) steps: Arc<dyn Steps>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) log: RunLog,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) deadline: Instant,
    pub(crate) growth: Growth,
    /// When the call that runs now ends, and as what.
    pub(crate) call_ends: (Instant, Failure),
    /// What it computes, and how much of that a call may.
    pub(crate) meter: Arc<Meter>,
    pub(crate) compute: Duration,
    /// What a host function found that ends the run, whatever the guest makes of it.
    pub(crate) ended: Option<Failure>,
    host_calls: u32,
    /// The most that one call made.
    most_host_calls: u32,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl State {
    /// For one run.
    pub(crate) fn of(scope: RunScope) -> Self {
        let RunScope { door, memory_bytes, deadline, stop, clock, random, log, steps, blobs, call_timeout: _ } = scope;
        Self { steps, blobs, random, ..Self::bare(Some(door), memory_bytes, deadline, stop, clock, log) }
    }

    /// For a probe: a component starts, reaches nothing and ends.
    pub(crate) fn probe(memory_bytes: usize, deadline: Instant, log: Arc<dyn LogSink>) -> Self {
        let (_sender, stop) = watch::channel(false);
        Self::bare(None, memory_bytes, deadline, stop, Arc::new(ManualClock::default()), log)
    }

    fn bare(
        door: Option<Door>,
        memory_bytes: usize,
        deadline: Instant,
        stop: watch::Receiver<bool>,
        clock: Arc<dyn Clock>,
        log: Arc<dyn LogSink>,
    ) -> Self {
        let log = RunLog::to(log);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi: wasi::nothing(&log, clock.now()),
            door,
            clock,
            random: Arc::new(SystemRandom),
            steps: Arc::new(NoSteps),
            blobs: Arc::new(NoBlobs),
            log,
            stop,
            deadline,
            growth: Growth::of(memory_bytes),
            call_ends: (deadline, Failure::BudgetSpent(Budget::Time)),
            meter: Arc::default(),
            compute: compute::STANDARD,
            ended: None,
            host_calls: 0,
            most_host_calls: 0,
            table,
        }
    }

    /// What the guest used of its bounds so far.
    pub(crate) fn figures(&self) -> Figures {
        Figures {
            memory_bytes: self.growth.taken(),
            host_calls: self.most_host_calls.max(self.host_calls),
            last_host_calls: self.host_calls,
        }
    }

    /// A call of the guest begins.
    pub(crate) fn begin(&mut self, ends: Instant, as_what: Failure) {
        self.call_ends = (ends, as_what);
        self.most_host_calls = self.most_host_calls.max(self.host_calls);
        self.host_calls = 0;
        self.meter.reset();
    }

    /// Counts a call of one of our own functions.
    ///
    /// # Errors
    ///
    /// The guest has used up its calls: the error traps it.
    pub(crate) fn host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls = self.host_calls.saturating_add(1);
        self.check_host_calls()
    }

    /// What an epoch looks at: whether the guest's time, its computing or its host calls are used up.
    pub(crate) fn check(&mut self) -> wasmtime::Result<()> {
        self.check_host_calls()?;
        if self.meter.so_far() > self.compute {
            return self.end(Failure::ComputeSpent(self.compute));
        }
        if Instant::now() < self.call_ends.0 {
            return Ok(());
        }
        let failure = self.call_ends.1.clone();
        self.end(failure)
    }

    /// Ends the run with `failure`: what is returned traps the guest.
    pub(crate) fn end<T>(&mut self, failure: Failure) -> wasmtime::Result<T> {
        let text = failure.code().title();
        self.ended.get_or_insert(failure);
        Err(wasmtime::Error::msg(text))
    }

    fn check_host_calls(&mut self) -> wasmtime::Result<()> {
        if self.host_calls <= HOST_CALLS {
            return Ok(());
        }
        self.end(Failure::ContractBroken(format!("more than {HOST_CALLS} calls of the host in one call")))
    }
}

/// Every WASI function asks for its context here first, so this is where they are counted. It cannot
/// refuse; the next epoch does.
impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.host_calls = self.host_calls.saturating_add(1);
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoLog;

    #[test]
    fn a_call_is_told_by_its_own_calls_of_the_host_and_the_most_stays() {
        let mut state = State::probe(1 << 20, Instant::now(), Arc::new(NoLog));
        let mut called = |times: u32| {
            state.begin(Instant::now(), Failure::CallTimeout);
            (0..times).for_each(|_| state.host_call().expect("within its bound"));
            let figures = state.figures();
            (figures.last_host_calls, figures.host_calls)
        };
        assert_eq!([called(2), called(7), called(3), called(0)], [(2, 2), (7, 7), (3, 7), (0, 7)]);
    }
}
