//! Two looks that agree are believed because of the time between them: whatever brings the second one forward, it counts
//! only when that time is over.

use std::time::Duration;

use patchbay_it::DeskItem;
use patchbay_test_support::{
    Result, Trouble as Failed,
    fakes::{
        Act,
        desk::{Kind, Lag},
    },
    wait_until,
};
use serde_json::{Value, json};

use super::machines::{AGAIN, LIMIT, Machines};

#[test]
fn a_second_look_that_comes_too_soon_opens_nothing() -> Result<()> {
    let machines = Machines::one()?;
    let rig = machines.rig();
    rig.install_desk()?;
    let tenant = rig.tenant("A")?;
    tenant.connect_desk(&rig.fakes.desk, "owner")?;
    // Written, its answer lost, and found only later.
    let item = DeskItem::of("task", "one");
    rig.fakes.desk.provider.lag(Kind::Task, Lag::UntilTold);
    rig.fakes.desk.script.add(item.on("create", Act::LoseAnswer));
    let push = tenant.push(&item)?;
    let told = || -> Result<Value> { Ok(tenant.get(&format!("/v1/pushes/{push}"))?.json) };
    machines.quiet()?;
    machines.advance(Duration::from_secs(3))?;
    let first = wait_until("the first look", LIMIT, || {
        let at = told()?["steps"][0]["looked_absent_at"].clone();
        Ok(at.is_string().then_some(at))
    })?;
    for _ in 0..3 {
        machines.quiet()?;
        tenant.api.post(&format!("/v1/pushes/{push}/resolve"), &json!({ "decision": "look_again" }))?.expect(200)?;
        let ahead = machines.quiet()?.ok_or_else(|| Failed::new("nobody looks again"))?;
        let now = told()?;
        assert_eq!((&now["state"], &now["steps"][0]["reopened"]), (&json!("unknown"), &json!(0)), "{now:#}");
        assert_eq!(now["steps"][0]["looked_absent_at"], first, "the time counts from the first look");
        assert!(ahead > AGAIN / 2, "it is looked for again in {ahead:?}");
    }
    rig.fakes.desk.provider.show();
    machines.advance(AGAIN)?;
    let done = tenant.push_is(&push, &["done", "failed"])?;
    assert_eq!((&done["state"], item.objects(&rig.fakes.desk).len()), (&json!("done"), 1), "{done:#}");
    Ok(())
}
