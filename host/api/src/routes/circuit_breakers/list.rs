//! `GET /v1/circuit-breakers`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::OperatorFor,
    problem::{Problem, Refusal},
    wire::{CircuitBreaker, List},
};

/// Hosts of providers that fail, with how long they are left alone, as all nodes know them; at most 1,000.
///
/// A host that failed again and again is sent nothing for a while, for the tenant for whom it failed; then one request
/// tries. Runs wait for it and fail with PB3016.
#[utoipa::path(
    get, path = "/v1/circuit-breakers", tag = "host", operation_id = "listCircuitBreakers",
    params(("Patchbay-Tenant" = Option<String>, Header, description = "Of this tenant only, `ten_…`")),
    responses((status = 200, description = "All of them", body = List<CircuitBreaker>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    operator: OperatorFor,
) -> Result<Json<List<CircuitBreaker>>, Problem> {
    Ok(Json(List::whole(api.app.breakers(operator.tenant.as_ref()).await?)))
}
