//! `POST /v1/pushes/batch`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{BatchResults, Item},
};

/// Items to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [
    {"connector": "acme.books", "action": "issue", "key": "todo-9", "target": {"id": "42"}, "payload": {"title": "Call"}},
    {"connector": "acme.books", "action": "issue", "key": "todo-10", "target": {"id": "42"}, "payload": {"title": "Pay"}}
]}))]
pub(crate) struct BatchWanted {
    /// The items. They are accepted one after the other, in this order.
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<Item>,
}

/// Writes up to 100 items, each with an answer of its own: what `POST /v1/pushes` would have answered for it alone.
///
/// One that is refused keeps none of the others from being accepted. Only a body that cannot be read as a batch (an
/// unknown member, a wrong type, too many items) is refused as a whole, and then nothing was accepted. Sending the
/// same batch again doubles nothing. The body as a whole may have as many bytes as any other (1 MiB unless the operator
/// says otherwise); files are uploaded before and named.
#[utoipa::path(
    post, path = "/v1/pushes/batch", tag = "pushes", operation_id = "createPushes",
    request_body = BatchWanted,
    responses((status = 200, description = "What became of each item, also of those refused", body = BatchResults), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(batch): Body<BatchWanted>,
) -> Result<Json<BatchResults>, Problem> {
    let requests = batch.items.into_iter().map(Into::into).collect();
    let answers = api.app.push_batch(tenant.id, requests).await?;
    Ok(Json(BatchResults::seen_by(answers, &tenant.caller)))
}
