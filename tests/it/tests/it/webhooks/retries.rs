//! What does not arrive is told again, for days, and holds up nobody.

use std::time::{Duration, Instant};

use patchbay_it::{Answers, Told};
use patchbay_test_support::{Result, fakes::ledger::Change, wait_until};
use serde_json::{Value, json};

use super::{DAY, HOUR, LIMIT, MINUTE, Scene, signed, verified};

#[test]
fn what_did_not_arrive_is_told_again_with_the_same_id_until_it_does() -> Result<()> {
    let scene = Scene::start(true)?;
    let (receiver, rig) = (&scene.receiver, &scene.rig);
    let endpoint = scene.endpoint("/in", &["webhook.test"])?;
    let pauses = [Answers::Status(500), Answers::Nothing, Answers::Status(302), Answers::Later(3 * 3_600)];
    receiver.answer("/in", pauses[0]);
    let event = scene.test(&endpoint)?;
    let first = scene.attempts(&endpoint, &event, 1)?;
    assert_eq!((&first["state"], &first["last_status"]), (&json!("due"), &json!(500)), "{first}");

    // Attempt by attempt, after 5 s, 5 min and 30 min (and up to a fifth more).
    let waits = [Duration::from_secs(7), 7 * MINUTE, 37 * MINUTE];
    for (place, (wait, answers)) in waits.into_iter().zip(&pauses[1..]).enumerate() {
        receiver.answer("/in", *answers);
        rig.advance(wait)?;
        let delivery = scene.attempts(&endpoint, &event, place as u64 + 2)?;
        assert_eq!(delivery["state"], json!("due"), "{answers:?}: {delivery}");
    }
    // The endpoint asked for three hours; two and a half are too early.
    receiver.answer("/in", Answers::Status(200));
    rig.advance(HOUR * 5 / 2)?;
    let early = scene.test(&endpoint)?;
    scene.attempts(&endpoint, &early, 1)?;
    assert_eq!(scene.attempts(&endpoint, &event, 4)?["state"], json!("due"));
    rig.advance(HOUR)?;
    let done = scene.attempts(&endpoint, &event, 5)?;
    assert_eq!((&done["state"], &done["last_status"]), (&json!("done"), &json!(200)), "{done}");

    let attempts: Vec<Told> = receiver.told("/in").into_iter().filter(|told| told.id() == event).collect();
    assert_eq!(attempts.len(), 5);
    assert!(attempts.iter().all(|told| told.body == attempts[0].body), "the same words each time");
    let mut moments: Vec<&String> = attempts.iter().filter_map(|told| told.headers.get("webhook-timestamp")).collect();
    moments.dedup();
    assert_eq!(moments.len(), 5, "each attempt says when it was made");
    for told in &attempts {
        assert!(signed(told, &endpoint.secret)?);
    }
    Ok(())
}

#[test]
fn an_endpoint_that_says_that_it_is_gone_is_switched_off_at_once() -> Result<()> {
    let scene = Scene::start(false)?;
    let (gone, other) = (scene.endpoint("/gone", &[])?, scene.endpoint("/other", &["webhook.disabled"])?);
    scene.receiver.answer("/gone", Answers::Status(410));
    let event = scene.test(&gone)?;
    assert_eq!(scene.attempts(&gone, &event, 1)?["state"], json!("failed"));
    let shown = scene.shown(&gone)?;
    assert_eq!((&shown["enabled"], &shown["last_status"]), (&json!(false), &json!(410)), "{shown}");
    assert!(shown["disabled_reason"].as_str().is_some_and(|reason| reason.contains("410")), "{shown}");
    let told = scene.receiver.wait_for("/other", "webhook.disabled")?;
    verified(&told, &other.secret)?;
    assert_eq!(told.json()["data"]["webhook"], json!(gone.id));
    Ok(())
}

