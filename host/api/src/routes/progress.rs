//! `GET /v1/progress`

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response, Sse, sse::KeepAlive},
};
use patchbay_model::{Code, ConnectionId, Fault, RunId};
use serde::Deserialize;

use crate::{
    Api,
    body::Params,
    caller::Tenant,
    live::{Full, Live},
    problem::{Problem, Refusal},
    wire::RunProgress,
};

/// After how long without an event a comment is sent: proxies cut what stands still, and a client that went is noticed.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how long it makes sense to ask for a place again.
const LATER: Duration = Duration::from_secs(10);

/// Which runs.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this connection, `con_…`.
    #[param(value_type = Option<String>)]
    connection: Option<ConnectionId>,
    /// This run, `run_…`: the stream ends with it.
    #[param(value_type = Option<String>)]
    run: Option<RunId>,
}

/// How far runs are, live, as server-sent events (`text/event-stream`).
///
/// `event: run` comes for each run that waits or runs, and again whenever something about it is different, at most four
/// times a second; `event: ended` comes when it has ended, and at the beginning for those that ended in the last half
/// minute. The data of both is a `RunProgress`:
///
/// ```text
/// event: run
/// data: {"run":"run_068r…","stream":"invoices","state":"running","records":1200,"total":5000,"records_per_second":240.0,"estimate_seconds":16,…}
/// ```
///
/// A comment comes after 15 seconds of silence. With `run`, the stream ends after the run's end; else it goes on until
/// you leave or the host stops. A client that lost it asks again: each stream begins with how everything is. At most
/// 50 streams of a tenant and 500 in all are open at the same time, 8 of them for one user in the portal; beyond, the
/// answer is PB5014 with `Retry-After`. A stream ends within seconds when the key or session that asked for it does.
#[utoipa::path(
    get, path = "/v1/progress", tag = "syncs", operation_id = "watchProgress",
    params(Which),
    responses(
        (status = 200, description = "Events, each with this as its data", content_type = "text/event-stream", body = RunProgress),
        Refusal
    ),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let place = api.onlookers.take(&tenant).map_err(full)?;
    if let Some(connection) = &which.connection {
        // One that is not there would be waited for in silence.
        api.app.connection(&tenant.id, connection).await?;
    }
    let (changed, stop, one_run) = (api.app.progress_changed(), api.stop.clone(), which.run.is_some());
    let about = Arc::new((api, tenant.id, which));
    let look = move || {
        let about = Arc::clone(&about);
        async move {
            let (api, tenant, which) = &*about;
            let seen = api.app.progress(tenant, which.connection.as_ref(), which.run.as_ref()).await?;
            Ok::<_, Fault>(seen.into_iter().map(RunProgress::from).collect::<Vec<_>>())
        }
    };
    let first = look().await?;
    let events = Live { look, changed, stop, one_run, place }.events(first);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// What is said to somebody for whom there is no place.
pub(crate) fn full(full: Full) -> Problem {
    let person = match full {
        Full::User => "You have 8 streams open already: close other windows in which you are signed in.",
        Full::Tenant => "50 streams of this tenant are open already: close one, or watch several runs with one.",
        Full::Host => "As many streams are open as this host takes.",
    };
    let mut fault = Fault::because(Code::StreamsExhausted, person);
    fault.retry_after = Some(LATER);
    Problem(fault)
}
