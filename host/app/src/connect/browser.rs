//! Which browser it is: what a session belongs to from the click that opened it.

use patchbay_model::{Code, Fault, Secret, SessionId};
use patchbay_store::{BrowserSession, ConnectSession, SessionKind, StoreError};

use super::hash;
use crate::App;

/// What a browser shows of itself with every request.
#[derive(Clone, Default)]
pub struct Browser {
    /// The cookie of its connect sessions.
    pub login: Option<Secret>,
    /// The cookie of the portal, where somebody is signed in there.
    pub portal: Option<Secret>,
}

impl App {
    /// A session that can be used by this browser, and by no other.
    pub(super) async fn usable_session(&self, session: &SessionId, browser: &Browser) -> Result<ConnectSession, Fault> {
        let session = self.browsers_session(session, browser).await?;
        if session.expires_at <= self.clock.now() || session.ended_at.is_some() {
            return Err(Fault::new(Code::SessionUnusable).operator("the session is over"));
        }
        Ok(session)
    }

    /// A session that this browser opened, over or not.
    pub(super) async fn browsers_session(
        &self,
        session: &SessionId,
        browser: &Browser,
    ) -> Result<ConnectSession, Fault> {
        let unusable = |why: &str| Fault::new(Code::SessionUnusable).operator(why);
        let session = self.store.session_by_id(session).await.map_err(|error| match error {
            StoreError::NotFound => unusable("there is no such session"),
            other => other.into(),
        })?;
        let given = browser.login.as_ref().map(|cookie| hash(cookie.expose()));
        if given.is_none() || given != session.browser_hash {
            return Err(unusable("the session belongs to another browser"));
        }
        self.portal_of(&session, browser).await?;
        Ok(session)
    }

    /// Who is signed in to the portal in this browser, where the session was begun there. Anybody else is refused:
    /// what such a session brings is nobody's but theirs, and nobody confirms it afterwards.
    pub(super) async fn portal_of(
        &self,
        session: &ConnectSession,
        browser: &Browser,
    ) -> Result<Option<BrowserSession>, Fault> {
        let Some(begun_by) = &session.portal else { return Ok(None) };
        let refused = || Fault::new(Code::SessionUnusable).operator("the portal's browser session is another one");
        let cookie = browser.portal.as_ref().ok_or_else(refused)?;
        let signed_in = self.signed_in(SessionKind::Portal, cookie).await?.ok_or_else(refused)?;
        if signed_in.id != *begun_by || signed_in.tenant.as_ref() != Some(&session.tenant) {
            return Err(refused());
        }
        Ok(Some(signed_in))
    }
}
