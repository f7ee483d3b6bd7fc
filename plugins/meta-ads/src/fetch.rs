//! The streams: each is read for one ad account.

use patchbay_sdk::{Context, Page, ReadRequest, Result};

use crate::{insights, objects};

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    match request.stream.as_str() {
        "insights" => insights::read(ctx, request),
        name => match objects::KINDS.iter().find(|kind| kind.stream == name) {
            Some(kind) => objects::read(ctx, request, kind),
            None => Err(request.unsupported()),
        },
    }
}
