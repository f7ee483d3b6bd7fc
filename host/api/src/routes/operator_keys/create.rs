//! `POST /v1/operator-keys`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::NewKey,
};

/// A key to be made, for somebody who runs the host.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorKeyWanted {
    /// What people call it: who has it, or where it is.
    #[schema(example = "Ann's laptop", min_length = 1, max_length = 200)]
    name: String,
}

/// Makes a key that may do whatever an operator may, of which a hundred may work. The answer holds the key's text, once.
#[utoipa::path(
    post, path = "/v1/operator-keys", tag = "host", operation_id = "createOperatorKey",
    request_body = OperatorKeyWanted,
    responses((status = 201, description = "The key, with its text", body = NewKey), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    Body(wanted): Body<OperatorKeyWanted>,
) -> Result<(StatusCode, Json<NewKey>), Problem> {
    let issued = api.app.issue_operator_key(&wanted.name, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(NewKey::of(&issued, wanted.name))))
}
