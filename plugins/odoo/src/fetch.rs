//! The streams: each is a model of the database.

use patchbay_sdk::{Context, Page, ReadRequest, Result};

use crate::{models, walk, wire::Api};

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let source = models::source(&request.stream).ok_or_else(|| request.unsupported())?;
    walk::read(&Api::of(ctx)?, &source, request)
}
