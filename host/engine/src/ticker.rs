//! Counts epochs, so that a guest that computes gives way.

use std::{
    sync::{Arc, Weak},
    thread::{self, Thread},
    time::Duration,
};

use tokio::sync::Semaphore;
use wasmtime::Engine;

use crate::EngineError;

/// How often a guest that computes gives way and its time is looked at. Ten milliseconds were all that an office beside it had
/// to spare (decision 20261124-a).
const TICK: Duration = Duration::from_millis(2);

/// The counting thread of an engine; it ends with the engine, and with the last instance of it.
///
/// A thread, not a task: a runtime whose workers all run guests would not get round to the task that interrupts them. While
/// there is no instance it sleeps.
pub(crate) struct Ticker(Thread);

impl Ticker {
    /// Counts while one of these places, of which there are so many, is taken.
    pub(crate) fn start(engine: &Engine, places: &Arc<Semaphore>) -> Result<Self, EngineError> {
        let (engine, all, places) = (engine.weak(), places.available_permits(), Arc::downgrade(places));
        let counting = thread::Builder::new().name("guest-epochs".to_owned()).spawn(move || {
            while let (Some(engine), Some(idle)) = (engine.upgrade(), idle(&places, all)) {
                engine.increment_epoch();
                drop(engine);
                if idle {
                    thread::park();
                } else {
                    thread::sleep(TICK);
                }
            }
        });
        Ok(Self(counting.map_err(EngineError::Ticker)?.thread().clone()))
    }

    /// A place was taken: there is somebody to count for.
    pub(crate) fn wake(&self) {
        self.0.unpark();
    }
}

/// Whether all places are free; nothing once nobody holds them any more.
fn idle(places: &Weak<Semaphore>, all: usize) -> Option<bool> {
    Some(places.upgrade()?.available_permits() == all)
}

impl Drop for Ticker {
    /// It finds that there is nothing to count for.
    fn drop(&mut self) {
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_idle_while_all_places_are_free_and_ends_with_them() {
        let places = Arc::new(Semaphore::new(2));
        let weak = Arc::downgrade(&places);
        assert_eq!(idle(&weak, 2), Some(true));
        let taken = Arc::clone(&places).try_acquire_owned();
        assert_eq!(idle(&weak, 2), Some(false));
        drop(places);
        assert_eq!(idle(&weak, 2), Some(false), "who holds a place is counted for, though the engine is gone");
        drop(taken);
        assert_eq!(idle(&weak, 2), None);
    }
}
