//! Logging in at the provider: there and back once, in one browser; refreshed once; lost with a word.

use std::time::Duration;

use patchbay_it::Rig;
use patchbay_test_support::{Browser, Result, wait_until};
use serde_json::{Value, json};

const CONNECTOR: &str = "patchbay.silverfin";
/// Life of an access token that a test can wait for.
pub(crate) const SHORT: Duration = Duration::from_secs(3);

/// Registers the fake's client at the host, and the host's address at the fake.
pub(crate) fn register(rig: &Rig) -> Result<()> {
    let client = rig.fakes.silverfin.provider.client();
    let body = json!({"client_id": client.id, "client_secret": client.secret});
    let registered = rig.operator.put(&format!("/v1/connectors/{CONNECTOR}/oauth-client"), &body)?.expect(200)?;
    rig.fakes.silverfin.provider.allow_redirect(&registered.text_at("/redirect_uri")?);
    Ok(())
}

/// Waits until the provider takes the newest access token no more; those after it live long.
pub(crate) fn wait_for_its_end(rig: &Rig) -> Result<()> {
    let provider = &rig.fakes.silverfin.provider;
    provider.set_access_life(Duration::from_secs(7_200));
    wait_until("the end of the access token", Duration::from_secs(30), || {
        Ok(provider.pairs().last().is_some_and(|pair| !pair.access_good).then_some(()))
    })
}

/// A host with Silverfin installed and registered.
fn scene() -> Result<Rig> {
    let rig = Rig::start()?;
    rig.install_connectors(&["silverfin"])?;
    register(&rig)?;
    Ok(rig)
}

/// Path, status and refusal of each request to the token address.
fn exchanges(rig: &Rig) -> Vec<(Value, Option<u16>)> {
    let entries = rig.fakes.silverfin.journal.entries();
    let exchanges = entries.iter().filter(|entry| entry.path.ends_with("/oauth/token"));
    let grant = |body: &Option<Value>| body.as_ref().map(|body| body["grant_type"].clone()).unwrap_or_default();
    exchanges.map(|entry| (grant(&entry.body), entry.status)).collect()
}

#[test]
fn a_login_leads_to_a_connection_whose_data_is_read() -> Result<()> {
    let rig = scene()?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_silverfin(&rig)?;
    tenant.settled()?;
    let runs = tenant.runs(&connection)?;
    assert_eq!(runs.len(), 4, "one of each stream");
    assert!(runs.iter().all(|run| run["state"] == json!("done")), "{runs:?}");
    let companies = rig.fakes.silverfin.provider.records("company").len();
    let stored = patchbay_it::items(&tenant.api, &format!("/v1/connections/{connection}/records/companies"))?;
    assert_eq!((stored.len(), companies > 10), (companies, true));
    assert_eq!(tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "active");
    Ok(())
}

#[test]
fn a_login_comes_back_once() -> Result<()> {
    let rig = scene()?;
    let tenant = rig.tenant("A")?;
    let (session, address) = tenant.silverfin_session()?;
    let mut browser = Browser::default();
    let back = tenant.log_in(&rig, &mut browser, &address, true)?;
    assert_eq!(browser.return_to(&back)?.status, 200);
    let exchanged = exchanges(&rig).len();

    let again = browser.follow(&back)?;
    assert_eq!(again.status, 400, "{}", again.text);
    assert!(again.text.contains("PB2004"), "{}", again.text);
    let opened = browser.open(&address)?;
    let page = browser.settle_at(opened, &[&rig.host.base()])?;
    assert!(
        page.forms().is_empty(),
        "the browser that was there sees that it is done, and begins nothing: {}",
        page.text
    );
    let page = Browser::default().open(&address)?;
    assert_eq!((page.status, page.text.contains("PB2011")), (400, true), "{}", page.text);
    assert_eq!(exchanges(&rig).len(), exchanged, "the code went to the provider once");
    assert_eq!(tenant.get("/v1/connections")?.array_at("/items")?.len(), 1);
    assert_eq!(tenant.get(&format!("/v1/connect-sessions/{session}"))?.text_at("/state")?, "done");
    Ok(())
}

