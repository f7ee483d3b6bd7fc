//! `POST /v1/publishers/{publisher}/keys`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::PublisherKey,
};

/// A key to trust.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyToTrust {
    /// The whole public key, Base64 of 32 bytes: compare its fingerprint with what the publisher shows elsewhere.
    #[schema(example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", max_length = 100)]
    key: String,
}

/// Trusts a key of a publisher: what it signs is taken from now on. Said again of a key that was revoked, it ends the
/// revocation.
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/keys", tag = "connectors", operation_id = "trustPublisherKey",
    params(("publisher" = String, Path, description = "What stands before the dot of a connector's id")),
    request_body = KeyToTrust,
    responses((status = 201, description = "The key", body = PublisherKey), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(publisher): InPath<String>,
    Body(wanted): Body<KeyToTrust>,
) -> Result<(StatusCode, Json<PublisherKey>), Problem> {
    let key = api.app.trust_publisher_key(&publisher, &wanted.key, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(key.into())))
}
