//! `POST /v1/syncs/{id}/backfill`

use axum::{Json, extract::State};
use patchbay_model::{SyncId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Sync,
};

/// From when on to read again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backfill {
    /// What changed at the provider since this moment is read again; not in the future.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    since: Timestamp,
}

/// Reads a sync again from a moment on: the run that is due at once begins there instead of where the sync was.
///
/// Nothing is deleted for not being met in such a pass, since it does not see everything. How far back a connector can
/// go is the provider's affair. A run that is open stops at its next page.
#[utoipa::path(
    post, path = "/v1/syncs/{id}/backfill", tag = "syncs", operation_id = "backfillSync",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    request_body = Backfill,
    responses((status = 200, description = "The sync as it is now", body = Sync), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
    Body(backfill): Body<Backfill>,
) -> Result<Json<Sync>, Problem> {
    let row = api.app.backfill(&tenant.id, &id, backfill.since, &tenant.caller.actor()).await?;
    Ok(Json(Sync::of(&api, row)))
}
