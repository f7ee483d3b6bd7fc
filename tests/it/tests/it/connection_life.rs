//! The life of a connection after its first consent: renewed, refused, imported, asked again, deleted; with
//! whose registration it was made; and what the audit log says about all of it.

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, USER, Variant, Walk, leads};
use patchbay_test_support::{Answer, Api, Browser, Result, Trouble, fakes::logins::TokenKind, wait_until};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const CONNECTOR: &str = "patchbay.code-basic";
const KEY: &str = "patchbay.key-header";
const LIMIT: Duration = Duration::from_secs(30);

struct Scene {
    rig: Rig,
    tenant: Tenant,
    return_to: String,
}

impl Scene {
    fn start() -> Result<Self> {
        Self::of(RigSetup::default())
    }

    fn with_clock() -> Result<Self> {
        Self::of(RigSetup { test_clock: true, ..RigSetup::default() })
    }

    fn of(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_kind(&rig.kind("key-header")?)?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        let tenant = rig.tenant("A")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    /// A session of the OAuth connector; with these members besides.
    fn walk(&self, more: &Value) -> Result<Walk> {
        let mut body = json!({ "end_user": USER, "return_to": self.return_to });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        Ok(Walk::of(self.tenant.session(CONNECTOR, &body)?, CONNECTOR))
    }

    fn through(&self, account: &str) -> Result<String> {
        let made = self.tenant.connect_through(&self.rig, &mut self.walk(&json!({}))?, account)?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Connects by the key of an account; `more` are further members.
    fn by_key(&self, account: &str, more: &Value) -> Result<Answer> {
        let key = self.rig.fakes.logins.provider.credentials(account).api_key;
        let mut body = json!({ "connector": KEY, "fields": { "api_key": key } });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.tenant.api.post("/v1/connections", &body)
    }

    fn identify(&self, connection: &str) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))
    }
}

fn id(answer: &Answer) -> Result<String> {
    answer.text_at("/id")
}

/// Waits for a line of the audit log about a subject.
fn wait_for_line(tenant: &Tenant, subject: &str, action: &str) -> Result<()> {
    wait_until(&format!("{action} of {subject}"), LIMIT, || {
        Ok(tenant.audit_about(subject)?.iter().any(|(known, _)| known == action).then_some(()))
    })
}

