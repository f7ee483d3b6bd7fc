//! `GET` and `PUT /v1/connectors/{connector}/grant`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Grant, Granted},
};

/// What you granted to a connector beyond its release.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/grant", tag = "connectors", operation_id = "getGrant",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The grant", body = Granted), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<Granted>, Problem> {
    granted(&api, &connector).await
}

/// Says which addresses of customers' own a connector may reach.
///
/// It holds from the next run, push or login on: a connection to an address that is no longer granted is refused
/// there. An address is always https and public, whatever is granted.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/grant", tag = "connectors", operation_id = "putGrant",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = Grant,
    responses((status = 200, description = "The grant as it is now", body = Granted), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(grant): Body<Grant>,
) -> Result<Json<Granted>, Problem> {
    api.app.grant_customer_origins(&connector, grant.into(), &caller.actor()).await?;
    granted(&api, &connector).await
}

async fn granted(api: &Api, connector: &str) -> Result<Json<Granted>, Problem> {
    let asked = api.app.asks_customer_origins(connector).await?;
    Ok(Json(Granted::of(api.app.customer_origins(connector).await?, asked)))
}
