//! What a run's journal is asked and told about a write.

use super::{HEAD_BYTES, Run};
use crate::{Begin, JournalError, Response, SendError, StoredAnswer, order::Step};

impl Run {
    /// Asks the journal; an answer means that nothing is sent.
    pub(super) async fn begin(&self, step: &Step) -> Result<Option<Response>, SendError> {
        if *self.scope.stop.borrow() {
            return Err(SendError::Stopped);
        }
        match step.journal.begin(&step.name, step.hash).await {
            Ok(Begin::Send) => Ok(None),
            Ok(Begin::Replay(StoredAnswer { status, headers, body })) => {
                Ok(Some(Response { status, headers, body, replayed: true }))
            }
            Ok(Begin::Unknown) => {
                Err(SendError::Unknown(format!("an earlier attempt of the step `{}` has no answer", step.name)))
            }
            Ok(Begin::Mismatch) => Err(SendError::Denied(format!(
                "the step `{}` was another request before: one step is one request, the same on every attempt",
                step.name
            ))),
            Ok(Begin::Found { id }) => Err(SendError::Denied(format!(
                "the step `{}` was found at the provider as object `{id}`: go on behind it (item.ext `step.{}`)",
                step.name, step.name
            ))),
            Err(error) => Err(SendError::NotSent(error.to_string())),
        }
    }
}

/// Tells the journal the answer, as the guest will see it.
pub(super) async fn answered(step: &Step, response: &Response, opens_again: bool) -> Result<(), SendError> {
    let body = response.body.get(..HEAD_BYTES).unwrap_or(&response.body).to_vec();
    let stored = StoredAnswer { status: response.status, headers: response.headers.clone(), body };
    step.journal.answered(&step.name, &stored, opens_again).await.map_err(unkept)
}

/// What is not written down is not known.
pub(super) fn unkept(error: JournalError) -> SendError {
    SendError::Unknown(error.to_string())
}
