//! Somebody whose connector works while others do their worst to the same host.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use patchbay_it::{Rig, Tenant, process};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

/// A tenant whose guests read a page whenever they are asked.
pub(crate) struct Neighbour {
    tenant: Tenant,
    sync: String,
}

/// What the neighbour was served meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) runs: u32,
    /// The longest that `/readyz` took.
    pub(crate) slowest_answer: Duration,
}

impl Neighbour {
    /// Connects; the first run is done.
    pub(crate) fn connect(rig: &Rig) -> Result<Self> {
        rig.install_guests("0.1.0")?;
        let tenant = rig.tenant("Neighbour")?;
        let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
        tenant.first_run(&connection)?;
        let sync = tenant.sync(&connection, "chosen")?;
        Ok(Self { tenant, sync })
    }

    /// Has these deeds done while the neighbour is served. It is an error when one run of it is not done, when the host is
    /// another process afterwards, or when a child of it is left.
    pub(crate) fn beside(&self, rig: &Rig, deeds: impl FnOnce() -> Result<()>) -> Result<Served> {
        let node = rig.node()?;
        let over = AtomicBool::new(false);
        let (done, served) = std::thread::scope(|scope| {
            let works = scope.spawn(|| self.work(rig, &over));
            // Also when the deeds end in a panic: else it would be waited for for ever.
            let ends = Ends(&over);
            let done = deeds();
            drop(ends);
            (done, works.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        done?;
        let served = served?;
        assert_eq!(rig.node()?, node, "the host is another process");
        wait_until("all children of the host to have ended", LIMIT, || {
            Ok(process::children(&rig.host)?.is_empty().then_some(()))
        })?;
        Ok(served)
    }

    fn work(&self, rig: &Rig, over: &AtomicBool) -> Result<Served> {
        let mut served = Served::default();
        loop {
            let run = self.tenant.ended(&self.tenant.run(&self.sync)?)?;
            if run["state"] != json!("done") {
                return Err(Trouble::new(format!("a neighbour's run is not done: {run}")));
            }
            served.runs += 1;
            let asked = Instant::now();
            rig.stranger().get("/readyz")?.expect(200)?;
            served.slowest_answer = served.slowest_answer.max(asked.elapsed());
            if over.load(Ordering::SeqCst) {
                return Ok(served);
            }
        }
    }
}

/// Says that it is over when it goes.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
