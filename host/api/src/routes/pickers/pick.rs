//! `GET /v1/connections/{id}/pickers/{picker}`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use super::asked::asked;
use crate::{
    Api,
    body::{InPath, Params},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Picked,
};

/// Targets for a push that fit the text typed so far, at most 20 of the host's records or 100 of the provider's.
///
/// A picker that depends on other choices (`parents` in the catalog) is told each of them as `parent.NAME`.
#[utoipa::path(
    get, path = "/v1/connections/{id}/pickers/{picker}", tag = "pushes", operation_id = "pick",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("picker" = String, Path, description = "The picker"),
        ("q" = Option<String>, Query, description = "The text typed so far; no sign in it has a meaning of its own",
            max_length = 200),
        ("parent.NAME" = Option<String>, Query,
            description = "The `id` of the choice of the picker NAME, for each one that this picker depends on"),
        ("account" = Option<String>, Query,
            description = "Only in this account, by its id at the provider; left out, in all that are selected"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before")
    ),
    responses((status = 200, description = "The choices", body = Picked), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, picker)): InPath<(ConnectionId, String)>,
    Params(given): Params<Vec<(String, String)>>,
) -> Result<Json<Picked>, Problem> {
    Ok(Json(api.app.pick(&tenant.id, &connection, &picker, asked(given)?).await?.into()))
}
