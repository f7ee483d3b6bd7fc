//! `DELETE /v1/publishers/{publisher}/keys/{fingerprint}`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::PublisherKey,
};

/// Revokes a key of a publisher: nothing that it signed is taken into use for the first time any more.
///
/// Releases that were in use before stay, and can be rolled back to: what was approved then are their bytes, which are
/// the same. They are shown as signed by a revoked key.
#[utoipa::path(
    delete, path = "/v1/publishers/{publisher}/keys/{fingerprint}", tag = "connectors",
    operation_id = "revokePublisherKey",
    params(
        ("publisher" = String, Path, description = "What stands before the dot of a connector's id"),
        ("fingerprint" = String, Path, description = "The key's fingerprint, `SHA256:…`, percent-encoded"),
    ),
    responses((status = 200, description = "The key as it is now", body = PublisherKey), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath((publisher, fingerprint)): InPath<(String, String)>,
) -> Result<Json<PublisherKey>, Problem> {
    Ok(Json(api.app.revoke_publisher_key(&publisher, &fingerprint, &caller.actor()).await?.into()))
}
