//! A table of cells that run at the same time.

use patchbay_test_support::{
    Result, Trouble,
    fakes::{Act, ledger::Change},
    together,
};
use serde_json::{Value, json};

use super::{Cell, FIRST, Ground, list};

/// Cells that are set up at the same time.
const TOGETHER: usize = 6;

/// What follows from an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It is done.
    Nothing,
    /// Another attempt comes by itself.
    Again,
    /// It goes on by itself when the provider wants to be asked again.
    Later,
    /// Nothing before the next slot of the schedule.
    Slot,
    /// Nothing before somebody reconnects.
    Reconnect,
}

/// One line.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) act: Act,
    /// Requests of its run that are answered well before.
    pub(super) after: u32,
    /// Requests that meet it; 0 for ever.
    pub(super) times: u32,
    pub(super) state: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) then: Then,
    pub(super) settings: Value,
}

impl Row {
    /// A line whose first request, and each after it, is answered like that.
    pub(super) fn of(name: &str, act: Act, state: &'static str, code: Option<&'static str>, then: Then) -> Self {
        Self { name: name.to_owned(), act, after: 0, times: 0, state, code, then, settings: json!({}) }
    }

    /// A run that fails, and is tried again by itself.
    pub(super) fn again(name: &str, act: Act, code: &'static str) -> Self {
        Self::of(name, act, "failed", Some(code), Then::Again)
    }

    /// A run that fails for good.
    pub(super) fn slot(name: &str, act: Act, code: &'static str) -> Self {
        Self::of(name, act, "failed", Some(code), Then::Slot)
    }

    /// A request that is repeated, and the run is none the worse.
    pub(super) fn survived(name: &str, act: Act) -> Self {
        Self { times: 1, ..Self::of(name, act, "done", None, Then::Nothing) }
    }

    /// After so many pages.
    pub(super) fn after(self, requests: u32) -> Self {
        Self { after: requests, ..self }
    }

    pub(super) fn settings(self, settings: Value) -> Self {
        Self { settings, ..self }
    }
}

/// Runs all lines of a table at the same time, and then the provider is well again. `later` lets the time pass that
/// the runs wait for.
pub(super) fn play(ground: &Ground, rows: Vec<Row>, later: impl Fn() -> Result<()>) -> Result<()> {
    assert!(FIRST + rows.len() as u64 <= 99, "a page size with three digits is part of another's");
    let mut cells = set_up(ground, &rows)?;
    ground.change(&[
        Change::Touch { list: list("entries"), one_in: 2 },
        Change::Add { list: list("entries"), count: 60, at: None },
    ])?;
    let script = &ground.ledger().script;
    for (row, cell) in rows.iter().zip(&cells) {
        script.add(cell.rule(row.act.clone()).after(row.after).times(row.times));
    }
    let before = ground.ledger().journal.last();
    let runs = cells.iter().map(Cell::start).collect::<Result<Vec<String>>>()?;
    let mut ended = Vec::new();
    for ((row, cell), run) in rows.iter().zip(&mut cells).zip(&runs) {
        let run = cell.book.tenant.ended(run).map_err(|error| cell.told(&error))?;
        meets(ground, row, cell, &run)?;
        ended.push(run);
    }
    let first: Vec<Option<String>> =
        cells.iter().map(|cell| cell.visits(ground, before).first().map(|visit| visit.target.clone())).collect();
    script.clear();
    let calm = ground.ledger().journal.last();
    later()?;
    for (((row, cell), run), asked) in rows.iter().zip(&mut cells).zip(&ended).zip(first) {
        recovers(ground, row, cell, run)?;
        let again = cell.visits(ground, calm).first().map(|visit| visit.target.clone());
        if row.after == 0 && row.then != Then::Nothing && row.then != Then::Reconnect && asked != again {
            return Err(cell.told(&Trouble::new(format!("the cursor moved: asked {asked:?}, then {again:?}"))));
        }
    }
    Ok(())
}

fn set_up(ground: &Ground, rows: &[Row]) -> Result<Vec<Cell>> {
    let made = together(TOGETHER, |worker| {
        let mine = rows.iter().enumerate().skip(worker).step_by(TOGETHER);
        mine.map(|(at, row)| {
            let number = FIRST + u64::try_from(at).unwrap_or_default();
            Ok((at, ground.cell_with(number, &row.name, "entries", row.settings.clone())?))
        })
        .collect::<Result<Vec<(usize, Cell)>>>()
    });
    let mut cells: Vec<(usize, Cell)> = made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    cells.sort_by_key(|(at, _)| *at);
    Ok(cells.into_iter().map(|(_, cell)| cell).collect())
}

/// The end that the line names, and what follows from it.
fn meets(ground: &Ground, row: &Row, cell: &mut Cell, run: &Value) -> Result<()> {
    cell.ended_as(run, row.state, row.code)?;
    let stored = cell.follow()?;
    cell.is_served(ground)?;
    let wrong = |what: &str| Err(Trouble::new(format!("cell {:?}: {what}: {run}", row.name)));
    if cell.mirror.deleted() != 0 {
        return wrong("it deleted something");
    }
    if stored != 0 && row.after == 0 && row.times == 0 {
        return wrong(&format!("{stored} changes were stored"));
    }
    if row.then == Then::Nothing {
        cell.is_true(ground)?;
        let repeated = run["usage"]["retries"] != json!(0);
        return if repeated == (row.times == 1) { Ok(()) } else { wrong("requests were repeated, or none were") };
    }
    let trigger = cell.open()?.map(|next| next["trigger"].as_str().unwrap_or_default().to_owned());
    let wanted = match row.then {
        Then::Again => Some("retry"),
        Then::Later => Some("more"),
        Then::Nothing | Then::Slot | Then::Reconnect => None,
    };
    if trigger.as_deref() != wanted {
        return wrong(&format!("{wanted:?} was to follow, and {trigger:?} does"));
    }
    let connection = cell.book.tenant.get(&format!("/v1/connections/{}", cell.book.id))?;
    let state = if row.then == Then::Reconnect { "broken" } else { "active" };
    if connection.json["state"] != json!(state) {
        return wrong(&format!("the connection is not {state}: {}", connection.text()));
    }
    Ok(())
}

/// The provider is well again.
fn recovers(ground: &Ground, row: &Row, cell: &mut Cell, run: &Value) -> Result<()> {
    match row.then {
        Then::Nothing => return Ok(()),
        Then::Again | Then::Later => cell.ended_as(&cell.goes_on(run)?, "done", None)?,
        Then::Slot => drop(cell.ends("done", None)?),
        Then::Reconnect => {
            let key = ground.ledger().provider.key(&cell.key);
            let wanted = json!({ "connector": "acme.ledger", "fields": { "api_key": key }, "reconnect": cell.book.id });
            cell.book.tenant.api.post("/v1/connections", &wanted)?.expect(200)?;
            cell.ended_as(&cell.goes_on(run)?, "done", None)?;
        }
    }
    cell.catches_up(ground)?;
    if cell.mirror.deleted() != 0 {
        return Err(cell.told(&Trouble::new("something was deleted")));
    }
    Ok(())
}
