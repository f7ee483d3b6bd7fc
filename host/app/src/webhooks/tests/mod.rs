//! What endpoints are promised, with a real store, a real gate and receivers on loopback.

mod world;

use patchbay_model::{EventKind, SeededRandom};
use tokio::sync::Semaphore;

use super::*;
use world::World;

const HOOK: &str = "https://hook0.example.com/in?x=1";
const OTHER: &str = "https://hook1.example.com/in";
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn what_happens_arrives_signed_so_that_the_verifier_of_the_specification_accepts_it() {
    let world = World::open(&[&[Some("204 No Content")]]).await;
    let issued = world.endpoint(HOOK).await;
    let event = world.app.test_webhook(&world.tenant, &issued.webhook.id).await.expect("queued");
    world.deliver().await;
    let came = world.receivers[0].came();
    assert_eq!(came.len(), 1);
    assert!(came[0].is_signed_by(&issued.secret));
    let foreign = SigningSecret::fresh(&SeededRandom::new(9)).text();
    assert!(!came[0].is_signed_by(&foreign));
    assert_eq!(
        (came[0].id(), &came[0].headers["content-type"]),
        (event.to_string(), &"application/json".parse().expect(""))
    );
    let body: serde_json::Value = serde_json::from_slice(&came[0].body).expect("JSON");
    assert_eq!(body["type"], "webhook.test");
    assert_eq!(body["data"]["webhook"], issued.webhook.id.as_str());
    assert!(body["timestamp"].as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()));
    let told = world.deliveries(&issued.webhook.id).await;
    assert_eq!((told[0].state.as_str(), told[0].last_status, told[0].attempts), ("done", Some(204), 1));
    let seen = world.app.event(&world.tenant, &event).await.expect("an event");
    assert_eq!((seen.kind, seen.subject), (EventKind::WebhookTest, issued.webhook.id.to_string()));
}