#[test]
fn a_business_account_is_connected_once_and_renewed_by_every_further_consent() -> Result<()> {
    let scene = Scene::start()?;
    // By the API.
    let first = id(&scene.by_key("one", &json!({ "name": "Ours" }))?.expect(201)?)?;
    let again = scene.by_key("one", &json!({}))?.expect(200)?;
    assert_eq!((id(&again)?, again.text_at("/name")?.as_str()), (first.clone(), "Ours"), "its name is kept");
    let other = id(&scene.by_key("two", &json!({}))?.expect(201)?)?;
    assert_ne!(other, first);
    // By a link; another connector is another connection.
    let linked = scene.through("one")?;
    assert!(linked != first && linked != other);
    let mut walk = scene.walk(&json!({}))?;
    let last = walk.authorise(&scene.rig, "one")?;
    assert_eq!(scene.tenant.connections()?.len(), 3, "a known account is not shown as pending");
    let code = walk.code(&last)?;
    let renewed = scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    assert_eq!(id(&renewed)?, linked);
    let actions: Vec<String> = scene.tenant.audit_about(&linked)?.into_iter().map(|(action, _)| action).collect();
    assert!(actions.contains(&"connection.created".to_owned()) && actions.contains(&"connection.renewed".to_owned()), "{actions:?}");
    // Two people at once: one connection.
    let mut walks = [scene.walk(&json!({}))?, scene.walk(&json!({}))?];
    for walk in &mut walks {
        walk.authorise(&scene.rig, "two")?;
    }
    let mut ids = Vec::new();
    for walk in &mut walks {
        let page = walk.browser.open(&format!("{}/link/session/{}", scene.rig.host.base(), walk.session.id))?;
        let code = walk.code(&page)?;
        ids.push(id(&scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?)?);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(scene.tenant.connections()?.len(), 4);
    // Another tenant's is its own.
    let tenant = scene.rig.tenant("B")?;
    let key = scene.rig.fakes.logins.provider.credentials("one").api_key;
    let theirs = tenant.api.post("/v1/connections", &json!({ "connector": KEY, "fields": { "api_key": key } }))?.expect(201)?;
    assert_ne!(id(&theirs)?, first);
    Ok(())
}

#[test]
fn a_login_of_another_account_mends_nothing_and_says_whose_it_is() -> Result<()> {
    let scene = Scene::start()?;
    let first = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
    let refused = scene.by_key("two", &json!({ "reconnect": first }))?;
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("PB2014")), "{}", refused.text());
    let detail = refused.text_at("/detail")?;
    assert!(detail.contains("Office two") && detail.contains("Office one") && detail.contains("new connection"), "{detail}");
    assert_eq!(refused.json["errors"][0]["pointer"], "/reconnect");
    id(&scene.by_key("one", &json!({ "reconnect": first }))?.expect(200)?)?;

    let linked = scene.through("one")?;
    let revoked = scene.rig.calls_of("revoke");
    let mut walk = scene.walk(&json!({ "reconnect": linked }))?;
    let page = walk.authorise(&scene.rig, "two")?;
    assert!(page.status == 400 && page.text.contains("PB2014") && page.text.contains("Office two"), "{}", page.text);
    assert_eq!(scene.tenant.session_stands(&walk.session.id)?, ("failed".to_owned(), "PB2014".to_owned()));
    assert_eq!(scene.rig.calls_of("revoke"), revoked + 1, "what cannot be kept is given back");
    assert_eq!((scene.tenant.connections()?.len(), scene.tenant.stands(&linked)?.0.as_str()), (2, "active"));
    // In the same session, with the right account.
    let review = format!("{}/link/session/{}/review?connector={CONNECTOR}", scene.rig.host.base(), walk.session.id);
    let review = walk.browser.open(&review)?;
    let away = walk.browser.authorise(&review, &[])?;
    let known = scene.rig.fakes.logins.provider.credentials("one");
    let back = walk.browser.logins(&leads(&away)?, &known, "", true)?;
    let last = walk.browser.return_to(&back)?;
    let code = walk.code(&last)?;
    assert_eq!(id(&scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?)?, linked);

    // A session cannot be made for another tenant's connection.
    let other = scene.rig.tenant("B")?;
    let body = json!({ "connector": CONNECTOR, "verification": "off", "reconnect": linked });
    assert_eq!(other.api.post("/v1/connect-sessions", &body)?.status, 404);
    Ok(())
}

#[test]
fn a_deleted_connection_is_gone_at_once_and_its_records_stay_or_go_as_it_was_said() -> Result<()> {
    let scene = Scene::start()?;
    for (how, keeps) in [("?records=keep", true), ("?records=remove", false), ("", false)] {
        let connection = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
        scene.tenant.first_run(&connection)?;
        let path = format!("/v1/connections/{connection}");
        let records = format!("{path}/records/chosen");
        assert_eq!(scene.tenant.get(&records)?.array_at("/items")?.len(), 1);
        scene.tenant.api.delete(&format!("{path}{how}"))?.expect(204)?;
        assert_eq!(scene.tenant.api.get(&path)?.status, 404, "{how}");
        assert_eq!(scene.tenant.connections()?, Vec::<String>::new(), "{how}");
        assert_eq!(scene.tenant.api.delete(&path)?.status, 404, "once");
        let left = scene.tenant.api.get(&records)?;
        match keeps {
            true => assert_eq!(left.expect(200)?.array_at("/items")?.len(), 1),
            false => assert_eq!(left.status, 404, "{how}"),
        }
        let feed = scene.tenant.get(&format!("/v1/changes?connection={connection}"))?.array_at("/changes")?;
        let content = feed.iter().filter(|change| change["record"].is_object()).count();
        assert_eq!(content > 0, keeps, "{how}: {feed:?}");
        assert_eq!(scene.identify(&connection)?.status, 404);
    }
    let wrong = scene.tenant.api.delete("/v1/connections/con_00000000000000000000000000?records=some")?;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    Ok(())
}

