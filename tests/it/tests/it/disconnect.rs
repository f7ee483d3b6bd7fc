//! **Who closes the tab stops nothing half-way** (trust.md, section 3, row 3; K6): a client goes away at any
//! byte of a callback, of the form, of the last button, of the completion. Afterwards the session is one that
//! can be gone on with, and every token that the provider gave is stored or given back.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use patchbay_it::{COOKIE, Database, HERE, Rig, Session, Tenant, USER, Walk, items, leads};
use patchbay_test_support::{
    Browser, Dice, Page, Result, Trouble,
    fakes::{Act, Rule, logins::TokenKind},
    wait_until,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::soak::Soak;

const OAUTH: &str = "patchbay.code-basic";
const FORM: &str = "patchbay.session";
const LIMIT: Duration = Duration::from_secs(30);
/// How long the provider takes for each step, milliseconds.
const PROVIDER: u64 = 15;
/// As long as the host may need for all of it.
const PATIENCE: u64 = 120;

struct Scene {
    rig: Rig,
    tenant: Tenant,
    return_to: String,
    dice: Dice,
    /// Requests that were abandoned, by what they were.
    abandoned: Vec<&'static str>,
    /// What became of callbacks and completions that were abandoned.
    met: Vec<&'static str>,
    /// Logins at the provider in whose place another one stands: they end on delete only, and with their own
    /// token only.
    replaced: usize,
}

/// So many clients that go away.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let rig = Rig::start()?;
    for kind in ["session", "code-basic"] {
        rig.install_kind(&rig.kind(kind)?)?;
    }
    for (method, path) in [("POST", "/oauth/token"), ("POST", "/session"), ("GET", "/api/")] {
        rig.fakes.logins.script.add(Rule::on(method, path, Act::Delay { ms: PROVIDER }).times(0));
    }
    let tenant = rig.tenant("A")?;
    let return_to = tenant.return_address()?;
    let mut scene = Scene {
        rig,
        tenant,
        return_to,
        dice: Dice::of(soak.seed),
        abandoned: Vec::new(),
        met: Vec::new(),
        replaced: 0,
    };
    for round in 0..soak.rounds {
        let told = |error: Trouble| Trouble::new(format!("seed {}, round {round}: {error}", soak.seed));
        scene.round(round).map_err(told)?;
    }
    let counted = ["callback", "form", "finish", "completion"].map(|what| (what, &scene.abandoned));
    let met =
        ["unseen", "finished without its browser", "completed without its backend"].map(|what| (what, &scene.met));
    for (what, seen) in counted.into_iter().chain(met) {
        let count = seen.iter().filter(|one| **one == what).count();
        println!("{what}: {count}");
        assert!(count > 0 || soak.rounds < 50, "no {what}: that proves nothing");
        let wanted = if what == "callback" { soak.rounds * 5 / 9 } else { 0 };
        assert!(count as u64 >= wanted || soak.rounds < 50, "only {count} of {wanted} times in a {what}");
    }
    scene.nothing_is_left()
}

