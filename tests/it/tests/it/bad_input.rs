//! Bad input of a caller gets a clear error and loses nothing.

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Answer, Api, Result, fakes::FakesConfig, raw};
use serde_json::{Value, json};

/// A host that takes small bodies, with the guests installed and connected.
struct Scene {
    rig: Rig,
    tenant: Tenant,
    connection: String,
    before: Vec<Value>,
}

impl Scene {
    fn set() -> Result<Self> {
        let rig = Rig::with(FakesConfig::small(), "[limits]\nbody_bytes = 4096\n")?;
        rig.install_guests("0.1.0")?;
        let tenant = rig.tenant("A")?;
        let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
        tenant.first_run(&connection)?;
        let mut scene = Self { rig, tenant, connection, before: Vec::new() };
        scene.before = scene.all()?;
        Ok(scene)
    }

    /// The API with the operator's key, on a connection of its own: a refusal may come before the body was
    /// read, and ends the connection then.
    fn operator(&self) -> Result<Api> {
        self.rig.host.operator()
    }

    /// The same with the tenant's key.
    fn caller(&self) -> Api {
        self.rig.stranger().with_key(&self.tenant.key)
    }

    fn all(&self) -> Result<Vec<Value>> {
        let tenants = self.rig.operator.get("/v1/tenants")?.expect(200)?.json;
        let connectors = self.rig.operator.get("/v1/connectors")?.expect(200)?.json;
        let paths = ["/v1/connections", "/v1/changes", "/v1/runs", "/v1/pushes"];
        let theirs = paths.iter().map(|path| Ok(self.tenant.get(path)?.json)).collect::<Result<Vec<_>>>()?;
        Ok([tenants, connectors].into_iter().chain(theirs).collect())
    }

    /// Everything is as it was, and the host is ready.
    fn assert_nothing_lost(&self) -> Result<()> {
        assert_eq!(self.all()?, self.before);
        self.rig.stranger().get("/readyz")?.expect(200)?;
        Ok(())
    }
}

/// A caller on a new connection.
type Door<'a> = dyn Fn() -> Result<Api> + 'a;

/// Whether this is a problem with this status and code.
fn assert_told(what: &str, answer: &Answer, status: u16, code: &str) {
    let told = (answer.status, answer.json["code"].as_str());
    assert_eq!(told, (status, Some(code)), "{what}: {}", answer.text());
    assert_eq!(answer.headers.get("content-type").map(String::as_str), Some("application/problem+json"), "{what}");
}

