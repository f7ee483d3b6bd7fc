//! A connect session as its end user and the tenant's backend see it: choosing, reviewing, logging in by every
//! kind of form, waiting for the backend, and how it all stands in between.

use std::time::Duration;

use patchbay_it::{Enter, Kind, Rig, RigSetup, Session, Tenant, USER, Variant, Walk, items, kinds};
use patchbay_test_support::{Browser, Page, Result, Trouble, wait_until};
use serde_json::{Value, json};

const CONNECTOR: &str = "patchbay.code-basic";
const LIMIT: Duration = Duration::from_secs(30);

struct Scene {
    rig: Rig,
    tenant: Tenant,
    return_to: String,
}

impl Scene {
    fn start(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        let tenant = rig.tenant("Kantoor & Zn")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    fn with_clock() -> Result<Self> {
        Self::start(RigSetup { test_clock: true, ..RigSetup::default() })
    }

    /// A session with these members besides the user and the way back.
    fn session(&self, more: &Value) -> Result<Session> {
        let mut body = json!({ "end_user": USER, "return_to": self.return_to });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let made = self.tenant.api.post("/v1/connect-sessions", &body)?.expect(201)?;
        Ok(Session { id: made.text_at("/id")?, url: made.text_at("/url")? })
    }

    fn one(&self) -> Result<Session> {
        self.session(&json!({ "connector": CONNECTOR }))
    }

    fn state(&self, session: &Session) -> Result<String> {
        Ok(self.tenant.session_stands(&session.id)?.0)
    }

    /// How often the provider was asked whose a token is, or for records.
    fn asked(&self) -> usize {
        let entries = self.rig.fakes.logins.journal.entries();
        entries.iter().filter(|entry| entry.path.starts_with("/api/")).count()
    }
}

/// Presses Start; the page that comes.
fn started(browser: &mut Browser, session: &Session) -> Result<Page> {
    let landing = browser.open(&session.url)?;
    let host = landing.url.origin().ascii_serialization();
    let page = browser.submit_named(&landing, "start", &[])?;
    browser.settle_at(page, &[&host])
}

/// The connectors that a page offers.
fn offered(page: &Page) -> Vec<String> {
    let links = page.text.split("review?connector=").skip(1);
    links.map(|rest| rest.split(['"', '&']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_person_chooses_among_the_connectors_of_the_session_and_finds_one_by_its_name() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    for kind in kinds(&scene.rig.fakes.logins.provider).iter().filter(|kind| kind.customer.is_none()) {
        scene.rig.install_kind(kind)?;
    }
    // One that no OAuth client is registered for cannot be connected, and is not offered.
    let mut bare = Variant::of_login("unregistered", &scene.rig.kind("code-basic")?.tables)?;
    "Zebra".clone_into(&mut bare.manifest.name);
    scene.rig.install(bare.pack()?)?;

    let three = ["patchbay.basic", "patchbay.pair", CONNECTOR];
    let session = scene.session(&json!({ "connectors": three }))?;
    let mut browser = Browser::default();
    let page = started(&mut browser, &session)?;
    let mut found = offered(&page);
    found.sort();
    let mut wanted = three.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{}", page.text);
    let refused = browser.open(&format!("{}/review?connector=patchbay.key-query", page.url))?;
    assert!(refused.text.contains("PB2011"), "{}", refused.text);

    let all = scene.session(&json!({}))?;
    let mut browser = Browser::default();
    let page = started(&mut browser, &all)?;
    let found = offered(&page);
    assert!(found.len() > 12 && !found.contains(&"patchbay.unregistered".to_owned()), "{found:?}");
    for (searched, wanted) in [("PAIR", vec!["patchbay.pair"]), (" pair ", vec!["patchbay.pair"]), ("zebra", vec![]), ("<b>", vec![])] {
        let form = page.form_named("search")?;
        let result = browser.submit(&page, &form, &[("q", searched)])?;
        assert_eq!((result.status, offered(&result)), (200, wanted.iter().map(|one| (*one).to_owned()).collect()), "{searched}");
        assert!(!result.text.contains("<b>"), "what was typed is no markup");
    }
    let several = browser.submit(&page, &page.form_named("search")?, &[("q", "code")])?;
    assert!(offered(&several).len() >= 5, "{}", several.text);
    // With one, there is nothing to choose.
    let mut browser = Browser::default();
    let page = started(&mut browser, &scene.one()?)?;
    assert!(page.url.path().ends_with("/review") && page.form_named("login").is_ok(), "{}", page.url);
    Ok(())
}

#[test]
fn the_review_says_what_will_be_shared_before_anything_leaves() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let before = scene.rig.fakes.logins.journal.last();
    let mut browser = Browser::default();
    let page = browser.review(&scene.one()?.url, CONNECTOR)?;
    for said in [
        "Kantoor &amp; Zn",
        "Login code-basic",
        "Chosen: All that the connector sees.",
        "Nothing: Writes nothing and says that it is there.",
        "read: To read.",
        "https://logins.example: The provider of the test.",
        "Your password is never seen here",
    ] {
        assert!(page.text.contains(said), "{said:?} is not in {}", page.text);
    }
    assert!(!page.text.contains("<script"), "no script");
    let policy = page.headers.get("content-security-policy").cloned().unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.headers.get("referrer-policy").map(String::as_str), Some("no-referrer"));
    assert_eq!(scene.rig.fakes.logins.journal.last(), before, "nothing left before the click");
    Ok(())
}

/// Fields with every secret replaced.
fn spoilt(fields: &Value, kind: &Kind) -> Value {
    let mut fields = fields.clone();
    for value in fields.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if value.as_str().is_some_and(|text| kind.secrets.iter().any(|secret| secret == text)) {
            *value = json!("wrong-0123456789abcdef");
        }
    }
    fields
}

