//! What ends a run besides its provider: somebody who cancels it, and what it may use.

use patchbay_it::Rig;
use patchbay_test_support::{
    Result,
    fakes::{Act, ledger::Change},
    wait_until,
};
use serde_json::{Value, json};

use super::{FIRST, LIMIT, Lay, list, millis};

const CAPS: &str = "[limits]\nrun_pages = 8\nrun_records = 1500\nrun_mebibytes = 1\n";

fn is_cancelled_in_time(run: &Value, what: &str) -> Result<()> {
    assert_eq!(run["state"], json!("cancelled"), "{what}: {run}");
    let took = millis(run, "cancel_at", "ended_at")?;
    assert!((0..1_000).contains(&took), "{what}: it took {took} ms: {run}");
    Ok(())
}

#[test]
fn a_run_is_cancelled_within_a_second_whatever_it_does() -> Result<()> {
    let ground = Lay::default().start()?;
    let mut cell = ground.cell(FIRST, "waits for its provider", "entries")?;
    let script = &ground.ledger().script;
    let cancel = |run: &str| cell_cancel(&ground.rig, &cell.book.tenant.id, run);
    for (what, act, after) in [
        ("a provider that does not answer", Act::Hold { name: "cancel".to_owned(), applied: true }, 0),
        ("a provider that stops in the middle", Act::odd(patchbay_test_support::fakes::Odd::Stall { bytes: 300 }), 1),
        ("a provider that resets", Act::odd(patchbay_test_support::fakes::Odd::ResetAtOnce), 0),
        // The last one: its pause outlives the run that met it.
        ("a provider that asks to wait", Act::too_many("20"), 1),
    ] {
        ground.change(&[Change::Touch { list: list("entries"), one_in: 2 }])?;
        script.add(cell.rule(act).after(after).times(0));
        let before = ground.ledger().journal.last();
        let run = cell.start()?;
        let met = usize::try_from(after).unwrap_or(0);
        wait_until(what, LIMIT, || {
            let state = cell.book.tenant.get(&format!("/v1/runs/{run}"))?.json["state"].clone();
            let asked =
                cell.visits(&ground, before).len() > met || what.ends_with("resets") || script.holding("cancel") > 0;
            Ok((state == json!("running") && asked).then_some(()))
        })?;
        cancel(&run)?;
        is_cancelled_in_time(&cell.book.tenant.ended(&run)?, what)?;
        script.clear();
    }
    cell.follow()?;
    cell.is_served(&ground)?;

    ground.rig.install_guests("0.1.0")?;
    let tenant = ground.rig.tenant("computes")?;
    let connection = tenant.connect_guests("0123456789", "loop")?;
    let run = wait_until("a guest that computes", LIMIT, || {
        Ok(tenant.runs(&connection)?.into_iter().find(|run| run["state"] == json!("running")))
    })?;
    let run = run["id"].as_str().unwrap_or_default();
    cell_cancel(&ground.rig, &tenant.id, run)?;
    is_cancelled_in_time(&tenant.ended(run)?, "a guest that computes")
}

fn cell_cancel(rig: &Rig, tenant: &str, run: &str) -> Result<()> {
    let answer = rig.operator.for_tenant(tenant).post(&format!("/v1/runs/{run}/cancel"), &json!({}))?;
    if (200..300).contains(&answer.status) { Ok(()) } else { answer.expect(202).map(drop) }
}

#[test]
fn a_run_that_used_up_its_budget_goes_on_in_the_next_one() -> Result<()> {
    let ground = Lay { streams: &["entries", "snapshot", "bulk"], more: CAPS, ..Lay::default() }.start()?;
    let mut pages = ground.cell(FIRST, "pages", "entries")?;
    ground.change(&[Change::Touch { list: list("entries"), one_in: 1 }])?;
    let run = pages.ends("more_later", Some("PB3008"))?;
    assert_eq!((&run["budget"], &run["pages"]), (&json!("pages"), &json!(8)), "{run}");
    let mut next = run;
    while next["state"] == json!("more_later") {
        next = pages.goes_on(&next)?;
    }
    pages.ended_as(&next, "done", None)?;
    pages.catches_up(&ground)?;

    // A pass of everything that spans runs deletes only at its end, and then only what is gone.
    let mut whole = ground.cell(FIRST + 1, "a pass over several runs", "snapshot")?;
    ground.change(&[Change::Remove { list: list("snapshot"), ids: vec![3, 200] }])?;
    let mut run = whole.ends("more_later", Some("PB3008"))?;
    let mut ends = 0;
    while run["state"] == json!("more_later") {
        ends += 1;
        run = whole.goes_on(&run)?;
    }
    whole.ended_as(&run, "done", None)?;
    whole.catches_up(&ground)?;
    assert_eq!((whole.mirror.deleted(), ends), (2, 2), "{run}");

    let records = ground.cell(FIRST + 2, "records", "bulk")?;
    ground.change(&[Change::Bulk { records: 2_500 }])?;
    records.book.settings(&json!({ "page_size": 800 }))?;
    let run = records.run()?;
    assert_eq!((&run["state"], &run["budget"]), (&json!("more_later"), &json!("records")), "{run}");
    records.ended_as(&records.goes_on(&run)?, "done", None)?;

    let mut bytes = ground.cell(FIRST + 3, "bytes", "entries")?;
    let text = "x".repeat(300_000);
    let items: Vec<Value> = (1..=4)
        .map(|id| json!({ "id": id.to_string(), "changed_at": "2026-01-01T00:00:00.000Z", "n": 1, "text": text }))
        .collect();
    let body = json!({ "items": items, "next": "/entries?page=2&size=14" }).to_string();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    ground.ledger().script.add(bytes.rule(Act::Answer { status: 200, headers, body }));
    let run = bytes.run()?;
    assert_eq!((&run["state"], &run["budget"]), (&json!("more_later"), &json!("bytes")), "{run}");
    let mut next = run;
    while next["state"] == json!("more_later") {
        next = bytes.goes_on(&next)?;
    }
    bytes.ended_as(&next, "done", None)?;
    bytes.follow().map(drop)
}