#[test]
fn a_grant_that_two_tenants_share_ends_with_the_last_of_them() -> Result<()> {
    let scene = Scene::start()?;
    let kind = scene.rig.kind("code-basic")?;
    let tables = kind.tables.replace("rotation = true\n", "rotation = true\nrevoke-ends = \"grant\"\n");
    let mut variant = Variant::of_login("code-basic", &tables)?;
    "0.2.0".clone_into(&mut variant.manifest.version);
    scene.rig.install(variant.pack()?)?;
    let (one, two) = (&scene.tenant, scene.rig.tenant("B")?);
    let back = two.return_address()?;
    let first = scene.through("one")?;
    let mut walk = Walk::of(two.user_session(CONNECTOR, &back)?, CONNECTOR);
    let second = two.connect_through(&scene.rig, &mut walk, "one")?["id"].as_str().unwrap_or_default().to_owned();
    // Somebody else's grant, of the same client.
    let third = scene.through("two")?;

    one.api.delete(&format!("/v1/connections/{first}"))?.expect(204)?;
    wait_for_line(one, &first, "revocation.given_up")?;
    assert_eq!(scene.rig.calls_of("revoke"), 0, "the other tenant works with the same grant");
    two.api.post(&format!("/v1/connections/{second}/identify"), &json!({}))?.expect(200)?;

    two.api.delete(&format!("/v1/connections/{second}"))?.expect(204)?;
    wait_for_line(&two, &second, "revocation.done")?;
    assert_eq!(scene.rig.calls_of("revoke"), 1);
    assert_eq!(scene.identify(&third)?.status, 200, "another account is another grant");

    // What waits for its completion works with the grant too.
    let fourth = scene.through("one")?;
    let mut walk = Walk::of(two.user_session(CONNECTOR, &back)?, CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    one.api.delete(&format!("/v1/connections/{fourth}"))?.expect(204)?;
    wait_for_line(one, &fourth, "revocation.given_up")?;
    let code = walk.code(&last)?;
    let made = two.complete(&walk.session.id, &code, USER)?.expect(200)?;
    two.api.post(&format!("/v1/connections/{}/identify", id(&made)?), &json!({}))?.expect(200)?;
    assert_eq!(scene.rig.calls_of("revoke"), 1);
    Ok(())
}

/// Logs in at the fake as another hub does; the token answer.
fn elsewhere(rig: &Rig, account: &str) -> Result<Value> {
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let hub = "https://old-hub.example/callback";
    let logins = &rig.fakes.logins.provider;
    logins.allow_redirect(hub);
    let client = logins.client();
    let mut to = Url::parse(&format!("{}/oauth/authorize", rig.fakes.logins.plain))?;
    to.query_pairs_mut()
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", hub)
        .append_pair("response_type", "code")
        .append_pair("scope", "read")
        .append_pair("state", "old")
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256");
    let back = Browser::default().logins(to.as_str(), &logins.credentials(account), "", true)?;
    let rules = logins.behaviour();
    logins.behave(patchbay_test_support::fakes::logins::Behaviour {
        proof: patchbay_test_support::fakes::logins::Proof::Either,
        ..rules.clone()
    });
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &back.told("code").unwrap_or_default())
        .append_pair("redirect_uri", hub)
        .append_pair("code_verifier", verifier)
        .append_pair("client_id", &client.id)
        .append_pair("client_secret", &client.secret)
        .finish();
    let desk = Api::new(&rig.fakes.logins.plain);
    let answer = desk.send("POST", "/oauth/token", Some("application/x-www-form-urlencoded"), form.into_bytes())?;
    logins.behave(rules);
    Ok(answer.expect(200)?.json)
}

fn secrets(pair: &Value) -> Value {
    json!({ "access_token": pair["access_token"], "refresh_token": pair["refresh_token"] })
}

