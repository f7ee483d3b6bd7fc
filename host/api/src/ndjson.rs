//! A list as a body of lines, one JSON value each (`application/x-ndjson`), read page by page while it is sent.
//!
//! A page is read when the client has taken the one before, so an export of any length holds one page, and a client
//! that goes away ends it. When a page cannot be read, the connection is aborted: HTTP has no other way to say in the
//! middle of a body that the rest is missing, and half an export must not look like a whole one.

use std::{collections::VecDeque, future::Future};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use patchbay_app::Page;
use patchbay_model::Fault;
use serde::Serialize;

use crate::problem::Problem;

/// Its media type.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Bytes that are sent at once, or one line that is longer.
const PIECE: usize = 64 * 1024;

/// Where the sending is.
struct Sending<R, N> {
    rows: VecDeque<R>,
    after: Option<String>,
    next: N,
}

/// An answer of lines: of the first page, which the caller has read, and of those behind it. `next` reads the page
/// behind a place, `line` makes of a row what is written.
pub(crate) fn lines<R, T, N, F>(first: Page<R>, next: N, line: fn(R) -> Result<T, Problem>) -> Response
where
    R: Send + 'static,
    T: Serialize + 'static,
    N: FnMut(String) -> F + Send + 'static,
    F: Future<Output = Result<Page<R>, Fault>> + Send,
{
    let sending = Sending { rows: first.items.into(), after: first.next, next };
    let pieces = stream::try_unfold(sending, move |mut sending| async move {
        let piece = sending.piece(line).await.map_err(|fault| {
            tracing::error!(code = fault.code.id(), "an export ended early: {fault:?}");
            std::io::Error::other("the export ended early")
        })?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, sending)))
    });
    ([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(pieces)).into_response()
}

impl<R, N, F> Sending<R, N>
where
    N: FnMut(String) -> F,
    F: Future<Output = Result<Page<R>, Fault>>,
{
    /// The next lines; none at the end.
    async fn piece<T: Serialize>(&mut self, line: fn(R) -> Result<T, Problem>) -> Result<Option<Bytes>, Fault> {
        while self.rows.is_empty() {
            let Some(after) = self.after.take() else { return Ok(None) };
            let page = (self.next)(after).await?;
            (self.rows, self.after) = (page.items.into(), page.next);
        }
        let mut piece = Vec::new();
        while piece.len() < PIECE
            && let Some(row) = self.rows.pop_front()
        {
            write(&mut piece, &line(row).map_err(|Problem(fault)| fault)?)?;
        }
        Ok(Some(piece.into()))
    }
}

/// Writes a value as one line.
fn write(piece: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Fault> {
    let begins = piece.len();
    serde_json::to_writer(&mut *piece, value)
        .map_err(|error| Fault::new(patchbay_model::Code::Internal).operator(error))?;
    // What a connector sent goes out as it is, and may be written over several lines. A line break can stand only
    // between the values of a JSON text, where it means the same as a space.
    for byte in piece.iter_mut().skip(begins).filter(|byte| matches!(**byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
    piece.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests;