#[test]
fn a_body_that_does_not_fit_is_refused_with_the_place_that_is_wrong() -> Result<()> {
    let scene = Scene::set()?;
    let (operator, tenant) = (|| scene.operator(), || Ok(scene.caller()));
    let (operator, tenant): (&Door<'_>, &Door<'_>) = (&operator, &tenant);
    let fields = json!({"token": "x", "choice": "y"});
    let connect = |more: Value| {
        let mut body = json!({"connector": "patchbay.guests", "fields": fields});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let push =
        |payload: Value| json!({"connection": scene.connection, "action": "exists", "key": "k", "payload": payload});
    for (what, api, path, body, code, pointer) in [
        ("an unknown field", operator, "/v1/tenants", json!({"name": "x", "colour": "red"}), "PB5001", "/colour"),
        ("a wrong type", operator, "/v1/tenants", json!({"name": 7}), "PB5001", "/name"),
        ("a missing field", operator, "/v1/tenants", json!({}), "PB5001", ""),
        ("an array", operator, "/v1/tenants", json!([]), "PB5001", ""),
        ("an empty name", operator, "/v1/tenants", json!({"name": " "}), "PB5001", "/name"),
        (
            "an unknown field of a connection",
            tenant,
            "/v1/connections",
            connect(json!({"feilds": {}})),
            "PB5001",
            "/feilds",
        ),
        (
            "a wrong type of a field",
            tenant,
            "/v1/connections",
            connect(json!({"fields": {"token": 7}})),
            "PB5001",
            "/fields/token",
        ),
        (
            "a field that the form lacks",
            tenant,
            "/v1/connections",
            connect(json!({"fields": {"token": "x", "choice": "y", "tokn": "z"}})),
            "PB2001",
            "/fields/tokn",
        ),
        (
            "a field that is not filled in",
            tenant,
            "/v1/connections",
            connect(json!({"fields": {"token": "x"}})),
            "PB2001",
            "/fields/choice",
        ),
        (
            "an id that is none",
            tenant,
            "/v1/connections",
            connect(json!({"reconnect": "con_x"})),
            "PB5001",
            "/reconnect",
        ),
        ("a payload that does not fit", tenant, "/v1/pushes", push(json!({"text": 7})), "PB4002", "/payload/text"),
        ("a payload with more", tenant, "/v1/pushes", push(json!({"txt": "x"})), "PB4002", "/payload"),
        (
            "a wrong payload in a dry run",
            tenant,
            "/v1/pushes/dry-run",
            push(json!({"text": 7})),
            "PB4002",
            "/payload/text",
        ),
        (
            "an item without a name",
            tenant,
            "/v1/pushes",
            json!({"connector": "patchbay.guests", "action": "exists", "payload": {}}),
            "PB5001",
            "/key",
        ),
        ("a batch of nothing", tenant, "/v1/pushes/batch", json!({"items": []}), "PB5001", "/items"),
        (
            "an item of a batch with more",
            tenant,
            "/v1/pushes/batch",
            json!({"items": [push(json!({})), {"sned": 1}]}),
            "PB5001",
            "/items/1/sned",
        ),
        (
            "a meeting of nothing",
            tenant,
            "/v1/meetings",
            json!({"connection": scene.connection, "source": "m"}),
            "PB5001",
            "",
        ),
        (
            "a part of a meeting with more",
            tenant,
            "/v1/meetings",
            json!({"source": "m", "todos": [{"text": "x", "titel": "y"}]}),
            "PB5001",
            "/todos/0/titel",
        ),
    ] {
        let answer = api()?.post(path, &body)?;
        assert_told(what, &answer, 422, code);
        let pointers: Vec<&str> = answer.json["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str())
            .collect();
        assert!(pointers.contains(&pointer), "{what}: {pointer:?} is not in {}", answer.text());
    }
    for (what, body) in [
        ("no JSON", "{\"name\":"),
        ("nothing", ""),
        ("two documents", "{\"name\":\"a\"}{}"),
        ("a field twice", "{\"name\":\"a\",\"name\":\"b\"}"),
    ] {
        let answer = operator()?.send("POST", "/v1/tenants", Some("application/json"), body.into())?;
        assert_told(what, &answer, 422, "PB5001");
    }
    let deep = "[".repeat(3_000);
    assert_told(
        "nesting",
        &operator()?.send("POST", "/v1/tenants", Some("application/json"), deep.into())?,
        422,
        "PB5001",
    );
    scene.assert_nothing_lost()
}

#[test]
fn too_much_the_wrong_kind_and_the_wrong_door_are_told_apart() -> Result<()> {
    let scene = Scene::set()?;
    let (operator, tenant) = (|| scene.operator(), || scene.caller());
    let large = json!({"name": "x".repeat(5_000)});
    assert_told("a large body", &operator()?.post("/v1/tenants", &large)?, 413, "PB5002");
    let body = b"{\"name\":\"x\"}".to_vec();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        assert_told(kind, &operator()?.send("POST", "/v1/tenants", Some(kind), body.clone())?, 415, "PB5010");
    }
    assert_told(
        "JSON as a component",
        &operator()?.send("POST", "/v1/connectors", Some("application/json"), body)?,
        415,
        "PB5010",
    );
    assert_told("no such address", &tenant().get("/v1/nothing")?, 404, "PB5005");
    assert_told("no such version", &tenant().get("/v2/connections")?, 404, "PB5005");
    assert_told(
        "no such method",
        &tenant().send("PUT", "/v1/connections", Some("application/json"), b"{}".to_vec())?,
        405,
        "PB5009",
    );
    for (what, path) in [
        ("a limit of nothing", "/v1/connections?limit=0"),
        ("a limit beyond all", "/v1/changes?limit=1001"),
        ("a word that is no number", "/v1/changes?after=x"),
        ("a negative place", "/v1/changes?after=-1"),
        ("an unknown parameter", "/v1/connections?lmit=3"),
        ("an unknown state", "/v1/runs?state=gone"),
        ("a place in a list that is none", "/v1/connections?after=%00"),
    ] {
        assert_told(what, &tenant().get(path)?, 422, "PB5008");
    }
    for path in ["/v1/runs/run_x", "/v1/connections/con_%F0%9F%98%80", "/v1/pushes/psh_00000000000000000000000000"] {
        assert_told(path, &tenant().get(path)?, 404, "PB5005");
    }
    scene.assert_nothing_lost()
}

#[test]
fn what_no_client_would_send_ends_its_own_connection_and_nothing_else() -> Result<()> {
    let scene = Scene::set()?;
    let patience = std::time::Duration::from_secs(2);
    let key = &scene.tenant.key;
    for (what, bytes) in [
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("two lengths", format!("POST /v1/pushes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{{}}").into_bytes()),
        ("a length and chunks", format!("POST /v1/pushes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/connections HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()),
        ("a header without end", [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat()),
        ("a key that is no text", b"GET /v1/connections HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xff\xfe\r\nconnection: close\r\n\r\n".to_vec()),
    ] {
        // A server that hangs up while it is written to is right, too.
        let answer = raw::exchange(scene.rig.host.address(), &bytes, patience).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    scene.assert_nothing_lost()
}
