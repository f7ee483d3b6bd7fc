//! C9: deletion by absence. Only a whole pass without any trouble says that something is gone, and many go only
//! when somebody says so.

use std::collections::BTreeMap;

use patchbay_test_support::{
    Result,
    fakes::{Act, Odd, ledger::Change},
};
use serde_json::json;

use super::{Cell, Ground, Lay, list};

fn remove(ids: impl Iterator<Item = u64>) -> Change {
    Change::Remove { list: list("snapshot"), ids: ids.collect() }
}

fn truth(ground: &Ground) -> BTreeMap<u64, u32> {
    ground.ledger().provider.truth("snapshot")
}

/// A pass that is held, and nothing is gone.
fn is_held(ground: &Ground, cell: &mut Cell, missing: u64) -> Result<()> {
    let (there, gone) = (cell.mirror.revisions(&cell.book.id, "snapshot", None), cell.mirror.deleted());
    cell.ends("held", Some("PB3015"))?;
    cell.follow()?;
    cell.is_served(ground)?;
    assert_eq!(cell.sync()?["held_deletions"], json!(missing), "{}", cell.name);
    let now = cell.mirror.revisions(&cell.book.id, "snapshot", None);
    assert_eq!((now.len(), cell.mirror.deleted()), (there.len(), gone), "{}: nothing is gone", cell.name);
    Ok(())
}

fn calm(ground: &Ground, cell: &mut Cell) -> Result<()> {
    ground.ledger().script.clear();
    cell.ends("done", None)?;
    assert_eq!(cell.sync()?["held_deletions"], json!(null), "{}", cell.name);
    cell.catches_up(ground).map(drop)
}

#[test]
fn what_a_pass_misses_is_gone_only_when_the_pass_was_whole_and_somebody_says_so() -> Result<()> {
    let ground = Lay { streams: &["snapshot"], ..Lay::default() }.start()?;
    let mut cell = ground.cell(60, "nothing at all", "snapshot")?;
    let all = truth(&ground).len() as u64;
    let script = &ground.ledger().script;
    for (name, one_in) in [("nothing at all", 0), ("half of it", 2), ("a third of it", 3)] {
        name.clone_into(&mut cell.name);
        script.add(cell.rule(Act::odd(Odd::Keep { one_in })).times(0));
        is_held(&ground, &mut cell, all - all.checked_div(one_in).unwrap_or_default())?;
        calm(&ground, &mut cell)?;
        assert_eq!(cell.mirror.deleted(), 0, "{name}: it was the provider's slip");
    }
    // A few are gone at once.
    cell.name = "a few".to_owned();
    ground.change(&[remove(1..11)])?;
    cell.ends("done", None)?;
    cell.catches_up(&ground)?;
    assert_eq!(cell.mirror.deleted(), 10);
    // Many wait, and somebody says yes.
    cell.name = "many, approved".to_owned();
    ground.change(&[remove(11..131)])?;
    is_held(&ground, &mut cell, 120)?;
    assert_eq!(cell.book.tell("snapshot", "approve-deletions", &json!({}))?["deleted"], json!(120));
    cell.catches_up(&ground)?;
    assert_eq!(cell.mirror.deleted(), 130);
    calm(&ground, &mut cell)?;

    // A pass that met trouble deletes nothing, whatever it missed; the next whole one does.
    let troubles = [
        ("an error on its second page", Act::status(404), 1, "failed", "PB3006"),
        ("HTML on its last page", Act::html(), 1, "failed", "PB3005"),
        ("a circle", Act::odd(Odd::Cycle { pages: 2 }), 0, "stalled", "PB3001"),
        ("the same records", Act::odd(Odd::RepeatRecords), 0, "stalled", "PB3001"),
        ("empty pages", Act::odd(Odd::EmptyPages), 0, "stalled", "PB3001"),
    ];
    for ((name, act, after, state, code), first) in troubles.into_iter().zip((131..).step_by(5)) {
        name.clone_into(&mut cell.name);
        let gone = cell.mirror.deleted();
        ground.change(&[remove(first..first + 5), Change::Touch { list: list("snapshot"), one_in: 4 }])?;
        script.add(cell.rule(act).after(after).times(0));
        cell.ends(state, Some(code))?;
        cell.follow()?;
        cell.is_served(&ground)?;
        assert_eq!(cell.mirror.deleted(), gone, "{name}: nothing is deleted");
        script.clear();
        // It may have to begin anew to see all of it.
        cell.ends("done", None)?;
        cell.follow()?;
        let stored = cell.mirror.revisions(&cell.book.id, "snapshot", None);
        assert!(truth(&ground).keys().all(|id| stored.contains_key(id)), "{name}: nothing is lost");
        calm(&ground, &mut cell)?;
        assert_eq!(cell.mirror.deleted(), gone + 5, "{name}");
    }
    Ok(())
}

#[test]
fn a_backfill_deletes_nothing() -> Result<()> {
    let ground = Lay { streams: &["snapshot", "entries"], ..Lay::default() }.start()?;
    let mut cell = ground.cell(60, "backfill of everything", "snapshot")?;
    ground.change(&[remove(1..6), Change::Touch { list: list("snapshot"), one_in: 5 }])?;
    cell.rests()?;
    cell.book.tell("snapshot", "backfill", &json!({ "since": "2026-01-01T00:00:00Z" }))?;
    let run = cell.rests()?;
    cell.ended_as(&run, "done", None)?;
    cell.follow()?;
    assert_eq!(cell.mirror.deleted(), 0, "a backfill says nothing about what is gone");
    cell.ends("done", None)?;
    cell.catches_up(&ground)?;
    assert_eq!(cell.mirror.deleted(), 5);

    let mut cell = ground.cell(61, "backfill from a moment", "entries")?;
    let before = ground.ledger().journal.last();
    cell.rests()?;
    cell.book.tell("entries", "backfill", &json!({ "since": "2026-01-01T00:01:00Z" }))?;
    let run = cell.rests()?;
    cell.ended_as(&run, "done", None)?;
    assert_eq!(run["changed"], json!(0), "all of it was known: {run}");
    let asked = cell.visits(&ground, before);
    let since = asked.first().and_then(|visit| visit.facts.since.clone()).unwrap_or_default();
    assert!(since.starts_with("2026-01-01T00:01:00"), "{since}");
    cell.catches_up(&ground)?;
    ground.change(&[Change::Touch { list: list("entries"), one_in: 3 }])?;
    cell.ends("done", None)?;
    cell.catches_up(&ground).map(drop)
}
