//! `run`: time, randomness and what a guest says about itself.

use std::time::Duration;

use tokio::time::Instant;

use super::contract::run;
use crate::state::State;

/// Random bytes in one call; fewer than asked when more are asked.
const RANDOM: usize = 1024;
/// The run's time is "nearly over" from here on.
const NEARLY_OVER: Duration = Duration::from_secs(2);
/// Longest name of a step.
const STEP: usize = 64;

impl run::Host for State {
    async fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.host_call()?;
        Ok(u64::try_from(self.clock.now().as_millis()).unwrap_or(0))
    }

    async fn random(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        self.host_call()?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(RANDOM).min(RANDOM)];
        self.random.fill(&mut bytes);
        Ok(bytes)
    }

    async fn remaining_ms(&mut self) -> wasmtime::Result<u64> {
        self.host_call()?;
        Ok(u64::try_from(self.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    async fn should_stop(&mut self) -> wasmtime::Result<bool> {
        self.host_call()?;
        Ok(*self.stop.borrow() || self.remaining() < NEARLY_OVER)
    }

    async fn log(&mut self, level: u8, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.host_call()?;
        self.log.line(level, &message, &fields);
        Ok(())
    }

    async fn progress(&mut self, done: u64, total: Option<u64>) -> wasmtime::Result<()> {
        self.host_call()?;
        self.log.progress(done, total);
        Ok(())
    }

    async fn step_refused(&mut self, step: String) -> wasmtime::Result<()> {
        self.host_call()?;
        // A longer name was never journalled.
        if step.len() <= STEP {
            self.steps.refused(&step).await;
        }
        Ok(())
    }

    async fn step_key(&mut self, step: String) -> wasmtime::Result<String> {
        self.host_call()?;
        Ok(self.steps.key(&step))
    }
}

impl State {
    /// Until the run or the call ends, whichever is first.
    fn remaining(&self) -> Duration {
        self.deadline.min(self.call_ends.0).saturating_duration_since(Instant::now())
    }
}
