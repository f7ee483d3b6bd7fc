//! `GET /v1/indexes/connectors`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{List, ListedConnector},
};

/// Which connectors.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Words that stand in id, name, summary or category, whatever their case.
    q: Option<String>,
    /// How many at most: 1 to 500; 50 when left out.
    limit: Option<u32>,
}

/// The connectors that the indexes list, by id, whether they are installed here or not.
///
/// What stands here is the index's word. There is no next page: say more words.
#[utoipa::path(
    get, path = "/v1/indexes/connectors", tag = "connectors", operation_id = "searchIndexes",
    params(Which),
    responses((status = 200, description = "The connectors", body = List<ListedConnector>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    Params(which): Params<Which>,
) -> Result<Json<List<ListedConnector>>, Problem> {
    let most = usize::try_from(limit(which.limit, 50, 500)?).unwrap_or(50);
    let found = api.app.search_indexes(which.q.as_deref().unwrap_or_default(), most).await?;
    Ok(Json(List::whole(found)))
}
