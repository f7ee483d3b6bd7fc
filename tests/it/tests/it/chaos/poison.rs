//! Records that cannot be read (`trust.md` section 3, row 12), and a shape that changes.

use std::collections::BTreeMap;

use patchbay_test_support::{
    Result,
    fakes::{
        Act, Odd,
        ledger::{Change, Poison},
    },
};
use serde_json::json;

use super::{Cell, Ground, Lay, list};

const KINDS: [(&str, Poison); 6] = [
    ("no id", Poison::NoId),
    ("an id that is null", Poison::NullId),
    ("a NUL in the id", Poison::NulId),
    ("2 MiB", Poison::Large),
    ("1e400", Poison::HugeNumber),
    ("no object", Poison::NotObject),
];

fn poison(kinds: Vec<Poison>, one_in: u64) -> Change {
    Change::Poison { kinds, one_in }
}

fn touch(one_in: u64) -> Change {
    Change::Touch { list: list("snapshot"), one_in }
}

/// The truth without every so-maniest, which stays as it was before.
fn without(ground: &Ground, cell: &Cell, one_in: u64) -> BTreeMap<u64, u32> {
    let known = cell.mirror.revisions(&cell.book.id, "snapshot", None);
    let truth = ground.ledger().provider.truth("snapshot").into_iter();
    truth.filter_map(|(id, n)| if id % one_in == 0 { Some((id, *known.get(&id)?)) } else { Some((id, n)) }).collect()
}

#[test]
fn a_record_that_cannot_be_read_is_set_aside_and_holds_up_nobody() -> Result<()> {
    let ground = Lay { streams: &["snapshot"], ..Lay::default() }.start()?;
    let mut cell = ground.cell_with(50, "poison", "snapshot", json!({ "unchecked": true }))?;
    for ((name, kind), first) in KINDS.into_iter().zip((1..).step_by(3)) {
        name.clone_into(&mut cell.name);
        let (letters, gone) = (cell.book.dead_letters("snapshot")?.len(), cell.mirror.deleted());
        ground.change(&[
            touch(1),
            poison(vec![kind], 125),
            Change::Remove { list: list("snapshot"), ids: (first..first + 3).collect() },
        ])?;
        let run = cell.ends("done", None)?;
        assert_eq!(run["refused"], json!(2), "{name}: {run}");
        let found = cell.book.dead_letters("snapshot")?;
        assert_eq!(found.len(), letters + 2, "{name}: {found:?}");
        assert!(found.iter().all(|one| !one["reason"].as_str().unwrap_or_default().is_empty()), "{name}: {found:?}");
        let mut wanted = without(&ground, &cell, 125);
        cell.follow()?;
        let still: Vec<u64> = (first..first + 3).collect();
        let stored = cell.mirror.revisions(&cell.book.id, "snapshot", None);
        wanted.extend(still.iter().filter_map(|id| Some((*id, *stored.get(id)?))));
        cell.mirror.compare(&cell.book.id, "snapshot", None, &wanted)?;
        assert_eq!(cell.mirror.deleted(), gone, "{name}: such a pass deletes nothing");
        assert_eq!(cell.sync()?["held_deletions"], json!(null), "{name}");
        // The same bad records again are the same two letters.
        cell.ends("done", None)?;
        assert_eq!(cell.book.dead_letters("snapshot")?.len(), letters + 2, "{name}: each content once");
        ground.change(&[poison(vec![], 0)])?;
        cell.ends("done", None)?;
        cell.catches_up(&ground)?;
        assert_eq!(cell.mirror.deleted(), gone + 3, "{name}: a whole pass does");
    }
    Ok(())
}

#[test]
fn too_many_that_cannot_be_read_are_no_success() -> Result<()> {
    let ground = Lay { streams: &["snapshot"], ..Lay::default() }.start()?;
    let mut cell = ground.cell_with(50, "one in fifty", "snapshot", json!({ "unchecked": true }))?;
    ground.change(&[touch(1), poison(vec![Poison::NoId, Poison::NotObject, Poison::HugeNumber], 50)])?;
    let run = cell.ends("failed", Some("PB3014"))?;
    assert_eq!(run["refused"], json!(5), "{run}");
    assert!(cell.open()?.is_none(), "another attempt would change nothing: {run}");
    let wanted = without(&ground, &cell, 50);
    cell.follow()?;
    cell.mirror.compare(&cell.book.id, "snapshot", None, &wanted)?;
    assert_eq!(cell.book.dead_letters("snapshot")?.len(), 5);

    cell.name = "half of each page".to_owned();
    ground.change(&[touch(1), poison(vec![Poison::NullId], 2)])?;
    cell.ends("failed", Some("PB1104"))?;
    assert_eq!(cell.follow()?, 0, "a page of which half is unusable is refused as a whole");

    ground.change(&[poison(vec![], 0)])?;
    cell.ends("done", None)?;
    cell.ends("done", None)?;
    cell.catches_up(&ground)?;
    assert_eq!(cell.mirror.deleted(), 0);
    Ok(())
}

#[test]
fn a_record_that_says_its_key_twice_is_the_last_one_as_everybody_reads_it() -> Result<()> {
    let ground = Lay { streams: &["snapshot"], ..Lay::default() }.start()?;
    let cell = ground.cell(50, "keys twice", "snapshot")?;
    ground.ledger().script.add(cell.rule(Act::odd(Odd::DuplicateKeys)).times(0));
    cell.ends("done", None)?;
    let stored: BTreeMap<u64, u32> = cell
        .book
        .records("snapshot")?
        .into_iter()
        .filter_map(|(key, record)| Some((key.parse().ok()?, u32::try_from(record["n"].as_u64()?).ok()?)))
        .collect();
    assert_eq!(stored, ground.ledger().provider.truth("snapshot"));
    Ok(())
}

#[test]
fn a_shape_that_changes_is_told_once() -> Result<()> {
    let ground = Lay { streams: &["snapshot"], ..Lay::default() }.start()?;
    let mut cell = ground.cell(50, "drift", "snapshot")?;
    assert!(cell.book.drifts("snapshot")?.is_empty(), "at first everything is new, and nobody is told");
    for _ in 0..2 {
        ground.ledger().script.add(cell.rule(Act::odd(Odd::Deep { levels: 1 })).times(0));
        cell.ends("done", None)?;
        let drifts = cell.book.drifts("snapshot")?;
        let odd: Vec<_> = drifts.iter().filter(|drift| drift["path"] == json!("/odd")).collect();
        assert_eq!((odd.len(), drifts.len()), (1, 1), "{drifts:?}");
        assert_eq!(odd.first().map(|drift| drift["kind"].clone()), Some(json!("added")));
        ground.ledger().script.clear();
        cell.follow()?;
    }
    cell.ends("done", None)?;
    cell.catches_up(&ground).map(drop)
}
