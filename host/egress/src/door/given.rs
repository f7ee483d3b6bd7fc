//! An answer on its last step to the guest.

use crate::{Response, SendError, order::Order};

/// Bytes that a sink is given at a time.
const PIECE: usize = 256 * 1024;

/// Puts the body where the guest wants it. A sink that took it on its way has it; one that did not (the
/// answer is an error, or comes from the journal) gets it now.
pub(super) async fn given(order: &Order, mut response: Response, in_sink: bool) -> Result<Response, SendError> {
    let Some(sink) = &order.sink else { return Ok(response) };
    let body = std::mem::take(&mut response.body);
    if in_sink {
        return Ok(response);
    }
    let media_type = response.headers.iter().find(|(name, _)| name == http::header::CONTENT_TYPE.as_str());
    sink.begin(media_type.map(|(_, value)| value.as_str())).await;
    for piece in body.chunks(PIECE) {
        if !sink.take(piece.to_vec()).await {
            return Err(match &order.write {
                // Its answer is known and kept: for a write "too large" would say that it is not.
                Some(step) => SendError::Other(format!(
                    "the step `{}` was answered with status {}, and there is no room left for the answer's {} bytes",
                    step.name,
                    response.status,
                    body.len()
                )),
                None => SendError::TooLarge(u64::try_from(body.len()).unwrap_or(u64::MAX)),
            });
        }
    }
    Ok(response)
}
