//! `PATCH /v1/syncs/{id}`

use std::sync::Arc;

use axum::{Json, extract::State};
use patchbay_model::{Code, Fault, SyncId};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{ScheduleWanted, Sync},
};

/// What is to change; what is left out stays. One of them has to be there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "schedule": {"every": "15m"}}))]
pub(crate) struct SyncChange {
    /// Whether it is read. Switched on, it is due at once and goes on from where it was.
    enabled: Option<bool>,
    /// When it is due: `{"every": "15m"}`, or `{"cron": "30 2 * * *", "zone": "Europe/Brussels", "jitter": "60s"}`; null
    /// for the connector's own again. It holds from the next slot on; nothing is due at once because of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ScheduleWanted>)]
    schedule: Option<Option<ScheduleWanted>>,
}

/// Tells what is null from what is left out.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<ScheduleWanted>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Changes a sync: switches it on or off, or sets when it is due. Its records stay.
///
/// A schedule that is wrong is refused with PB5012, and `errors` names the member.
#[utoipa::path(
    patch, path = "/v1/syncs/{id}", tag = "syncs", operation_id = "changeSync",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    request_body = SyncChange,
    responses((status = 200, description = "The sync as it is now", body = Sync), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
    Body(change): Body<SyncChange>,
) -> Result<Json<Sync>, Problem> {
    let schedule = change.schedule.map(|wanted| wanted.map(ScheduleWanted::read).transpose()).transpose()?;
    let (app, actor, enabled) = (Arc::clone(&api.app), tenant.caller.actor(), change.enabled);
    // Both or, should the caller go away in between, both.
    let changed = api.app.own(async move {
        let mut row = None;
        if let Some(schedule) = schedule {
            row = Some(app.set_schedule(&tenant.id, &id, schedule, &actor).await?);
        }
        if let Some(enabled) = enabled {
            row = Some(app.enable_sync(&tenant.id, &id, enabled, &actor).await?);
        }
        row.ok_or_else(|| Fault::because(Code::BodyInvalid, "Name what is to change: enabled or schedule."))
    });
    Ok(Json(Sync::of(&api, changed.await?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_is_null_is_told_from_one_that_is_left_out() {
        let read = |text: &str| serde_json::from_str::<SyncChange>(text).map(|change| change.schedule);
        assert!(matches!(read("{}"), Ok(None)));
        assert!(matches!(read(r#"{"schedule":null}"#), Ok(Some(None))));
        assert!(matches!(read(r#"{"schedule":{"every":"15m"}}"#), Ok(Some(Some(_)))));
        assert!(read(r#"{"schedule":"15m"}"#).is_err());
    }
}
