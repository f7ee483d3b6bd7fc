//! The daily figures of one ad account: a pass over days, and for each of them a report that Meta prepares first.
//!
//! A report takes seconds or half an hour, and asking for it again costs the account. So the cursor knows every report that
//! is being prepared: one `read` asks for one report and hands its id to the host before anything else is asked. When nothing is
//! ready the stream waits, and whoever goes on, on whatever machine, looks at the same reports.
//!
//! | what is true | what one `read` does |
//! |---|---|
//! | a report is ready | reads a page of it |
//! | fewer are prepared than may be, and days are left | asks for the next day's |
//! | one is due to be looked at | looks; a lost one is asked for again, up to so many times |
//! | all are looked at and none is ready | waits until the first is due |
//! | no day is left | ends; a day that was never prepared ends it with an error |
//!
//! Conversions are attributed to days that are over, so each pass begins some days before the last one's end. The last day is
//! the account's today, which is not over: it is always read again.

use patchbay_sdk::{Case, Context, Error, Page, ReadRequest, Records, Result, run};

use crate::{
    day::Day,
    pass::{Pass, Report, Settings},
    report::{self, Job, Look, Question},
    wire::{self, Api, Why, Work},
};

/// Requests of one call of `read`.
const REQUESTS: usize = 25;
/// The host takes 200 waits from one end to the next, and then calls it standing still; a pass that needs more asks for its
/// time as one does who is throttled.
const WAITS: u32 = 180;
/// Clocks change, and the offset that is known may be a day old: the account's day begins an hour after its midnight.
const MARGIN_MS: i64 = 3_600_000;

/// One call of `read`.
struct Turn<'a> {
    api: &'a Api,
    node: &'a str,
    today: Day,
    settings: Settings,
    now: u64,
    limit: u32,
    pass: Pass,
    /// Something was learned that the host does not hold yet.
    changed: bool,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx, Work::Reports)?;
    let settings = Settings::of(ctx)?;
    let today = today(ctx, run::now_ms());
    let pass = match request.cursor::<Pass>()? {
        Some(pass) if pass.by != settings.breakdowns => {
            return Err(Error::cursor_invalid("Figures are broken down by something else now. They are read afresh."));
        }
        Some(pass) => pass,
        None => Pass::first(request, &settings, today),
    };
    let now = run::now_ms().max(pass.at_ms);
    let limit = request.page_size(api.assumed.page_size);
    Turn { api: &api, node: wire::node(ctx)?, today, settings, now, limit, pass, changed: false }.take()
}

/// The day that it is in the account's zone.
fn today(ctx: &Context, now: u64) -> Day {
    let offset = ctx.account_fact("offset_minutes").ok().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let offset_ms = offset.clamp(-1_440, 1_440) * 60_000 - MARGIN_MS;
    Day::at(now.saturating_add_signed(offset_ms))
}

