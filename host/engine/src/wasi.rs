//! WASI 0.2, whole and empty.
//!
//! JavaScript and Python components import sockets, files, terminals and clocks even when they use none,
//! so all of it is linked, with a context in which nothing is there: no folder, no variable, no argument,
//! no address, no name. What a guest prints ends in its run's log. The clocks stand still at the moment
//! the run began: `run.now-ms` is the clock, to the millisecond, and there is no finer one to probe with.

use std::time::Duration;

use bytes::Bytes;
use patchbay_model::Timestamp;
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::{
    log::{Output, RunLog},
    state::State,
};

/// Random bytes in one request of WASI.
const RANDOM: u64 = 64 * 1024;

pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// A context in which nothing is there. wasmtime's defaults deny most of this; it is said all the same,
/// because a default may change.
pub(crate) fn nothing(log: &RunLog, began: Timestamp) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(Printed(log.clone(), Output::Stdout))
        .stderr(Printed(log.clone(), Output::Stderr))
        .allow_blocking_current_thread(false)
        .allow_ip_name_lookup(false)
        .allow_tcp(false)
        .allow_udp(false)
        .socket_addr_check(|_, _| Box::pin(async { false }))
        .max_random_size(RANDOM)
        .wall_clock(Still(began))
        .monotonic_clock(Still(began))
        .build()
}

/// A clock that shows when the run began.
struct Still(Timestamp);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millis()).unwrap_or(0))
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}

/// A guest's standard output.
#[derive(Clone)]
struct Printed(RunLog, Output);

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this one, and it is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.output(self.1, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}
