//! C7: pages without end.

use patchbay_test_support::{
    Result,
    fakes::{Act, Odd, ledger::Change},
};
use serde_json::json;

use super::{FIRST, Ground, Lay, list};

fn circles() -> Vec<(&'static str, Odd)> {
    vec![
        ("the same page for ever", Odd::Cycle { pages: 1 }),
        ("two pages in a circle", Odd::Cycle { pages: 2 }),
        ("fifty pages in a circle", Odd::Cycle { pages: 50 }),
        ("new numbers, the same records", Odd::RepeatRecords),
        ("empty pages for ever", Odd::EmptyPages),
    ]
}

fn goes_round(ground: &Ground, number: u64, stream: &'static str, paging: &str, name: &str, odd: Odd) -> Result<()> {
    let name = format!("{name}, {stream}, by {paging}");
    let mut cell = ground.cell_with(number, &name, stream, json!({ "paging": paging }))?;
    let script = &ground.ledger().script;
    script.add(cell.rule(Act::odd(odd)).times(0));
    let run = cell.ends("stalled", Some("PB3001"))?;
    assert!(run["pages"].as_u64() < Some(1_100), "{name}: {run}");
    assert!(cell.open()?.is_none(), "{name}: the next slot tries again, not before");
    cell.catches_up(ground)?;
    script.clear();
    cell.ends("done", None)?;
    cell.catches_up(ground)?;
    ground.change(&[Change::Touch { list: list(stream), one_in: 3 }])?;
    cell.ends("done", None)?;
    cell.catches_up(ground)?;
    assert_eq!(cell.mirror.deleted(), 0, "{name}");
    Ok(())
}

#[test]
fn pages_without_end_are_noticed_and_cost_nothing() -> Result<()> {
    let ground = Lay { streams: &["entries", "snapshot"], ..Lay::default() }.start()?;
    let mut numbers = FIRST..;
    for (stream, paging) in [("entries", "number"), ("entries", "change"), ("snapshot", "number")] {
        for (name, odd) in circles() {
            if odd == Odd::EmptyPages && paging == "change" {
                // A thousand pages, and the same whichever way leads on.
                continue;
            }
            goes_round(&ground, numbers.next().unwrap_or(FIRST), stream, paging, name, odd)?;
        }
    }
    Ok(())
}
