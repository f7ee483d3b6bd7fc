//! `GET /v1/changes`

use axum::{Json, extract::State};
use patchbay_app::FeedFilter;
use patchbay_model::{Code, ConnectionId, Fault, TenantId};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::Changes,
};

/// What somebody does who was away for too long.
const BEGIN_AGAIN: &str = "Deletions behind this place are kept no longer. Read on from after=0: every record that is \
     there comes once; remove those that do not come.";

/// Which changes.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `next_after` of the answer before; 0 or left out for the beginning.
    #[serde(default)]
    after: u64,
    /// `began` of the answer before, while you read from the beginning: such a reading is never refused for its age.
    #[serde(default)]
    began: u64,
    /// Of this connection, `con_…`.
    #[param(value_type = Option<String>)]
    connection: Option<ConnectionId>,
    /// Of this stream.
    stream: Option<String>,
    /// Changes in the answer; 100 when left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What changed since a place in the feed, in the order in which it was committed.
///
/// Store `next_after` together with what you took, and pass it as `after` next time: each record comes at
/// its newest state at least once, and each deletion. Of a record that changed twice in between only the
/// later state comes. Nothing can appear later below a place that was answered.
///
/// Deletions are kept for a limited time. A place that is older than that is refused with status 410 and PB5011: begin
/// again with `after=0`, where every record that is there comes once, and remove what does not come. Pass `began` of the
/// answers back beside `after` until `more` is false: it says that you had nothing before.
#[utoipa::path(
    get, path = "/v1/changes", tag = "records", operation_id = "listChanges",
    params(Which),
    responses((status = 200, description = "A part of the feed", body = Changes), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Params(which): Params<Which>,
) -> Result<Json<Changes>, Problem> {
    let limit = limit(which.limit, 100, 1_000)?;
    let filter = FeedFilter {
        connection: which.connection,
        stream: which.stream,
        after: which.after,
        began: which.began,
        limit,
    };
    Ok(Json(read(&api, &tenant.id, &filter).await?))
}

/// A part of the feed.
pub(super) async fn read(api: &Api, tenant: &TenantId, filter: &FeedFilter) -> Result<Changes, Problem> {
    match api.app.feed(tenant, filter).await {
        Ok((rows, end)) => Changes::behind(filter, end, rows),
        Err(fault) if fault.code == Code::FeedTooOld => Err(Problem(Fault { person: BEGIN_AGAIN.to_owned(), ..fault })),
        Err(fault) => Err(fault.into()),
    }
}
