//! C4 and C5: connections that break, and providers that are slow.

use std::time::Duration;

use patchbay_test_support::{
    Result,
    fakes::{Act, Odd},
};
use serde_json::json;

use super::{
    Cell, FIRST, LIMIT, Lay,
    table::{Row, play},
};

/// Short limits of the gate.
const HASTY: &[(&str, &str)] = &[
    ("PATCHBAY_EGRESS__FIRST_BYTE_SECONDS", "2"),
    ("PATCHBAY_EGRESS__PROGRESS_SECONDS", "1"),
    ("PATCHBAY_EGRESS__TOTAL_SECONDS", "3"),
];
const LATER: Duration = Duration::from_secs(90);

fn breaks() -> Vec<Row> {
    let odd = |name: &'static str, odd: Odd| (name, Act::odd(odd));
    [
        ("closed without an answer", Act::Drop),
        ("answered and lost", Act::LoseAnswer),
        odd("reset at once", Odd::ResetAtOnce),
        odd("reset in the head", Odd::ResetInHead { bytes: 30 }),
        odd("reset after the head", Odd::ResetAfterHeaders),
        odd("reset in the body", Odd::ResetInBody { bytes: 700 }),
        odd("closed in the body", Odd::CloseInBody { bytes: 700 }),
        odd("a length that is longer", Odd::Length { bytes: 1_000_000 }),
    ]
    .into_iter()
    .flat_map(|(name, act)| {
        let for_ever = Row::again(&format!("{name}, for ever"), act.clone(), "PB3004");
        let later = Row::again(&format!("{name}, from the second page on"), act.clone(), "PB3004").after(1);
        [Row::survived(&format!("{name}, once"), act), for_ever, later]
    })
    .collect()
}

fn slow() -> Vec<Row> {
    [
        ("no final answer", Act::status(199)),
        ("a head that stops", Act::odd(Odd::StallInHead { bytes: 20 })),
        ("a body that stops", Act::odd(Odd::Stall { bytes: 700 })),
        ("a byte now and then", Act::odd(Odd::Trickle { bytes: 100_000, ms: 300 })),
        ("an answer after all limits", Act::Delay { ms: 8_000 }),
    ]
    .into_iter()
    .map(|(name, act)| Row::again(name, act, "PB3004"))
    .collect()
}

#[test]
fn a_connection_that_breaks_is_opened_again_and_a_slow_one_given_up_in_time() -> Result<()> {
    let ground = Lay { test_clock: true, variables: HASTY, ..Lay::default() }.start()?;
    play(&ground, breaks().into_iter().chain(slow()).collect(), || ground.rig.advance(LATER))
}

#[test]
fn twenty_providers_that_do_not_answer_hold_up_nobody_else() -> Result<()> {
    let ground = Lay::default().start()?;
    let slow =
        (0..20).map(|at| ground.cell(FIRST + at, &format!("slow {at}"), "entries")).collect::<Result<Vec<_>>>()?;
    let mut quick = ground.cell(FIRST + 20, "quick", "entries")?;
    let script = &ground.ledger().script;
    for cell in &slow {
        script.add(cell.rule(Act::Hold { name: "slow".to_owned(), applied: false }).times(0));
    }
    let held = slow.iter().map(Cell::start).collect::<Result<Vec<_>>>()?;
    patchbay_test_support::wait_until("twenty that wait", LIMIT, || Ok((script.holding("slow") == 20).then_some(())))?;
    for _ in 0..5 {
        ground.change(&[super::Change::Touch { list: super::list("entries"), one_in: 3 }])?;
        quick.ends("done", None)?;
        quick.catches_up(&ground)?;
    }
    assert_eq!(script.holding("slow"), 20, "they still wait, and nobody waited for them");
    script.clear();
    for (mut cell, run) in slow.into_iter().zip(held) {
        assert_eq!(cell.book.tenant.ended(&run)?["state"], json!("done"));
        cell.catches_up(&ground)?;
    }
    Ok(())
}
