//! Who may call what: every operation of the served document is tried without a key, with the wrong kind of
//! key, and with the key of another tenant. A new operation is in these tests as soon as it is in the
//! document; one that takes a body needs a valid one in [`body`], else its test fails.

use std::collections::BTreeSet;

use patchbay_it::{Rig, SESSION, Tab};
use patchbay_test_support::{Answer, Result};
use serde_json::{Value, json};

/// Operations that anybody may call: the last two open a session, for whoever has a token. This list only shrinks.
const PUBLIC: [&str; 5] = ["getErrorPage", "live", "ready", "signInOperator", "enterPortal"];

/// An operation of the document.
struct Operation {
    id: String,
    method: String,
    path: String,
    /// Which keys may call it.
    keys: BTreeSet<String>,
    has_body: bool,
}

/// Whose key or browser a call is made with, and which tenant it names.
#[derive(Clone, Default)]
struct Caller {
    key: Option<String>,
    tab: Option<Tab>,
    tenant: Option<String>,
}

impl Caller {
    fn with(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    fn of(tab: Tab) -> Self {
        Self { tab: Some(tab), ..Self::default() }
    }

    /// Whether the document lets such a caller in.
    fn may(&self, operation: &Operation) -> bool {
        self.tab.as_ref().is_none_or(|tab| match tab.kind {
            "operator" => operation.keys.contains("operatorSession"),
            kind => operation.keys.contains(kind),
        })
    }
}

impl Operation {
    /// Each call on a connection of its own: a refusal may come before the body was read, and ends it then.
    fn call(&self, rig: &Rig, caller: &Caller, path: &str) -> Result<Answer> {
        let (kind, body) = match body(&self.id) {
            _ if !self.has_body => (None, Vec::new()),
            Some((kind, body)) => (Some(kind), body),
            None => panic!("{} takes a body: add a valid one to `body` in tests/it/access.rs", self.id),
        };
        let mut api = rig.stranger();
        if let Some(key) = &caller.key {
            api = api.with_key(key);
        }
        if let Some(tenant) = &caller.tenant {
            api = api.for_tenant(tenant);
        }
        let Some(tab) = &caller.tab else { return api.send(&self.method, path, kind, body) };
        let cookie = format!("{}={}", tab.name(), tab.cookie);
        let mut headers: Vec<_> = tab.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend([(SESSION, tab.kind), ("cookie", cookie.as_str())]);
        api.send_with(&self.method, path, &headers, kind, body)
    }
}

fn operations(rig: &Rig) -> Result<Vec<Operation>> {
    let document = rig.stranger().get("/openapi.json")?.expect(200)?.json;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let alternatives = operation["security"].as_array().cloned().unwrap_or_default();
            let keys = alternatives.iter().filter_map(Value::as_object).flat_map(|keys| keys.keys().cloned());
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                keys: keys.collect(),
                has_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(operations.len() > 70, "only {} operations", operations.len());
    Ok(operations)
}

fn item() -> Value {
    json!({"connector": "patchbay.guests", "action": "exists", "key": "k", "payload": {}})
}

/// A body that would be taken, where an operation takes one.
fn body(operation: &str) -> Option<(&'static str, Vec<u8>)> {
    let json = |value: Value| Some(("application/json", value.to_string().into_bytes()));
    match operation {
        "changeBrand" => json(json!({"name": "Intruder"})),
        "createPortalSession" => json(json!({"user": "intruder"})),
        "createTenant" => json(json!({"name": "Intruder"})),
        "createKey" | "createOperatorKey" => json(json!({"name": "intruder"})),
        "installConnector" => Some(("application/wasm", b"\0asm\x0d\0\x01\0".to_vec())),
        "fetchConnector" => json(json!({"reference": "registry.example/intruder/books:1.0.0"})),
        "putOauthClient" => json(json!({"client_id": "intruder", "client_secret": "0123456789"})),
        "createConnectSession" => json(json!({"connectors": ["patchbay.silverfin"], "verification": "off"})),
        "completeConnectSession" => json(json!({"code": "a".repeat(43), "end_user": "intruder"})),
        "createReturnAddress" => json(json!({"name": "Intruder", "address": "https://intruder.example/"})),
        "importConnection" => json(json!({"connector": "patchbay.silverfin", "secrets": {"access_token": "x"}})),
        "changeConnector" => json(json!({"upgrades": "all"})),
        "trustPublisherKey" => json(json!({"key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="})),
        "putGrant" => json(json!({"customer_origins": "none"})),
        "putConnectorConfig" => json(json!({"config": {}})),
        "createConnection" => {
            json(json!({"connector": "patchbay.guests", "fields": {"token": "x", "choice": "page:1"}}))
        }
        "rollbackConnector" => json(json!({})),
        "startCanary" => json(json!({"connection": "con_00000000000000000000000000"})),
        "changeConnection" => json(json!({"name": "Intruder"})),
        "changeSync" => json(json!({"enabled": false})),
        "backfillSync" => json(json!({"since": "2026-01-01T00:00:00Z"})),
        "createWebhook" => json(json!({"url": "https://intruder.example/hooks"})),
        "changeWebhook" => json(json!({"url": "https://intruder.example/hooks"})),
        "replayWebhook" => json(json!({"since": "2026-01-01T00:00:00Z"})),
        "closeCircuitBreaker" => {
            json(json!({"tenant": "ten_00000000000000000000000000", "origin": "https://echo.example"}))
        }
        "createBlob" => Some(("application/pdf", b"%PDF-1.7 intruder".to_vec())),
        "createPush" | "rehearsePush" => json(item()),
        "createPushes" => json(json!({"items": [item()]})),
        "sendPush" => json(json!({})),
        "resolvePush" => json(json!({"decision": "send_anyway"})),
        "pushMeeting" => json(json!({"connector": "patchbay.guests", "source": "m", "notes": [{"text": "x"}]})),
        _ => None,
    }
}

/// An address with something in place of each parameter.
fn filled(path: &str, with: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        filled.push_str(&with(name));
        rest = tail;
    }
    filled + rest
}

