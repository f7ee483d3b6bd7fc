//! The life of a connection against a certified OpenID provider (`tests/oidc`): PKCE required, access tokens of
//! 20 seconds, refresh tokens that rotate and whose second use ends the whole login. What happened is what the
//! provider's journal says.

use std::time::{Duration, Instant};

use patchbay_it::{Rig, RigSetup, Session, Tenant, USER, Variant, leads, oidc_kind, oidc_machine_kind};
use patchbay_test_support::{Answer, Browser, Page, Result, oidc::OidcJournal, wait_until};
use serde_json::{Value, json};
use url::Url;

const CONNECTOR: &str = "patchbay.oidc";
/// Refreshes that follow each other.
const REFRESHES: u32 = 100;
/// Longer than two thirds of an access token's life, shorter than all of it.
const A_WHILE: Duration = Duration::from_secs(15);
const LIMIT: Duration = Duration::from_secs(30);

struct Scene {
    rig: Rig,
    tenant: Tenant,
    return_to: String,
}

impl Scene {
    /// The connector reads account by account, and has settings.
    fn start() -> Result<Self> {
        let rig = RigSetup { oidc: true, test_clock: true, ..RigSetup::default() }.start()?;
        let mut variant = Variant::of_login("oidc", &oidc_kind())?;
        variant.manifest.settings = Some(json!({ "type": "object", "properties": { "depth": { "type": "integer" } } }));
        variant.manifest.streams.iter_mut().for_each(|stream| stream.per_account = true);
        if let Some(config) = &mut variant.manifest.config {
            config.defaults["accounts"] = json!(3);
        }
        rig.install(variant.pack()?)?;
        let client = rig.oidc()?.code_client()?;
        rig.oidc()?.allow_redirect(&rig.register(CONNECTOR, &client.id, &client.secret)?)?;
        let tenant = rig.tenant("A")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    fn session(&self, more: &Value) -> Result<Session> {
        let mut body = json!({ "end_user": USER, "return_to": self.return_to });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.tenant.session(CONNECTOR, &body)
    }

    /// Through the link, the provider and back, as far as the page that asks to confirm.
    fn authorised(&self, session: &Session, login: &str) -> Result<(Browser, Page)> {
        let mut browser = Browser::default();
        let back = self.tenant.to_oidc_and_back(self.rig.oidc()?, &mut browser, session, login)?;
        let last = browser.return_to(&back)?;
        Ok((browser, last))
    }

    /// The whole way; what the completion answered.
    fn through(&self, session: &Session, login: &str) -> Result<Answer> {
        let (mut browser, last) = self.authorised(session, login)?;
        let code = browser.finish(&last)?.told("code").unwrap_or_default();
        self.tenant.complete(&session.id, &code, USER)
    }

    fn connect(&self, login: &str) -> Result<String> {
        let made = self.through(&self.session(&json!({}))?, login)?.expect(200)?;
        assert_eq!(
            (made.text_at("/state")?.as_str(), &made.json["verified"]),
            ("active", &json!(true)),
            "{}",
            made.text()
        );
        self.tenant.settled()?;
        made.text_at("/id")
    }

    fn identify(&self, connection: &str) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))
    }

    fn journal(&self) -> Result<OidcJournal> {
        self.rig.oidc()?.journal()
    }
}

#[test]
fn a_link_leads_through_pkce_and_completion_and_a_hundred_refreshes_follow() -> Result<()> {
    let scene = Scene::start()?;
    let session = scene.session(&json!({}))?;
    let (mut browser, last) = scene.authorised(&session, "els")?;
    assert!(last.text.contains("Office of els"), "the person sees whose account it is: {}", last.text);
    let waits = scene.journal()?;
    assert_eq!((waits.exchanges, waits.refreshes, waits.refused), (1, 0, 0));
    let code = browser.finish(&last)?.told("code").unwrap_or_default();
    let made = scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    let connection = made.text_at("/id")?;
    assert_eq!(made.text_at("/business_id")?, "business-els");
    scene.tenant.settled()?;

    let before = scene.journal()?;
    let begun = Instant::now();
    for _ in 0..REFRESHES {
        scene.rig.advance(A_WHILE)?;
        scene.identify(&connection)?.expect(200)?;
    }
    let after = scene.journal()?;
    assert_eq!(after.refreshes - before.refreshes, REFRESHES);
    assert_eq!((after.refused, after.families_revoked, after.exchanges), (0, 0, 1));
    // Each refresh spent the token that the one before it gave, and no token was spent twice.
    let calls: Vec<_> = after.calls.iter().filter(|call| call.grant == "refresh_token").collect();
    for pair in calls.windows(2) {
        assert_eq!(pair[1].refresh, pair[0].gave, "{pair:?}");
    }
    assert_eq!(scene.tenant.stands(&connection)?, ("active".to_owned(), String::new()));
    println!("{REFRESHES} refreshes in {} ms", begun.elapsed().as_millis());
    Ok(())
}

