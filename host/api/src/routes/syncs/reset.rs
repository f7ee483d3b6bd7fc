//! `POST /v1/syncs/{id}/reset`

use axum::{Json, extract::State};
use patchbay_model::SyncId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Sync,
};

/// Forgets how far a sync is: its next run, which is due at once, reads everything again.
///
/// Records stay, and only what is different comes in the feed; what the provider no longer has is deleted when the
/// new pass has read to its end. A run that is open stops at its next page. A backfill is forgotten too.
#[utoipa::path(
    post, path = "/v1/syncs/{id}/reset", tag = "syncs", operation_id = "resetSync",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    responses((status = 200, description = "The sync as it is now", body = Sync), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
) -> Result<Json<Sync>, Problem> {
    let row = api.app.reset_sync(&tenant.id, &id, &tenant.caller.actor()).await?;
    Ok(Json(Sync::of(&api, row)))
}
