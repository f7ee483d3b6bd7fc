//! **The world is told**: what happens is sent to the tenant's own server, signed after Standard Webhooks, at least
//! once, with one id for each event; and nothing is told that is not so.
//!
//! The verifier is the reference one of the specification.

mod outbox;
mod retries;

use std::time::Duration;

use patchbay_it::{Book, HOOKS, Receiver, Rig, RigSetup, Tenant, Told, items, ledger_of};
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
    // Everything that is told happened, and everything that happened is told, but for what only whoever names it is told.
    tenant.settled()?;
    let quiet = ["connection.created", "connection.changed", "connection.deleted", "connector.activated"];
    let happened = items(&tenant.api, "/v1/events?limit=200")?;
    let happened = happened.iter().filter(|event| quiet.iter().all(|kind| event["kind"] != *kind)).count();
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
