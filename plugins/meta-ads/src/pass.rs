//! Which days a pass reads, and where in it reading stands: the cursor of the daily figures.

use patchbay_sdk::{Context, ReadRequest, Result, run};
use serde::{Deserialize, Serialize};

use crate::{day::Day, report::Job};

/// Days that were never prepared are asked for again by a run that comes so much later: surely not the one that told of them.
const LATER_MS: u64 = 300_000;

#[derive(Deserialize)]
pub(crate) struct Settings {
    #[serde(default = "look_back")]
    look_back_days: u64,
    #[serde(default = "history")]
    history_days: u64,
    #[serde(default)]
    pub(crate) breakdowns: Vec<String>,
}

fn look_back() -> u64 {
    28
}

fn history() -> u64 {
    90
}

/// Where reading stands.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pass {
    /// What figures are broken down by: of another breakdown they would stand beside these and count twice.
    pub(crate) by: Vec<String>,
    /// The first day that was ever asked for: an earlier one in the settings makes a pass go back to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Day>,
    /// Everything up to this day was read, by a pass before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<Day>,
    /// The days of this pass that are still to be asked for; none between passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Days>,
    /// Days to be asked for once more, and how often they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) again: Vec<(Day, u32)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) jobs: Vec<Job>,
    /// The report that is being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<Report>,
    /// Days whose reports were never prepared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) missed: Vec<Day>,
    /// Everything since the beginning is read in this pass: what it does not meet is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) whole: bool,
    /// As the host counts them: from one end to the next.
    pub(crate) waits: u32,
    /// When this was stored; of a wait, when it is over: who comes back has waited, whatever their clock says.
    pub(crate) at_ms: u64,
    /// Until when the account is to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rest_until: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Days {
    first: Day,
    next: Day,
    last: Day,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) day: Day,
    pub(crate) run: String,
    #[serde(default)]
    pub(crate) tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// Rows of a page, where as many as usual are too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u32>,
}

impl Settings {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let mut settings: Self = ctx.settings()?;
        settings.breakdowns.sort();
        settings.breakdowns.dedup();
        Ok(settings)
    }
}

impl Pass {
    /// The beginning of everything: as far back as the settings say, or as whoever asked wants.
    pub(crate) fn first(request: &ReadRequest, settings: &Settings, today: Day) -> Self {
        let history = today.days_before(settings.history_days);
        let first = request.since_ms.map_or(history, Day::at);
        let (by, days) = (settings.breakdowns.clone(), Some(Days { first, next: first, last: today }));
        Self { by, from: Some(first.min(history)), days, whole: request.since_ms.is_none(), ..Self::default() }
    }

    /// Begins a pass where none is under way, and asks again for what an earlier run could not have. Settings may have been
    /// changed since the last call. Nothing before the oldest day is kept at the provider.
    pub(crate) fn begin(&mut self, settings: &Settings, today: Day, oldest: Day, now: u64) {
        let history = today.days_before(settings.history_days);
        if self.at_ms.saturating_add(LATER_MS) < now && !self.missed.is_empty() && self.is_through() {
            self.through = self.days.map(|days| days.last);
            self.days = None;
        }
        if self.days.is_none() {
            let back = today.days_before(settings.look_back_days);
            let from = self.through.map_or(back, |through| through.min(back));
            let earlier = self.from.filter(|from| history < *from).map(|_| history);
            self.from = earlier.or(self.from);
            let from = earlier.unwrap_or(from).min(from);
            self.again = self.missed.drain(..).filter(|day| *day < from).map(|day| (day, 0)).collect();
            self.days = Some(Days { first: from, next: from, last: today });
            self.whole = false;
        }
        self.again.retain(|(day, _)| *day >= oldest);
        if let Some(days) = &mut self.days {
            // Settings that say less come only after the connection, when this may be under way.
            let oldest = if self.whole { oldest.max(history) } else { oldest };
            (days.first, days.next) = (days.first.max(oldest), days.next.max(oldest));
        }
    }

    /// What is left of it when it is over.
    pub(crate) fn ended(&self, now: u64) -> Self {
        let through = self.days.map(|days| days.last);
        Self { by: self.by.clone(), from: self.from, through, at_ms: now, ..Self::default() }
    }

    /// The next day to ask for, and how often it was asked for.
    pub(crate) fn next_day(&mut self) -> Option<(Day, u32)> {
        if let Some(again) = self.again.pop() {
            return Some(again);
        }
        let days = self.days.as_mut().filter(|days| days.next <= days.last)?;
        let day = days.next;
        days.next = day.next();
        Some((day, 0))
    }

    /// Says how many days were read, for people who wait.
    pub(crate) fn tell(&self) {
        let Some(days) = self.days else { return };
        let open = self.jobs.len() + self.again.len() + usize::from(self.report.is_some());
        let done = days.next.days_since(days.first).saturating_sub(u64::try_from(open).unwrap_or(u64::MAX));
        run::progress(done, Some(days.last.next().days_since(days.first)));
    }

    /// Whether nothing is left but what was missed.
    fn is_through(&self) -> bool {
        let asked = self.days.is_none_or(|days| days.next > days.last);
        asked && self.again.is_empty() && self.jobs.is_empty() && self.report.is_none()
    }
}
