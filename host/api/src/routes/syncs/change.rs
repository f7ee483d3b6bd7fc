//! `PATCH /v1/syncs/{id}`

use axum::{Json, extract::State};
use patchbay_model::SyncId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Sync,
};

/// The switch of a sync.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// Whether it is read. Switched on, it is due at once and goes on from where it was.
    enabled: bool,
}

/// Switches one sync on or off. Its records stay.
#[utoipa::path(
    patch, path = "/v1/syncs/{id}", tag = "syncs", operation_id = "changeSync",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    request_body = Switch,
    responses((status = 200, description = "The sync as it is now", body = Sync), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
    Body(switch): Body<Switch>,
) -> Result<Json<Sync>, Problem> {
    Ok(Json(api.app.enable_sync(&tenant.id, &id, switch.enabled, &tenant.caller.actor()).await?.into()))
}
