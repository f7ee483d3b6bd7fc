//! `GET /v1/connections/{id}/records/{stream}`

use axum::{Json, extract::State};
use patchbay_app::RecordFilter;
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::RecordList,
};

/// Which records.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this account, by its id at the provider.
    account: Option<String>,
    /// Whose key begins so; letters count as they are written.
    key: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 100 when left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// The records of a stream as they are now, by account and key.
///
/// To follow what changes, read `GET /v1/changes` instead.
#[utoipa::path(
    get, path = "/v1/connections/{id}/records/{stream}", tag = "records", operation_id = "listRecords",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("stream" = String, Path, description = "The stream"),
        Which
    ),
    responses((status = 200, description = "A page of records", body = RecordList), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, stream)): InPath<(ConnectionId, String)>,
    Params(which): Params<Which>,
) -> Result<Json<RecordList>, Problem> {
    let limit = limit(which.limit, 100, 1_000)?;
    let filter = RecordFilter { stream, account: which.account, key: which.key, after: which.after, limit };
    let page = api.app.records(&tenant.id, &connection, &filter).await?;
    let total = api.app.records_total(&connection, &filter).await?;
    Ok(Json((page, total).try_into()?))
}