#[test]
fn tokens_of_another_hub_become_a_connection_and_ended_ones_are_renewed_first() -> Result<()> {
    let scene = Scene::start()?;
    let import = |body: &Value| scene.tenant.api.post("/v1/connections/import", body);
    let pair = elsewhere(&scene.rig, "one")?;
    let body = json!({ "connector": CONNECTOR, "name": "Moved", "secrets": secrets(&pair), "expires_at": "2099-01-01T00:00:00Z" });
    let made = import(&body)?.expect(201)?;
    assert_eq!((made.text_at("/state")?.as_str(), made.text_at("/business_id")?.as_str(), made.text_at("/name")?.as_str()), ("active", "business-one", "Moved"));
    assert_eq!(scene.rig.calls_of("refresh_token"), 0, "a token that is good is not spent");
    let connection = id(&made)?;
    assert_eq!(scene.tenant.first_run(&connection)?["state"], json!("done"));
    for value in [&pair["access_token"], &pair["refresh_token"]] {
        assert!(!made.text().contains(value.as_str().unwrap_or("?")), "no token is told again");
    }
    // Known already: renewed.
    let pair = elsewhere(&scene.rig, "one")?;
    let again = import(&json!({ "connector": CONNECTOR, "secrets": secrets(&pair) }))?.expect(200)?;
    assert_eq!((id(&again)?, again.text_at("/name")?.as_str()), (connection.clone(), "Moved"));

    // One that ended is renewed before it is used: by its date, and where only a refresh token is known.
    let pair = elsewhere(&scene.rig, "two")?;
    scene.rig.fakes.logins.provider.end(TokenKind::Access);
    let body = json!({ "connector": CONNECTOR, "secrets": secrets(&pair), "expires_at": "2020-01-01T00:00:00Z" });
    let made = import(&body)?.expect(201)?;
    assert_eq!((made.text_at("/business_id")?.as_str(), scene.rig.calls_of("refresh_token")), ("business-two", 1));
    assert_eq!(scene.identify(&id(&made)?)?.status, 200);
    let pair = elsewhere(&scene.rig, "two")?;
    let body = json!({ "connector": CONNECTOR, "secrets": { "refresh_token": pair["refresh_token"] } });
    import(&body)?.expect(200)?;
    assert_eq!(scene.rig.calls_of("refresh_token"), 2);
    // A spent one is refused, and changes nothing.
    let dead = import(&body)?;
    assert_eq!((dead.status, &dead.json["code"]), (422, &json!("PB2002")), "{}", dead.text());
    Ok(())
}

#[test]
fn an_import_that_is_wrong_says_where() -> Result<()> {
    let scene = Scene::start()?;
    scene.rig.install_kind(&scene.rig.kind("region-callback")?)?;
    let region = "patchbay.region-callback";
    let good = json!({ "access_token": "x".repeat(24) });
    for (body, pointers) in [
        (json!({ "connector": region, "secrets": good }), vec!["/facts/region"]),
        (json!({ "connector": region, "secrets": good, "facts": { "region": "mars" } }), vec!["/facts/region"]),
        (json!({ "connector": region, "secrets": good, "facts": { "region": "eu", "host": "evil.example" } }), vec!["/facts/host"]),
        (json!({ "connector": region, "secrets": good, "facts": { "region": "https://evil.example", "a": "b" } }), vec!["/facts/a", "/facts/region"]),
        (json!({ "connector": CONNECTOR, "secrets": {} }), vec!["/secrets"]),
        (json!({ "connector": CONNECTOR, "secrets": { "password": "x" } }), vec!["/secrets", "/secrets/password"]),
        (json!({ "connector": CONNECTOR, "secrets": { "access_token": "" } }), vec!["/secrets/access_token"]),
        (json!({ "connector": CONNECTOR, "secrets": { "access_token": "a\r\nb" } }), vec!["/secrets/access_token"]),
        (json!({ "connector": CONNECTOR, "secrets": { "access_token": "x".repeat(20_000) } }), vec!["/secrets/access_token"]),
        (json!({ "connector": CONNECTOR, "secrets": good, "expires_at": "tomorrow" }), vec!["/expires_at"]),
        (json!({ "connector": CONNECTOR, "secrets": good, "name": "" }), vec!["/name"]),
    ] {
        let refused = scene.tenant.api.post("/v1/connections/import", &body)?;
        let errors = refused.array_at("/errors").unwrap_or_default();
        let mut found: Vec<&str> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        found.sort_unstable();
        assert_eq!((refused.status, found), (422, pointers), "{body}: {}", refused.text());
        assert!(!refused.text().contains(&"x".repeat(24)), "what was sent is not said back");
    }
    let refused = scene.tenant.api.post("/v1/connections/import", &json!({ "connector": KEY, "secrets": good }))?;
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("PB2013")), "{}", refused.text());
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    assert_eq!(scene.rig.calls_of("refresh_token"), 0);
    Ok(())
}

