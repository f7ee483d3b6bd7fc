//! S1: a malicious connector leads people to an honest provider with its own live `state` (mix-up, takeover
//! across connectors). A code must never come to another token address than the one that it was given for.

use patchbay_it::{Rig, RigSetup, Session, Tenant, Variant, Walk, leads};
use patchbay_test_support::{Browser, Page, Result, Trouble};
use serde_json::json;
use url::Url;

use super::{HONEST, refused, stranger, way_back};

const EVIL: &str = "patchbay.evil";
const EVIL_TABLES: &str = "[[auth]]\nid = \"login\"\nkind = \"oauth2\"\nlabel = \"Log in\"\n\
    [auth.authorize]\nurl = \"https://evil.example/evil/authorize\"\n\
    [auth.token]\nurl = \"https://evil.example/token\"\n\
    [[auth.scope]]\nname = \"read\"\nreason = \"To read.\"\n\
    [[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
    value = \"Bearer {access_token}\"\n\n\
    [[host]]\norigin = \"https://evil.example\"\npaths = [\"/api/\"]\nmethods = [\"GET\"]\nslots = [\"bearer\"]\n\
    reason = \"The attacker's server.\"\n\n\
    [config]\nschema = '{ \"type\": \"object\" }'\n\
    defaults = '{ \"ask\": { \"url\": \"https://evil.example/api/me\" } }'\n";

/// Whose registration, attempt or browser it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The malicious connector's, with the victim's tenant.
    Evil,
    /// The honest connector's, with the victim's tenant.
    Honest,
    /// The honest connector's of another tenant, which has a registration of its own.
    Other,
    /// Nobody's.
    Nobody,
}

struct Scene {
    rig: Rig,
    victim: Tenant,
    other: Tenant,
    /// Return addresses of both.
    back: [String; 2],
    honest: String,
    evil: String,
    others: String,
}

impl Scene {
    fn start() -> Result<Self> {
        let rig = RigSetup::default().start()?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        rig.install(Variant::of_login("evil", EVIL_TABLES)?.pack()?)?;
        let honest = rig.register_logins(HONEST)?;
        let evil = rig.register(EVIL, "evil-client", "evil-secret")?;
        let (victim, other) = (rig.tenant("victim")?, rig.tenant("other")?);
        let client = rig.fakes.logins.provider.client();
        let body = json!({ "client_id": client.id, "client_secret": client.secret });
        let put = rig.operator_of(&other).put(&format!("/v1/connectors/{HONEST}/oauth-client"), &body)?;
        let others = put.expect(200)?.text_at("/redirect_uri")?;
        rig.fakes.logins.provider.allow_redirect(&others);
        let back = [victim.return_address()?, other.return_address()?];
        Ok(Self { rig, victim, other, back, honest, evil, others })
    }

    fn path(&self, whose: Whose) -> String {
        match whose {
            Whose::Evil => self.evil.clone(),
            Whose::Honest => self.honest.clone(),
            Whose::Other => self.others.clone(),
            Whose::Nobody => format!("{}/oauth/callback/cli_00000000000000000000000000", self.rig.host.base()),
        }
    }

    fn walk(&self, whose: Whose) -> Result<Walk> {
        let made: (Session, &str) = match whose {
            Whose::Evil => (self.victim.user_session(EVIL, &self.back[0])?, EVIL),
            Whose::Other => (self.other.user_session(HONEST, &self.back[1])?, HONEST),
            Whose::Honest | Whose::Nobody => (self.victim.user_session(HONEST, &self.back[0])?, HONEST),
        };
        Ok(Walk::of(made.0, made.1))
    }

    /// Sets where the evil consent page leads people: to the honest provider, as the honest client, which sends
    /// them back to this address.
    fn lead_astray(&self, redirect: &str) -> Result<()> {
        let mut to = Url::parse(&format!("{}/oauth/authorize", self.rig.fakes.logins.plain))?;
        to.query_pairs_mut()
            .append_pair("client_id", &self.rig.fakes.logins.provider.client().id)
            .append_pair("redirect_uri", redirect)
            .append_pair("response_type", "code")
            .append_pair("scope", "read");
        self.rig.fakes.logins.provider.lead_astray(to.as_str());
        Ok(())
    }

    /// The victim begins with the evil connector and is led to the honest provider.
    fn led(&self, walk: &mut Walk) -> Result<String> {
        let evil = walk.away()?;
        leads(&walk.browser.open(&evil)?)
    }

