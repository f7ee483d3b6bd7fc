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
    wire::{List, Record},
};

/// Which records.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this account, by its id at the provider.
    account: Option<String>,
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
    responses((status = 200, description = "A page of records", body = List<Record>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, stream)): InPath<(ConnectionId, String)>,
    Params(which): Params<Which>,
) -> Result<Json<List<Record>>, Problem> {
    let filter =
        RecordFilter { stream, account: which.account, after: which.after, limit: limit(which.limit, 100, 1_000)? };
    Ok(Json(List::checked(api.app.records(&tenant.id, &connection, &filter).await?)?))
}
