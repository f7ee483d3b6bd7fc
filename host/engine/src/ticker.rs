//! Counts epochs, so that a guest that computes gives way.

use std::{thread, time::Duration};

use wasmtime::Engine;

use crate::EngineError;

/// How often a guest that computes gives way and its time is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Starts the counting thread; it ends with the engine. A thread, not a task: a runtime whose workers all
/// run guests would not get round to the task that interrupts them.
pub(crate) fn start(engine: &Engine) -> Result<(), EngineError> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("guest-epochs".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(EngineError::Ticker)
}
