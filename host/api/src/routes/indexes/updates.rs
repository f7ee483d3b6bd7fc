//! `GET /v1/indexes/updates`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::Params,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{ConnectorUpdate, List},
};

/// Of which connectors.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this one only.
    connector: Option<String>,
}

/// The installed connectors for which an index lists a newer version.
///
/// An index renews only what it lists itself: the release that is used has to be one of its own. `by_itself` is what the
/// host takes at its next look; the rest is for `POST /v1/connectors/fetch`. The list is whole: `next` is always null.
#[utoipa::path(
    get, path = "/v1/indexes/updates", tag = "connectors", operation_id = "listConnectorUpdates",
    params(Which),
    responses((status = 200, description = "What there is", body = List<ConnectorUpdate>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    Params(which): Params<Which>,
) -> Result<Json<List<ConnectorUpdate>>, Problem> {
    Ok(Json(List::whole(api.app.updates(which.connector.as_deref()).await?)))
}