#[test]
fn nothing_is_answered_without_a_key_or_with_a_wrong_one() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let never = |kind| Tab { cookie: "a".repeat(52), ..Tab::fresh(&rig, kind) };
    let callers = [
        ("no key", Caller::default(), "PB5003"),
        ("a key that was never given", Caller::with(format!("pbt_{}", "a".repeat(52))), "PB5003"),
        ("an operator's key that was never given", Caller::with(format!("pbo_{}", "a".repeat(52))), "PB5003"),
        ("a key cut short", Caller::with(&tenant.key[..20]), "PB5003"),
        ("another prefix", Caller::with(tenant.key.replace("pbt_", "pbo_")), "PB5003"),
        ("a portal's cookie that was never given", Caller::of(never("portal")), "PB5018"),
        ("an operator's cookie that was never given", Caller::of(never("operator")), "PB5018"),
    ];
    let mut public = BTreeSet::new();
    for operation in operations(&rig)? {
        if operation.keys.is_empty() {
            public.insert(operation.id);
            continue;
        }
        for (what, caller, code) in &callers {
            let answer = operation.call(&rig, caller, &filled(&operation.path, |_| "x".to_owned()))?;
            let told = (answer.status, answer.json["code"].as_str());
            assert_eq!(told, (401, Some(*code)), "{} with {what}: {}", operation.id, answer.text());
        }
    }
    assert_eq!(public, PUBLIC.map(str::to_owned).into());
    Ok(())
}

#[test]
fn a_tenants_key_and_its_users_in_the_portal_reach_nothing_of_the_operators() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let connectors = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?;
    let release = connectors.text_at("/items/0/id")?;
    let callers = [Caller::with(&tenant.key), Caller::of(Tab::portal(&rig, &tenant, "user")?)];
    let mut tried = 0;
    for operation in operations(&rig)? {
        if operation.keys != BTreeSet::from(["operator".to_owned(), "operatorSession".to_owned()]) {
            continue;
        }
        let path = filled(&operation.path, |name| match name {
            "connector" => "patchbay.guests".to_owned(),
            "id" if operation.path.contains("/releases/") => release.clone(),
            // Even about itself a tenant is not asked.
            "id" => tenant.id.clone(),
            _ => "key_00000000000000000000000000".to_owned(),
        });
        for caller in &callers {
            let answer = operation.call(&rig, caller, &path)?;
            let told = (answer.status, answer.json["code"].as_str());
            assert_eq!(told, (403, Some("PB5004")), "{}: {}", operation.id, answer.text());
        }
        tried += 1;
    }
    assert!(tried >= 23, "only {tried} operations are the operators'");
    assert_eq!(rig.operator.get("/v1/tenants")?.expect(200)?.array_at("/items")?.len(), 1);
    Ok(())
}

