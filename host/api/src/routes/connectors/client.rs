//! `PUT`, `GET` and `DELETE /v1/connectors/{connector}/oauth-client`

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::RegisterClient;
use patchbay_model::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::OperatorFor,
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
    /// Client secrets of their own for regions of the connector, by region; the others use `client_secret`. They
    /// are sealed, and never answered.
    #[serde(default)]
    region_secrets: BTreeMap<String, String>,
}

impl From<Registration> for RegisterClient {
    fn from(registration: Registration) -> Self {
        Self {
            client_id: registration.client_id,
            client_secret: registration.client_secret.map(Secret::new),
            region_secrets: registration.region_secrets.into_iter().map(|(id, one)| (id, Secret::new(one))).collect(),
        }
    }
}

/// Registers the OAuth client of a connector, or replaces it: for the deployment, or for one tenant, whose own
/// is used before the deployment's.
///
/// Enter `redirect_uri` of the answer at the provider. With another secret it stays the same. Another client id
/// is a new registration with another `redirect_uri`; connections keep the one that they were made with.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/oauth-client", tag = "connectors", operation_id = "putOauthClient",
    params(("connector" = String, Path, description = "The connector, `publisher.name`"),
        ("Patchbay-Tenant" = Option<String>, Header, description = "The tenant whose own registration it is, `ten_…`; left out for the deployment's")),
    request_body = Registration,
    responses((status = 200, description = "The registration, without its secrets", body = OauthClient), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    operator: OperatorFor,
    InPath(connector): InPath<String>,
    Body(registration): Body<Registration>,
) -> Result<Json<OauthClient>, Problem> {
    let actor = operator.caller.actor();
    let row = api.app.register_client(&connector, operator.tenant.as_ref(), registration.into(), &actor).await?;
    Ok(Json(OauthClient::of(&api, row)?))
}

/// The OAuth client of a connector in use, without its secrets.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/oauth-client", tag = "connectors", operation_id = "getOauthClient",
    params(("connector" = String, Path, description = "The connector, `publisher.name`"),
        ("Patchbay-Tenant" = Option<String>, Header, description = "The tenant whose own registration it is, `ten_…`; left out for the deployment's")),
    responses((status = 200, description = "The registration, without its secrets", body = OauthClient), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    operator: OperatorFor,
    InPath(connector): InPath<String>,
) -> Result<Json<OauthClient>, Problem> {
    let row = api.app.registered_client(&connector, operator.tenant.as_ref()).await?;
    Ok(Json(OauthClient::of(&api, row)?))
}

/// Takes the OAuth client of a connector out of use: nothing new is connected with it.
///
/// Connections that were made with it keep it and go on working.
#[utoipa::path(
    delete, path = "/v1/connectors/{connector}/oauth-client", tag = "connectors", operation_id = "deleteOauthClient",
    params(("connector" = String, Path, description = "The connector, `publisher.name`"),
        ("Patchbay-Tenant" = Option<String>, Header, description = "The tenant whose own registration it is, `ten_…`; left out for the deployment's")),
    responses((status = 204, description = "It is out of use"), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    operator: OperatorFor,
    InPath(connector): InPath<String>,
) -> Result<StatusCode, Problem> {
    api.app.retire_client(&connector, operator.tenant.as_ref(), &operator.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
