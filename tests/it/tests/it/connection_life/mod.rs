//! The life of a connection after its first consent: renewed, refused, imported, asked again, deleted; with
//! whose registration it was made; and what the audit log says about all of it.

mod audit;
mod daily;
mod deletion;
mod imports;
mod registrations;
mod renewal;

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant, USER, Walk};
use patchbay_test_support::{Answer, Result, wait_until};
use serde_json::{Value, json};

pub(crate) const CONNECTOR: &str = "patchbay.code-basic";
pub(crate) const KEY: &str = "patchbay.key-header";
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) tenant: Tenant,
    pub(crate) return_to: String,
}

impl Scene {
    pub(crate) fn start() -> Result<Self> {
        Self::of(RigSetup::default())
    }

    pub(crate) fn with_clock() -> Result<Self> {
        Self::of(RigSetup { test_clock: true, ..RigSetup::default() })
    }

    pub(crate) fn of(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_kind(&rig.kind("key-header")?)?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        let tenant = rig.tenant("A")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    /// A session of the OAuth connector; with these members besides.
    pub(crate) fn walk(&self, more: &Value) -> Result<Walk> {
        let mut body = json!({ "end_user": USER, "return_to": self.return_to });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        Ok(Walk::of(self.tenant.session(CONNECTOR, &body)?, CONNECTOR))
    }

    pub(crate) fn through(&self, account: &str) -> Result<String> {
        let made = self.tenant.connect_through(&self.rig, &mut self.walk(&json!({}))?, account)?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Connects by the key of an account; `more` are further members.
    pub(crate) fn by_key(&self, account: &str, more: &Value) -> Result<Answer> {
        let key = self.rig.fakes.logins.provider.credentials(account).api_key;
        let mut body = json!({ "connector": KEY, "fields": { "api_key": key } });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.tenant.api.post("/v1/connections", &body)
    }

    pub(crate) fn identify(&self, connection: &str) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))
    }
}

pub(crate) fn id(answer: &Answer) -> Result<String> {
    answer.text_at("/id")
}

/// Waits for a line of the audit log about a subject.
pub(crate) fn wait_for_line(tenant: &Tenant, subject: &str, action: &str) -> Result<()> {
    wait_until(&format!("{action} of {subject}"), LIMIT, || {
        Ok(tenant.audit_about(subject)?.iter().any(|(known, _)| known == action).then_some(()))
    })
}