fn typed(fields: &Value) -> Vec<(&str, &str)> {
    let members = fields.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

/// Connects a kind of form through a link: with wrong secrets first, then with the right ones.
fn by_form(scene: &Scene, kind: &Kind, fields: &Value) -> Result<()> {
    let connector = format!("patchbay.{}", kind.name);
    scene.rig.install_kind(kind)?;
    let session = scene.session(&json!({ "connector": connector }))?;
    let mut browser = Browser::default();
    let mut page = browser.review(&session.url, &connector)?;
    let wrong = spoilt(fields, kind);
    if wrong != *fields {
        page = browser.authorise(&page, &typed(&wrong))?;
        let shown = page.text.contains("wrong-0123456789");
        if page.status != 422 || !page.text.contains("PB2002") || shown || page.form_named("login").is_err() {
            return Err(Trouble::new(format!("with a wrong secret: {} {}", page.status, page.text)));
        }
        let stands = scene.tenant.session_stands(&session.id)?;
        if stands != ("failed".to_owned(), "PB2002".to_owned()) {
            return Err(Trouble::new(format!("after a wrong secret: {stands:?}")));
        }
    }
    let last = browser.authorise(&page, &typed(fields))?;
    if scene.state(&session)? != "authorised" {
        return Err(Trouble::new(format!("it is not authorised: {} {}", last.status, last.text)));
    }
    let code = browser.finish(&last)?.told("code").unwrap_or_default();
    let made = scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    let run = scene.tenant.first_run(&made.text_at("/id")?)?;
    match (made.text_at("/state")?.as_str(), run["state"].as_str()) {
        ("active", Some("done")) => {
            scene.tenant.api.delete(&format!("/v1/connections/{}", made.text_at("/id")?))?.expect(204).map(drop)
        }
        _ => Err(Trouble::new(format!("{} {run}", made.text()))),
    }
}

#[test]
fn every_kind_of_form_is_filled_in_through_a_link() -> Result<()> {
    let customers = vec!["https://odoo.kantoor.example".to_owned()];
    let scene = Scene::start(RigSetup { customers, ..RigSetup::default() })?;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for kind in kinds(&scene.rig.fakes.logins.provider) {
        let Enter::Fields(fields) = &kind.enter else { continue };
        tried += 1;
        if let Err(trouble) = by_form(&scene, &kind, fields) {
            wrong.push(format!("{}: {trouble}", kind.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 11, "{tried}");
    Ok(())
}

#[test]
fn the_pages_speak_the_language_of_the_session() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    for (language, start, review) in [
        ("en", "Connect your account", "What you will be asked to allow"),
        ("nl", "Koppel uw account", "Waarvoor u om toestemming wordt gevraagd"),
        ("pl", "Połącz swoje konto", "Na co trzeba będzie wyrazić zgodę"),
    ] {
        let session = scene.session(&json!({ "connector": CONNECTOR, "language": language }))?;
        let mut browser = Browser::default();
        let landing = browser.open(&session.url)?;
        assert!(landing.text.contains(&format!("lang=\"{language}\"")) && landing.text.contains(start), "{}", landing.text);
        let page = browser.review(&session.url, CONNECTOR)?;
        assert!(page.text.contains(review), "{language}: {}", page.text);
        assert_eq!(scene.tenant.get(&format!("/v1/connect-sessions/{}", session.id))?.text_at("/language")?, language);
    }
    let body = json!({ "connector": CONNECTOR, "language": "xx", "end_user": USER, "return_to": scene.return_to });
    let refused = scene.tenant.api.post("/v1/connect-sessions", &body)?;
    assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!("/language")), "{}", refused.text());
    Ok(())
}

#[test]
fn what_nobody_completes_disappears_after_ten_minutes_and_is_given_back() -> Result<()> {
    let scene = Scene::with_clock()?;
    let session = scene.one()?;
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let code = walk.code(&last)?;
    let waiting = items(&scene.tenant.api, "/v1/connections")?;
    assert_eq!((waiting.len(), &waiting[0]["state"]), (1, &json!("pending")), "{waiting:?}");
    assert_eq!(waiting[0]["account_status"], "loading_accounts");
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "connect");
    scene.rig.advance(Duration::from_secs(9 * 60 + 50))?;
    assert_eq!(scene.state(&session)?, "authorised", "it waits for ten minutes");

    scene.rig.advance(Duration::from_secs(11))?;
    wait_until("the end of what waits", LIMIT, || Ok(scene.tenant.connections()?.is_empty().then_some(())))?;
    wait_until("the revocation", LIMIT, || Ok((scene.rig.calls_of("revoke") > 0).then_some(())))?;
    let tokens = scene.rig.fakes.logins.provider.tokens();
    assert!(tokens.iter().all(|token| !token.good), "{tokens:?}");
    assert_eq!(scene.state(&session)?, "expired");
    let late = scene.tenant.complete(&session.id, &code, USER)?;
    assert_eq!((late.status, &late.json["code"]), (422, &json!("PB2016")), "{}", late.text());
    let page = walk.browser.submit_named(&last, "finish", &[])?;
    assert!(page.location().is_none() && page.text.contains("PB2011"), "{}", page.text);
    assert_eq!(scene.asked(), 1, "it was asked whose it is, and nothing else");
    let actions: Vec<String> = scene.tenant.audit_about(&session.id)?.into_iter().map(|(action, _)| action).collect();
    assert!(actions.contains(&"session.dropped".to_owned()), "{actions:?}");
    Ok(())
}

