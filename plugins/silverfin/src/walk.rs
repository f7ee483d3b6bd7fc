//! The way through companies and periods to what lies below them.
//!
//! Silverfin has no list of all periods, remarks or reconciliations: each company has its own. A walk remembers where it is, small enough
//! for a cursor, and takes one request at a time, so that it can stop after any of them. There is no filter by change
//! either: a walk is a whole pass, and what it did not meet is gone.

use std::collections::VecDeque;

use patchbay_sdk::{Case, Error, PAGE_BYTES, Records, Result, log};
use serde::{Deserialize, Serialize};

use crate::wire::{Api, Listing};

/// What a walk gathers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Periods,
    /// What lies below each period, by the last part of its path: `remarks`, `reconciliations`.
    Below(&'static str),
}

/// Where a walk is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// The same for the whole walk: pages of another size would not fit together.
    pub(crate) per_page: u32,
    /// The next page of companies; none when all are listed.
    companies_page: Option<u64>,
    /// Companies that are still to come.
    companies: VecDeque<u64>,
    /// The company that the walk is in.
    company: Option<Company>,
    /// Companies listed so far.
    pub(crate) listed: u64,
    /// Companies that there are, where Silverfin says so.
    pub(crate) total: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Company {
    id: u64,
    /// The next page of its periods; none when all are listed.
    periods_page: Option<u64>,
    /// Periods below which rows are still to come.
    periods: VecDeque<u64>,
    /// The next page of rows of the first of them.
    rows_page: u64,
}

/// How one step went.
#[derive(PartialEq, Eq)]
pub(crate) enum Step {
    /// One request further.
    On,
    /// What came does not fit into this page; the same step comes again.
    Full,
    /// There is nothing left.
    Done,
}

#[derive(Deserialize)]
struct Row {
    id: u64,
}

impl Walk {
    pub(crate) fn start(per_page: u32) -> Self {
        Self { per_page, companies_page: Some(1), companies: VecDeque::new(), company: None, listed: 0, total: None }
    }

    /// Whether every company was met. Pages shift when a company is archived meanwhile, and one may slip through.
    pub(crate) fn is_whole(&self) -> bool {
        self.total.is_none_or(|total| self.listed >= total)
    }

    /// Takes one request's step towards the goal.
    pub(crate) fn step(&mut self, api: &Api, goal: Goal, records: &mut Records) -> Result<Step> {
        loop {
            let Some(company) = &mut self.company else {
                if let Some(id) = self.companies.pop_front() {
                    self.company = Some(Company::start(id));
                    continue;
                }
                return self.list_companies(api);
            };
            let id = company.id.to_string();
            let step = match (goal, company.periods.front().copied(), company.periods_page) {
                (Goal::Below(what), Some(period), _) => company.rows(api, [&id, what], period, self.per_page, records),
                (_, _, Some(page)) => company.periods(api, &id, page, self.per_page, goal, records),
                (_, _, None) => {
                    self.company = None;
                    continue;
                }
            };
            return match step {
                Err(error) if error.case() == Case::NotFound => {
                    log::info("a company or period that is hidden or gone was passed over", &[("company", &id)]);
                    company.pass_over(goal);
                    Ok(Step::On)
                }
                other => other,
            };
        }
    }

    fn list_companies(&mut self, api: &Api) -> Result<Step> {
        let Some(page) = self.companies_page else { return Ok(Step::Done) };
        let listing = api.list(&["companies"], page, self.per_page)?;
        let ids = ids(&listing)?;
        self.listed += u64::try_from(ids.len()).unwrap_or_default();
        self.total = listing.total();
        self.companies_page = (!listing.is_last(ids.len())).then(|| page + 1);
        self.companies = ids.into();
        Ok(Step::On)
    }
}

impl Company {
    fn start(id: u64) -> Self {
        Self { id, periods_page: Some(1), periods: VecDeque::new(), rows_page: 1 }
    }

    /// Takes a page of periods: as records, or to go through what lies below them.
    fn periods(
        &mut self,
        api: &Api,
        id: &str,
        page: u64,
        per_page: u32,
        goal: Goal,
        records: &mut Records,
    ) -> Result<Step> {
        let listing = api.list(&["companies", id, "periods"], page, per_page)?;
        let rows = if goal == Goal::Periods {
            let Some(rows) = gather(&listing, &[("company_id", id)], records)? else { return Ok(Step::Full) };
            rows
        } else {
            self.periods = ids(&listing)?.into();
            self.periods.len()
        };
        self.periods_page = (!listing.is_last(rows)).then(|| page + 1);
        Ok(Step::On)
    }

    /// Takes a page of what lies below a period.
    fn rows(
        &mut self,
        api: &Api,
        [id, what]: [&str; 2],
        period: u64,
        per_page: u32,
        records: &mut Records,
    ) -> Result<Step> {
        let period = period.to_string();
        let listing = api.list(&["companies", id, "periods", &period, what], self.rows_page, per_page)?;
        let Some(rows) = gather(&listing, &[("company_id", id), ("period_id", &period)], records)? else {
            return Ok(Step::Full);
        };
        if listing.is_last(rows) {
            self.next_period();
        } else {
            self.rows_page += 1;
        }
        Ok(Step::On)
    }

    fn next_period(&mut self) {
        self.periods.pop_front();
        self.rows_page = 1;
    }

    /// Goes on after what answered 404: the period, or the whole company.
    fn pass_over(&mut self, goal: Goal) {
        if goal != Goal::Periods && !self.periods.is_empty() {
            self.next_period();
        } else {
            self.periods_page = None;
        }
    }
}

/// Adds a page's rows with the ids of what they lie below; none when they do not fit any more.
fn gather(listing: &Listing, parents: &[(&str, &str)], records: &mut Records) -> Result<Option<usize>> {
    let rows = listing.rows()?;
    // What the parents' ids add to a row, generously.
    let added = rows.len().saturating_mul(128);
    if records.count() > 0 && records.bytes().saturating_add(listing.bytes()).saturating_add(added) > PAGE_BYTES {
        return Ok(None);
    }
    for row in &rows {
        records.push_with(row, parents)?;
    }
    Ok(Some(rows.len()))
}

fn ids(listing: &Listing) -> Result<Vec<u64>> {
    listing.rows()?.into_iter().map(|row| Ok::<u64, Error>(listing.row::<Row>(row)?.id)).collect()
}