impl Scene {
    /// One person, who hangs up once or twice on the way and comes back.
    fn round(&mut self, round: u64) -> Result<()> {
        let oauth = self.dice.below(3) > 0;
        let known = self.connections()?;
        let session = self.tenant.user_session(walk_of(oauth), &self.return_to)?;
        let mut walk = Walk::of(session.clone(), walk_of(oauth));
        if oauth {
            self.by_callback(&mut walk)?
        } else {
            self.by_form(&mut walk)?
        };
        self.authorised(&session)?;
        let connection = self.confirm(&mut walk)?;

        let mut expected = known;
        self.replaced += usize::from(oauth && expected.iter().any(|(_, id, _)| *id == connection));
        expected.retain(|(of, ..)| *of != walk_of(oauth));
        expected.push((walk_of(oauth).to_owned(), connection.clone(), "active".to_owned()));
        expected.sort();
        assert_eq!(self.connections()?, expected, "round {round}: one for each business account, and none half made");
        let used = self.tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))?;
        used.expect(200)?;
        // A connection that is sometimes renewed and sometimes new.
        if self.dice.below(2) == 0 {
            let gone = self.tenant.api.delete(&format!("/v1/connections/{connection}"))?;
            gone.expect(204)?;
        }
        Ok(())
    }

    /// Connector, id and state of each connection.
    fn connections(&self) -> Result<Vec<(String, String, String)>> {
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let items = items(&self.tenant.api, "/v1/connections")?;
        let mut all: Vec<_> =
            items.iter().map(|item| (text(item, "connector"), text(item, "id"), text(item, "state"))).collect();
        all.sort();
        Ok(all)
    }

    /// The callback is abandoned, and then loaded again as a person does who sees nothing.
    fn by_callback(&mut self, walk: &mut Walk) -> Result<()> {
        let before = self.rig.exchanges();
        let back = walk.allow(&self.rig, "one")?;
        let address = back.location().ok_or_else(|| Trouble::new("no callback"))?;
        self.hang_up("callback", &request("GET", &address, &walk.browser, None))?;
        let again = walk.browser.follow(&back)?;
        match again.status {
            // The host had not seen the whole of the first one.
            303 => self.met.push("unseen"),
            // It has, and goes on with it.
            400 => {
                assert!(again.text.contains("PB2004"), "{}", again.text);
                self.met.push("finished without its browser");
            }
            other => panic!("{other}: {}", again.text),
        }
        self.authorised(&walk.session)?;
        assert_eq!(self.rig.exchanges(), before + 1, "a code is exchanged once");
        let third = walk.browser.follow(&back)?;
        assert_eq!((third.status, third.text.contains("PB2004")), (400, true), "{}", third.text);
        assert_eq!(self.rig.exchanges(), before + 1, "no attempt is used twice");
        if self.dice.below(4) == 0 {
            // The person goes back and logs in once more: what waited is given back.
            let journey = self.journey(walk)?;
            let review = walk.browser.open(&format!("{}/review?connector={OAUTH}", journey.url))?;
            let away = walk.browser.authorise(&review, &[])?;
            let known = self.rig.fakes.logins.provider.credentials("one");
            let back = walk.browser.logins(&leads(&away)?, &known, "", true)?;
            walk.browser.return_to(&back)?;
        }
        Ok(())
    }

    /// The form is abandoned, and sent again where it did not get through.
    fn by_form(&mut self, walk: &mut Walk) -> Result<()> {
        let known = self.rig.fakes.logins.provider.credentials("one");
        let typed = [("user", &*known.user), ("password", &*known.password), ("database", &*known.database)];
        let review = walk.browser.review(&walk.session.url, FORM)?;
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
        let form = ("application/x-www-form-urlencoded", body.as_str());
        self.hang_up("form", &request("POST", &review.url, &walk.browser, Some(form)))?;
        if self.tenant.session_stands(&walk.session.id)?.0 != "authorised" {
            walk.browser.authorise(&review, &typed)?;
        }
        Ok(())
    }

    /// The button is pressed and abandoned, or not; the completion is sent and abandoned, or not. In the end
    /// there is a connection.
    fn confirm(&mut self, walk: &mut Walk) -> Result<String> {
        let id = walk.session.id.clone();
        for _ in 0..4 {
            let last = self.journey(walk)?;
            if last.form_named("finish").is_err() {
                return Err(Trouble::new(format!("no button: {} {}", last.status, last.text)));
            }
            let finish = last.url.join(&last.form_named("finish")?.action)?;
            if self.dice.below(2) == 0 {
                self.hang_up(
                    "finish",
                    &request("POST", &finish, &walk.browser, Some(("application/x-www-form-urlencoded", ""))),
                )?;
            }
            let code = walk.code(&last)?;
            if self.dice.below(2) == 0 {
                let to = Url::parse(&format!("{}/v1/connect-sessions/{id}/complete", self.rig.host.base()))?;
                let body = json!({ "code": code, "end_user": USER }).to_string();
                let bytes = with_key(&to, &self.tenant.key, &body);
                self.hang_up("completion", &bytes)?;
            }
            let answer = self.tenant.complete(&id, &code, USER)?;
            match answer.status {
                200 => break,
                // The one that was abandoned had it, or a form that was sent twice has come in between.
                _ if answer.text_at("/code")? == "PB2016" => {
                    let done = wait_until("the completion", Duration::from_secs(2), || {
                        Ok((self.tenant.session_stands(&id)?.0 == "done").then_some(()))
                    });
                    if done.is_ok() {
                        self.met.push("completed without its backend");
                        break;
                    }
                }
                _ => return Err(Trouble::new(answer.text())),
            }
        }
        assert_eq!(self.tenant.session_stands(&id)?.0, "done");
        self.tenant.made_by(&id)
    }

    fn journey(&self, walk: &mut Walk) -> Result<Page> {
        walk.browser.open(&format!("{}/link/session/{}", self.rig.host.base(), walk.session.id))
    }

    fn authorised(&self, session: &Session) -> Result<()> {
        let mut last = (String::new(), String::new());
        let came = wait_until("the authorisation", LIMIT, || {
            last = self.tenant.session_stands(&session.id)?;
            Ok((last.0 == "authorised").then_some(()))
        });
        came.map_err(|error| Trouble::new(format!("{error}; it is {last:?}")))
    }

    /// Sends a request, or a part of it, and goes away: at once, after a while, after some bytes of the answer.
    fn hang_up(&mut self, what: &'static str, bytes: &[u8]) -> Result<()> {
        self.abandoned.push(what);
        let mut stream = TcpStream::connect(self.rig.host.address())?;
        let length = u64::try_from(bytes.len())?;
        let (sent, patience, read) = match self.dice.below(4) {
            0 => (self.dice.below(length), 0, 0),
            1 => (length, 0, 0),
            2 => (length, self.dice.below(PATIENCE), 1),
            _ => (length, 10_000, 1 + self.dice.below(200)),
        };
        let sent = bytes.get(..usize::try_from(sent)?).unwrap_or_default();
        stream.write_all(sent)?;
        if patience > 0 {
            // Waiting for an answer that it then does not want, or not all of it.
            stream.set_read_timeout(Some(Duration::from_millis(patience)))?;
            drop(stream.read_exact(&mut vec![0; usize::try_from(read)?]));
        }
        Ok(())
    }

    /// After the last connection is deleted: no token that the provider would take, no row that waits.
    fn nothing_is_left(&mut self) -> Result<()> {
        for connection in self.tenant.connections()? {
            self.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
        }
        let mut database = Database::open(&self.rig.host.data_dir().join("patchbay.db"))?;
        wait_until("the last revocation", LIMIT, || {
            Ok((database.value("SELECT count(*) FROM revocations", &[])? == json!(0)).then_some(()))
        })?;
        for (what, rows) in [
            ("pending authorisations", "pending_authorisations"),
            ("pending connections", "connections WHERE state = 'pending'"),
            ("credentials", "credentials"),
            ("attempts", "attempts"),
        ] {
            let left = database.value(&format!("SELECT count(*) FROM {rows}"), &[])?;
            assert_eq!(left, json!(0), "{what}");
        }
        let tokens = self.rig.fakes.logins.provider.tokens();
        let good = tokens.iter().filter(|token| token.kind == TokenKind::Refresh && token.good).count();
        assert_eq!(good, self.replaced, "every other token was given back");
        println!("{} logins, {good} of them replaced by a later one", self.rig.exchanges());
        Ok(())
    }
}

