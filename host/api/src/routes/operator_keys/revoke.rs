//! `DELETE /v1/operator-keys/{key}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::KeyId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
};

/// Ends a key at once, on every node, and the browser sessions that were opened with it. Ending it again changes nothing.
///
/// What was made with it stays: other keys, connections, settings. The key behind the call cannot be ended, nor the last one that
/// works: make another one first, and call with that.
#[utoipa::path(
    delete, path = "/v1/operator-keys/{key}", tag = "host", operation_id = "revokeOperatorKey",
    params(("key" = String, Path, description = "The key's id, `key_…`")),
    responses((status = 204, description = "The key is void"), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(key): InPath<KeyId>,
) -> Result<StatusCode, Problem> {
    api.app.revoke_operator_key(&key, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
