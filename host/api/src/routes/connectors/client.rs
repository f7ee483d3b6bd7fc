//! `PUT` and `GET /v1/connectors/{connector}/oauth-client`

use axum::{Json, extract::State};
use patchbay_model::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::OauthClient,
};

/// What the provider gave you when you registered your application there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The client id.
    #[schema(min_length = 1, max_length = 500)]
    client_id: String,
    /// The client secret; left out for a public client. It is sealed, and never answered.
    #[schema(format = Password)]
    client_secret: Option<String>,
}

/// Registers the OAuth client of a connector for the whole deployment, or replaces it.
///
/// Enter `redirect_uri` of the answer at the provider. It stays the same when the registration is replaced.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/oauth-client", tag = "connectors", operation_id = "putOauthClient",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = Registration,
    responses((status = 200, description = "The registration, without its secret", body = OauthClient), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(registration): Body<Registration>,
) -> Result<Json<OauthClient>, Problem> {
    let secret = registration.client_secret.map(Secret::new);
    let row = api.app.register_client(&connector, &registration.client_id, secret, &caller.actor()).await?;
    let redirect = api.app.redirect_address(&row.id)?;
    Ok(Json(OauthClient::of(row, redirect.to_string())))
}

/// The OAuth client of a connector, without its secret.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/oauth-client", tag = "connectors", operation_id = "getOauthClient",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The registration, without its secret", body = OauthClient), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<OauthClient>, Problem> {
    let row = api.app.registered_client(&connector).await?;
    let redirect = api.app.redirect_address(&row.id)?;
    Ok(Json(OauthClient::of(row, redirect.to_string())))
}
