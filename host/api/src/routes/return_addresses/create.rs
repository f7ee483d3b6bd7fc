//! `POST /v1/return-addresses`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::ReturnAddress,
};

/// An address to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReturnAddress {
    /// What you call it.
    #[schema(example = "Integrations page", min_length = 1, max_length = 200)]
    name: String,
    /// The address: https, a host name, no user and no fragment; its query may not use `session` or `code`. http
    /// is taken for this machine only (`localhost`, `127.0.0.1`, `[::1]`).
    #[schema(example = "https://app.example.com/integrations/done", max_length = 2000)]
    address: String,
}

/// Registers an address of your application, at most 100. Sessions name it by its id; an address in a request or
/// a query is never followed.
#[utoipa::path(
    post, path = "/v1/return-addresses", tag = "connections", operation_id = "createReturnAddress",
    request_body = NewReturnAddress,
    responses((status = 201, description = "The address", body = ReturnAddress), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Body(new): Body<NewReturnAddress>,
) -> Result<(StatusCode, Json<ReturnAddress>), Problem> {
    let actor = tenant.caller.actor();
    let row = api.app.create_return_address(&tenant.id, &new.name, &new.address, &actor).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}
