//! A release that one connection tries before all others use it.

use std::time::Duration;

use patchbay_it::{Rig, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use crate::rollback::{TELLS, more, release, runs_once, telling, told};

const LIMIT: Duration = Duration::from_secs(60);

/// A release that waits, and two connections of which the first one is to try it.
struct Scene {
    rig: Rig,
    tenant: Tenant,
    tries: String,
    other: String,
    waiting: String,
}

impl Scene {
    /// `more` is what the second release asks for beyond the first one, so that it waits.
    fn with(second: Variant) -> Result<Self> {
        let rig = Rig::start()?;
        let tenant = rig.tenant("A")?;
        let another = rig.tenant("B")?;
        rig.install(telling("0.1.0", 1)?.pack()?)?;
        let tries = tenant.connect_guests("0123456789", TELLS)?;
        let other = another.connect_guests("9876543210", TELLS)?;
        tenant.first_run(&tries)?;
        another.first_run(&other)?;
        let waiting = rig.post(second.pack()?)?.expect(201)?;
        assert_eq!(waiting.text_at("/release/state")?, "ready", "{}", waiting.text());
        let waiting = waiting.text_at("/release/id")?;
        Ok(Self { rig, tenant, tries, other, waiting })
    }

    fn start(&self, body: &Value) -> Result<patchbay_test_support::Answer> {
        self.rig.operator.post(&format!("/v1/releases/{}/canary", self.waiting), body)
    }

    fn shown(&self) -> Result<Value> {
        Ok(self.rig.operator.get(&format!("/v1/releases/{}", self.waiting))?.expect(200)?.json)
    }

    /// What the connection that tries nothing runs.
    fn of_other(&self) -> Result<Value> {
        Ok(release(&self.rig, "0.1.0")?["connections"].clone())
    }
}

#[test]
fn after_so_many_good_runs_of_one_connection_all_others_use_the_release() -> Result<()> {
    let scene = Scene::with(more(telling("0.2.0", 2)?))?;
    let (tenant, tries) = (&scene.tenant, &scene.tries);
    let begin = json!({ "connection": tries, "runs": 2 });
    let refused = scene.start(&begin)?.expect(409)?;
    assert_eq!(refused.text_at("/code")?, "PB1011", "it asks for more: {}", refused.text());
    let begun = scene.start(&json!({ "connection": tries, "runs": 2, "approve": true }))?.expect(201)?;
    assert_eq!(
        (&begun.json["done"], &begun.json["wanted"], &begun.json["promotes"]),
        (&json!(0), &json!(2), &json!(true))
    );
    assert_eq!(scene.start(&begin)?.expect(409)?.text_at("/code")?, "PB1041", "one at a time");

    runs_once(tenant, tries)?;
    assert_eq!(told(tenant, tries)?, "0000002/0.2.0");
    let shown = scene.shown()?;
    assert_eq!((&shown["canary"]["done"], &shown["canary"]["last"]["well"]), (&json!(1), &json!(true)), "{shown}");
    assert_eq!(
        (&shown["release"]["state"], scene.of_other()?),
        (&json!("ready"), json!(1)),
        "the other runs the old one"
    );

    // Items count, too.
    let item = json!({ "connection": tries, "action": "exists", "key": "k1", "payload": {} });
    let push = tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    assert_eq!(tenant.push_is(&push, &["done"])?["object"]["id"], json!("0000002/0.2.0"));
    let active = wait_until("0.2.0 to be active", LIMIT, || {
        Ok(Some(release(&scene.rig, "0.2.0")?).filter(|release| release["state"] == json!("active")))
    })?;
    assert_eq!((&active["connections"], &active["activated_by"]), (&json!(2), &json!("host")), "{active}");
    let freed = tenant.get(&format!("/v1/connections/{tries}"))?;
    assert!(freed.json["release"].is_null(), "it follows again: {}", freed.text());
    Ok(())
}

#[test]
fn the_first_run_that_breaks_down_ends_the_trial_and_the_connection_is_back() -> Result<()> {
    let broken = Variant::of_release("0.2.0", 2, json!({ "said": "0.2.0", "read": "trap" }))?;
    let scene = Scene::with(more(broken))?;
    scene.start(&json!({ "connection": scene.tries, "approve": true }))?.expect(201)?;
    let run = runs_once(&scene.tenant, &scene.tries)?;
    assert_eq!((&run["reason"]["code"], &run["release"]), (&json!("PB1101"), &json!(scene.waiting)), "{run}");
    let left =
        wait_until("the trial to end", LIMIT, || Ok(Some(scene.shown()?).filter(|shown| shown["canary"].is_null())))?;
    let reason = left["release"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("PB1101") && reason.contains(run["id"].as_str().unwrap_or("?")), "{reason}");
    assert_eq!(left["release"]["state"], json!("ready"));

    let run = runs_once(&scene.tenant, &scene.tries)?;
    assert_eq!(
        (&run["state"], told(&scene.tenant, &scene.tries)?.as_str()),
        (&json!("done"), "0000001/0.1.0"),
        "{run}"
    );
    // What was approved for the trial holds for nothing else.
    let next = scene.rig.post(more(telling("0.3.0", 3)?).pack()?)?.expect(201)?;
    assert_eq!(next.text_at("/release/state")?, "ready", "{}", next.text());
    Ok(())
}

#[test]
fn what_was_approved_for_a_trial_is_asked_for_again_by_the_next_one_and_by_a_pin() -> Result<()> {
    let scene = Scene::with(more(telling("0.2.0", 2)?))?;
    let (tenant, tries, operator) = (&scene.tenant, &scene.tries, &scene.rig.operator);
    let of_tenant = scene.rig.operator_of(tenant);
    let pin = || of_tenant.patch(&format!("/v1/connections/{tries}"), &json!({ "release": scene.waiting }));
    let approving = json!({ "connection": tries, "runs": 1, "promote": "hold", "approve": true });
    scene.start(&approving)?.expect(201)?;
    assert_eq!(pin()?.expect(409)?.text_at("/code")?, "PB1011", "a pin would outlast the trial");
    assert!(!scene.shown()?["canary"].is_null(), "the trial goes on");
    let path = format!("/v1/releases/{}", scene.waiting);
    operator.delete(&format!("{path}/canary"))?.expect(200)?;

    // Another operator, who approves nothing.
    let refused = scene.start(&json!({ "connection": tries, "runs": 1 }))?.expect(409)?;
    assert_eq!(refused.text_at("/code")?, "PB1011", "{}", refused.text());
    assert!(refused.text().contains("DELETE"), "{}", refused.text());
    assert_eq!(pin()?.expect(409)?.text_at("/code")?, "PB1011");

    // What is approved for the one that is promoted holds for all, and the connection that tried it works on.
    scene.start(&approving)?.expect(201)?;
    runs_once(tenant, tries)?;
    operator.post(&format!("{path}/promote"), &json!({}))?.expect(200)?;
    let run = runs_once(tenant, tries)?;
    assert_eq!((&run["state"], told(tenant, tries)?.as_str()), (&json!("done"), "0000002/0.2.0"), "{run}");
    scene.rig.install(more(telling("0.3.0", 3)?).pack()?)?;
    Ok(())
}

#[test]
fn a_trial_that_is_held_waits_for_a_person_and_can_be_ended_by_one() -> Result<()> {
    let scene = Scene::with(more(telling("0.2.0", 2)?))?;
    let begin = json!({ "connection": scene.tries, "runs": 1, "promote": "hold", "approve": true });
    scene.start(&begin)?.expect(201)?;
    runs_once(&scene.tenant, &scene.tries)?;
    let shown = scene.shown()?;
    assert_eq!((&shown["canary"]["done"], &shown["release"]["state"]), (&json!(1), &json!("ready")), "{shown}");
    let path = format!("/v1/releases/{}", scene.waiting);
    let ended = scene.rig.operator.delete(&format!("{path}/canary"))?.expect(200)?;
    assert_eq!(ended.text_at("/state")?, "ready");
    runs_once(&scene.tenant, &scene.tries)?;
    assert_eq!(told(&scene.tenant, &scene.tries)?, "0000001/0.1.0");
    assert_eq!(
        scene.rig.operator.post(&format!("{path}/promote"), &json!({}))?.expect(409)?.text_at("/code")?,
        "PB1041"
    );

    scene.start(&begin)?.expect(201)?;
    let active = scene.rig.operator.post(&format!("{path}/promote"), &json!({}))?.expect(200)?;
    assert_eq!(active.text_at("/state")?, "active");
    assert_eq!(release(&scene.rig, "0.2.0")?["connections"], json!(2), "{}", scene.other);
    Ok(())
}
