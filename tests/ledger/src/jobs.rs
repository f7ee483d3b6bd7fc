//! Reports: asked for, looked at until they are ready, then read.

use patchbay_sdk::{Context, Page, ReadRequest, Result, http};
use serde::{Deserialize, Serialize};

use crate::{
    lists,
    wire::{self, Settings},
};

/// Between looks when nobody says otherwise.
const WAIT_MS: u64 = 1_000;

/// Where a report stands; none is asked for before the first page of a pass.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    report: Option<String>,
    /// The page to read, once it is ready.
    page: Option<u64>,
}

#[derive(Deserialize)]
struct Report {
    id: String,
    status: String,
}

pub(crate) fn report(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let settings = Settings::of(ctx)?;
    let wait_ms = settings.wait_ms.unwrap_or(WAIT_MS);
    let cursor: Cursor = request.cursor()?.unwrap_or_default();
    let Some(id) = cursor.report else {
        let asked = http::post(wire::address("/reports")).effect(http::Effect::Repeatable).send()?.ok()?;
        let report: Report = asked.json()?;
        return Page::wait(&Cursor { report: Some(report.id), page: None }, wait_ms);
    };
    let address = http::address(&wire::address("/reports"), &[&id])?;
    let Some(page) = cursor.page else {
        let answer = http::get(address).send()?.ok()?;
        let report: Report = answer.json()?;
        let place = Cursor { report: Some(report.id), page: (report.status == "ready").then_some(1) };
        return match place.page {
            Some(_) => Page::more(patchbay_sdk::Records::empty(), &place),
            None => Page::wait(&place, wait_ms),
        };
    };
    let path = wire::path(&http::address(&address, &["rows"])?)?;
    let (rows, next) = lists::page(&settings, request, &path, page)?;
    rows.page(|records| match next {
        Some(page) => Page::more(records, &Cursor { report: Some(id), page: Some(page) }),
        None => Page::end(records, &Cursor::default()),
    })
}
