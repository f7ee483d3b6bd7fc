//! `POST /v1/pushes/{id}/send`

use axum::{Json, extract::State};
use patchbay_app::SendAsked;
use patchbay_model::{ConnectionId, PushId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Push,
};

/// What was still missing to send an item; `{}` when nothing is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"target": {"id": "42"}}))]
pub(crate) struct SendWanted {
    /// The connection, where there are several of the connector. One that the item has already cannot be changed.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    connection: Option<ConnectionId>,
    /// Where at the provider, where the item came without; fits the action's `target` schema. One that the item has
    /// already cannot be changed.
    #[schema(value_type = Option<Object>)]
    target: Option<Value>,
}

/// Sends an item that waits, now; or again one that ended without having been written (`skipped`, `expired`,
/// `rejected`, `failed`).
///
/// Refused (409) where it is done or being sent, where its function is switched off (`PB4009`), and where a connection
/// (`PB4013`) or a target (`PB4008`) is missing still. For one that is `unknown`, see `POST /v1/pushes/{id}/resolve`.
#[utoipa::path(
    post, path = "/v1/pushes/{id}/send", tag = "pushes", operation_id = "sendPush",
    params(("id" = String, Path, description = "The push, `psh_…`")),
    request_body = SendWanted,
    responses((status = 200, description = "The push, which is on its way", body = Push), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<PushId>,
    Body(wanted): Body<SendWanted>,
) -> Result<Json<Push>, Problem> {
    let asked = SendAsked { connection: wanted.connection, target: wanted.target };
    let push = api.app.send_push(tenant.id, id, asked, tenant.caller.actor()).await?;
    Ok(Json(Push::seen_by(push, &tenant.caller)?))
}