#[test]
fn the_provider_refuses_a_login_without_pkce_so_the_host_sends_it() -> Result<()> {
    let scene = Scene::start()?;
    let session = scene.session(&json!({}))?;
    let mut browser = Browser::default();
    let away = leads(&browser.link(&session.url, CONNECTOR, &[])?)?;
    let mut bare = Url::parse(&away)?;
    let kept: Vec<(String, String)> =
        bare.query_pairs().into_owned().filter(|(name, _)| !name.starts_with("code_challenge")).collect();
    bare.query_pairs_mut().clear().extend_pairs(kept);
    let provider = scene.rig.oidc()?;
    let refused = browser.oidc(bare.as_str(), "els", &provider.password("els"), true)?;
    assert_eq!(refused.told("error").as_deref(), Some("invalid_request"), "{:?}", refused.location());
    let page = browser.return_to(&refused)?;
    assert!(page.text.contains("PB2005"), "{}", page.text);
    assert_eq!(scene.tenant.session_stands(&session.id)?, ("failed".to_owned(), "PB2005".to_owned()));

    // The same session, as the host begins it, goes through.
    let review =
        browser.open(&format!("{}/link/session/{}/review?connector={CONNECTOR}", scene.rig.host.base(), session.id))?;
    let away = browser.authorise(&review, &[])?;
    let back = browser.oidc(&leads(&away)?, "els", &provider.password("els"), true)?;
    let last = browser.return_to(&back)?;
    let code = browser.finish(&last)?.told("code").unwrap_or_default();
    scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    assert_eq!((scene.journal()?.exchanges, scene.journal()?.refused), (1, 0));

    // A connector that opts out is refused by this provider.
    let mut without = Variant::of_login("oidc-bare", &oidc_kind())?;
    without.manifest.auths[0].pkce = false;
    scene.rig.install(without.pack()?)?;
    let client = provider.code_client()?;
    provider.allow_redirect(&scene.rig.register("patchbay.oidc-bare", &client.id, &client.secret)?)?;
    let body = json!({ "end_user": USER, "return_to": scene.return_to });
    let session = scene.tenant.session("patchbay.oidc-bare", &body)?;
    let mut browser = Browser::default();
    let review = browser.review(&session.url, "patchbay.oidc-bare")?;
    assert!(review.text.contains("PKCE"), "what is missing is visible: {}", review.text);
    let away = browser.authorise(&review, &[])?;
    let refused = browser.oidc(&leads(&away)?, "els", &provider.password("els"), true)?;
    assert_eq!(refused.told("error").as_deref(), Some("invalid_request"));
    Ok(())
}

#[test]
fn a_deleted_connection_gives_its_token_back_and_the_next_login_is_another_connection() -> Result<()> {
    let scene = Scene::start()?;
    let connection = scene.connect("els")?;
    scene.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    assert_eq!(scene.tenant.get("/v1/connections")?.array_at("/items")?, Vec::<Value>::new());
    wait_until("the revocation", LIMIT, || Ok((scene.journal()?.revocations > 0).then_some(())))?;
    let journal = scene.journal()?;
    let revoked: Vec<_> = journal.calls.iter().filter(|call| call.grant == "revocation").collect();
    assert_eq!((revoked.len(), revoked[0].status, journal.refused), (1, Some(200), 0), "{revoked:?}");
    let done = || -> Result<_> {
        let lines = scene.tenant.audit_about(&connection)?;
        Ok(lines.iter().any(|(action, _)| action == "revocation.done").then_some(()))
    };
    wait_until("the end of the revocation", LIMIT, done)?;

    let next = scene.connect("els")?;
    assert_ne!(next, connection);
    assert_eq!(scene.tenant.connections()?, [next.as_str()]);
    assert_eq!(scene.identify(&next)?.status, 200);
    Ok(())
}

