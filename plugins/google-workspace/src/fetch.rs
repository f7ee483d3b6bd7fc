//! Which stream belongs to which login. A connection has all streams of the manifest, and its login only some of them: the
//! others end at once, without a request and without a record. An error would help nobody, because the person who connected a
//! calendar cannot become an administrator by reconnecting.

use patchbay_sdk::{Context, Page, ReadRequest, Records, Result, log};

use crate::{
    directory, sync, walk,
    wire::{Api, Profile},
};

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    let profile = match request.stream.as_str() {
        "calendars" | "events" => Profile::Calendar,
        "users" | "groups" | "group_members" | "app_tokens" => Profile::Directory,
        _ => return Err(request.unsupported()),
    };
    if api.profile != profile {
        log::info("this login has nothing of this stream", &[("stream", &request.stream), ("login", &ctx.auth)]);
        return Page::end(Records::empty(), &());
    }
    match request.stream.as_str() {
        "calendars" => sync::calendars(&api, request),
        "events" => sync::events(&api, ctx, request),
        "users" => directory::users(&api, request),
        "groups" => directory::groups(&api, request),
        "group_members" => walk::members(&api, request),
        _ => walk::tokens(&api, request),
    }
}