    /// An honest code beside the state of somebody's attempt.
    fn begun(&self, whose: Whose) -> Result<(Walk, Page)> {
        let mut walk = self.walk(whose)?;
        let to = if whose == Whose::Evil { self.led(&mut walk)? } else { walk.away()? };
        let known = self.rig.fakes.logins.provider.credentials("one");
        let back = walk.browser.logins(&to, &known, "", true)?;
        Ok((walk, back))
    }

    /// No code of the honest provider is with the evil one.
    fn nothing_caught(&self) -> Result<()> {
        let caught = self.rig.fakes.logins.provider.caught();
        match caught.iter().flatten().find(|(_, value)| value.starts_with("code.")) {
            None => Ok(()),
            Some((name, _)) => Err(Trouble::new(format!("the evil provider was sent a code as {name}"))),
        }
    }

    fn connections(&self) -> Result<usize> {
        Ok(self.victim.connections()?.len() + self.other.connections()?.len())
    }
}

/// The same way back at the door of another registration.
fn at_door(back: &Page, door: &str) -> Result<Url> {
    let (mut to, door) = (way_back(back)?, Url::parse(door)?);
    to.set_path(door.path());
    Ok(to)
}

#[test]
fn a_code_beside_the_state_path_or_browser_of_somebody_else_is_exchanged_nowhere() -> Result<()> {
    let scene = Scene::start()?;
    scene.lead_astray(&scene.honest)?;
    // Somebody who has a session too, in a browser of their own.
    let (with_session, _) = scene.begun(Whose::Honest)?;
    let mut variants = 0;
    for state in [Whose::Evil, Whose::Honest, Whose::Other] {
        for path in [Whose::Evil, Whose::Honest, Whose::Other, Whose::Nobody] {
            for browser in ["the same", "another with a session", "a new one"] {
                if path == state && browser == "the same" {
                    continue;
                }
                let (mut walk, back) = scene.begun(state)?;
                let to = at_door(&back, &scene.path(path))?;
                let page = match browser {
                    "the same" => walk.browser.open(to.as_str())?,
                    "a new one" => stranger().open(to.as_str())?,
                    _ => with_session.tab().open(to.as_str())?,
                };
                let what = format!("state {state:?} at {path:?} in {browser}");
                refused(&page, &["PB2004", "PB2007"]).map_err(|error| Trouble::new(format!("{what}: {error}")))?;
                assert_eq!((scene.rig.exchanges(), scene.connections()?), (0, 0), "{what}");
                scene.nothing_caught()?;
                variants += 1;
            }
        }
    }
    assert_eq!(variants, 33);

    // The scene can tell: a code that is the evil connector's own goes to its address, and is seen there.
    let (mut walk, back) = scene.begun(Whose::Evil)?;
    let state = back.told("state").unwrap_or_default();
    walk.browser.open(&format!("{}?state={state}&code=code.of-its-own", scene.evil))?;
    assert!(scene.nothing_caught().is_err(), "{:?}", scene.rig.fakes.logins.provider.caught());
    Ok(())
}

