//! `DELETE /v1/connections/{id}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::ConnectionId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{InPath, Params},
    caller::Tenant,
    problem::{Problem, Refusal},
};

/// What is to become of what was read.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// What becomes of the records that were read: `remove` (when left out) or `keep`.
    #[serde(default)]
    #[param(inline)]
    records: Records,
}

/// What becomes of records: removed with the connection, or kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Records {
    #[default]
    Remove,
    Keep,
}

/// Deletes a connection: it cannot be used from this moment on.
///
/// The credential is given back to the provider in the background where its connector says how, and where no
/// other connection lives by the same grant; our copy is destroyed. Records and their changes are removed, or
/// kept with `records=keep`. Nothing else is deleted at the provider.
#[utoipa::path(
    delete, path = "/v1/connections/{id}", tag = "connections", operation_id = "deleteConnection",
    params(("id" = String, Path, description = "The connection, `con_…`"), How),
    responses((status = 204, description = "It is gone"), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
    Params(how): Params<How>,
) -> Result<StatusCode, Problem> {
    api.app.delete_connection(tenant.id, id, how.records == Records::Keep, tenant.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
