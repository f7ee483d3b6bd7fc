//! `GET /v1/connectors/{connector}/oauth-clients`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{List, OauthClient},
};

/// All OAuth clients of a connector, the deployment's and the tenants', without their secrets; those out of use
/// that connections were made with too.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/oauth-clients", tag = "connectors", operation_id = "listOauthClients",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The registrations", body = List<OauthClient>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<List<OauthClient>>, Problem> {
    let rows = api.app.registered_clients(&connector).await?;
    let items = rows.into_iter().map(|row| OauthClient::of(&api, row)).collect::<Result<_, _>>()?;
    Ok(Json(List { items, next: None }))
}