#[test]
fn an_attempt_is_tied_to_what_it_was_begun_with_whatever_is_changed_meanwhile() -> Result<()> {
    let scene = Scene::start()?;
    scene.lead_astray(&scene.honest)?;
    let (rig, client) = (&scene.rig, scene.rig.fakes.logins.provider.client());
    let path = format!("/v1/connectors/{HONEST}/oauth-client");

    // A state that was given out twice over: begun again, the first one is dead.
    let (mut walk, first) = scene.begun(Whose::Honest)?;
    let session = walk.session.id.clone();
    let review = format!("{}/link/session/{session}/review?connector={HONEST}", rig.host.base());
    let again = walk.browser.open(&review)?;
    let second = walk.browser.authorise(&again, &[])?;
    assert_ne!(first.told("state"), second.told("state"));
    refused(&walk.browser.follow(&first)?, &["PB2004"])?;

    // Two states, of which one is right, in both orders.
    let (mut walk, back) = scene.begun(Whose::Honest)?;
    let (_, evil) = scene.begun(Whose::Evil)?;
    for order in [[&back, &evil], [&evil, &back]] {
        let states = order.map(|page| page.told("state").unwrap_or_default());
        let code = back.told("code").unwrap_or_default();
        let to = format!("{}?code={code}&state={}&state={}", scene.honest, states[0], states[1]);
        refused(&walk.browser.open(&to)?, &["PB2004"])?;
    }

    // The address of the callback, written in another way, leads nowhere else.
    for odd in ["/../", "/./", "%2f", "/x/"] {
        let door = scene.evil.replace("/oauth/callback/", &format!("/oauth/callback{odd}"));
        let mut to = way_back(&back)?;
        to.set_path(Url::parse(&door)?.path());
        let page = walk.browser.open(to.as_str())?;
        assert!((400..500).contains(&page.status), "{to}: {}", page.status);
    }
    // A form that a provider would post (`response_mode=form_post`) is not taken.
    let posted = walk.browser.forge("https://logins.example", &scene.honest, &[("state", "x"), ("code", "y")])?;
    assert!((400..500).contains(&posted.status), "{}", posted.status);

    // The honest provider sends nobody to the evil connector's address.
    scene.lead_astray(&scene.evil)?;
    let mut victim = scene.walk(Whose::Evil)?;
    let to = scene.led(&mut victim)?;
    let page = victim.browser.open(&to)?;
    assert_eq!((page.status, page.location()), (400, None), "{}", page.text);
    scene.lead_astray(&scene.honest)?;

    // A registration of the tenant's own, made meanwhile, is another door.
    let (mut walk, back) = scene.begun(Whose::Honest)?;
    let body = json!({ "client_id": client.id, "client_secret": client.secret });
    let own = rig.operator_of(&scene.victim).put(&path, &body)?.expect(200)?.text_at("/redirect_uri")?;
    assert_ne!(own, scene.honest);
    refused(&walk.browser.open(at_door(&back, &own)?.as_str())?, &["PB2007"])?;
    rig.operator_of(&scene.victim).delete(&path)?.expect(204)?;

    // So is one with another client id.
    let (mut walk, back) = scene.begun(Whose::Honest)?;
    let body = json!({ "client_id": "another", "client_secret": "another-secret" });
    let another = rig.operator.put(&path, &body)?.expect(200)?.text_at("/redirect_uri")?;
    assert_ne!(another, scene.honest);
    refused(&walk.browser.open(at_door(&back, &another)?.as_str())?, &["PB2007"])?;
    assert_eq!((rig.exchanges(), scene.connections()?), (0, 0));
    scene.nothing_caught()
}

#[test]
fn a_release_that_names_another_token_address_does_not_get_the_code_of_a_login_that_is_under_way() -> Result<()> {
    let scene = Scene::start()?;
    let (mut walk, back) = scene.begun(Whose::Honest)?;
    let kind = scene.rig.kind("code-basic")?;
    let tables = kind.tables.replace("https://logins.example/oauth/token", "https://evil.example/token");
    let mut evil = Variant::of_login(kind.name, &tables)?;
    "0.2.0".clone_into(&mut evil.manifest.version);
    let posted = scene.rig.post(evil.pack()?)?.expect(201)?;
    assert_ne!(posted.text_at("/release/state")?, "active", "a new token address asks the operator: {}", posted.text());
    let release = posted.text_at("/release/id")?;
    scene.rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;

    let last = walk.browser.return_to(&back)?;
    let code = walk.code(&last)?;
    assert_eq!(scene.rig.exchanges(), 1, "the code went where the login was begun");
    scene.nothing_caught()?;
    scene.victim.complete(&walk.session.id, &code, patchbay_it::USER)?.expect(200)?;
    scene.nothing_caught()
}

#[test]
fn a_session_begins_nothing_but_what_it_was_made_for() -> Result<()> {
    let scene = Scene::start()?;
    let kind = scene.rig.kind("code-basic")?;
    // A second way to log in, whose consent page is the attacker's.
    let (first, rest) = kind.tables.split_once("[[host]]").unwrap_or_default();
    let second = first.replace("id = \"login\"", "id = \"other\"").replace("/oauth/authorize", "/evil/authorize");
    let mut two = Variant::of_login(kind.name, &format!("{first}{second}[[host]]{rest}"))?;
    "0.3.0".clone_into(&mut two.manifest.version);
    let posted = scene.rig.post(two.pack()?)?.expect(201)?;
    let release = posted.text_at("/release/id")?;
    if posted.text_at("/release/state")? != "active" {
        scene.rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;
    }
    let body = json!({ "end_user": "u", "return_to": scene.back[0], "auth": "login" });
    let session = scene.victim.session(HONEST, &body)?;
    let mut browser = Browser::default();
    let review = browser.review(&session.url, HONEST)?;
    let base = format!("{}/link/session/{}/review", scene.rig.host.base(), session.id);
    for query in
        [format!("connector={EVIL}"), format!("connector={HONEST}&auth=other"), format!("connector={EVIL}&auth=login")]
    {
        let address = format!("{base}?{query}");
        refused(&browser.open(&address)?, &["PB2011"])?;
        let mut form = review.form_named("login")?;
        form.action.clone_from(&address);
        let sent = browser.submit(&review, &form, &[])?;
        assert_eq!(sent.location(), None, "{query}: {}", sent.text);
    }
    scene.nothing_caught()
}
