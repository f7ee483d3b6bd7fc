//! Jobs at the provider that outlive a run: the cursor carries them, and the run goes on later.

use std::time::Duration;

use patchbay_test_support::{
    Result,
    fakes::{Act, LedgerConfig, Rule, ledger::Change},
};
use serde_json::json;

use super::{Lay, list};

/// Longer than the host waits before it looks again, and before it tries again.
const PAUSE: Duration = Duration::from_secs(15);
/// Looks that find the job unfinished.
const LOOKS: u32 = 3;

#[test]
fn a_job_that_takes_long_is_asked_for_once_and_looked_at_until_it_is_ready() -> Result<()> {
    let ledger = LedgerConfig { report_looks: 0, ..LedgerConfig::default() };
    let ground = Lay { streams: &["reports"], ledger, test_clock: true, ..Lay::default() }.start()?;
    let mut cell = ground.reports(20)?;
    ground.change(&[Change::ReportLooks { looks: LOOKS }, Change::Touch { list: list("report"), one_in: 2 }])?;
    let before = ground.ledger().journal.last();
    // One look that fails is no reason to ask for another job.
    ground.ledger().script.add(Rule::on("GET", "/reports/", Act::status(500)).after(1));
    let (mut run, mut looks, mut failures) = (cell.run()?, 0, 0);
    while run["state"] != json!("done") {
        match run["state"].as_str() {
            Some("more_later") => looks += 1,
            _ => {
                cell.ended_as(&run, "failed", Some("PB3004"))?;
                failures += 1;
            }
        }
        assert!(looks + failures < 20, "it goes on for ever: {run}");
        assert_eq!(cell.follow()?, 0, "nothing is stored before it is ready");
        ground.rig.advance(PAUSE)?;
        run = cell.goes_on(&run)?;
    }
    let asked = cell.visits(&ground, before);
    assert_eq!(asked.iter().filter(|visit| visit.method == "POST").count(), 1, "asked for once: {asked:?}");
    assert_eq!((looks, failures), (LOOKS + 1, 1), "{run}");
    cell.catches_up(&ground)?;
    assert_eq!(cell.mirror.deleted(), 0);
    Ok(())
}