#[test]
fn a_session_says_at_every_step_how_it_stands() -> Result<()> {
    let scene = Scene::with_clock()?;
    let path = |session: &Session| format!("/v1/connect-sessions/{}", session.id);
    let session = scene.one()?;
    assert_eq!(scene.state(&session)?, "open");
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let to = walk.away()?;
    assert_eq!(scene.state(&session)?, "started");
    // Refused, and a change of mind in the same session.
    let known = scene.rig.fakes.logins.provider.credentials("one");
    let no = walk.browser.logins(&to, &known, "", false)?;
    let page = walk.browser.return_to(&no)?;
    assert!(page.text.contains("PB2005"), "{}", page.text);
    assert_eq!(scene.tenant.session_stands(&session.id)?, ("failed".to_owned(), "PB2005".to_owned()));
    let review = walk.browser.open(&format!("{}/link/session/{}/review?connector={CONNECTOR}", scene.rig.host.base(), session.id))?;
    let away = walk.browser.authorise(&review, &[])?;
    let back = walk.browser.logins(&patchbay_it::leads(&away)?, &known, "", true)?;
    let last = walk.browser.return_to(&back)?;
    let stands = scene.tenant.get(&path(&session))?.json;
    assert_eq!((&stands["state"], &stands["reason"], &stands["verified"]), (&json!("authorised"), &Value::Null, &json!(false)));
    assert!(stands["authorised_at"].is_string() && stands["connection"].is_null(), "{stands}");
    let code = walk.code(&last)?;
    let made = scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    let stands = scene.tenant.get(&path(&session))?.json;
    assert_eq!((&stands["state"], &stands["connection"], &stands["verified"]), (&json!("done"), &made.json["id"], &json!(true)));
    assert_eq!((&stands["end_user"], &stands["connectors"]), (&json!(USER), &json!([CONNECTOR])));
    let text = scene.tenant.get(&path(&session))?.text();
    assert!(!text.contains(&code) && !text.contains("/link/"), "neither code nor link are told again: {text}");

    let forgotten = scene.one()?;
    scene.rig.advance(Duration::from_secs(30 * 60))?;
    assert_eq!(scene.state(&forgotten)?, "expired");
    assert_eq!(scene.tenant.get(&path(&session))?.text_at("/state")?, "done", "for ever");
    let other = scene.rig.tenant("B")?;
    assert_eq!(other.api.get(&path(&session))?.status, 404);

    // A session without a user, or without a way back, needs the check switched off.
    for (body, pointer) in [
        (json!({ "connector": CONNECTOR, "return_to": scene.return_to }), "/end_user"),
        (json!({ "connector": CONNECTOR, "end_user": USER }), "/return_to"),
        (json!({ "connectors": [CONNECTOR], "connector": CONNECTOR, "end_user": USER, "return_to": scene.return_to }), "/connectors"),
    ] {
        let refused = scene.tenant.api.post("/v1/connect-sessions", &body)?;
        assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (400, &json!(pointer)), "{}", refused.text());
    }
    Ok(())
}

