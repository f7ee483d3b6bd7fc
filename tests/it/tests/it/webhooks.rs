//! **The world is told**: what happens is sent to the tenant's own server, signed after Standard Webhooks, at least
//! once, with one id for each event; and nothing is told that is not so.
//!
//! The verifier is the reference one of the specification.

use std::time::{Duration, Instant};

use patchbay_it::{Answers, Book, HOOKS, Receiver, Rig, RigSetup, Tenant, Told, items, ledger_of};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act, Rule,
        ledger::{Change, LedgerStand},
    },
    wait_until,
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

const LIMIT: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A host that reaches the receiver, with a tenant whose ledger is read when somebody asks for it.
struct Scene {
    rig: Rig,
    receiver: Receiver,
    tenant: Tenant,
}

/// An endpoint as it was made.
struct Endpoint {
    id: String,
    secret: String,
}

impl Scene {
    fn start(test_clock: bool) -> Result<Self> {
        let receiver = Receiver::start()?;
        let rig = RigSetup { more: receiver.toml(), test_clock, ..RigSetup::default() }.start()?;
        rig.install(ledger_of(&["tick"])?)?;
        let tenant = rig.tenant("A")?;
        Ok(Self { rig, receiver, tenant })
    }

    fn ledger(&self) -> &LedgerStand {
        &self.rig.fakes.ledger
    }

    fn change(&self, change: Change) -> Result<()> {
        self.ledger().provider.apply(&[change]).map_err(Trouble::new)
    }

    /// Makes an endpoint at this path of the receiver.
    fn endpoint(&self, path: &str, kinds: &[&str]) -> Result<Endpoint> {
        self.endpoint_at(&format!("{HOOKS}{path}"), kinds)
    }

    fn endpoint_at(&self, url: &str, kinds: &[&str]) -> Result<Endpoint> {
        let made = self.tenant.api.post("/v1/webhooks", &json!({ "url": url, "kinds": kinds }))?.expect(201)?;
        Ok(Endpoint { id: made.text_at("/webhook/id")?, secret: made.text_at("/secret")? })
    }

    fn book(&self) -> Result<Book> {
        let book = Book::connect(&self.tenant, &self.ledger().provider.key("load-1"))?;
        book.settled()?;
        Ok(book)
    }

    /// Sends an endpoint a test event; the event.
    fn test(&self, endpoint: &Endpoint) -> Result<String> {
        let path = format!("/v1/webhooks/{}/test", endpoint.id);
        self.tenant.api.post(&path, &json!({}))?.expect(202)?.text_at("/event")
    }

    fn shown(&self, endpoint: &Endpoint) -> Result<Value> {
        Ok(self.tenant.get(&format!("/v1/webhooks/{}", endpoint.id))?.json)
    }

    /// Waits until the delivery of an event has had so many attempts, and none is under way.
    fn attempts(&self, endpoint: &Endpoint, event: &str, count: u64) -> Result<Value> {
        let path = format!("/v1/webhooks/{}/deliveries?limit=200", endpoint.id);
        let mut last = Value::Null;
        let waited = wait_until(&format!("attempt {count} of {event}"), LIMIT, || {
            let all = items(&self.tenant.api, &path)?;
            last = all.into_iter().find(|delivery| delivery["event"] == json!(event)).unwrap_or_default();
            let there = last["attempts"].as_u64() == Some(count) && last["state"] != json!("sending");
            Ok(there.then(|| last.clone()))
        });
        waited.map_err(|error| Trouble::new(format!("{error}: {last}")))
    }

    /// The events that happened, as the API lists them, by kind.
    fn events(&self, kind: &str) -> Result<Vec<Value>> {
        items(&self.tenant.api, &format!("/v1/events?kind={kind}&limit=200"))
    }
}

/// Whether a request is signed with this secret, now.
fn verified(told: &Told, secret: &str) -> Result<()> {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = told.headers.get(name).ok_or_else(|| Trouble::new(format!("no {name}: {told:?}")))?;
        headers.insert(name, value.parse()?);
    }
    Ok(Webhook::new(secret)?.verify(&told.body, &headers)?)
}

/// Whether a request is signed with this secret, whenever that was: the reference verifier follows the wall's clock.
fn signed(told: &Told, secret: &str) -> Result<bool> {
    let header = |name: &str| told.headers.get(name).cloned().unwrap_or_default();
    let expected = Webhook::new(secret)?.sign(&told.id(), header("webhook-timestamp").parse()?, &told.body)?;
    Ok(header("webhook-signature").split(' ').any(|signature| signature == expected))
}

