//! `POST /v1/pushes`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::PushRequest;
use patchbay_model::ConnectionId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::AcceptedPush,
};

/// An item to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// The connector; may be left out when the connection is named. Without a connection the tenant's single
    /// active one of this connector is used; while there is none, or several, the push waits.
    #[schema(example = "acme.books")]
    connector: Option<String>,
    /// The connection.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    connection: Option<ConnectionId>,
    /// The action, from the catalog.
    #[schema(example = "issue")]
    action: String,
    /// Your name for the item, for ever: unique for the tenant, the connector and the action.
    #[schema(example = "meeting-4711-report", min_length = 1, max_length = 200)]
    key: String,
    /// Where at the provider; fits the action's `target` schema.
    #[schema(value_type = Option<Object>)]
    target: Option<Value>,
    /// What; fits the action's schema.
    #[schema(value_type = Object)]
    payload: Value,
}

/// Writes one item to a provider, once.
///
/// Sending the same key and content again writes nothing: the answer is the first push, with
/// `duplicate_of`. The same key with other content is refused (409, `PB4003`). A write whose answer was
/// lost is looked up and never repeated blindly; until it is clear, its state is `unknown`.
#[utoipa::path(
    post, path = "/v1/pushes", tag = "pushes", operation_id = "createPush",
    request_body = Item,
    responses(
        (status = 201, description = "The item was accepted", body = AcceptedPush),
        (status = 200, description = "The item was accepted before", body = AcceptedPush),
        Refusal
    ),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(item): Body<Item>,
) -> Result<(StatusCode, Json<AcceptedPush>), Problem> {
    let request = PushRequest {
        connector: item.connector,
        connection: item.connection,
        action: item.action,
        key: item.key,
        target: item.target,
        payload: item.payload,
    };
    let answer = api.app.push(tenant.id, request).await?;
    let status = if answer.duplicate_of.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(AcceptedPush::seen_by(answer, &tenant.caller)?)))
}