#[test]
fn without_verification_the_connection_is_made_at_once_and_marked() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let session = scene.tenant.session(CONNECTOR, &json!({ "verification": "off" }))?;
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    assert!(last.form_named("finish").is_err(), "there is nowhere to go: {}", last.text);
    let stands = scene.tenant.get(&format!("/v1/connect-sessions/{}", session.id))?.json;
    assert_eq!((&stands["state"], &stands["verified"], &stands["verification"]), (&json!("done"), &json!(false), &json!("off")));
    let made = scene.tenant.made_by(&session.id)?;
    let connection = scene.tenant.get(&format!("/v1/connections/{made}"))?.json;
    assert_eq!((&connection["state"], &connection["verified"]), (&json!("active"), &json!(false)));
    let late = scene.tenant.complete(&session.id, &"A".repeat(43), USER)?;
    assert_eq!(late.status, 400, "there is nothing to complete: {}", late.text());

    // With a way back, the browser goes there without a code; and a verified login marks it anew.
    let body = json!({ "verification": "off", "return_to": scene.return_to });
    let mut walk = Walk::of(scene.tenant.session(CONNECTOR, &body)?, CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let left = walk.browser.finish(&last)?;
    assert_eq!((left.told("session"), left.told("code")), (Some(walk.session.id.clone()), None));
    let renewed = scene.tenant.connect_through(&scene.rig, &mut Walk::of(scene.one()?, CONNECTOR), "one")?;
    assert_eq!((&renewed["id"], &renewed["verified"]), (&json!(made), &json!(true)));
    Ok(())
}

