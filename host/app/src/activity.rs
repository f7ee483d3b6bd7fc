//! What went on over the last hour, day or week: runs, records and pushes, in steps of a plot.

use std::time::Duration;

use patchbay_model::{ConnectionId, Fault, TenantId, Timestamp};
use patchbay_store::{ActivityCount, Plot};

use crate::App;

/// How far back a plot goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// 60 minutes.
    Hour,
    /// 96 quarters of an hour.
    Day,
    /// 168 hours.
    Week,
}

impl Span {
    /// How long a step is, and how many there are.
    #[must_use]
    pub const fn steps(self) -> (Duration, u32) {
        match self {
            Self::Hour => (Duration::from_secs(60), 60),
            Self::Day => (Duration::from_secs(15 * 60), 96),
            Self::Week => (Duration::from_secs(60 * 60), 168),
        }
    }
}

/// A plot.
pub struct Activity {
    /// How far back it goes.
    pub span: Span,
    /// Its steps, the present one last: that one is not over.
    pub points: Vec<ActivityPoint>,
}

/// A step of a plot.
pub struct ActivityPoint {
    /// When it begins.
    pub at: Timestamp,
    /// Runs that ended.
    pub runs: ActivityCount,
    /// Pushes that ended.
    pub pushes: ActivityCount,
}

impl App {
    /// What went on, of a tenant (or of all) or of one of its connections.
    pub async fn activity(
        &self,
        tenant: Option<&TenantId>,
        connection: Option<&ConnectionId>,
        span: Span,
    ) -> Result<Activity, Fault> {
        if let (Some(tenant), Some(connection)) = (tenant, connection) {
            self.store.readable(tenant, connection).await?;
        }
        let (step, steps) = span.steps();
        let from = beginning(self.clock.now(), step, steps);
        let plot = Plot { tenant: tenant.cloned(), connection: connection.cloned(), from, step, steps };
        let (runs, pushes) = tokio::try_join!(self.store.runs_over_time(&plot), self.store.pushes_over_time(&plot))?;
        let mut points: Vec<ActivityPoint> = (0..steps)
            .map(|at| ActivityPoint {
                at: from.plus(step * at),
                runs: ActivityCount::default(),
                pushes: ActivityCount::default(),
            })
            .collect();
        let mut put = |at: u64, place: fn(&mut ActivityPoint) -> &mut ActivityCount, ended: ActivityCount| {
            if let Some(point) = usize::try_from(at).ok().and_then(|at| points.get_mut(at)) {
                *place(point) = ended;
            }
        };
        for step in runs {
            put(step.at, |point| &mut point.runs, step.ended);
        }
        for step in pushes {
            put(step.at, |point| &mut point.pushes, step.ended);
        }
        Ok(Activity { span, points })
    }
}

/// Where a plot begins whose last step is the present one: steps begin at round times, so that a point means the same
/// whenever it is asked for.
fn beginning(now: Timestamp, step: Duration, steps: u32) -> Timestamp {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    let present = now.as_micros().div_euclid(step) * step;
    Timestamp::from_micros(present - step * i64::from(steps.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_the_present_one_and_all_begin_at_round_times() {
        for span in [Span::Hour, Span::Day, Span::Week] {
            let (step, steps) = span.steps();
            let now = Timestamp::from_millis(1_795_190_461_234);
            let from = beginning(now, step, steps);
            assert_eq!(from.as_micros() % i64::try_from(step.as_micros()).expect("small"), 0);
            let last = from.plus(step * (steps - 1));
            assert!(last <= now && now < last.plus(step), "{span:?}");
        }
    }
}
