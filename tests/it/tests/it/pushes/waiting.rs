//! Items that wait, and how long.

use std::time::Duration;

use patchbay_it::{DeskItem, RigSetup};
use patchbay_model::{Clock as _, SystemClock};
use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{Scene, refusal, refused, stands};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn with_clock(more: &str) -> Result<Scene> {
    Scene::of(RigSetup { test_clock: true, more: more.to_owned(), ..RigSetup::default() })
}

fn expired(scene: &Scene, push: &str) -> Result<()> {
    let push = scene.until(push, "expired", |push| push["state"] == "expired")?;
    assert_eq!((stands(&push), push["ended_at"].is_string()), (("expired", "PB4010"), true), "{push}");
    Ok(())
}

#[test]
fn an_item_that_waited_for_thirty_days_expires_and_that_is_told() -> Result<()> {
    let scene = with_clock("")?;
    let item = DeskItem::of("task", "old");
    let push = scene.tenant.push(&item)?;
    scene.rig.advance(29 * DAY)?;
    let young = scene.tenant.push(&DeskItem::of("task", "young"))?;
    assert_eq!(stands(&scene.push(&push)?).0, "waiting");
    scene.rig.advance(DAY + Duration::from_secs(60))?;
    expired(&scene, &push)?;
    assert_eq!(scene.told(&push)?, [("push.ended".to_owned(), "expired".to_owned())]);
    assert_eq!(
        (scene.listed("state=expired")?, scene.listed("state=waiting")?),
        (vec![push.clone()], vec![young.clone()])
    );

    // A connection wakes what waits, and not what expired.
    scene.connect("owner")?;
    assert_eq!(scene.tenant.push_ended(&young)?["state"], json!("done"));
    assert_eq!((stands(&scene.push(&push)?).0, scene.writes()), ("expired", 1));
    // It is sent when somebody says so, once.
    scene.say(&push, "send", &json!({}))?.expect(200)?;
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(scene.tenant.send(&item)?.expect(200)?.text_at("/duplicate_of")?, push);
    assert_eq!((item.objects(scene.desk()).len(), scene.writes()), (1, 2));
    Ok(())
}

#[test]
fn the_same_item_sent_again_after_it_expired_goes_on() -> Result<()> {
    let scene = with_clock("")?;
    let item = DeskItem::of("letter", "old");
    let push = scene.tenant.push(&item)?;
    scene.rig.advance(31 * DAY)?;
    expired(&scene, &push)?;
    scene.connect("owner")?;
    let revived = scene.tenant.send(&item)?.expect(200)?;
    assert_eq!((revived.text_at("/change")?, revived.text_at("/id")?), ("revived".to_owned(), push.clone()));
    assert_eq!(scene.tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!((scene.rig.written_once(&[item])?, scene.writes()), (1, 1));
    Ok(())
}

#[test]
fn an_item_says_itself_how_long_it_waits() -> Result<()> {
    let scene = with_clock("[push]\nexpire_days = 0\n")?;
    let until = |hours: u64| SystemClock.now().plus(Duration::from_secs(hours * 3_600)).to_string();
    let short = DeskItem::of("task", "short").with("expires_at", json!(until(2)));
    let short = scene.tenant.send(&short)?.expect(201)?;
    assert!(short.json["expires_at"].is_string());
    let for_ever = scene.tenant.send(&DeskItem::of("task", "for ever"))?.expect(201)?;
    assert_eq!(for_ever.json["expires_at"], Value::Null, "the operator said 0");
    let (short, for_ever) = (short.text_at("/id")?, for_ever.text_at("/id")?);
    scene.rig.advance(Duration::from_secs(3 * 3_600))?;
    expired(&scene, &short)?;
    scene.rig.advance(400 * DAY)?;
    let on_demand = DeskItem::of("task", "on demand").with("send", json!("on_demand"));
    let soon = SystemClock.now().plus(401 * DAY).to_string();
    let on_demand = scene.tenant.push(&on_demand.with("expires_at", json!(soon)))?;
    scene.rig.advance(2 * DAY)?;
    expired(&scene, &on_demand)?;
    assert_eq!(stands(&scene.push(&for_ever)?), ("waiting", "PB4013"));
    let odd = DeskItem::of("task", "odd").with("expires_at", json!("tomorrow"));
    assert_eq!(refusal(&scene.tenant.send(&odd)?), refused(422, "PB5001", &["/expires_at"]));
    Ok(())
}

#[test]
fn an_item_waits_while_the_credential_is_refused_and_is_sent_after_the_reconnect() -> Result<()> {
    let (scene, connection) = Scene::connected()?;
    scene.tenant.settled()?;
    scene.desk().provider.accept("owner", false);
    let item = DeskItem::of("task", "refused");
    let push = scene.tenant.push(&item)?;
    let waits = scene.tenant.push_is(&push, &["waiting"])?;
    assert_eq!(
        (stands(&waits), scene.desk().provider.objects(item.kind()).len()),
        (("waiting", "PB2002"), 0),
        "{waits}"
    );
    assert_eq!(scene.listed("ready=true")?, Vec::<String>::new(), "the connection is broken");
    let later = scene.tenant.push(&DeskItem::of("task", "later"))?;
    assert_eq!(stands(&scene.push(&later)?).0, "waiting");
    scene.desk().provider.accept("owner", true);
    assert_eq!(scene.connect("owner")?, connection);
    for push in [&push, &later] {
        assert_eq!(scene.tenant.push_ended(push)?["state"], json!("done"));
    }
    assert_eq!(scene.rig.written_once(&[item, DeskItem::of("task", "later")])?, 2);
    Ok(())
}