/// The connector that reads account by account, with so many accounts.
fn by_account(scene: &Scene, accounts: u32) -> Result<()> {
    let mut variant = Variant::of_login("code-basic", &scene.rig.kind("code-basic")?.tables)?;
    "0.2.0".clone_into(&mut variant.manifest.version);
    variant.manifest.streams.iter_mut().for_each(|stream| stream.per_account = true);
    if let Some(config) = &mut variant.manifest.config {
        config.defaults["accounts"] = json!(accounts);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

#[test]
fn a_connection_whose_accounts_have_to_be_chosen_reads_nothing_before() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    by_account(&scene, 60)?;
    let made = scene.tenant.connect_through(&scene.rig, &mut Walk::of(scene.one()?, CONNECTOR), "one")?;
    assert_eq!((&made["state"], &made["account_count"]), (&json!("needs_setup"), &json!(60)));
    let connection = made["id"].as_str().unwrap_or_default();
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "action_required");
    // Another connection that is read from start to end shows that the first one had its chance.
    scene.rig.install_kind(&scene.rig.kind("key-header")?)?;
    let other = scene.tenant.connect_kind(&scene.rig, &scene.rig.kind("key-header")?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.runs(connection)?, Vec::<Value>::new());

    let account = |at: usize, member: &str| made["accounts"][at][member].as_str().unwrap_or_default().to_owned();
    let path = format!("/v1/connections/{connection}");
    scene.tenant.api.patch(&path, &json!({ "name": "Ours" }))?.expect(200)?;
    assert_eq!(scene.tenant.stands(connection)?.0, "needs_setup", "a name is no account");
    let changed = scene.tenant.api.patch(&path, &json!({ "accounts": { account(7, "id"): true } }))?.expect(200)?;
    assert_eq!(changed.text_at("/state")?, "active");
    scene.tenant.settled()?;
    let runs = scene.tenant.runs(connection)?;
    assert_eq!((runs.len(), &runs[0]["state"]), (1, &json!("done")), "{runs:?}");
    let feed = scene.tenant.feed(0)?;
    let read: Vec<&Value> = feed.iter().filter(|change| change["connection"] == json!(connection)).map(|change| &change["account"]).collect();
    assert_eq!(read, [&json!(account(7, "provider_id"))]);
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "active");
    Ok(())
}

#[test]
fn nothing_is_read_and_nothing_can_be_done_before_the_completion() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    by_account(&scene, 3)?;
    let mut walk = Walk::of(scene.one()?, CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let waiting = scene.tenant.connections()?.pop().unwrap_or_default();
    assert_eq!(scene.tenant.stands(&waiting)?.0, "pending");
    let path = format!("/v1/connections/{waiting}");
    let shown = scene.tenant.get(&path)?.json;
    assert_eq!((&shown["accounts"], &shown["verified"]), (&json!([]), &json!(false)), "{shown}");
    assert_eq!(scene.tenant.get(&format!("{path}/syncs"))?.array_at("/items")?, Vec::<Value>::new());
    let asked = scene.tenant.api.post(&format!("{path}/identify"), &json!({}))?;
    assert_eq!(asked.status, 409, "{}", asked.text());
    let push = json!({ "connection": waiting, "action": "exists", "key": "k", "payload": {} });
    let pushed = scene.tenant.api.post("/v1/pushes", &push)?;
    let state = pushed.json["state"].as_str().unwrap_or_default().to_owned();
    assert!(pushed.status >= 400 || state == "waiting", "{}", pushed.text());
    // Another connection that is read from start to end shows that this one had its chance.
    scene.rig.install_kind(&scene.rig.kind("key-header")?)?;
    let other = scene.tenant.connect_kind(&scene.rig, &scene.rig.kind("key-header")?)?;
    scene.tenant.first_run(&other)?;
    assert_eq!(scene.tenant.runs(&waiting)?, Vec::<Value>::new());
    let bearer = |scene: &Scene| {
        let entries = scene.rig.fakes.logins.journal.entries();
        entries.iter().filter(|entry| entry.path.starts_with("/api/bearer/")).count()
    };
    assert_eq!(bearer(&scene), 1, "it was asked whose it is, once");

    let code = walk.code(&last)?;
    let made = scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    assert_eq!((made.text_at("/id")?, made.text_at("/state")?.as_str()), (waiting.clone(), "active"));
    wait_until("the first runs", LIMIT, || Ok((scene.tenant.runs(&waiting)?.len() == 3).then_some(())))?;
    Ok(())
}
