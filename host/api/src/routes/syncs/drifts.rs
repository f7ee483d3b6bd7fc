//! `GET /v1/syncs/{id}/drifts`

use axum::{Json, extract::State};
use patchbay_model::SyncId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Drift, List},
};

/// Which part of the list.
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

/// What the records of a sync had that they did not have before: new fields, and other types in old ones; newest
/// first.
///
/// Records are stored all the same, as the provider sent them. Kept for a limited time.
#[utoipa::path(
    get, path = "/v1/syncs/{id}/drifts", tag = "syncs", operation_id = "listDrifts",
    params(("id" = String, Path, description = "The sync, `syn_…`"), Which),
    responses((status = 200, description = "A page of drifts", body = List<Drift>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
    Params(which): Params<Which>,
) -> Result<Json<List<Drift>>, Problem> {
    let most = limit(which.limit, 50, 200)?;
    Ok(Json(List::of(api.app.drifts(&tenant.id, &id, which.after.as_deref(), most).await?)))
}