#[test]
fn after_five_days_of_failures_an_endpoint_is_switched_off_and_switched_on_it_gets_what_it_missed() -> Result<()> {
    let scene = Scene::start(true)?;
    let (receiver, rig, tenant) = (&scene.receiver, &scene.rig, &scene.tenant);
    let endpoint = scene.endpoint("/in", &["records.changed"])?;
    receiver.answer("/in", Answers::Status(503));
    let book = scene.book()?;
    let first = scene.events("records.changed")?[0]["id"].as_str().unwrap_or_default().to_owned();
    scene.attempts(&endpoint, &first, 1)?;
    // Each day something happens, and does not arrive.
    for day in 1..=5 {
        assert_eq!(scene.shown(&endpoint)?["enabled"], json!(true), "day {day}");
        rig.advance(DAY + HOUR)?;
        scene.change(Change::Tick)?;
        book.done("tick")?;
        wait_until(&format!("the event of day {day}"), LIMIT, || {
            Ok((scene.events("records.changed")?.len() > day).then_some(()))
        })?;
        if day < 5 {
            let newest = scene.events("records.changed")?[0]["id"].as_str().unwrap_or_default().to_owned();
            scene.attempts(&endpoint, &newest, 1)?;
        }
    }
    let off = wait_until("the endpoint to be switched off", LIMIT, || {
        let shown = scene.shown(&endpoint)?;
        Ok((shown["enabled"] == json!(false)).then_some(shown))
    })?;
    assert!(off["disabled_reason"].is_string() && off["failing_since"].is_string(), "{off}");
    assert_eq!(scene.events("webhook.disabled")?.len(), 1);

    // While it is off, nothing is sent, whatever happens.
    let sent = receiver.count();
    scene.change(Change::Tick)?;
    book.done("tick")?;
    let other = scene.endpoint("/other", &["webhook.test"])?;
    scene.test(&other)?;
    receiver.wait("/other", 1)?;
    assert_eq!(receiver.told("/in").len(), sent, "nothing came while it was off");

    receiver.answer("/in", Answers::Status(200));
    let path = format!("/v1/webhooks/{}", endpoint.id);
    let on = tenant.api.patch(&path, &json!({ "enabled": true }))?.expect(200)?.json;
    assert_eq!((&on["enabled"], &on["failing_since"]), (&json!(true), &Value::Null), "{on}");
    let since = scene.events("records.changed")?.last().map(|event| event["at"].clone()).unwrap_or_default();
    let replayed = tenant.api.post(&format!("{path}/replay"), &json!({ "since": since }))?.expect(202)?.json;
    let happened = scene.events("records.changed")?;
    // What is under way at this moment, because it had waited, needs no replay.
    let count = usize::try_from(replayed["events"].as_u64().unwrap_or_default())?;
    assert!((1..=happened.len()).contains(&count), "{count} of {happened:?}");
    wait_until("everything that was missed", LIMIT, || {
        let arrived: Vec<String> = receiver.told("/in").iter().skip(sent).map(Told::id).collect();
        let all = happened.iter().all(|event| arrived.iter().any(|id| event["id"] == json!(id)));
        Ok(all.then_some(()))
    })
}

#[test]
fn an_endpoint_that_does_not_answer_holds_up_nobody_else() -> Result<()> {
    let scene = Scene::start(false)?;
    let (slow, healthy) = (scene.endpoint("/slow", &["webhook.test"])?, scene.endpoint("/in", &["webhook.test"])?);
    scene.receiver.answer("/slow", Answers::Silence);
    for _ in 0..30 {
        scene.test(&slow)?;
    }
    scene.receiver.wait("/slow", 4)?;
    let asked = Instant::now();
    for _ in 0..10 {
        scene.test(&healthy)?;
    }
    scene.receiver.wait("/in", 10)?;
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "ten webhooks took {took:?} beside an endpoint that is silent");
    assert_eq!(scene.receiver.told("/slow").len(), 4, "a silent endpoint is asked four times at once at most");
    println!("10 webhooks beside a silent endpoint with 30 waiting: {took:?}");
    Ok(())
}
