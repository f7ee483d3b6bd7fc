//! `PATCH /v1/connections/{id}`

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use patchbay_model::{AccountId, Code, ConnectionId, Fault, ReleaseId, manifest::Function};
use serde::{Deserialize, Deserializer};
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
pub(crate) struct ConnectionChange {
    /// What the tenant calls it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The switch of the whole connection. Off, nothing is read or written; items are recorded as `skipped`.
    enabled: Option<bool>,
    /// The settings, whole: they replace the ones before, and have to fit the schema in the catalog.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// Accounts by their id (`acc_…`), and whether each is read; the others stay as they are.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, bool>)]
    accounts: BTreeMap<AccountId, bool>,
    /// Functions by name (those in the connection's own `functions`), and whether each is on; the others stay as they
    /// are. Off, items of its actions are recorded as `skipped` with the reason, and its streams are not extracted; on
    /// again, the streams that went off with it are extracted as before.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, bool>, example = json!({"reports": false}))]
    functions: BTreeMap<Function, bool>,
    /// The release to pin it to (`rel_…`), or null to follow the active one again. An operator's key is needed; the release has
    /// to be one that is kept, and approved.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    release: Option<Option<ReleaseId>>,
}

/// What is said, also where that is nothing: null is another word than silence.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<ReleaseId>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Changes a connection: its name, its switches, its settings, or which accounts are read.
#[utoipa::path(
    patch, path = "/v1/connections/{id}", tag = "connections", operation_id = "changeConnection",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    request_body = ConnectionChange,
    responses((status = 200, description = "The connection as it is now", body = ConnectionDetail), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
    Body(change): Body<ConnectionChange>,
) -> Result<Json<ConnectionDetail>, Problem> {
    if change.release.is_some() && !tenant.caller.is_operator() {
        return Err(Problem(Fault::because(Code::Forbidden, "Only an operator pins a connection to a release.")));
    }
    let change = patchbay_app::ConnectionChange {
        name: change.name,
        enabled: change.enabled,
        settings: change.settings.map(Value::Object),
        accounts: change.accounts.into_iter().collect(),
        functions: change.functions,
        release: change.release,
    };
    let detail = api.app.change_connection(tenant.id, id, change, tenant.caller.actor()).await?;
    Ok(Json(detail.try_into()?))
}
