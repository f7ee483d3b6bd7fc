//! Plots on the wire: what went on over time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// How far back a plot goes: `hour` (60 points of a minute), `day` (96 of a quarter of an hour) or `week` (168 of an hour).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Span {
    #[default]
    Hour,
    Day,
    Week,
}

/// What went on over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activity {
    /// How far back it goes.
    span: Span,
    /// How long a step is, seconds.
    #[schema(example = 60)]
    step_seconds: u64,
    /// The steps, without gaps, the present one last.
    points: Vec<ActivityPoint>,
}

/// A step of a plot.
#[derive(Debug, Serialize, ToSchema)]
struct ActivityPoint {
    /// When it begins.
    at: Time,
    /// Runs that ended.
    runs: u64,
    /// Of those, the ones that failed, stalled or were lost.
    failed: u64,
    /// Records that they read.
    records: u64,
    /// Pushes that ended.
    pushes: u64,
    /// Of those, the ones that failed or were rejected.
    pushes_failed: u64,
}

impl From<Span> for patchbay_app::Span {
    fn from(span: Span) -> Self {
        match span {
            Span::Hour => Self::Hour,
            Span::Day => Self::Day,
            Span::Week => Self::Week,
        }
    }
}

impl From<patchbay_app::Span> for Span {
    fn from(span: patchbay_app::Span) -> Self {
        match span {
            patchbay_app::Span::Hour => Self::Hour,
            patchbay_app::Span::Day => Self::Day,
            patchbay_app::Span::Week => Self::Week,
        }
    }
}

impl From<patchbay_app::Activity> for Activity {
    fn from(activity: patchbay_app::Activity) -> Self {
        let point = |point: patchbay_app::ActivityPoint| ActivityPoint {
            at: point.at.into(),
            runs: point.runs.count,
            failed: point.runs.failed,
            records: point.runs.records,
            pushes: point.pushes.count,
            pushes_failed: point.pushes.failed,
        };
        Self {
            step_seconds: activity.span.steps().0.as_secs(),
            span: activity.span.into(),
            points: activity.points.into_iter().map(point).collect(),
        }
    }
}
