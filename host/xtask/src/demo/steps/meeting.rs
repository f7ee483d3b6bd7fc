//! A meeting: one call, and the switches decide what of it is sent.

use std::time::Duration;

use patchbay_test_support::{Answer, wait_until};
use serde_json::{Value, json};

use super::{super::setup::World, push, tenant, told};
use crate::shell::Result;

const LIMIT: Duration = Duration::from_secs(60);

/// Sends the meeting; state and kind of change of each part, in its order.
fn send(world: &World, target: &str) -> Result<Answer> {
    let meeting = json!({
        "connection": world.left.silverfin, "source": "meeting-8", "target": {"id": target},
        "title": "Annual accounts", "date": "2026-11-20",
        "report": {"text": "All is well."},
        "notes": [{"id": "n1", "title": "Figures", "text": "The figures were discussed."}],
        "todos": [{"id": "t1", "text": "Send the draft.", "due": "2026-12-01"}, {"id": "t2", "text": "Call the bank."}],
    });
    told(tenant(world)?.post("/v1/meetings", &meeting).and_then(|answer| answer.expect(200)))
}

fn switch(world: &World, on: bool) -> Result<()> {
    let path = format!("/v1/connections/{}", world.left.silverfin);
    let change = json!({"functions": {"tasks": on}});
    told(tenant(world)?.patch(&path, &change).and_then(|answer| answer.expect(200))).map(drop)
}

fn states(answer: &Answer) -> Vec<String> {
    let items = answer.json.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let word = |item: &Value| {
        let part = item["part"].as_str().unwrap_or_default();
        let state = item.pointer("/push/state").and_then(Value::as_str).unwrap_or("not taken");
        format!("{part} {}", if state == "skipped" || state == "not taken" { state } else { "sent" })
    };
    items.iter().map(word).collect()
}

pub(super) fn meeting(world: &mut World) -> Result<String> {
    let before = push::objects(world);
    let target = push::company(world)?;
    switch(world, false)?;
    let first = send(world, &target)?;
    if states(&first) != ["report sent", "note sent", "todo skipped", "todo skipped"] {
        return Err(format!("with to-dos off: {}", first.json));
    }
    switch(world, true)?;
    let second = send(world, &target)?;
    if states(&second) != ["report sent", "note sent", "todo sent", "todo sent"] {
        return Err(format!("with to-dos on: {}", second.json));
    }
    let api = tenant(world)?;
    told(wait_until("the parts of the meeting", LIMIT, || {
        let pushes = api.get("/v1/pushes?source=meeting-8")?.expect(200)?.array_at("/items")?;
        Ok((pushes.len() == 4 && pushes.iter().all(|push| push["state"] == json!("done"))).then_some(()))
    }))?;
    match push::objects(world) - before {
        4 => Ok("off: report and note sent, 2 to-dos skipped; on: the to-dos sent, the others duplicates; 4 objects"
            .to_owned()),
        other => Err(format!("the meeting made {other} objects")),
    }
}