#[test]
fn each_kind_of_event_arrives_signed_with_the_id_that_the_api_tells() -> Result<()> {
    let scene = Scene::start(false)?;
    let (receiver, tenant) = (&scene.receiver, &scene.tenant);
    let endpoint = scene.endpoint("/all", &[])?;
    let only = scene.endpoint("/broken", &["connection.broken"])?;
    let book = scene.book()?;

    scene.change(Change::Tick)?;
    book.done("tick")?;
    let failure = Rule::on("GET", "/tick", Act::html()).times(1);
    scene.ledger().script.add(failure);
    assert_eq!(book.run("tick")?["state"], json!("failed"));
    let key = |accepted| Change::Key { name: "load-1".to_owned(), accepted };
    scene.change(key(false))?;
    book.run("tick")?;
    receiver.wait_for("/all", "connection.broken")?;
    scene.change(key(true))?;
    let body = json!({
        "connector": "acme.ledger", "reconnect": book.id,
        "fields": { "api_key": scene.ledger().provider.key("load-1") },
    });
    tenant.api.post("/v1/connections", &body)?.expect(200)?;
    scene.rig.install_guests("0.1.0")?;
    let guests = tenant.connect_guests("0123456789", "page:1")?;
    let push = json!({
        "connector": "patchbay.guests", "connection": guests, "action": "exists", "key": "one", "payload": {},
    });
    tenant.api.post("/v1/pushes", &push)?.expect(201)?;

    for kind in ["records.changed", "run.failed", "connection.broken", "connection.restored", "push.ended"] {
        let told = receiver.wait_for("/all", kind)?;
        verified(&told, &endpoint.secret)?;
        assert!(verified(&told, &only.secret).is_err(), "{kind}: each endpoint has a secret of its own");
        let event = tenant.get(&format!("/v1/events/{}", told.id()))?.json;
        let said = told.json();
        assert_eq!((&said["type"], &said["timestamp"], &said["data"]), (&event["kind"], &event["at"], &event["data"]));
        assert_eq!(told.headers.get("content-type").map(String::as_str), Some("application/json"));
    }
    // Everything that is told happened, and everything that happened is told.
    tenant.settled()?;
    let happened = items(&tenant.api, "/v1/events?limit=200")?.len();
    let all = receiver.wait("/all", happened)?;
    assert_eq!(all.len(), happened, "each is told once where nothing goes wrong");
    let mut told = receiver.wait("/broken", 1)?;
    assert_eq!(told.iter().map(Told::kind).collect::<Vec<_>>(), ["connection.broken"]);
    // A body that was changed on its way is not ours.
    verified(&told[0], &only.secret)?;
    told[0].body[10] ^= 1;
    assert!(verified(&told[0], &only.secret).is_err());
    Ok(())
}

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
fn a_new_secret_signs_at_once_and_the_old_one_besides_for_a_day() -> Result<()> {
    let scene = Scene::start(true)?;
    let endpoint = scene.endpoint("/in", &["webhook.test"])?;
    let path = format!("/v1/webhooks/{}/secret", endpoint.id);
    let fresh = scene.tenant.api.post(&path, &json!({}))?.expect(200)?.text_at("/secret")?;
    assert_ne!(fresh, endpoint.secret);
    scene.test(&endpoint)?;
    let both = scene.receiver.wait("/in", 1)?.remove(0);
    verified(&both, &endpoint.secret)?;
    verified(&both, &fresh)?;

    scene.rig.advance(DAY - HOUR)?;
    scene.test(&endpoint)?;
    let still = scene.receiver.wait("/in", 2)?.remove(1);
    assert!(signed(&still, &endpoint.secret)? && signed(&still, &fresh)?);
    scene.rig.advance(HOUR * 2)?;
    scene.test(&endpoint)?;
    let after = scene.receiver.wait("/in", 3)?.remove(2);
    assert!(signed(&after, &fresh)? && !signed(&after, &endpoint.secret)?, "the old one has ended");
    let log = std::fs::read_to_string(scene.rig.host.log_path())?;
    assert!(!log.contains(&fresh) && !log.contains(&endpoint.secret), "no secret is in the log");
    let shown = scene.tenant.get(&format!("/v1/webhooks/{}", endpoint.id))?.text();
    assert!(!shown.contains("whsec_"), "{shown}");
    Ok(())
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
