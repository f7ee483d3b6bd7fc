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
            Ok(Begin::Replay(StoredAnswer { status, headers, body, whole: true })) => {
                Ok(Some(Response { status, headers, body, replayed: true }))
            }
            // Not "unknown": it was answered, and a look would find nothing that is not known.
            Ok(Begin::Replay(StoredAnswer { status, whole: false, .. })) => Err(SendError::Other(format!(
                "the answer of the step `{}` was kept only in part: it came with status {status} and is longer than \
                 the {} KiB that are kept, so a later attempt cannot read it again; write in a step with a short \
                 answer, and fetch what is long in a request of its own that only reads (effect `read`, no step)",
                step.name,
                HEAD_BYTES / 1024
            ))),
            Ok(Begin::Unknown) => {
                Err(SendError::Unknown(format!("an earlier attempt of the step `{}` has no answer", step.name)))
            }
            Ok(Begin::InDoubt { step: other }) => Err(SendError::Unknown(format!(
                "the step `{other}` of this item may have been written and has no answer: `{}` is not sent before \
                 somebody looked",
                step.name
            ))),
            Ok(Begin::Single { step: other }) => Err(SendError::Denied(format!(
                "the step `{other}` of this item was written, and this action writes in one step: a second one, \
                 `{}`, is not sent; to allow several, add to the [[action]] in connector.toml:\nmulti-step = true",
                step.name
            ))),
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
pub(super) async fn answered(
    step: &Step,
    response: &Response,
    whole: bool,
    opens_again: bool,
) -> Result<(), SendError> {
    let (body, whole) = match response.body.get(..HEAD_BYTES) {
        Some(head) => (head.to_vec(), whole && response.body.len() == HEAD_BYTES),
        None => (response.body.clone(), whole),
    };
    let stored = StoredAnswer { status: response.status, headers: response.headers.clone(), body, whole };
    step.journal.answered(&step.name, &stored, opens_again).await.map_err(unkept)
}

/// What is not written down is not known.
pub(super) fn unkept(error: JournalError) -> SendError {
    SendError::Unknown(error.to_string())
}
