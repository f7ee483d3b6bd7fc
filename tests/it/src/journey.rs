//! A connect session from both ends: the tenant's backend that makes and completes it, and the person in
//! whose browser it is walked ([`Browser::link`]).

use patchbay_test_support::{Answer, Browser, OidcProvider, Page, Result, Trouble};
use serde_json::{Value, json};

use crate::{Enter, Kind, Rig, Tenant, Variant, login_manifest};

/// Where tests register their return address; nothing listens there, and no test opens it.
pub const RETURN: &str = "https://app.example/back";

/// A session that was just made.
#[derive(Debug, Clone)]
pub struct Session {
    /// `ses_…`
    pub id: String,
    /// What the end user opens.
    pub url: String,
}

impl Tenant {
    /// Makes a session; `more` are members besides `connector`: `{"verification": "off"}`, or `end_user` and
    /// `return_to`.
    ///
    /// # Errors
    ///
    /// It was not made.
    pub fn session(&self, connector: &str, more: &Value) -> Result<Session> {
        let mut body = more.clone();
        if let Some(members) = body.as_object_mut() {
            members.insert("connector".to_owned(), json!(connector));
        }
        let made = self.api.post("/v1/connect-sessions", &body)?.expect(201)?;
        Ok(Session { id: made.text_at("/id")?, url: made.text_at("/url")? })
    }

    /// Registers [`RETURN`]; its id.
    ///
    /// # Errors
    ///
    /// It was not registered.
    pub fn return_address(&self) -> Result<String> {
        let body = json!({ "name": "App", "address": RETURN });
        self.api.post("/v1/return-addresses", &body)?.expect(201)?.text_at("/id")
    }

    /// Makes a session that the backend has to complete for this end user.
    ///
    /// # Errors
    ///
    /// It was not made.
    pub fn verified_session(&self, connector: &str, end_user: &str) -> Result<Session> {
        let return_to = self.return_address()?;
        self.session(connector, &json!({ "end_user": end_user, "return_to": return_to }))
    }

    /// What the backend says about the browser that came back; the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn complete(&self, session: &str, code: &str, end_user: &str) -> Result<Answer> {
        let body = json!({ "code": code, "end_user": end_user });
        self.api.post(&format!("/v1/connect-sessions/{session}/complete"), &body)
    }

    /// The connection that a session made.
    ///
    /// # Errors
    ///
    /// It made none.
    pub fn made_by(&self, session: &str) -> Result<String> {
        self.get(&format!("/v1/connect-sessions/{session}"))?.text_at("/connection")
    }

    /// Connects a kind of login in one go, without verification; the connection.
    ///
    /// # Errors
    ///
    /// It is not connected; the text shows the page or answer that came instead.
    pub fn connect_kind(&self, rig: &Rig, kind: &Kind) -> Result<String> {
        let connector = format!("patchbay.{}", kind.name);
        let (fields, region) = match &kind.enter {
            Enter::Fields(fields) => {
                let body = json!({ "connector": connector, "fields": fields });
                return self.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id");
            }
            Enter::Consent { fields, region } => (fields, *region),
        };
        let session = self.session(&connector, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, &connector, &typed(fields))?;
        let to = leads(&away)?;
        let back = browser.logins(&to, &rig.fakes.logins.provider.credentials("one"), region, true)?;
        browser.return_to(&back)?;
        self.made_by(&session.id)
    }

    /// Connects the certified OpenID provider ([`Rig::install_oidc`]) as this person, without verification; the
    /// connection.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_oidc(&self, rig: &Rig, login: &str) -> Result<String> {
        let session = self.session("patchbay.oidc", &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let back = self.to_oidc_and_back(rig.oidc()?, &mut browser, &session, login)?;
        browser.return_to(&back)?;
        self.made_by(&session.id)
    }

    /// Walks a session to the OpenID provider and through its pages; the page that leads to the callback, which
    /// was not opened yet.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn to_oidc_and_back(
        &self,
        provider: &OidcProvider,
        browser: &mut Browser,
        session: &Session,
        login: &str,
    ) -> Result<Page> {
        let away = browser.link(&session.url, "patchbay.oidc", &[])?;
        browser.oidc(&leads(&away)?, login, &provider.password(login), true)
    }
}

impl Rig {
    /// Registers an OAuth client for the deployment; the address that the provider has to allow.
    ///
    /// # Errors
    ///
    /// It was not registered.
    pub fn register(&self, connector: &str, id: &str, secret: &str) -> Result<String> {
        let body = json!({ "client_id": id, "client_secret": secret });
        let put = self.operator.put(&format!("/v1/connectors/{connector}/oauth-client"), &body)?;
        put.expect(200)?.text_at("/redirect_uri")
    }

    /// Makes a kind of login ready: the fake behaves so, the connector is installed, its client registered, the
    /// customer's origin granted.
    ///
    /// # Errors
    ///
    /// Something was refused.
    pub fn install_kind(&self, kind: &Kind) -> Result<()> {
        let logins = &self.fakes.logins.provider;
        logins.behave(kind.behaviour.clone());
        self.install(Variant::of_login(kind.name, &kind.tables)?.pack()?)?;
        let connector = format!("patchbay.{}", kind.name);
        let manifest = login_manifest(kind.name, &kind.tables)?;
        if manifest.auths.iter().any(|auth| auth.kind.has_client() && auth.fields.is_empty()) {
            let client = logins.client();
            logins.allow_redirect(&self.register(&connector, &client.id, &client.secret)?);
        }
        if let Some(origin) = kind.customer {
            let body = json!({ "customer_origins": { "listed": [origin] } });
            self.operator.put(&format!("/v1/connectors/{connector}/grant"), &body)?.expect(200)?;
        }
        Ok(())
    }

    /// Makes the certified OpenID provider ready as `patchbay.oidc`.
    ///
    /// # Errors
    ///
    /// The rig has none, or something was refused.
    pub fn install_oidc(&self) -> Result<()> {
        let provider = self.oidc()?;
        self.install(Variant::of_login("oidc", &crate::oidc_kind())?.pack()?)?;
        let client = provider.code_client()?;
        provider.allow_redirect(&self.register("patchbay.oidc", &client.id, &client.secret)?)
    }
}

fn leads(page: &Page) -> Result<String> {
    let to = page.location().map(String::from);
    to.ok_or_else(|| Trouble::new(format!("{} leads nowhere: {} {}", page.url, page.status, page.text)))
}

fn typed(fields: &Value) -> Vec<(&str, &str)> {
    let members = fields.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| value.as_str().map(|text| (name.as_str(), text))).collect()
}
