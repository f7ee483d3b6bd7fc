//! A connect session as its end user and the tenant's backend see it: choosing, reviewing, logging in by every
//! kind of form, waiting for the backend, and how it all stands in between.

mod brand;
mod every_login;
mod guides;
mod pages;
mod portal;
mod set_up;
mod shields;
mod states;
mod windows;

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Session, Tenant, USER};
use patchbay_test_support::Result;
use serde_json::{Value, json};

pub(crate) const CONNECTOR: &str = "patchbay.code-basic";
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) tenant: Tenant,
    pub(crate) return_to: String,
}

impl Scene {
    pub(crate) fn start(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        let tenant = rig.tenant("Kantoor & Zn")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    pub(crate) fn with_clock() -> Result<Self> {
        Self::start(RigSetup { test_clock: true, ..RigSetup::default() })
    }

    /// A session with these members besides the user and the way back.
    pub(crate) fn session(&self, more: &Value) -> Result<Session> {
        let mut body = json!({ "end_user": USER, "return_to": self.return_to });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let made = self.tenant.api.post("/v1/connect-sessions", &body)?.expect(201)?;
        Ok(Session { id: made.text_at("/id")?, url: made.text_at("/url")? })
    }

    pub(crate) fn one(&self) -> Result<Session> {
        self.session(&json!({ "connector": CONNECTOR }))
    }

    pub(crate) fn state(&self, session: &Session) -> Result<String> {
        Ok(self.tenant.session_stands(&session.id)?.0)
    }

    /// How often the provider was asked whose a token is, or for records.
    pub(crate) fn asked(&self) -> usize {
        let entries = self.rig.fakes.logins.journal.entries();
        entries.iter().filter(|entry| entry.path.starts_with("/api/")).count()
    }
}
