//! `GET /v1/connections/{id}/changes`

use axum::{Json, extract::State};
use patchbay_app::FeedFilter;
use patchbay_model::ConnectionId;
use serde::Deserialize;

use super::list::read;
use crate::{
    Api,
    body::{InPath, Params, limit},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::Changes,
};

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
    /// Of this stream.
    stream: Option<String>,
    /// Changes in the answer; 100 when left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What changed in a connection since a place in the feed: the part of `GET /v1/changes` that is about it, with the
/// same places and the same promises.
#[utoipa::path(
    get, path = "/v1/connections/{id}/changes", tag = "records", operation_id = "listConnectionChanges",
    params(("id" = String, Path, description = "The connection, `con_…`"), Which),
    responses((status = 200, description = "A part of the feed", body = Changes), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(connection): InPath<ConnectionId>,
    Params(which): Params<Which>,
) -> Result<Json<Changes>, Problem> {
    let limit = limit(which.limit, 100, 1_000)?;
    let filter = FeedFilter {
        connection: Some(connection),
        stream: which.stream,
        after: which.after,
        began: which.began,
        limit,
    };
    Ok(Json(read(&api, &tenant.id, &filter).await?))
}
