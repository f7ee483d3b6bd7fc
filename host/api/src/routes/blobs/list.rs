//! `GET /v1/blobs`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Blob, List},
};

/// Which files.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The files of the tenant, newest first. One that is being uploaded is listed when it is whole.
#[utoipa::path(
    get, path = "/v1/blobs", tag = "blobs", operation_id = "listBlobs",
    params(Which),
    responses((status = 200, description = "A page of files", body = List<Blob>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Blob>>, Problem> {
    let most = limit(which.limit, 50, 200)?;
    Ok(Json(List::of(api.app.blobs(&tenant.id, which.after.as_deref(), most).await?)))
}