fn walk_of(oauth: bool) -> &'static str {
    if oauth { OAUTH } else { FORM }
}

/// A request of this browser, as bytes.
fn request(method: &str, to: &Url, browser: &Browser, body: Option<(&str, &str)>) -> Vec<u8> {
    let cookie = browser.cookie(HERE, COOKIE).map(|value| format!("cookie: {COOKIE}={value}\r\n")).unwrap_or_default();
    let origin = to.origin().ascii_serialization();
    let more = body.map(|(kind, _)| format!("origin: {origin}\r\ncontent-type: {kind}\r\n")).unwrap_or_default();
    bytes(method, to, &format!("{cookie}{more}"), body.map(|(_, text)| text))
}

/// A request of the tenant's backend.
fn with_key(to: &Url, key: &str, body: &str) -> Vec<u8> {
    bytes("POST", to, &format!("authorization: Bearer {key}\r\ncontent-type: application/json\r\n"), Some(body))
}

fn bytes(method: &str, to: &Url, headers: &str, body: Option<&str>) -> Vec<u8> {
    let query = to.query().map(|query| format!("?{query}")).unwrap_or_default();
    let length = body.map(|body| format!("content-length: {}\r\n", body.len())).unwrap_or_default();
    let host = to.authority();
    let body = body.unwrap_or_default();
    format!("{method} {}{query} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n{headers}{length}\r\n{body}", to.path())
        .into_bytes()
}