impl Turn<'_> {
    fn take(mut self) -> Result<Page> {
        if let Some(until) = self.pass.rest_until.take().filter(|until| *until > self.now) {
            return Err(wire::rests(until - self.now));
        }
        let oldest = self.today.months_before(self.api.assumed.history_months);
        self.pass.begin(&self.settings, self.today, oldest, self.now);
        for _ in 0..REQUESTS {
            if let Some(page) = self.step()? {
                return Ok(page);
            }
            self.changed = true;
            if self.api.rest_ms() > 0 || run::should_stop() {
                break;
            }
        }
        self.more(Records::empty())
    }

    /// One request, and the page when it makes one.
    fn step(&mut self) -> Result<Option<Page>> {
        if let Some(report) = self.pass.report.clone() {
            return self.read_on(report);
        }
        if self.pass.jobs.len() < self.api.assumed.jobs.at_once.max(1)
            && let Some((day, tries)) = self.pass.next_day()
        {
            let question = self.question(day);
            let job = Job::start(self.api, &question, day, tries + 1, self.now)?;
            self.pass.jobs.push(job);
            return self.more(Records::empty()).map(Some);
        }
        let Some(at) = self.pass.jobs.iter().position(|job| job.due_ms <= self.now) else {
            return self.nothing_due().map(Some);
        };
        let mut job = self.pass.jobs.remove(at);
        match job.look(self.api, self.now)? {
            Look::Ready => {
                self.pass.report =
                    Some(Report { day: job.day, run: job.run, tries: job.tries, after: None, size: None });
            }
            Look::NotYet => self.pass.jobs.insert(at, job),
            Look::Lost => self.lost(job.day, job.tries),
        }
        Ok(None)
    }

    /// A report that cannot be had is asked for once more, up to so many times.
    fn lost(&mut self, day: Day, tries: u32) {
        if tries >= self.api.assumed.jobs.tries {
            self.pass.missed.push(day);
        } else {
            self.pass.again.push((day, tries));
        }
    }

    fn question(&self, day: Day) -> Question<'_> {
        let reach_from = self.today.months_before(self.api.assumed.reach_months);
        Question { node: self.node, breakdowns: &self.settings.breakdowns, without_reach: day < reach_from }
    }

    /// A page of the report that is ready; an empty one makes none.
    fn read_on(&mut self, report: Report) -> Result<Option<Page>> {
        let (after, size) = (report.after.as_deref(), report.size.unwrap_or(self.limit).min(self.limit));
        let (records, after) = match report::read(self.api, &report.run, after, size, &self.settings.breakdowns) {
            Ok(read) => read,
            Err(refused) if refused.why == Why::TooMuch && size > 1 => {
                self.pass.report = Some(Report { size: wire::smaller(size), ..report });
                return Ok(None);
            }
            // A report is kept for a month or so, and who knows how long a place in it: who comes later asks for another.
            Err(refused)
                if refused.error.case() == Case::NotFound
                    || (refused.why == Why::Question && report.after.is_some()) =>
            {
                self.pass.report = None;
                self.lost(report.day, report.tries);
                return Ok(None);
            }
            Err(refused) => return Err(refused.error),
        };
        self.pass.report = after.map(|after| Report { after: Some(after), ..report });
        if records.count() == 0 { Ok(None) } else { self.more(records).map(Some) }
    }

    fn more(&mut self, records: Records) -> Result<Page> {
        self.pass.tell();
        self.pass.at_ms = self.now;
        self.pass.rest_until =
            Some(self.api.rest_ms()).filter(|rest| *rest > 0).map(|rest| self.now.saturating_add(rest));
        Page::more(records, &self.pass)
    }

    /// All that is being prepared was looked at, or nothing is.
    fn nothing_due(&mut self) -> Result<Page> {
        match self.pass.jobs.iter().map(|job| job.due_ms).min() {
            Some(due) => self.wait(due),
            None => self.end(),
        }
    }

    fn wait(&mut self, until: u64) -> Result<Page> {
        if self.pass.waits >= WAITS {
            if self.changed {
                // First the host holds what was learned.
                return self.more(Records::empty());
            }
            let wait_ms = until.saturating_sub(self.now).max(1);
            return Err(wire::rests(wait_ms).message("Meta is preparing the figures."));
        }
        self.pass.tell();
        self.pass.at_ms = self.now;
        self.pass.waits += 1;
        self.pass.at_ms = until;
        Page::wait(&self.pass, until.saturating_sub(self.now).max(1))
    }

    fn end(&mut self) -> Result<Page> {
        if !self.pass.missed.is_empty() {
            if self.changed {
                // First the host holds which days they are; the error comes with the next call.
                return self.more(Records::empty());
            }
            return Err(report::missed(&self.pass.missed, self.api.assumed.jobs.tries));
        }
        let end = self.pass.ended(self.now);
        if self.pass.whole { Page::complete(Records::empty(), &end) } else { Page::end(Records::empty(), &end) }
    }
}