#[test]
fn what_belongs_to_another_tenant_is_not_there() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    rig.install_connectors(&["silverfin"])?;
    crate::oauth::register(&rig)?;
    let (owner, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let connection = owner.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
    let run = owner.first_run(&connection)?["id"].as_str().unwrap_or_default().to_owned();
    let sync = owner.sync(&connection, "chosen")?;
    let (session, _) = owner.silverfin_session()?;
    let return_address = owner.return_address()?;
    let push = json!({"connection": connection, "action": "exists", "key": "k", "payload": {}});
    let push_id = owner.api.post("/v1/pushes", &push)?.expect(201)?.text_at("/id")?;
    owner.push_is(&push_id, &["done"])?;
    let webhook = owner.api.post("/v1/webhooks", &json!({"url": "https://owner.example/hooks"}))?.expect(201)?;
    let webhook = webhook.text_at("/webhook/id")?;
    let blob = owner.api.send("POST", "/v1/blobs?name=a.pdf", Some("application/pdf"), b"%PDF-1.7".to_vec())?;
    let blob = blob.expect(201)?.text_at("/id")?;
    let event = owner.get("/v1/events?kind=records.changed")?.text_at("/items/0/id")?;

    let about = |path: &str, name: &str| match name {
        "id" if path.starts_with("/v1/connections/") => connection.clone(),
        "id" if path.starts_with("/v1/connect-sessions/") => session.clone(),
        "id" if path.starts_with("/v1/return-addresses/") => return_address.clone(),
        "id" if path.starts_with("/v1/syncs/") => sync.clone(),
        "id" if path.starts_with("/v1/runs/") => run.clone(),
        "id" if path.starts_with("/v1/pushes/") => push_id.clone(),
        "id" if path.starts_with("/v1/blobs/") => blob.clone(),
        "id" if path.starts_with("/v1/webhooks/") => webhook.clone(),
        "id" if path.starts_with("/v1/events/") => event.clone(),
        "event" => event.clone(),
        "stream" => "chosen".to_owned(),
        "picker" => "search".to_owned(),
        "connector" => "patchbay.guests".to_owned(),
        _ => panic!("say what {{{name}}} is in {path}: in `about` of tests/it/access.rs"),
    };
    let tenants: Vec<Operation> =
        operations(&rig)?.into_iter().filter(|operation| operation.keys.contains("tenant")).collect();
    let named = Some(other.id.clone());
    let callers = [
        Caller::with(&other.key),
        Caller { key: Some(rig.host.operator_key()?), tenant: named.clone(), tab: None },
        Caller { tenant: named, ..Caller::of(Tab::operator(&rig)?) },
        Caller::of(Tab::portal(&rig, &other, "user")?),
    ];
    let mut tried = 0;
    for operation in &tenants {
        let path = filled(&operation.path, |name| about(&operation.path, name));
        // The catalog is everybody's; and without an id there is nothing of another's to name.
        if !operation.path.contains("{id}") {
            continue;
        }
        let path = if operation.path.ends_with("/pickers/{picker}") { format!("{path}?q=x") } else { path };
        for caller in &callers {
            let answer = operation.call(&rig, caller, &path)?;
            let told = (answer.status, answer.json["code"].as_str());
            let expected = if caller.may(operation) { (404, Some("PB5005")) } else { (403, Some("PB5004")) };
            assert_eq!(told, expected, "{} {path}: {}", operation.id, answer.text());
            assert!(!answer.text().contains(&owner.id));
        }
        tried += 1;
    }
    assert!(tried >= 37, "only {tried} operations name an id");

    // Named in a body or a query.
    for path in ["/v1/pushes", "/v1/pushes/dry-run"] {
        let refused = other.api.post(path, &push)?;
        assert_eq!(refused.status, 404, "{path}: {}", refused.text());
    }
    let batch = other.api.post("/v1/pushes/batch", &json!({"items": [push, push]}))?.expect(200)?;
    for result in batch.array_at("/results")? {
        assert_eq!((&result["push"], &result["problem"]["status"]), (&Value::Null, &json!(404)), "{}", batch.text());
    }
    let meeting = json!({"connection": connection, "source": "m", "notes": [{"text": "x"}]});
    other.api.post("/v1/meetings", &meeting)?.expect(404)?;
    let fields = json!({"token": "0123456789", "choice": "page:1"});
    let body = json!({"connector": "patchbay.guests", "fields": fields, "reconnect": connection});
    let refused = other.api.post("/v1/connections", &body)?;
    assert!([404, 409].contains(&refused.status), "{}", refused.text());
    let session = json!({"connectors": ["patchbay.silverfin"], "reconnect": connection, "verification": "off"});
    other.api.post("/v1/connect-sessions", &session)?.expect(404)?;
    for list in ["/v1/connections", "/v1/runs", "/v1/pushes", "/v1/webhooks", "/v1/events", "/v1/blobs"] {
        assert_eq!(other.get(list)?.array_at("/items")?.len(), 0, "{list}");
    }
    assert_eq!(other.feed(0)?.len(), 0);
    for query in [format!("/v1/changes?connection={connection}"), format!("/v1/runs?connection={connection}")] {
        let answer = other.api.get(&query)?;
        assert!(answer.status == 404 || !answer.text().contains("chosen"), "{query}: {}", answer.text());
    }
    for query in [format!("connection={connection}"), format!("run={run}")] {
        other.api.get(&format!("/v1/progress?{query}"))?.expect(404)?;
    }
    // A tenant that names another one in the operator's header gets nothing either.
    other.api.for_tenant(&owner.id).get("/v1/connections")?.expect(404)?;
    rig.operator.get("/v1/connections")?.expect(422)?;

    // And the owner has everything as it was.
    for operation in tenants.iter().filter(|operation| operation.method == "GET" && operation.path.contains("{id}")) {
        let path = filled(&operation.path, |name| about(&operation.path, name));
        let path = if operation.path.ends_with("/pickers/{picker}") { format!("{path}?q=x") } else { path };
        owner.get(&path)?;
    }
    assert_eq!(owner.get(&format!("/v1/connections/{connection}"))?.text_at("/name")?, "Business");
    assert_eq!(owner.get(&format!("/v1/connections/{connection}/syncs"))?.json["items"][0]["enabled"], json!(true));
    Ok(())
}

