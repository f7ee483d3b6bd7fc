//! C8: positions. Whatever the order and the moments of what a provider returns, nothing is lost for good.

use patchbay_it::{LEDGER, ledger_with};
use patchbay_model::{
    Clock, SystemClock, Timestamp,
    manifest::{CursorKind, CursorRule},
};
use patchbay_test_support::{
    Result,
    fakes::{Act, Odd, ledger::Change},
};
use serde_json::json;

use super::{Cell, FIRST, Ground, Lay, list};

/// So many milliseconds from now.
fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millis(SystemClock.now().as_millis() + milliseconds)
}

fn touch(one_in: u64) -> Change {
    Change::Touch { list: list("entries"), one_in }
}

fn put(ids: std::ops::Range<u64>, at: Timestamp) -> Change {
    Change::Put { list: list("entries"), ids: ids.collect(), at: Some(at) }
}

/// Runs, and wants all that there is.
fn is_read(ground: &Ground, cell: &mut Cell, what: &str) -> Result<()> {
    cell.name = what.to_owned();
    cell.ends("done", None)?;
    cell.catches_up(ground)?;
    assert_eq!(cell.mirror.deleted(), 0, "{what}");
    Ok(())
}

fn all_orders(paging: &str) -> Result<()> {
    let ground = Lay::default().start()?;
    let mut cell = ground.cell_with(FIRST + 9, paging, "entries", json!({ "paging": paging }))?;
    let script = &ground.ledger().script;

    let same = moment(0);
    ground.change(&[put(1..90, same)])?;
    is_read(&ground, &mut cell, "one moment over several pages")?;
    ground.change(&[put(90..100, same)])?;
    is_read(&ground, &mut cell, "more of the moment at which it stopped")?;

    let late = moment(-120_000);
    ground.change(&[touch(2)])?;
    is_read(&ground, &mut cell, "before the late ones")?;
    ground.change(&[put(1_000..1_030, late)])?;
    is_read(&ground, &mut cell, "records that appear two minutes late")?;

    for pages in 0..2 {
        ground.change(&[touch(2), Change::Add { list: list("entries"), count: 20, at: None }])?;
        script.add(cell.rule(Act::odd(Odd::Backwards)).after(pages).times(0));
        cell.ends("done", None)?;
        cell.follow()?;
        cell.is_served(&ground)?;
        script.clear();
        is_read(&ground, &mut cell, "newest first: what was skipped is in the overlap")?;
    }
    for minutes in [330, -480, 765] {
        ground.change(&[touch(3)])?;
        script.add(cell.rule(Act::odd(Odd::Offset { minutes })).times(0));
        cell.ends("done", None)?;
        cell.follow()?;
        script.clear();
        ground.change(&[touch(2)])?;
        is_read(&ground, &mut cell, "moments in another zone")?;
    }
    for seconds in [3_600, -3_600, 86_400 * 400] {
        ground.change(&[touch(2)])?;
        script.add(cell.rule(Act::odd(Odd::Shift { seconds })).times(0));
        cell.ends("done", None)?;
        cell.follow()?;
        script.clear();
        ground.change(&[touch(3)])?;
        is_read(&ground, &mut cell, "a clock that was wrong")?;
    }
    for page in 1..4 {
        ground.change(&[touch(2)])?;
        script.add(cell.rule(Act::odd(Odd::Before { changes: vec![touch(2)] })).after(page));
        cell.ends("done", None)?;
        cell.follow()?;
        cell.is_served(&ground)?;
        is_read(&ground, &mut cell, "changed while it was read")?;
    }
    // A record of the future is read, and what comes after it still is.
    ground.change(&[put(2_000..2_003, moment(86_400_000))])?;
    is_read(&ground, &mut cell, "records of tomorrow")?;
    for _ in 0..3 {
        ground.change(&[touch(4)])?;
        ground.change(&[put(2_000..2_003, moment(86_400_000))])?;
        is_read(&ground, &mut cell, "today's after tomorrow's")?;
    }
    // Broken off in the middle of such a pass, it goes on there.
    for page in 0..4 {
        ground.change(&[touch(2), Change::Add { list: list("entries"), count: 10, at: None }])?;
        script.add(cell.rule(Act::status(404)).after(page).times(0));
        cell.ends("failed", Some("PB3006"))?;
        cell.follow()?;
        script.clear();
        is_read(&ground, &mut cell, "broken off in the middle")?;
    }
    Ok(())
}

#[test]
fn no_order_and_no_moment_loses_a_record_by_change() -> Result<()> {
    all_orders("change")
}

#[test]
fn no_order_and_no_moment_loses_a_record_by_number() -> Result<()> {
    all_orders("number")
}

#[test]
fn a_position_that_goes_backwards_is_refused_and_not_stored() -> Result<()> {
    let ground = Lay::default().start()?;
    // Its page number taken for its position, the connector goes back with every pass.
    ground.rig.install(ledger_with(|manifest| {
        manifest.version = "0.2.0".to_owned();
        manifest.streams.retain(|stream| stream.name == "entries");
        for stream in &mut manifest.streams {
            stream.cursor =
                Some(CursorRule { pointer: "/page".to_owned(), kind: CursorKind::Number, zone: None, look_back: None });
        }
    })?)?;
    let mut cell = ground.cell_with(FIRST, "backwards", "entries", json!({ "paging": "number" }))?;
    ground.change(&[touch(1)])?;
    let script = &ground.ledger().script;
    script.add(cell.rule(Act::status(404)).after(3).times(0));
    cell.ends("failed", Some("PB3006"))?;
    script.clear();
    let run = cell.ends("failed", Some("PB3018"))?;
    assert!(cell.open()?.is_none(), "{LEDGER}: another attempt would change nothing: {run}");
    cell.follow()?;
    cell.is_served(&ground)?;
    assert_eq!(cell.mirror.deleted(), 0);
    Ok(())
}
