//! SIGKILL in the middle of a sync, and what becomes of it.

use std::time::Duration;

use patchbay_test_support::fakes::{Act, Rule};

use super::{super::setup::World, items, run_all, tenant, wait_for_runs};
use crate::shell::Result;

const HELD: &str = "kill";
const LIMIT: Duration = Duration::from_secs(300);

pub(super) fn kill(world: &mut World) -> Result<String> {
    let touched = world.fakes.github.provider.touch(None, 2_000, 500, 300);
    // The sixth page of issues waits, so that some pages are stored, one is being read, others are to come.
    let hold = Act::Hold { name: HELD.to_owned(), applied: true };
    world.fakes.github.script.add(Rule::on("GET", "/repos/", hold).containing("/issues?").after(5));
    let begun = run_all(tenant(world)?, &world.left.silverfin)? + run_all(tenant(world)?, &world.left.github)?;
    if !world.fakes.github.script.wait_until_held(HELD, LIMIT) {
        return Err("the second sync did not come to its sixth page".to_owned());
    }
    world.kill_host()?;
    world.fakes.github.script.release(HELD);
    world.fakes.github.script.clear();
    Ok(format!(
        "{} issues changed, {} new; {begun} runs begun, SIGKILL while a page was on its way",
        touched.changed.len(),
        touched.created.len()
    ))
}

pub(super) fn finish(world: &mut World) -> Result<String> {
    world.start_host_again()?;
    wait_for_runs(tenant(world)?, LIMIT)?;
    let runs = items(tenant(world)?, "/v1/runs")?;
    if let Some(bad) = runs.iter().find(|run| run["state"] != "done") {
        return Err(format!("a run is not done: {bad}"));
    }
    let taken_over = runs.iter().filter(|run| run["epoch"].as_u64().unwrap_or(0) > 1).count();
    if taken_over == 0 {
        return Err("no run says that a worker died on it, so the kill proved nothing".to_owned());
    }
    Ok(format!("{taken_over} runs were taken over and are done"))
}
