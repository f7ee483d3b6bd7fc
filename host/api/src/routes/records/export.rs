//! `GET /v1/connections/{id}/records/{stream}/export`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params},
    caller::Backend,
    ndjson,
    problem::{Problem, Refusal},
    wire::Record,
};

/// Which records.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this account, by its id at the provider; of all when left out.
    account: Option<String>,
}

/// All records of a stream as they are now, one JSON object a line, by account and key; of any length.
///
/// They are read while they are sent: a record that changes meanwhile comes as it was or as it is. An answer that
/// breaks off in the middle (the connection is aborted, no last chunk comes) is not whole: ask again. To keep a copy up
/// to date, read `GET /v1/changes` from its beginning instead: it brings every record once, and then what changes.
#[utoipa::path(
    get, path = "/v1/connections/{id}/records/{stream}/export", tag = "records", operation_id = "exportRecords",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("stream" = String, Path, description = "The stream"),
        Which
    ),
    responses(
        (status = 200, description = "The records, one a line", content_type = "application/x-ndjson", body = Record),
        Refusal
    ),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath((connection, stream)): InPath<(ConnectionId, String)>,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    // What can be refused is refused before anything is sent.
    let first = api.app.export(&tenant.id, &connection, &stream, which.account.as_deref(), None).await?;
    let from = Arc::new((api, tenant.id, connection, stream, which.account));
    let next = move |after: String| {
        let from = Arc::clone(&from);
        async move {
            let (api, tenant, connection, stream, account) = &*from;
            api.app.export(tenant, connection, stream, account.as_deref(), Some(&after)).await
        }
    };
    Ok(ndjson::lines(first, next, Record::try_from))
}
