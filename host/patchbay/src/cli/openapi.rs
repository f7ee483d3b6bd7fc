//! `patchbay openapi`: the API's document, for `cargo xtask generate`.

use std::io::Write;

use crate::exit::{Exit, Stop};

pub(super) fn run() -> Result<Exit, Stop> {
    let document = patchbay_api::document();
    let mut out = std::io::stdout().lock();
    let written = out.write_all(document.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Stop::failed(format!("the document cannot be printed: {error}")))?;
    Ok(Exit::Done)
}
