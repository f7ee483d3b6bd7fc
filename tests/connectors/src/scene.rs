//! A host with one connector installed, its provider, and a tenant.

use patchbay_it::{Rig, RigSetup, Tenant, leads};
use patchbay_test_support::{Browser, Page, Result, Trouble, fakes::Stand};
use serde_json::{Value, json};

use crate::{Case, Stage};

/// What the functions of a [`Case`] are given.
pub struct Scene<'a> {
    /// The host and the fakes. The clock of both stands in the test's hand: [`Rig::advance`].
    pub rig: &'a Rig,
    /// Whose connection it is.
    pub tenant: &'a Tenant,
    /// The case itself.
    pub case: &'a Case,
    /// The provider's journal and script.
    pub stage: Stage,
}

impl<'a> Scene<'a> {
    pub(crate) fn of(rig: &'a Rig, tenant: &'a Tenant, case: &'a Case) -> Result<Self> {
        let none = || Trouble::new(format!("there is no fake {:?} in tests/fakes/src/also.rs", case.connector));
        Ok(Self { rig, tenant, case, stage: (case.stage)(&rig.fakes).ok_or_else(none)? })
    }

    /// The provider's fake, by its type.
    ///
    /// # Errors
    ///
    /// It was not started: its name is not the connector's.
    pub fn fake<P: 'static>(&self) -> Result<&'a P> {
        let stand: Option<&'a Stand<P>> = self.rig.fakes.stand::<P>();
        let none = || Trouble::new(format!("the fake of {} is of another type", self.case.connector));
        stand.map(|stand| stand.provider.as_ref()).ok_or_else(none)
    }

    /// Connects with what a person would type; `auth` may be empty where there is one way only. The connection.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_by_fields(&self, auth: &str, fields: &Value) -> Result<String> {
        let made = self.tenant.api.post("/v1/connections", &self.wanted(auth, fields))?;
        made.expect(201)?.text_at("/id")
    }

    /// Repairs a connection with what a person would type.
    ///
    /// # Errors
    ///
    /// It is refused, or another connection was made.
    pub fn reconnect_by_fields(&self, auth: &str, fields: &Value, connection: &str) -> Result<()> {
        let mut wanted = self.wanted(auth, fields);
        if let Some(members) = wanted.as_object_mut() {
            members.insert("reconnect".to_owned(), json!(connection));
        }
        let made = self.tenant.api.post("/v1/connections", &wanted)?.expect(200)?.text_at("/id")?;
        self.same(&made, connection)
    }

    fn wanted(&self, auth: &str, fields: &Value) -> Value {
        let mut wanted = json!({ "connector": self.case.id, "fields": fields });
        if let (false, Some(members)) = (auth.is_empty(), wanted.as_object_mut()) {
            members.insert("auth".to_owned(), json!(auth));
        }
        wanted
    }

    /// Connects by a connect session. `fields` are what the host's own form asks for, with `("auth", ID)` among them
    /// where the connector has several ways to log in; `walk` goes through the provider's pages from the address that it
    /// is given to the page that leads back. The connection.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_by_session(
        &self,
        fields: &[(&str, &str)],
        walk: impl FnOnce(&mut Browser, &str) -> Result<Page>,
    ) -> Result<String> {
        let session = self.tenant.session(&self.case.id, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, &self.case.id, fields)?;
        let back = walk(&mut browser, &leads(&away)?)?;
        let done = browser.return_to(&back)?;
        if done.status != 200 {
            return Err(Trouble::new(format!("the callback answered {}: {}", done.status, done.text)));
        }
        self.tenant.made_by(&session.id)
    }

    /// The same for a connection that is there: the account is known, so that it is renewed.
    ///
    /// # Errors
    ///
    /// It is refused, or another connection was made.
    pub fn reconnect_by_session(
        &self,
        fields: &[(&str, &str)],
        connection: &str,
        walk: impl FnOnce(&mut Browser, &str) -> Result<Page>,
    ) -> Result<()> {
        let made = self.connect_by_session(fields, walk)?;
        self.same(&made, connection)
    }

    /// Registers the provider's OAuth client with the host; the address that the provider has to allow.
    ///
    /// # Errors
    ///
    /// It was not registered.
    pub fn register(&self, id: &str, secret: &str) -> Result<String> {
        self.rig.register(&self.case.id, id, secret)
    }

    /// Grants these origins of customers' own.
    ///
    /// # Errors
    ///
    /// They are refused.
    pub fn grant(&self, origins: &[&str]) -> Result<()> {
        let body = json!({ "customer_origins": { "listed": origins } });
        let path = format!("/v1/connectors/{}/grant", self.case.id);
        self.rig.operator.put(&path, &body)?.expect(200).map(drop)
    }

    fn same(&self, made: &str, connection: &str) -> Result<()> {
        if made == connection {
            return Ok(());
        }
        Err(Trouble::new(format!("{made} was made, and {connection} was to be repaired")))
    }
}

/// Short waits, as other tests have them, and a lease that outlives what the clock is moved on: nobody is killed here.
const JOBS: &str =
    "[jobs]\nlease_seconds = 300\npoll_millis = 50\nsettle_seconds = 1\nsettle_again_seconds = 1\nworkers = 32\n";

/// A host with the provider beside it.
pub(crate) fn rig(case: &Case) -> Result<Rig> {
    let jobs = Some(JOBS.to_owned());
    RigSetup { fakes: Some(case.config()), jobs, test_clock: true, ..RigSetup::default() }.start()
}