#[test]
fn a_grant_that_was_withdrawn_breaks_the_connection_and_a_reconnect_mends_it_with_all_that_it_had() -> Result<()> {
    let scene = Scene::start()?;
    let connection = scene.connect("els")?;
    let path = format!("/v1/connections/{connection}");
    let account = scene.tenant.get(&path)?.text_at("/accounts/1/id")?;
    let change = json!({ "name": "Ours", "settings": { "depth": 3 }, "accounts": { &account: false } });
    scene.tenant.api.patch(&path, &change)?.expect(200)?;
    scene.tenant.settled()?;
    let kept = scene.tenant.get(&path)?.json;
    let card = format!("/v1/catalog/{CONNECTOR}");
    assert_eq!(scene.tenant.get(&card)?.text_at("/status")?, "active");
    let runs = scene.tenant.runs(&connection)?.len();

    assert_eq!(scene.rig.oidc()?.revoke_grants(Some("els"))?, 1);
    scene.rig.advance(A_WHILE)?;
    let refused = scene.identify(&connection)?;
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("PB2002")), "{}", refused.text());
    let broken = scene.tenant.get(&path)?;
    assert_eq!((broken.text_at("/state")?, broken.text_at("/reason/code")?), ("broken".into(), "PB2002".into()));
    let sentence = broken.text_at("/reason/detail")?;
    assert!(sentence.ends_with('.') && sentence.split(' ').count() > 5, "a sentence for a customer: {sentence:?}");
    assert_eq!(broken.text_at("/account_status")?, "error");
    assert_eq!(scene.tenant.get(&card)?.text_at("/status")?, "action_required");
    // Nothing is tried with what is dead.
    let calls = scene.journal()?.calls.len();
    scene.identify(&connection)?;
    assert_eq!(scene.journal()?.calls.len(), calls);

    // Somebody else's login is no repair.
    let session = scene.session(&json!({ "reconnect": connection }))?;
    let (_, page) = scene.authorised(&session, "piet")?;
    assert!(page.text.contains("PB2014") && page.text.contains("Office of piet"), "{}", page.text);
    assert_eq!(scene.tenant.stands(&connection)?.0, "broken");

    let session = scene.session(&json!({ "reconnect": connection }))?;
    let mended = scene.through(&session, "els")?.expect(200)?;
    scene.tenant.settled()?;
    assert_eq!((mended.text_at("/id")?, mended.text_at("/state")?), (connection.clone(), "active".to_owned()));
    let after = scene.tenant.get(&path)?.json;
    for member in ["id", "name", "settings", "business_id", "created_at"] {
        assert_eq!(after[member], kept[member], "{member}");
    }
    for at in 0..3 {
        for member in ["id", "provider_id", "usable", "selected"] {
            assert_eq!(after["accounts"][at][member], kept["accounts"][at][member], "{member}");
        }
    }
    assert_eq!(after["accounts"][1]["selected"], json!(false));
    assert_eq!((&after["reason"], &after["account_status"]), (&Value::Null, &json!("accounts")));
    assert_eq!(scene.tenant.get(&card)?.text_at("/status")?, "active");
    assert!(scene.tenant.runs(&connection)?.len() > runs, "history is kept, and it is read again");
    assert_eq!(scene.tenant.connections()?.len(), 1);
    Ok(())
}

#[test]
fn a_machine_connects_by_itself_and_is_renewed_by_the_clock() -> Result<()> {
    let rig = RigSetup { oidc: true, test_clock: true, ..RigSetup::default() }.start()?;
    rig.install(Variant::of_login("oidc-machine", &oidc_machine_kind())?.pack()?)?;
    let tenant = rig.tenant("A")?;
    let body = json!({ "connector": "patchbay.oidc-machine", "fields": {} });
    let early = tenant.api.post("/v1/connections", &body)?;
    assert_eq!((early.status, &early.json["code"]), (409, &json!("PB2008")), "{}", early.text());
    let client = rig.oidc()?.machine_client()?;
    rig.register("patchbay.oidc-machine", &client.id, &client.secret)?;
    let made = tenant.api.post("/v1/connections", &body)?.expect(201)?;
    assert_eq!(
        (made.text_at("/state")?.as_str(), made.text_at("/business_id")?.as_str()),
        ("active", "business-patchbay-machine")
    );
    let connection = made.text_at("/id")?;
    tenant.settled()?;
    let first = rig.oidc()?.journal()?;
    assert_eq!((first.client_credentials, first.refused), (1, 0));
    for renewed in 2..=6 {
        rig.advance(A_WHILE)?;
        tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))?.expect(200)?;
        assert_eq!(rig.oidc()?.journal()?.client_credentials, renewed);
    }
    // A token that ended before its time is had anew as well, once it is older than a minute.
    rig.oidc()?.set_access_life(3_600)?;
    rig.advance(A_WHILE)?;
    tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))?.expect(200)?;
    rig.advance(Duration::from_secs(61))?;
    rig.oidc()?.expire_access()?;
    tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))?.expect(200)?;
    let journal = rig.oidc()?.journal()?;
    assert_eq!((journal.client_credentials, journal.refused, journal.refreshes), (8, 0, 0));
    assert_eq!(tenant.stands(&connection)?.0, "active");
    Ok(())
}
