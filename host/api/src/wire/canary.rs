//! A release that one connection tries, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// How far the trial of a release is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Canary {
    /// The release, `rel_…`.
    release: String,
    /// The connection that tries it, `con_…`.
    connection: String,
    /// The tenant whose that is, `ten_…`.
    tenant: String,
    /// Runs and items that went well so far.
    done: u32,
    /// How many have to.
    wanted: u32,
    /// Whether it becomes active by itself then; else it waits for `POST /v1/releases/{id}/promote`.
    promotes: bool,
    /// What ended last; null until something does.
    last: Option<CanaryEnd>,
    /// Who began it.
    started_by: String,
    /// When.
    started_at: Time,
}

/// A run or an item of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryEnd {
    /// The run (`run_…`) or the item (`psh_…`).
    work: String,
    /// Whether it went well.
    well: bool,
    /// Why it did not.
    code: Option<&'static str>,
    /// When.
    at: Time,
}

impl From<patchbay_app::CanaryProgress> for Canary {
    fn from(progress: patchbay_app::CanaryProgress) -> Self {
        let canary = progress.canary;
        let last = progress.last.map(|end| CanaryEnd {
            work: end.work,
            well: end.well,
            code: end.code.map(patchbay_model::Code::id),
            at: end.at.into(),
        });
        Self {
            release: canary.release.to_string(),
            connection: canary.connection.to_string(),
            tenant: canary.tenant.to_string(),
            done: progress.well,
            wanted: canary.wanted,
            promotes: canary.promotes,
            last,
            started_by: canary.started_by,
            started_at: canary.started_at.into(),
        }
    }
}
