//! H1: an endless loop in each export ends when it has computed for as long as a call may.

use patchbay_test_support::{Result, together};

use super::{Guest, Stand, assert_all, assert_ended};

/// Time enough for a second of computing, however busy the machine is otherwise.
const PATIENT: &str = "[limits]\ncall_seconds = 60\ncompute_seconds = 1\ninstances = 8\n";
/// Loops at one moment: more than there are places, and far more than processors.
const AT_ONCE: usize = 10;

pub(super) fn in_exports(guest: &Guest<'_>) -> Result<()> {
    assert_all(&guest.everywhere("loop")?, "PB1107");
    assert_ended(&guest.reads("loop")?, "failed", "PB1107", "s of computing");
    // A look that failed proves nothing of what it looked for: that is as unknown as before.
    assert_ended(&guest.finds("loop")?, "unknown", "PB4004", "s of computing");
    Ok(())
}

#[test]
fn an_endless_loop_in_any_export_ends_by_what_it_computed_and_says_so() -> Result<()> {
    Stand::with(PATIENT)?.beside(|stand| in_exports(&stand.guest("h1")?)).map(drop)
}

#[test]
fn more_loops_than_places_at_one_moment_end_one_after_the_other_and_others_are_served() -> Result<()> {
    Stand::with(PATIENT)?
        .beside(|stand| {
            let guests = (0..AT_ONCE).map(|number| stand.guest(&format!("h1-{number}"))).collect::<Result<Vec<_>>>()?;
            for ended in together(AT_ONCE, |number| guests[number].reads("loop")) {
                assert_ended(&ended?, "failed", "PB1107", "s of computing");
            }
            Ok(())
        })
        .map(drop)
}
