//! `GET` and `PUT /v1/connectors/{connector}/grant`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Grant,
};

/// What you granted to a connector beyond its release.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/grant", tag = "connectors", operation_id = "getGrant",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The grant", body = Grant), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<Grant>, Problem> {
    Ok(Json(api.app.customer_origins(&connector).await?.into()))
}

/// Says which addresses of customers' own a connector may reach.
///
/// It holds from the next run, push or login on: a connection to an address that is no longer granted is refused
/// there. An address is always https and public, whatever is granted.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/grant", tag = "connectors", operation_id = "putGrant",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = Grant,
    responses((status = 200, description = "The grant as it is now", body = Grant), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(grant): Body<Grant>,
) -> Result<Json<Grant>, Problem> {
    api.app.grant_customer_origins(&connector, grant.into(), &caller.actor()).await?;
    Ok(Json(api.app.customer_origins(&connector).await?.into()))
}
