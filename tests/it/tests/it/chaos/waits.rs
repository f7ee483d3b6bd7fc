//! C2: a provider that asks to wait is obeyed, within reason, and by everything that asks for this connection.

use std::time::Duration;

use patchbay_model::{Clock, SystemClock};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{Act, ledger::Change},
    wait_until,
};
use serde_json::{Value, json};

use super::{Cell, FIRST, Ground, LIMIT, Lay, list, millis};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// More than any of them waits.
const LATER: Duration = Duration::from_secs(25 * 3_600);

/// A form of `Retry-After`, and the milliseconds after which the run goes on.
struct Form {
    name: &'static str,
    status: u16,
    value: Option<String>,
    state: &'static str,
    code: &'static str,
    waits: std::ops::Range<i64>,
}

fn forms() -> Vec<Form> {
    let form = |name, status, value: Option<&str>, waits: i64| {
        let value = value.map(str::to_owned);
        if status == 503 {
            // Trouble, and spread like any other attempt; the pause holds back what would come sooner.
            let waits = waits * 4 / 5 - 100..waits * 6 / 5 + 2_000;
            return Form { name, status, value, state: "failed", code: "PB3004", waits };
        }
        // A date counts from when it was written, which is a while before it is read.
        let earlier = if value.as_ref().is_some_and(|value| value.ends_with("GMT")) { 20_000 } else { 2_000 };
        let waits = (waits - earlier).max(4_000)..waits + 2_000;
        Form { name, status, value, state: "more_later", code: "PB3003", waits }
    };
    vec![
        form("two minutes", 429, Some("120"), 2 * MINUTE),
        form("two minutes, of a busy host", 503, Some("120"), 2 * MINUTE),
        form("in ten minutes, by its date", 429, Some(&date(600)), 10 * MINUTE),
        form("ten years", 429, Some("315360000"), DAY),
        form("more than a number holds", 429, Some("99999999999999999999999"), DAY),
        form("next year, by its date", 429, Some(&date(400 * 86_400)), DAY),
        form("a negative number", 429, Some("-5"), HOUR),
        form("a word", 429, Some("soon"), HOUR),
        form("nothing", 429, Some(""), HOUR),
        form("half a second", 429, Some("0.5"), HOUR),
        form("no header", 429, None, MINUTE),
        form("a date that is over", 429, Some("Sun, 06 Nov 1994 08:49:37 GMT"), 5_000),
    ]
}

/// An HTTP date so many seconds from now.
fn date(seconds: u64) -> String {
    let at = SystemClock.now().plus(Duration::from_secs(seconds));
    let days = usize::try_from(at.as_millis() / DAY).unwrap_or(0);
    let day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"].get(days % 7).unwrap_or(&"Thu");
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // `2026-11-22T02:09:43.…Z`
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| names.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    format!("{day}, {} {month} {} {} GMT", part(8, 10), part(0, 4), part(11, 19))
}

#[test]
fn a_provider_that_asks_to_wait_is_obeyed_within_reason_and_by_all_streams() -> Result<()> {
    let mut ground = Lay { streams: &["entries", "tick"], test_clock: true, ..Lay::default() }.start()?;
    let forms = forms();
    let mut cells = Vec::new();
    for (at, form) in (0..).zip(&forms) {
        cells.push(ground.cell(FIRST + at, form.name, "entries")?);
    }
    ground.change(&[Change::Touch { list: list("entries"), one_in: 2 }])?;
    for (form, cell) in forms.iter().zip(&cells) {
        let headers = form.value.iter().map(|value| ("retry-after".to_owned(), value.clone())).collect();
        let act = Act::Answer { status: form.status, headers, body: "{}".to_owned() };
        ground.ledger().script.add(cell.rule(act).times(0));
    }
    let runs = cells.iter().map(Cell::start).collect::<Result<Vec<_>>>()?;
    let mut ended = Vec::new();
    for ((form, cell), run) in forms.iter().zip(&mut cells).zip(&runs) {
        let run = cell.book.tenant.ended(run)?;
        waits(form, cell, &run)?;
        ended.push(run);
    }
    others_wait(&ground, &forms, &cells)?;
    // What the gate remembers by its own clock ends with the process; what the database remembers does not.
    ground.rig.host.restart()?;
    ground.ledger().script.clear();
    ground.rig.advance(LATER)?;
    for (cell, run) in cells.iter_mut().zip(&ended) {
        cell.ended_as(&cell.goes_on(run)?, "done", None)?;
        cell.catches_up(&ground)?;
        assert_eq!(cell.mirror.deleted(), 0);
    }
    Ok(())
}

fn waits(form: &Form, cell: &mut Cell, run: &Value) -> Result<()> {
    let wrong = |what: String| Err(Trouble::new(format!("cell {:?}: {what}: {run}", form.name)));
    cell.ended_as(run, form.state, Some(form.code))?;
    if cell.follow()? != 0 {
        return wrong("something was stored".to_owned());
    }
    let Some(next) = cell.open()? else { return wrong("nothing follows".to_owned()) };
    let both = json!({ "ended_at": run["ended_at"], "next_at": next["next_at"] });
    let pause = millis(&both, "ended_at", "next_at")?;
    if !form.waits.contains(&pause) {
        return wrong(format!("it goes on after {pause} ms, not {:?}", form.waits));
    }
    Ok(())
}

/// Another stream of the same connection waits, too, whoever asks; other connections do not.
fn others_wait(ground: &Ground, forms: &[Form], cells: &[Cell]) -> Result<()> {
    let free = ground.cell(FIRST + 50, "free", "entries")?;
    let before = ground.ledger().journal.last();
    let long = || forms.iter().zip(cells).filter(|(form, _)| form.waits.start > MINUTE / 2);
    let asked = long().map(|(_, cell)| cell.book.start("tick")).collect::<Result<Vec<_>>>()?;
    // Asked for after all of them, and done: the others had their turn.
    assert_eq!(free.book.run("tick")?["state"], json!("done"));
    for ((form, cell), run) in long().zip(asked) {
        let state = cell.book.tenant.get(&format!("/v1/runs/{run}"))?.json["state"].clone();
        let visits = cell.visits(ground, before);
        if state != json!("due") || !visits.is_empty() {
            return Err(Trouble::new(format!("cell {:?}: another stream is {state}: {visits:?}", form.name)));
        }
    }
    Ok(())
}

#[test]
fn a_short_wait_is_sat_out_by_the_request_itself() -> Result<()> {
    let ground = Lay::default().start()?;
    let mut cell = ground.cell(FIRST, "one second", "entries")?;
    ground.change(&[Change::Touch { list: list("entries"), one_in: 2 }])?;
    ground.ledger().script.add(cell.rule(Act::too_many("1")).after(1).times(2));
    let run = cell.ends("done", None)?;
    assert!(run["usage"]["waited_ms"].as_u64() >= Some(1_900), "{run}");
    assert_eq!(run["usage"]["retries"], json!(2), "{run}");
    cell.catches_up(&ground)?;
    wait_until("nothing more", LIMIT, || Ok(cell.open()?.is_none().then_some(())))
}
