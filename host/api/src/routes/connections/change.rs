//! `PATCH /v1/connections/{id}`

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use patchbay_app::ConnectionChange;
use patchbay_model::{AccountId, ConnectionId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// What the tenant calls it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The switch of the whole connection. Off, nothing is read or written.
    enabled: Option<bool>,
    /// The settings, whole: they replace the ones before, and have to fit the schema in the catalog.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// Accounts by their id (`acc_…`), and whether each is read; the others stay as they are.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, bool>)]
    accounts: BTreeMap<AccountId, bool>,
}

/// Changes a connection: its name, its switch, its settings, or which accounts are read.
#[utoipa::path(
    patch, path = "/v1/connections/{id}", tag = "connections", operation_id = "changeConnection",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    request_body = Change,
    responses((status = 200, description = "The connection as it is now", body = ConnectionDetail), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
    Body(change): Body<Change>,
) -> Result<Json<ConnectionDetail>, Problem> {
    let change = ConnectionChange {
        name: change.name,
        enabled: change.enabled,
        settings: change.settings.map(Value::Object),
        accounts: change.accounts.into_iter().collect(),
    };
    let detail = api.app.change_connection(tenant.id, id, change, tenant.caller.actor()).await?;
    Ok(Json(detail.try_into()?))
}
