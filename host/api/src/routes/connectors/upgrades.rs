//! `GET /v1/connectors/{connector}/upgrades` and `PATCH /v1/connectors/{connector}`

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Upgrades,
};

/// What is to change about a connector.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectorChange {
    /// Which upgrades go ahead by themselves; null leaves it to the configuration.
    #[serde(deserialize_with = "said")]
    #[schema(required)]
    upgrades: Option<Upgrades>,
}

/// What is not said is no null: an empty change is a mistake.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Upgrades>, D::Error> {
    Option::deserialize(from)
}

/// Which upgrades of a connector go ahead by themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpgradePolicy {
    /// What holds, for upgrades that ask for nothing beyond what was approved. One that asks for more always waits.
    upgrades: Upgrades,
    /// What was said of this connector; null where the configuration decides.
    said: Option<Upgrades>,
}

impl From<patchbay_app::UpgradePolicy> for UpgradePolicy {
    fn from(policy: patchbay_app::UpgradePolicy) -> Self {
        Self { upgrades: policy.holds.into(), said: policy.said.map(Into::into) }
    }
}

/// Which upgrades of a connector go ahead by themselves.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/upgrades", tag = "connectors", operation_id = "getUpgradePolicy",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "What holds", body = UpgradePolicy), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<UpgradePolicy>, Problem> {
    Ok(Json(api.app.upgrade_policy(&connector).await?.into()))
}

/// Says which upgrades of a connector go ahead by themselves. It holds for what is installed from now on; what waits goes
/// on waiting.
#[utoipa::path(
    patch, path = "/v1/connectors/{connector}", tag = "connectors", operation_id = "changeConnector",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = ConnectorChange,
    responses((status = 200, description = "What holds now", body = UpgradePolicy), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn patch(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(change): Body<ConnectorChange>,
) -> Result<Json<UpgradePolicy>, Problem> {
    let said = change.upgrades.map(Into::into);
    Ok(Json(api.app.set_upgrade_policy(&connector, said, &caller.actor()).await?.into()))
}
