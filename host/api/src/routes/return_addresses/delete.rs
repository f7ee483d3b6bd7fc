//! `DELETE /v1/return-addresses/{id}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::ReturnId;

use crate::{
    Api,
    body::InPath,
    caller::Backend,
    problem::{Problem, Refusal},
};

/// Removes a return address. Sessions that name it have no way back any more, and cannot be completed.
#[utoipa::path(
    delete, path = "/v1/return-addresses/{id}", tag = "connections", operation_id = "deleteReturnAddress",
    params(("id" = String, Path, description = "The address, `ret_…`")),
    responses((status = 204, description = "It is gone"), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<ReturnId>,
) -> Result<StatusCode, Problem> {
    api.app.delete_return_address(&tenant.id, &id, &tenant.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
