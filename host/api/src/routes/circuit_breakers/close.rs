//! `POST /v1/circuit-breakers/close`

use axum::{extract::State, http::StatusCode};
use patchbay_model::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Operator,
    problem::{Problem, Refusal},
};

/// Which host, for whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerToClose {
    /// The tenant, `ten_…`.
    #[schema(value_type = String)]
    tenant: TenantId,
    /// Scheme, host and port, as the list has it.
    #[schema(example = "https://api.acme.com", max_length = 2000)]
    origin: String,
}

/// Lets requests to a provider's host through again at once, because you know that it is back. Where it is not, it is
/// left alone again after a few failures. One that is closed already stays so.
#[utoipa::path(
    post, path = "/v1/circuit-breakers/close", tag = "host", operation_id = "closeCircuitBreaker",
    request_body = BreakerToClose,
    responses((status = 204, description = "Requests are let through"), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    Body(which): Body<BreakerToClose>,
) -> Result<StatusCode, Problem> {
    api.app.close_breaker(&which.tenant, &which.origin, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
