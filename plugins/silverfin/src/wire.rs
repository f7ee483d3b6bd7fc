//! What every request to Silverfin needs, its lists, and what its statuses mean.

use patchbay_sdk::{
    Context, RawValue, Result,
    http::{self, Request, Response},
};
use serde::Deserialize;

const ORIGIN: &str = "https://live.getsilverfin.com";

/// How to talk to Silverfin for one connection.
pub(crate) struct Api {
    base: String,
    pub(crate) config: Config,
}

/// What the sheet does not know for certain, and an operator may correct.
#[derive(Deserialize)]
pub(crate) struct Config {
    /// Rows to ask for in one page.
    pub(crate) page_size: u32,
    /// Characters that a remark may have.
    pub(crate) text_limit: usize,
    /// Name shown as a remark's author; empty for the one who connected.
    pub(crate) bot_name: String,
}

/// One page of a list: a bare array.
pub(crate) struct Listing {
    response: Response,
    page: u64,
    per_page: u32,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let base = http::address(ORIGIN, &["api", "v4", "f", ctx.fact("firm_id")?])?;
        Ok(Self { base, config: ctx.config()? })
    }

    pub(crate) fn get(&self, path: &[&str]) -> Result<Request> {
        Ok(http::get(http::address(&self.base, path)?).header("accept", "application/json"))
    }

    pub(crate) fn post(&self, path: &[&str]) -> Result<Request> {
        Ok(http::post(http::address(&self.base, path)?).header("accept", "application/json"))
    }

    /// One page of a list, counted from 1.
    pub(crate) fn list(&self, path: &[&str], page: u64, per_page: u32) -> Result<Listing> {
        let response = ok(self.get(path)?.query("page", page).query("per_page", per_page).send()?)?;
        Ok(Listing { response, page, per_page })
    }

    /// All rows of a list that is never long, at most 20 pages.
    pub(crate) fn whole_list<T: for<'a> Deserialize<'a>>(&self, path: &[&str]) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for page in 1..=20 {
            let listing = self.list(path, page, self.config.page_size)?;
            let rows = listing.rows()?;
            for row in &rows {
                all.push(listing.row(row)?);
            }
            if listing.is_last(rows.len()) {
                return Ok(all);
            }
        }
        Err(patchbay_sdk::Error::other("There is more below this company than can be looked through.")
            .detail(format!("{} rows in 20 pages, and still more", all.len())))
    }
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<Vec<&RawValue>> {
        self.response.rows()
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.response.unreadable("a row of an unexpected shape"))
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.body().len()
    }

    /// How many rows the whole list has, where Silverfin says so.
    pub(crate) fn total(&self) -> Option<u64> {
        self.response.header("total")?.trim().parse().ok()
    }

    /// Whether this page of so many rows is the last: it is short, or the total is reached.
    pub(crate) fn is_last(&self, rows: usize) -> bool {
        let told = self.response.header("per-page").and_then(|size| size.trim().parse::<u32>().ok());
        let size = told.filter(|size| *size > 0).unwrap_or(self.per_page);
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        let reached = self.page.saturating_mul(u64::from(size));
        rows < u64::from(size) || self.total().is_some_and(|total| reached >= total)
    }
}

/// The answer, when it is a success; else what Silverfin means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(match response.status() {
        403 => error.message(
            "Silverfin does not allow this. The person who connected lacks the right, or the company is closed to them.",
        ),
        404 => error.message("Silverfin does not have this, or hides it from the person who connected."),
        422 => error.message("Silverfin refuses what was sent."),
        429 => error.message("Silverfin asks to wait."),
        _ => error,
    })
}