/// Client id and redirect address of the provider's address that a new session leads to.
fn asks_for(scene: &Scene, tenant: &Tenant) -> Result<(String, String)> {
    let session = tenant.session(CONNECTOR, &json!({ "verification": "off" }))?;
    let to = Url::parse(&Walk::of(session, CONNECTOR).away()?)?;
    assert_eq!(to.origin().ascii_serialization(), scene.rig.fakes.logins.plain);
    let told = |name: &str| to.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    Ok((told("client_id").unwrap_or_default(), told("redirect_uri").unwrap_or_default()))
}

#[test]
fn a_tenants_own_registration_has_its_own_address_and_is_used_for_nobody_else() -> Result<()> {
    let scene = Scene::start()?;
    let path = format!("/v1/connectors/{CONNECTOR}/oauth-client");
    let (operator, other) = (&scene.rig.operator, scene.rig.tenant("B")?);
    let common = operator.get(&path)?.expect(200)?.json;
    let own = json!({ "client_id": "own-client", "client_secret": "own-secret-0123456789" });
    let put = scene.rig.operator_of(&scene.tenant).put(&path, &own)?.expect(200)?;
    assert_eq!((put.text_at("/tenant")?, put.json["has_secret"].clone()), (scene.tenant.id.clone(), json!(true)));
    let redirect = put.text_at("/redirect_uri")?;
    assert_ne!(json!(redirect), common["redirect_uri"]);
    assert!(!put.text().contains("own-secret"), "{}", put.text());

    assert_eq!(asks_for(&scene, &scene.tenant)?, ("own-client".to_owned(), redirect.clone()));
    let theirs = asks_for(&scene, &other)?;
    assert_eq!((json!(theirs.0), json!(theirs.1)), (common["client_id"].clone(), common["redirect_uri"].clone()));
    let all = operator.get(&format!("{path}s"))?.expect(200)?.array_at("/items")?;
    assert_eq!(all.len(), 2, "{all:?}");
    // Only operators see or change registrations.
    for api in [&scene.tenant.api, &other.api] {
        assert_eq!((api.get(&path)?.status, api.put(&path, &own)?.status, api.delete(&path)?.status), (403, 403, 403));
    }
    // Taken out of use: the deployment's again.
    scene.rig.operator_of(&scene.tenant).delete(&path)?.expect(204)?;
    assert_eq!(asks_for(&scene, &scene.tenant)?, theirs);
    Ok(())
}

#[test]
fn another_client_id_is_another_registration_and_what_was_connected_before_goes_on() -> Result<()> {
    let scene = Scene::start()?;
    let path = format!("/v1/connectors/{CONNECTOR}/oauth-client");
    let operator = &scene.rig.operator;
    let connection = scene.through("one")?;
    scene.tenant.settled()?;
    let before = operator.get(&path)?.expect(200)?.json;
    // Another secret of the same client is the same registration.
    let client = scene.rig.fakes.logins.provider.client();
    let same = operator.put(&path, &json!({ "client_id": client.id, "client_secret": client.secret }))?.expect(200)?;
    assert_eq!((&same.json["id"], &same.json["redirect_uri"]), (&before["id"], &before["redirect_uri"]));

    let put = operator.put(&path, &json!({ "client_id": "next", "client_secret": "next-secret-0123" }))?.expect(200)?;
    assert_ne!(put.json["id"], before["id"]);
    assert_ne!(put.json["redirect_uri"], before["redirect_uri"]);
    let all = operator.get(&format!("{path}s"))?.expect(200)?.array_at("/items")?;
    let old = all.iter().find(|row| row["id"] == before["id"]).cloned().unwrap_or_default();
    assert!(old["retired_at"].is_string() || old.is_null(), "{all:?}");
    assert_eq!(asks_for(&scene, &scene.tenant)?.0, "next");

    // The provider takes only the old client's refresh of the old client's token.
    scene.rig.fakes.logins.provider.end(TokenKind::Access);
    assert_eq!(scene.identify(&connection)?.status, 200);
    let calls = scene.rig.fakes.logins.provider.calls();
    let last = calls.last().map(|call| (call.grant.as_str(), call.refused.clone()));
    assert_eq!(last, Some(("refresh_token", None)), "{calls:?}");
    scene.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_for_line(&scene.tenant, &connection, "revocation.done")?;
    Ok(())
}

