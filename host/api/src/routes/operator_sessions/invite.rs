//! `POST /v1/operator-sessions/invite`

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::OperatorInvitation,
};

/// Makes an address that signs in another browser, or another operator: once, within 15 minutes.
///
/// Whoever opens it may do everything that an operator may. The session ends with the key that stands behind this call,
/// when that is revoked.
#[utoipa::path(
    post, path = "/v1/operator-sessions/invite", tag = "sessions", operation_id = "inviteOperator",
    responses((status = 201, description = "The address", body = OperatorInvitation), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
) -> Result<(StatusCode, Json<OperatorInvitation>), Problem> {
    Ok((StatusCode::CREATED, Json(api.app.invite_operator(&caller).await?.into())))
}