#[tokio::test]
async fn what_fails_comes_again_with_the_same_id_and_is_given_up_after_days() {
    let world = World::open(&[&[Some("500 Oh")]]).await;
    let issued = world.endpoint(HOOK).await;
    let event = world.app.test_webhook(&world.tenant, &issued.webhook.id).await.expect("queued");
    let begun = world.clock_now();
    for attempt in 1..=10 {
        world.deliver().await;
        world.deliver().await;
        let told = &world.deliveries(&issued.webhook.id).await[0];
        assert_eq!((told.attempts, told.last_status), (attempt, Some(500)), "not before its time");
        match told.next_at {
            Some(at) => {
                assert!(at.since(world.clock_now()) >= WEBHOOK_RETRIES[attempt as usize - 1]);
                world.advance(at.since(world.clock_now()));
            }
            None => assert_eq!((attempt, told.state.as_str()), (10, "failed")),
        }
    }
    let came = world.receivers[0].came();
    assert_eq!(came.len(), 10);
    assert!(came.iter().all(|came| came.id() == event.to_string()));
    assert!(world.clock_now().since(begun) > 3 * DAY);
    assert!(world.app.webhook(&world.tenant, &issued.webhook.id).await.expect("there").enabled);
    // Asked for again, it begins anew.
    world.receivers[0].answers("200 OK");
    world.app.replay_delivery(&world.tenant, &issued.webhook.id, &event, "test").await.expect("again");
    world.deliver().await;
    assert_eq!(world.deliveries(&issued.webhook.id).await[0].state, "done");
    assert_eq!(world.receivers[0].came().last().map(|came| came.id()), Some(event.to_string()));
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_longer_pause_gets_it() {
    let world = World::open(&[&[Some("503 Busy\r\nretry-after: 7200"), Some("429 Busy\r\nretry-after: 1")]]).await;
    let issued = world.endpoint(HOOK).await;
    world.app.test_webhook(&world.tenant, &issued.webhook.id).await.expect("queued");
    world.deliver().await;
    let told = &world.deliveries(&issued.webhook.id).await[0];
    assert_eq!(told.next_at.map(|at| at.since(world.clock_now())), Some(Duration::from_secs(7_200)));
    world.advance(Duration::from_secs(7_200));
    world.deliver().await;
    let told = &world.deliveries(&issued.webhook.id).await[0];
    assert!(told.next_at.is_some_and(|at| at.since(world.clock_now()) >= WEBHOOK_RETRIES[1]), "never less than ours");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off_and_the_others_are_told() {
    let world = World::open(&[&[Some("410 Gone")], &[Some("200 OK")]]).await;
    let gone = world.endpoint(HOOK).await.webhook;
    let other = world.endpoint_for(OTHER, &[EventKind::WebhookDisabled]).await.webhook;
    world.app.test_webhook(&world.tenant, &gone.id).await.expect("queued");
    world.deliver().await;
    world.deliver().await;
    let row = world.app.webhook(&world.tenant, &gone.id).await.expect("there");
    assert_eq!((row.enabled, row.disabled_reason.as_deref()), (false, Some("It answered 410 Gone.")));
    assert_eq!(world.receivers[0].came().len(), 1);
    let told = world.receivers[1].came();
    assert_eq!(told.len(), 1);
    assert!(String::from_utf8_lossy(&told[0].body).contains("webhook.disabled"));
    assert_eq!(world.deliveries(&other.id).await[0].state, "done");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_switched_off_and_told_everything_when_it_is_back() {
    let world = World::open(&[&[Some("500 Oh")]]).await;
    let webhook = world.endpoint(HOOK).await.webhook;
    for _ in 0..7 {
        world.app.test_webhook(&world.tenant, &webhook.id).await.ok();
        world.deliver().await;
        world.advance(DAY);
    }
    let row = world.app.webhook(&world.tenant, &webhook.id).await.expect("there");
    assert!(!row.enabled && row.disabled_reason.is_some(), "{row:?}");
    let sent = world.receivers[0].came().len();
    world.deliver().await;
    assert_eq!(world.receivers[0].came().len(), sent, "nothing more is sent");
    world.receivers[0].answers("200 OK");
    let on = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
    world.app.change_webhook(&world.tenant, &webhook.id, on, "test").await.expect("on");
    world.deliver().await;
    let told = world.deliveries(&webhook.id).await;
    assert!(told.len() >= 5 && told.iter().all(|told| told.state == "done"), "{told:?}");
    assert_eq!(world.app.webhook(&world.tenant, &webhook.id).await.expect("there").failing_since, None);
}

#[tokio::test]
async fn for_a_day_after_a_rotation_the_secret_before_is_good_too() {
    let world = World::open(&[&[Some("200 OK")]]).await;
    let issued = world.endpoint(HOOK).await;
    let id = &issued.webhook.id;
    let renewed = world.app.rotate_webhook_secret(&world.tenant, id, "test").await.expect("renewed");
    world.app.test_webhook(&world.tenant, id).await.expect("queued");
    world.deliver().await;
    let came = &world.receivers[0].came()[0];
    assert!(came.is_signed_by(&issued.secret) && came.is_signed_by(&renewed.secret));
    world.advance(OLD_SIGNS_FOR + Duration::from_secs(1));
    world.app.test_webhook(&world.tenant, id).await.expect("queued");
    world.deliver().await;
    let signatures = world.receivers[0].came()[1].headers["webhook-signature"].to_str().expect("text").to_owned();
    assert_eq!(signatures.split(' ').count(), 1);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_holds_up_nobody_else() {
    let world = World::open(&[&[None], &[Some("200 OK")]]).await;
    let (mute, quick) = (world.endpoint(HOOK).await.webhook, world.endpoint(OTHER).await.webhook);
    for _ in 0..10 {
        world.app.test_webhook(&world.tenant, &mute.id).await.expect("queued");
        world.app.test_webhook(&world.tenant, &quick.id).await.expect("queued");
    }
    let places = Arc::new(Semaphore::new(64));
    while world.receivers[1].came().len() < 10 {
        world.app.send_due(&places).await.expect("claimed");
        tokio::task::yield_now().await;
    }
    assert!(world.receivers[0].came().len() <= 4, "few at once to one endpoint");
    let waits = world.app.deliveries(&world.tenant, &mute.id, Some("sending"), None, 100).await.expect("a list");
    assert_eq!(waits.items.len(), 4);
}

#[tokio::test]
async fn a_name_that_leads_into_our_network_is_not_followed_and_nothing_of_it_is_told() {
    let world = World::open(&[]).await;
    let webhook = world.endpoint("https://rebound.example.com/in").await.webhook;
    world.app.test_webhook(&world.tenant, &webhook.id).await.expect("queued");
    world.deliver().await;
    let told = &world.deliveries(&webhook.id).await[0];
    assert_eq!((told.state.as_str(), told.last_status), ("due", None));
    let error = told.last_error.clone().expect("a reason");
    assert!(error.contains("cannot be reached") && !error.contains("10.1.2.3"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_explained() {
    let world = World::open(&[&[Some("308 Moved\r\nlocation: https://hook1.example.com/")], &[Some("200 OK")]]).await;
    let webhook = world.endpoint(HOOK).await.webhook;
    world.app.test_webhook(&world.tenant, &webhook.id).await.expect("queued");
    world.deliver().await;
    assert!(world.receivers[1].came().is_empty());
    let told = &world.deliveries(&webhook.id).await[0];
    assert!(told.last_error.as_deref().is_some_and(|text| text.contains("redirects are not followed")), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_an_endpoint_is_refused_field_by_field() {
    let world = World::open(&[]).await;
    let new = NewEndpoint { url: "http://10.0.0.1/".to_owned(), description: "\u{7}".to_owned(), kinds: Vec::new() };
    let refused = world.app.create_webhook(&world.tenant, new, "test").await.err().expect("refused");
    let fields: Vec<&str> = refused.fields.iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!((refused.code, fields.as_slice()), (Code::WebhookInvalid, ["/url", "/description"].as_slice()));
    let webhook = world.endpoint(HOOK).await.webhook;
    let update = WebhookUpdate { url: Some("https://x".to_owned()), ..WebhookUpdate::default() };
    let refused = world.app.change_webhook(&world.tenant, &webhook.id, update, "test").await.expect_err("refused");
    assert_eq!(refused.code, Code::WebhookInvalid);
    let odd = world.app.deliveries(&world.tenant, &webhook.id, Some("lost"), None, 10).await.expect_err("refused");
    assert_eq!(odd.code, Code::ParameterInvalid);
    for _ in 2..=SECRETS {
        assert!(world.app.rotate_webhook_secret(&world.tenant, &webhook.id, "test").await.is_ok());
    }
    let full = world.app.rotate_webhook_secret(&world.tenant, &webhook.id, "test").await.err().expect("refused");
    assert_eq!(full.code, Code::Conflict);
}

#[tokio::test]
async fn an_endpoint_of_another_tenant_is_not_there() {
    let world = World::open(&[]).await;
    let webhook = world.endpoint(HOOK).await.webhook.id;
    let event = world.app.test_webhook(&world.tenant, &webhook).await.expect("queued");
    let (app, other) = (&world.app, world.store.create_tenant("other", "", "test").await.expect("a tenant").id);
    let since = Timestamp::from_millis(0);
    let told = [
        app.webhook(&other, &webhook).await.err(),
        app.change_webhook(&other, &webhook, WebhookUpdate::default(), "test").await.err(),
        app.delete_webhook(&other, &webhook, "test").await.err(),
        app.rotate_webhook_secret(&other, &webhook, "test").await.err(),
        app.test_webhook(&other, &webhook).await.err(),
        app.deliveries(&other, &webhook, None, None, 10).await.err(),
        app.replay_delivery(&other, &webhook, &event, "test").await.err(),
        app.replay_since(&other, &webhook, since, "test").await.err(),
        app.event(&other, &event).await.err(),
    ];
    for (place, fault) in told.into_iter().enumerate() {
        assert_eq!(fault.map(|fault| fault.code), Some(Code::NotFound), "{place}");
    }
    assert!(app.webhooks(&other).await.expect("a list").is_empty());
    assert!(
        app.events(&other, &patchbay_store::EventFilter { limit: 10, ..Default::default() })
            .await
            .expect("a list")
            .items
            .is_empty()
    );
}