#[test]
fn a_login_comes_back_only_in_the_browser_that_began_it_and_only_whole() -> Result<()> {
    let rig = scene()?;
    let tenant = rig.tenant("A")?;
    let (session, address) = tenant.silverfin_session()?;
    let mut browser = Browser::default();

    // In another browser.
    let back = tenant.log_in(&rig, &mut browser, &address, true)?;
    let mut other = Browser::default();
    let refused = other.follow(&back)?;
    assert_eq!((refused.status, refused.text.contains("PB2004")), (400, true), "{}", refused.text);

    // At the door of another registration.
    let back = tenant.log_in(&rig, &mut browser, &address, true)?;
    let mut to = back.location().expect("the way back");
    to.set_path("/oauth/callback/cli_00000000000000000000000000");
    let refused = browser.open(to.as_str())?;
    assert_eq!(refused.status, 400, "{}", refused.text);

    // With a state that nobody gave, and with none.
    let (mut invented, mut bare) = (back.location().expect("the way back"), back.location().expect("the way back"));
    invented.set_query(Some("code=x&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&authorized_firm_id=13827"));
    bare.set_query(None);
    for wrong in [invented, bare] {
        let refused = browser.open(wrong.as_str())?;
        assert_eq!((refused.status, refused.text.contains("PB2004")), (400, true), "{wrong}: {}", refused.text);
    }
    assert_eq!(exchanges(&rig), [], "no code went to the provider");
    assert_eq!(tenant.get("/v1/connections")?.array_at("/items")?.len(), 0);

    // The person may begin once more.
    let back = tenant.log_in(&rig, &mut browser, &address, true)?;
    assert_eq!(browser.return_to(&back)?.status, 200);
    assert_eq!(tenant.get(&format!("/v1/connect-sessions/{session}"))?.text_at("/state")?, "done");
    Ok(())
}

#[test]
fn a_refused_consent_is_said_on_the_page_and_in_the_session() -> Result<()> {
    let rig = scene()?;
    let tenant = rig.tenant("A")?;
    let (session, address) = tenant.silverfin_session()?;
    let mut browser = Browser::default();
    let back = tenant.log_in(&rig, &mut browser, &address, false)?;
    let refused = browser.follow(&back)?;
    assert_eq!((refused.status, refused.text.contains("PB2005")), (400, true), "{}", refused.text);
    let stands = tenant.get(&format!("/v1/connect-sessions/{session}"))?;
    assert_eq!((stands.text_at("/state")?, stands.text_at("/reason/code")?), ("failed".into(), "PB2005".into()));
    assert_eq!(tenant.get("/v1/connections")?.array_at("/items")?.len(), 0);
    assert_eq!(tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "connect");

    let back = tenant.log_in(&rig, &mut browser, &address, true)?;
    assert_eq!(browser.return_to(&back)?.status, 200, "a change of mind needs no new session");
    Ok(())
}

#[test]
fn runs_that_find_the_token_ended_refresh_it_once_together() -> Result<()> {
    let rig = scene()?;
    rig.fakes.silverfin.provider.set_access_life(SHORT);
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_silverfin(&rig)?;
    tenant.settled()?;
    wait_for_its_end(&rig)?;
    let before = exchanges(&rig).len();
    for run in tenant.run_all(&connection)? {
        let run = tenant.ended(&run)?;
        assert_eq!(run["state"], json!("done"), "{run}");
    }
    assert_eq!(exchanges(&rig)[before..], [(json!("refresh_token"), Some(200))]);
    let pairs = rig.fakes.silverfin.provider.pairs();
    assert!(pairs.last().is_some_and(|pair| pair.used && pair.refresh_good), "{pairs:?}");
    Ok(())
}

#[test]
fn a_consent_that_was_taken_back_asks_for_action_until_the_account_is_connected_again() -> Result<()> {
    let rig = scene()?;
    rig.fakes.silverfin.provider.set_access_life(SHORT);
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_silverfin(&rig)?;
    tenant.settled()?;
    wait_for_its_end(&rig)?;
    rig.fakes.silverfin.provider.revoke_all();
    let sync = tenant.sync(&connection, "companies")?;
    let run = tenant.ended(&tenant.run(&sync)?)?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB2002")), "{run}");
    let path = format!("/v1/connections/{connection}");
    let broken = tenant.get(&path)?;
    assert_eq!((broken.text_at("/state")?, broken.text_at("/reason/code")?), ("broken".into(), "PB2002".into()));
    let card = format!("/v1/catalog/{CONNECTOR}");
    assert_eq!(tenant.get(&card)?.text_at("/status")?, "action_required");
    let feed = tenant.feed(0)?;
    assert!(!feed.is_empty(), "what was read stays");

    assert_eq!(tenant.connect_silverfin(&rig)?, connection, "the account is known: its connection is renewed");
    assert_eq!(tenant.get(&path)?.text_at("/state")?, "active");
    tenant.settled()?;
    assert_eq!(tenant.get(&card)?.text_at("/status")?, "active");
    let runs = tenant.runs(&connection)?;
    assert_eq!(runs[0]["state"], json!("done"), "it is read again by itself: {runs:?}");
    assert_eq!(tenant.feed(0)?.len(), feed.len());
    Ok(())
}
