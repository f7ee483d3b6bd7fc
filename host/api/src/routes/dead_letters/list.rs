//! `GET /v1/connections/{id}/dead-letters`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{DeadLetter, List},
};

/// Which of them.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this stream.
    stream: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Records of a connection that could not be read, each content once, with the reason; newest first.
///
/// The rest of their page was stored. A run that meets more than one in a hundred fails with PB3014. One that is read
/// well later is a record like any other; its line here goes with its age.
#[utoipa::path(
    get, path = "/v1/connections/{id}/dead-letters", tag = "records", operation_id = "listDeadLetters",
    params(("id" = String, Path, description = "The connection, `con_…`"), Which),
    responses((status = 200, description = "A page of them", body = List<DeadLetter>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
    Params(which): Params<Which>,
) -> Result<Json<List<DeadLetter>>, Problem> {
    let most = limit(which.limit, 50, 200)?;
    let (stream, after) = (which.stream.as_deref(), which.after.as_deref());
    Ok(Json(List::of(api.app.dead_letters(&tenant.id, &id, stream, after, most).await?)))
}
