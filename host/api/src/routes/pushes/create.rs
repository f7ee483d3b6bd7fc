//! `POST /v1/pushes`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::PushChange;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{AcceptedPush, Item},
};

/// Writes one item to a provider, once.
///
/// Sending the same key and content again writes nothing: the answer is the first push, with `duplicate_of`. One that
/// had been skipped or had expired goes on (`change` is `revived`), as does one that lacked the target that comes now.
/// The same key with other content changes the object that was written where the action's `update` says so
/// (`change` is `updated`); else it is refused (409, `PB4003`).
///
/// A write whose answer was lost is looked up and never repeated blindly; until it is clear, its state is `unknown`.
/// An item may come before its connection or its target: it waits, and is sent when both are there.
#[utoipa::path(
    post, path = "/v1/pushes", tag = "pushes", operation_id = "createPush",
    request_body = Item,
    responses(
        (status = 201, description = "The item is new and was accepted: `change` is `created`", body = AcceptedPush),
        (
            status = 200,
            description = "The key was there: `change` is `duplicate`, `revived` or `updated`",
            body = AcceptedPush
        ),
        Refusal
    ),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(item): Body<Item>,
) -> Result<(StatusCode, Json<AcceptedPush>), Problem> {
    let answer = api.app.push(tenant.id, item.into()).await?;
    let status = if answer.change == PushChange::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(AcceptedPush::seen_by(answer, &tenant.caller)?)))
}
