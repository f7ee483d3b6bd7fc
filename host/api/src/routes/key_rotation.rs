//! `POST` and `GET /v1/key-rotation`

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::KeyRotation,
};

/// Begins a rotation of keys while the host goes on serving: the key source is read again, every data key is
/// wrapped with its first key, and every secret is sealed with a new data key.
///
/// Put the new key in front of the old ones first, and take an old one away only when `retiring` is 0. One
/// rotation at a time; it goes on after a restart.
#[utoipa::path(
    post, path = "/v1/key-rotation", tag = "host", operation_id = "rotateKeys",
    responses((status = 202, description = "It has begun", body = KeyRotation), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn begin(
    State(api): State<Api>,
    Operator(caller): Operator,
) -> Result<(StatusCode, Json<KeyRotation>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(api.app.rotate_keys(caller.actor()).await?.into())))
}

/// How far the rotation of keys is, or how the last one ended since the host started.
#[utoipa::path(
    get, path = "/v1/key-rotation", tag = "host", operation_id = "getKeyRotation",
    responses((status = 200, description = "The rotation", body = KeyRotation), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(State(api): State<Api>, _operator: Operator) -> Result<Json<KeyRotation>, Problem> {
    Ok(Json(api.app.key_rotation().into()))
}
