//! Attacks on a login (trust.md 4.6, S1 to S8): each of them is refused, and the journals of the providers
//! say so, not only the host.

mod code;
mod completion;
mod forged;
mod issuer;
mod mix_up;
mod returns;
mod second_browser;
mod state;

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Session, Tenant, Walk};
use patchbay_test_support::{Browser, Page, Result, Trouble};

/// The connector of an honest provider.
pub(crate) const HONEST: &str = "patchbay.code-basic";
/// Longest wait for something that the host does by itself.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A host with an honest connector, and a tenant with a registered return address.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) tenant: Tenant,
    pub(crate) return_to: String,
}

impl Scene {
    pub(crate) fn start() -> Result<Self> {
        Self::of(RigSetup::default())
    }

    /// The same with a clock in the test's hand.
    pub(crate) fn with_clock() -> Result<Self> {
        Self::of(RigSetup { test_clock: true, ..RigSetup::default() })
    }

    fn of(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_kind(&rig.kind("code-basic")?)?;
        let tenant = rig.tenant("A")?;
        let return_to = tenant.return_address()?;
        Ok(Self { rig, tenant, return_to })
    }

    pub(crate) fn session(&self) -> Result<Session> {
        self.tenant.user_session(HONEST, &self.return_to)
    }

    /// A person with a session of the honest connector.
    pub(crate) fn walk(&self) -> Result<Walk> {
        Ok(Walk::of(self.session()?, HONEST))
    }

    /// A way back that was not used yet, and the walk that it belongs to.
    pub(crate) fn allowed(&self, account: &str) -> Result<(Walk, Page)> {
        let mut walk = self.walk()?;
        let back = walk.allow(&self.rig, account)?;
        Ok((walk, back))
    }

    /// What the honest provider would notice, and what the tenant would.
    pub(crate) fn untouched(&self, exchanges: usize) -> Result<()> {
        let (now, connections) = (self.rig.exchanges(), self.tenant.connections()?);
        if (now, connections.len()) == (exchanges, 0) {
            return Ok(());
        }
        Err(Trouble::new(format!("{now} exchanges instead of {exchanges}, connections {connections:?}")))
    }
}

/// That a page is a refusal with one of these codes, which leads nowhere: 400, or 502 where the provider refused.
pub(crate) fn refused(page: &Page, codes: &[&str]) -> Result<()> {
    let said = codes.iter().any(|code| page.text.contains(code));
    if [400, 502].contains(&page.status) && said && page.location().is_none() {
        return Ok(());
    }
    Err(Trouble::new(format!(
        "{} answered {} to {:?} instead of {codes:?}: {}",
        page.url,
        page.status,
        page.location(),
        page.text
    )))
}

/// An address with this query instead of its own.
pub(crate) fn with_query(address: &url::Url, pairs: &[(String, String)]) -> url::Url {
    let mut address = address.clone();
    address.set_query(None);
    address.query_pairs_mut().extend_pairs(pairs);
    address
}

/// The query of an address.
pub(crate) fn pairs(address: &url::Url) -> Vec<(String, String)> {
    address.query_pairs().into_owned().collect()
}

/// The way back of a page.
pub(crate) fn way_back(page: &Page) -> Result<url::Url> {
    page.location().ok_or_else(|| Trouble::new(format!("{} leads nowhere: {}", page.url, page.text)))
}

/// A browser that nobody used yet.
pub(crate) fn stranger() -> Browser {
    Browser::default()
}
