//! `GET`, `PUT` and `DELETE /v1/connectors/{connector}/config`

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath, Params},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::ConnectorConfig,
};

/// What is to be laid over the defaults of a connector's config.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    /// The correction, whole: it replaces the one before. It is laid over the manifest's defaults (JSON Merge Patch,
    /// RFC 7396), and the result has to fit the manifest's schema.
    #[schema(value_type = Object, example = json!({"paths": {"contacts": "/v3/contacts"}}))]
    config: Map<String, Value>,
    /// Whether you mean it that addresses change to which credentials, codes or data are sent, or what may be reached
    /// there.
    #[serde(default)]
    approve_powers: bool,
}

/// Whether a change of power is meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Approved {
    /// Whether you mean it that addresses change to which credentials, codes or data are sent.
    #[serde(default)]
    approve_powers: bool,
}

/// What can be corrected of a connector without a new build, and what you corrected.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/config", tag = "connectors", operation_id = "getConnectorConfig",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The config", body = ConnectorConfig), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<ConnectorConfig>, Problem> {
    Ok(Json(api.app.connector_config(&connector).await?.into()))
}

/// Corrects the config of a connector: what its publisher only assumed of the provider.
///
/// It holds for runs, pushes and logins that begin from now on, for all tenants and for later releases too; a release
/// that does not take it waits in state `ready`. A correction that changes an address is refused with what would
/// change in plain words, until `approve_powers` is true; that is kept in the audit log. Where several nodes share a
/// database, each knows of it within two seconds.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/config", tag = "connectors", operation_id = "putConnectorConfig",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = Correction,
    responses((status = 200, description = "The config as it is now", body = ConnectorConfig), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(correction): Body<Correction>,
) -> Result<Json<ConnectorConfig>, Problem> {
    let (said, approves) = (Value::Object(correction.config), correction.approve_powers);
    Ok(Json(api.app.correct_config(&connector, said, approves, &caller.actor()).await?.into()))
}

/// Takes back what you corrected: the manifest's defaults hold again.
///
/// Where that changes an address, it is refused until `approve_powers` is true.
#[utoipa::path(
    delete, path = "/v1/connectors/{connector}/config", tag = "connectors", operation_id = "deleteConnectorConfig",
    params(("connector" = String, Path, description = "The connector, `publisher.name`"), Approved),
    responses((status = 200, description = "The config as it is now", body = ConnectorConfig), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Params(approved): Params<Approved>,
) -> Result<Json<ConnectorConfig>, Problem> {
    let (nothing, approves) = (Value::Object(Map::new()), approved.approve_powers);
    Ok(Json(api.app.correct_config(&connector, nothing, approves, &caller.actor()).await?.into()))
}