/// What is the backend's own, by the words of the product: a user in the portal does none of it.
const BACKENDS: [&str; 22] = [
    "completeConnectSession",
    "createPortalSession",
    "createReturnAddress",
    "createWebhook",
    "changeWebhook",
    "deleteReturnAddress",
    "deleteWebhook",
    "endPortalSessions",
    "exportRecords",
    "getWebhook",
    "importConnection",
    "listAudit",
    "listChanges",
    "listConnectionChanges",
    "listDeliveries",
    "listReturnAddresses",
    "listWebhooks",
    "replayDelivery",
    "replayWebhook",
    "rotateWebhookSecret",
    "testWebhook",
    "changeBrand",
];

#[test]
fn a_user_in_the_portal_does_what_the_document_says_and_nothing_that_is_the_backends() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let portal = Caller::of(Tab::portal(&rig, &tenant, "user")?);
    let (mut may, mut closed) = (0, BTreeSet::new());
    for operation in operations(&rig)? {
        // Without an end, or without this session afterwards.
        if operation.keys.is_empty() || operation.path.contains("watch") || operation.path == "/v1/progress" {
            continue;
        }
        if operation.id == "signOut" || operation.id == "signOutEverywhere" {
            continue;
        }
        let answer = operation.call(&rig, &portal, &filled(&operation.path, |_| "x".to_owned()))?;
        if operation.keys.contains("portal") {
            assert!(![401, 403].contains(&answer.status), "{}: {}", operation.id, answer.text());
            may += 1;
        } else {
            let told = (answer.status, answer.json["code"].as_str());
            assert_eq!(told, (403, Some("PB5004")), "{}: {}", operation.id, answer.text());
            if operation.keys.contains("tenant") {
                closed.insert(operation.id);
            }
        }
    }
    assert!(may > 40, "{may}");
    assert_eq!(closed, BACKENDS.map(str::to_owned).into());
    Ok(())
}

#[test]
fn a_revoked_key_opens_nothing_at_once() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    tenant.get("/v1/connections")?;
    let keys = rig.operator.get(&format!("/v1/tenants/{}/keys", tenant.id))?.expect(200)?;
    assert!(!keys.text().contains(&tenant.key));
    let key = keys.text_at("/items/0/id")?;
    rig.operator.delete(&format!("/v1/tenants/{}/keys/{key}", tenant.id))?.expect(204)?;
    tenant.api.get("/v1/connections")?.expect(401)?;
    Ok(())
}
