//! `POST /v1/portal-sessions`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::PortalRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{Language, NewPortalSession},
};

/// A user who is sent to the portal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortalSessionWanted {
    /// Your own id of the user who is logged in to your application in that browser.
    #[schema(min_length = 1, max_length = 200, example = "user-4711")]
    user: String,
    /// What to call the user on the pages.
    #[schema(max_length = 200, example = "Ann de Vries")]
    name: Option<String>,
    /// The language of the pages; the browser's when left out.
    language: Option<Language>,
}

/// Makes an address that signs one of your users in to the portal: the web app under `/app`.
///
/// Send the browser of your logged-in user there at once, by a redirect: the address works once, within five minutes. In
/// the portal the user sees and changes what is your tenant's, for eight hours, or until an hour passes without use. What
/// only your backend may do, as webhooks, exports, the feed of changes, imports and keys, stays closed. The session ends
/// with the key that stands behind this call, when that is revoked; and when you say so (`DELETE /v1/portal-sessions`).
#[utoipa::path(
    post, path = "/v1/portal-sessions", tag = "sessions", operation_id = "createPortalSession",
    request_body = PortalSessionWanted,
    responses((status = 201, description = "The address", body = NewPortalSession), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Body(wanted): Body<PortalSessionWanted>,
) -> Result<(StatusCode, Json<NewPortalSession>), Problem> {
    let PortalSessionWanted { user, name, language } = wanted;
    let request = PortalRequest { user, name, language: language.map(Into::into) };
    let made = api.app.open_portal(&tenant.id, request, &tenant.caller).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
