//! `GET /v1/return-addresses`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{List, ReturnAddress},
};

/// The registered return addresses.
#[utoipa::path(
    get, path = "/v1/return-addresses", tag = "connections", operation_id = "listReturnAddresses",
    responses((status = 200, description = "The addresses", body = List<ReturnAddress>), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, tenant: Backend) -> Result<Json<List<ReturnAddress>>, Problem> {
    Ok(Json(List::whole(api.app.return_addresses(&tenant.id).await?)))
}
