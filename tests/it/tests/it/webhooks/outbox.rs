//! What is told is what was committed, whatever dies in between; and nothing is sent to an address inside.

use patchbay_it::{Answers, HOOKS, items};
use patchbay_test_support::{Result, fakes::ledger::Change, wait_until};
use serde_json::{Value, json};

use super::{LIMIT, MINUTE, Scene, signed};

#[test]
fn no_webhook_is_sent_to_an_address_inside() -> Result<()> {
    let scene = Scene::start(false)?;
    let tenant = &scene.tenant;
    let port = scene.receiver.loopback().rsplit(':').next().unwrap_or_default().to_owned();
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://localhost/".to_owned(),
        "https://[::1]/".to_owned(),
        "https://2130706433/".to_owned(),
        format!("{HOOKS}@127.0.0.1:{port}/"),
    ] {
        let refused = tenant.api.post("/v1/webhooks", &json!({ "url": url }))?.expect(422)?.json;
        assert_eq!(refused["errors"][0]["pointer"], json!("/url"), "{url}: {refused}");
    }
    // A name that leads inside is refused when it is looked up, at each attempt; nobody learns what it led to.
    for name in ["hooks.localhost", "127.0.0.1.nip.example"] {
        let inside = scene.endpoint_at(&format!("https://{name}:{port}/in"), &["webhook.test"])?;
        let event = scene.test(&inside)?;
        let delivery = scene.attempts(&inside, &event, 1)?;
        assert_eq!((&delivery["state"], &delivery["last_status"]), (&json!("due"), &Value::Null), "{delivery}");
        let told = delivery["last_error"].as_str().unwrap_or_default();
        assert!(!told.is_empty() && !told.contains("127.0.0.1") && !told.contains("::1"), "{name}: {told}");
    }
    assert_eq!(scene.receiver.count(), 0, "nothing has reached it");
    // An endpoint that answers with the way inside is not followed there.
    let away = scene.endpoint("/away", &["webhook.test"])?;
    scene.receiver.answer("/away", Answers::Status(307));
    let event = scene.test(&away)?;
    scene.attempts(&away, &event, 1)?;
    assert_eq!(scene.receiver.count(), 1);
    Ok(())
}

#[test]
fn after_a_kill_all_that_was_committed_is_told_and_nothing_else() -> Result<()> {
    let mut scene = Scene::start(true)?;
    let endpoint = scene.endpoint("/in", &["records.changed"])?;
    let book = scene.book()?;
    scene.receiver.wait("/in", 1)?;
    for round in 0..4_u64 {
        // Taken, and not answered: the host dies without knowing that it arrived.
        let before = scene.receiver.told("/in").len();
        scene.receiver.answer("/in", if round % 2 == 0 { Answers::Silence } else { Answers::Status(500) });
        scene.change(Change::Tick)?;
        let run = book.start("tick")?;
        if round < 2 {
            scene.receiver.wait("/in", before + 1)?;
        } else {
            // In the middle of the run, before or after its end was committed.
            wait_until("the read", LIMIT, || Ok((scene.ledger().journal.count("/tick") > 1).then_some(())))?;
        }
        scene.rig.host.kill()?;
        scene.receiver.answer("/in", Answers::Status(200));
        scene.rig.host.restart()?;
        // What was under way is another's when its lease ends, and what failed is tried again.
        scene.rig.advance(MINUTE)?;
        let ended = book.tenant.ended(&run)?;
        assert_eq!(ended["state"], json!("done"), "round {round}: {ended}");
        let events = scene.events("records.changed")?;
        let newest = &events[0];
        assert_eq!(newest["data"]["run"], json!(run), "round {round}: {events:?}");
        let id = newest["id"].as_str().unwrap_or_default().to_owned();
        wait_until(&format!("round {round}: {id}"), LIMIT, || {
            Ok(scene.receiver.told("/in").iter().any(|told| told.id() == id).then_some(()))
        })?;
        wait_until(&format!("round {round}: the end of its delivery"), LIMIT, || {
            let done = items(&scene.tenant.api, &format!("/v1/webhooks/{}/deliveries?state=done", endpoint.id))?;
            Ok(done.iter().any(|delivery| delivery["event"] == json!(id)).then_some(()))
        })?;
    }
    // As many events as runs that changed something; each told, and none that is not there.
    let changed = book.runs("tick")?.iter().filter(|run| run["changed"] != json!(0)).count();
    let events = scene.events("records.changed")?;
    assert_eq!((events.len(), changed), (5, 5), "{events:?}");
    for told in scene.receiver.told("/in") {
        assert!(signed(&told, &endpoint.secret)?);
        assert!(events.iter().any(|event| event["id"] == json!(told.id())), "{} never happened", told.id());
    }
    let feed = scene.tenant.feed(0)?;
    assert_eq!((feed.len(), &feed[0]["record"]["n"]), (1, &json!(5)), "the newest of four changes: {feed:?}");
    Ok(())
}