/// The key connector, which names so many accounts.
fn with_accounts(scene: &Scene, version: &str, accounts: u32) -> Result<()> {
    let mut variant = Variant::of_login("key-header", &scene.rig.kind("key-header")?.tables)?;
    version.clone_into(&mut variant.manifest.version);
    variant.manifest.streams.iter_mut().for_each(|stream| stream.per_account = true);
    if let Some(config) = &mut variant.manifest.config {
        config.defaults["accounts"] = json!(accounts);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

#[test]
fn a_connection_is_asked_again_every_day_and_what_it_lost_is_said() -> Result<()> {
    let scene = Scene::with_clock()?;
    with_accounts(&scene, "0.2.0", 3)?;
    let connection = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
    scene.tenant.settled()?;
    let path = format!("/v1/connections/{connection}");
    let names = |answer: &Answer| -> Result<Vec<(String, bool, Value, bool)>> {
        let accounts = answer.array_at("/accounts")?;
        let text = |account: &Value| account["provider_id"].as_str().unwrap_or_default().to_owned();
        let truth = |value: &Value| value.as_bool().unwrap_or_default();
        Ok(accounts.iter().map(|one| (text(one), truth(&one["usable"]), one["note"].clone(), truth(&one["selected"]))).collect())
    };
    assert_eq!(names(&scene.tenant.get(&path)?)?.iter().filter(|one| one.1 && one.3).count(), 3);
    let asked = scene.tenant.get(&path)?.text_at("/identified_at")?;

    with_accounts(&scene, "0.3.0", 1)?;
    scene.rig.advance(Duration::from_secs(23 * 3_600))?;
    // Something else of upkeep shows that the host has looked at the clock.
    let other = id(&scene.by_key("two", &json!({}))?.expect(201)?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.get(&path)?.text_at("/identified_at")?, asked, "not before a day has passed");

    scene.rig.advance(Duration::from_secs(3_600 + 60))?;
    wait_until("the daily question", LIMIT, || Ok((scene.tenant.get(&path)?.text_at("/identified_at")? != asked).then_some(())))?;
    let now = scene.tenant.get(&path)?;
    let accounts = names(&now)?;
    assert_eq!(accounts.len(), 3, "{accounts:?}");
    for (account, usable, note, selected) in &accounts {
        match account.as_str() {
            "1" => assert!(*usable && *selected, "{accounts:?}"),
            _ => assert!(!usable && *note == json!("access lost") && *selected, "{accounts:?}"),
        }
    }
    assert_eq!((now.text_at("/state")?.as_str(), &now.json["account_count"]), ("active", &json!(1)));
    let lines = scene.tenant.audit_about(&connection)?;
    assert_eq!(lines.last(), Some(&("connection.identified".to_owned(), "host".to_owned())), "{lines:?}");

    // They come back as they were, when somebody asks.
    with_accounts(&scene, "0.4.0", 4)?;
    let back = scene.identify(&connection)?.expect(200)?;
    let accounts = names(&back)?;
    assert_eq!((accounts.len(), accounts.iter().filter(|one| one.1).count()), (4, 4), "{accounts:?}");
    let noted: Vec<_> = accounts.iter().filter(|one| one.2 == json!("access lost")).collect();
    assert!(noted.is_empty(), "{noted:?}");
    Ok(())
}

#[test]
fn every_step_of_a_connection_is_in_the_audit_log_with_whoever_took_it() -> Result<()> {
    let scene = Scene::start()?;
    let (tenant, operator) = (&scene.tenant, &scene.rig.operator);
    let mut walk = scene.walk(&json!({}))?;
    let session = walk.session.id.clone();
    let made = tenant.connect_through(&scene.rig, &mut walk, "one")?;
    let connection = made["id"].as_str().unwrap_or_default().to_owned();
    tenant.api.patch(&format!("/v1/connections/{connection}"), &json!({ "name": "Ours" }))?.expect(200)?;
    scene.through("one")?;
    tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_for_line(tenant, &connection, "revocation.done")?;

    let lines = tenant.audit_about(&connection)?;
    let by = |action: &str| -> Vec<String> {
        lines.iter().filter(|(known, _)| known == action).map(|(_, actor)| actor.clone()).collect()
    };
    let key = format!("tenant {} key_", tenant.id);
    for action in ["connection.created", "connection.updated", "connection.renewed", "connection.deleted", "revocation.asked"] {
        let actors = by(action);
        assert!(actors.len() == 1 && actors[0].starts_with(&key), "{action}: {actors:?} in {lines:?}");
    }
    assert!(by("connection.pending").iter().any(|actor| *actor == format!("session {session}")), "{lines:?}");
    assert_eq!(by("revocation.done"), ["host"]);
    let made = tenant.audit_about(&session)?;
    assert!(made.iter().any(|(action, actor)| action == "session.created" && actor.starts_with(&key)), "{made:?}");

    // Imports, return addresses, registrations and refusals too.
    let pair = elsewhere(&scene.rig, "two")?;
    let imported = tenant.api.post("/v1/connections/import", &json!({ "connector": CONNECTOR, "secrets": secrets(&pair) }))?;
    let imported = id(&imported.expect(201)?)?;
    assert!(tenant.audit_about(&imported)?.iter().any(|(action, actor)| action == "connection.created" && actor.starts_with(&key)));
    let returns = tenant.audit_about(&scene.return_to)?;
    assert!(returns.first().is_some_and(|(action, actor)| action == "return_address.created" && actor.starts_with(&key)), "{returns:?}");
    let client = operator.get(&format!("/v1/connectors/{CONNECTOR}/oauth-client"))?.expect(200)?.text_at("/id")?;
    let about = operator.get(&format!("/v1/audit?subject={client}"))?.expect(200)?.array_at("/items")?;
    let put = about.iter().find(|line| line["action"] == json!("oauth_client.put")).cloned().unwrap_or_default();
    assert!(put["actor"].as_str().is_some_and(|actor| actor.starts_with("operator key_")), "{about:?}");
    let mut other = scene.walk(&json!({}))?;
    let last = other.authorise(&scene.rig, "one")?;
    let code = other.code(&last)?;
    assert_eq!(tenant.complete(&other.session.id, &code, "somebody else")?.status, 409);
    let dropped = tenant.audit_about(&other.session.id)?;
    assert!(dropped.iter().any(|(action, actor)| action == "session.dropped" && actor.starts_with(&key)), "{dropped:?}");

    // A tenant reads its own lines only, and nobody's secrets stand in any.
    let stranger = scene.rig.tenant("B")?;
    assert_eq!(stranger.audit_about(&connection)?, Vec::<(String, String)>::new());
    let all = whole_log(operator)?;
    let told = serde_json::to_string(&all)?;
    let values = scene.rig.fakes.logins.provider.values();
    let leaked = values.iter().filter(|value| told.contains(value.as_str())).count();
    assert_eq!((leaked, told.contains(&code)), (0, false));

    let verdict = operator.get("/v1/audit/verification")?.expect(200)?.json;
    assert_eq!(verdict["broken"], Value::Null, "{verdict}");
    assert!(verdict["lines"].as_u64().is_some_and(|lines| lines >= all.len() as u64) && verdict["head"].is_string(), "{verdict}");
    assert_eq!(tenant.api.get("/v1/audit/verification")?.status, 403);
    Ok(())
}

/// All lines of the deployment, newest first.
fn whole_log(operator: &Api) -> Result<Vec<Value>> {
    let (mut all, mut page) = (Vec::new(), "/v1/audit?limit=200".to_owned());
    for _ in 0..100 {
        let part = operator.get(&page)?.expect(200)?;
        all.extend(part.array_at("/items")?);
        match part.json["next"].as_str() {
            None => return Ok(all),
            Some(next) => page = format!("/v1/audit?limit=200&before={next}"),
        }
    }
    Err(Trouble::new("the log does not end"))
}
