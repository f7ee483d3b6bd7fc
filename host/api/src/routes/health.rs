//! `GET /healthz` and `GET /readyz`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    problem::{Problem, Refusal},
};

/// That all is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

const WELL: Health = Health { status: "ok" };

/// Whether the process lives. Says nothing about the database; needs no key.
#[utoipa::path(
    get, path = "/healthz", tag = "host", operation_id = "live",
    responses((status = 200, description = "It lives", body = Health), Refusal),
    security(())
)]
pub(crate) async fn live() -> Json<Health> {
    Json(WELL)
}

/// Whether requests can be served: the database answers. Needs no key.
#[utoipa::path(
    get, path = "/readyz", tag = "host", operation_id = "ready",
    responses((status = 200, description = "It is ready", body = Health), Refusal),
    security(())
)]
pub(crate) async fn ready(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    api.app.ready().await?;
    Ok(Json(WELL))
}
