//! One person in one browser on the way through one session, step by step, over the fake of all logins: for
//! tests that meddle between two steps.

use patchbay_test_support::{Browser, Page, Result, Trouble};
use serde_json::{Value, json};

use crate::{Kind, Rig, Session, Tenant, kinds};

/// The host's name in a browser.
pub const HERE: &str = "127.0.0.1";
/// The cookie that binds a session to its browser.
pub const COOKIE: &str = "__Host-patchbay-login";
/// Whom the sessions of [`Tenant::user_session`] are made for.
pub const USER: &str = "user-4711";

/// A browser and the session that it goes through.
pub struct Walk {
    /// Whose cookies these are.
    pub browser: Browser,
    /// The session.
    pub session: Session,
    connector: String,
}

impl Walk {
    /// A browser that has seen nothing yet.
    #[must_use]
    pub fn of(session: Session, connector: &str) -> Self {
        Self { browser: Browser::default(), session, connector: connector.to_owned() }
    }

    /// Through the review of the host's own pages; the provider's address.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn away(&mut self) -> Result<String> {
        let page = self.browser.link(&self.session.url, &self.connector, &[])?;
        leads(&page)
    }

    /// Logs in at the fake of all logins and allows it; the page that leads to the callback, which was not
    /// opened yet.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn allow(&mut self, rig: &Rig, account: &str) -> Result<Page> {
        let to = self.away()?;
        self.browser.logins(&to, &rig.fakes.logins.provider.credentials(account), "", true)
    }

    /// As [`Walk::allow`], and opens the callback; the host's last page.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn authorise(&mut self, rig: &Rig, account: &str) -> Result<Page> {
        let back = self.allow(rig, account)?;
        self.browser.return_to(&back)
    }

    /// Presses the button of the last page; the completion code.
    ///
    /// # Errors
    ///
    /// There is no button, or no code.
    pub fn code(&mut self, last: &Page) -> Result<String> {
        let left = self.browser.finish(last)?;
        left.told("code").ok_or_else(|| Trouble::new(format!("no code: {:?}", left.location())))
    }

    /// Another browser with the same cookie: one more tab, which asks at the same time.
    #[must_use]
    pub fn tab(&self) -> Browser {
        let mut tab = Browser::default();
        if let Some(cookie) = self.browser.cookie(HERE, COOKIE) {
            tab.plant(HERE, COOKIE, cookie);
        }
        tab
    }
}

impl Tenant {
    /// Makes a session for [`USER`] that comes back to this registered address.
    ///
    /// # Errors
    ///
    /// It was not made.
    pub fn user_session(&self, connector: &str, return_to: &str) -> Result<Session> {
        self.session(connector, &json!({ "end_user": USER, "return_to": return_to }))
    }

    /// How a session stands: `state`, and the code of its reason.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn session_stands(&self, session: &str) -> Result<(String, String)> {
        let answer = self.get(&format!("/v1/connect-sessions/{session}"))?;
        let code = answer.json.pointer("/reason/code").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((answer.text_at("/state")?, code))
    }

    /// How a connection stands: `state`, and the code of its reason.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn stands(&self, connection: &str) -> Result<(String, String)> {
        let answer = self.get(&format!("/v1/connections/{connection}"))?;
        let code = answer.json.pointer("/reason/code").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((answer.text_at("/state")?, code))
    }

    /// The ids of all connections.
    ///
    /// # Errors
    ///
    /// There is no list.
    pub fn connections(&self) -> Result<Vec<String>> {
        let items = crate::items(&self.api, "/v1/connections")?;
        Ok(items.iter().filter_map(|item| item.get("id")?.as_str().map(str::to_owned)).collect())
    }

    /// Connects through a link from its beginning to its completion; the answer of the completion.
    ///
    /// # Errors
    ///
    /// A step is refused.
    pub fn connect_through(&self, rig: &Rig, walk: &mut Walk, account: &str) -> Result<Value> {
        let last = walk.authorise(rig, account)?;
        let code = walk.code(&last)?;
        Ok(self.complete(&walk.session.id, &code, USER)?.expect(200)?.json)
    }

    /// The audit lines about a subject, oldest first: action and actor.
    ///
    /// # Errors
    ///
    /// There is no such page.
    pub fn audit_about(&self, subject: &str) -> Result<Vec<(String, String)>> {
        let page = self.get(&format!("/v1/audit?subject={subject}&limit=200"))?;
        let text = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let lines = page.array_at("/items")?;
        Ok(lines.iter().rev().map(|line| (text(line, "action"), text(line, "actor"))).collect())
    }
}

impl Rig {
    /// The kind of login of this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn kind(&self, name: &str) -> Result<Kind> {
        let found = kinds(&self.fakes.logins.provider).into_iter().find(|kind| kind.name == name);
        found.ok_or_else(|| Trouble::new(format!("there is no kind of login {name}")))
    }

    /// How many codes were exchanged at the fake of all logins, refused ones too.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.calls_of("authorization_code")
    }

    /// How many calls of this grant came to the fake of all logins.
    #[must_use]
    pub fn calls_of(&self, grant: &str) -> usize {
        self.fakes.logins.provider.calls().iter().filter(|call| call.grant == grant).count()
    }

    /// Registers the fake's client for a connector, and the address at the fake; the address.
    ///
    /// # Errors
    ///
    /// It was not registered.
    pub fn register_logins(&self, connector: &str) -> Result<String> {
        let client = self.fakes.logins.provider.client();
        let redirect = self.register(connector, &client.id, &client.secret)?;
        self.fakes.logins.provider.allow_redirect(&redirect);
        Ok(redirect)
    }
}

/// Where a page leads.
///
/// # Errors
///
/// It leads nowhere.
pub fn leads(page: &Page) -> Result<String> {
    let to = page.location().map(String::from);
    to.ok_or_else(|| Trouble::new(format!("{} leads nowhere: {} {}", page.url, page.status, page.text)))
}
