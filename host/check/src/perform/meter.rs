//! What one call cost: time, processor, requests and bytes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_egress::{Asked, Player, Recorder, Response, SendError};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::player::Actor;

/// One request, and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchanged {
    /// Method and address.
    pub request: String,
    /// The step of a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The status, or why there was no answer.
    pub answer: String,
    /// Bytes of the body that went out; a file counts as the note of it.
    pub bytes_out: usize,
    /// Bytes of the body that came back, decoded.
    pub bytes_in: usize,
}

/// Stands between the gate and a tape, or beside the line, and counts.
pub(super) struct Meter {
    actor: Option<Arc<Actor>>,
    sent: Mutex<Vec<Exchanged>>,
}

impl Meter {
    /// In front of recorded answers.
    pub(super) fn before(actor: Arc<Actor>) -> Self {
        Self { actor: Some(actor), sent: Mutex::default() }
    }

    /// Beside a live line.
    pub(super) fn beside() -> Self {
        Self { actor: None, sent: Mutex::default() }
    }

    /// All that was exchanged so far.
    pub(super) fn exchanged(&self) -> Vec<Exchanged> {
        self.sent().clone()
    }

    /// What the recorded answers did not have, and those that nobody asked for.
    pub(super) fn astray(&self) -> (Vec<String>, Vec<String>) {
        let heard = self.actor.as_ref().map(|actor| actor.heard()).unwrap_or_default();
        (heard.wrong, heard.unused)
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Exchanged>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, asked: &Asked, answer: &Result<Response, SendError>) {
        let (answer, bytes_in) = match answer {
            Ok(response) => (response.status.to_string(), response.body.len()),
            Err(error) => (error.to_string(), 0),
        };
        self.sent().push(Exchanged {
            request: format!("{} {}", asked.method, asked.url),
            step: asked.step.clone(),
            answer,
            bytes_out: asked.body.len(),
            bytes_in,
        });
    }
}

impl Player for Meter {
    fn answer(&self, asked: &Asked) -> Result<Response, SendError> {
        let answer = match &self.actor {
            Some(actor) => actor.answer(asked),
            None => Err(SendError::NotSent("nothing is recorded".to_owned())),
        };
        self.note(asked, &answer);
        answer
    }
}

impl Recorder for Meter {
    fn heard(&self, asked: &Asked, answer: &Result<Response, SendError>) {
        self.note(asked, answer);
    }
}

/// How long this thread has been computing. A call runs on the thread that asked for it, gate included.
pub(super) fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    Duration::new(part(time.tv_sec), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_computes_uses_time_of_the_processor() {
        let before = computed();
        let mut sum = 0_u64;
        while computed() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(computed() > before);
    }
}
