//! Who sent a person to the journey: how it looks, what it speaks, and the way back to it.

use patchbay_model::{Fault, SessionId};
use patchbay_store::ConnectSession;
use url::Url;

use super::{Browser, Language, hash};
use crate::{App, Brand};

/// Whoever made a session, as its pages show it.
pub struct Sender {
    /// Name, colour and logo, as the tenant chose them.
    pub brand: Brand,
    /// The name under which the operator registered the tenant: the one that it cannot choose.
    pub tenant: String,
    /// For which of the tenant's users the session is, where that was said: the name and id that the tenant gave.
    pub user: Option<String>,
    /// The language that the session asks for.
    pub language: Option<Language>,
    /// Where a person goes who does not want to go on: a registered address, told the session and nothing else.
    pub back: Option<Url>,
}

impl App {
    pub(super) async fn sender_of(&self, session: &ConnectSession) -> Result<Sender, Fault> {
        Ok(Sender {
            brand: self.brand(&session.tenant).await?,
            tenant: self.tenant(&session.tenant).await?.name,
            user: self.user_of(session).await?,
            language: session.language.as_deref().and_then(Language::from_word),
            back: self.registered_return(session).await,
        })
    }

    /// The user of a session: in the portal by name, too, where its backend said one.
    async fn user_of(&self, session: &ConnectSession) -> Result<Option<String>, Fault> {
        let id = Some(&session.end_user).filter(|user| !user.is_empty());
        let portal = match &session.portal {
            Some(portal) => self.counting_session(portal).await?,
            None => None,
        };
        let name = portal.and_then(|portal| portal.name);
        Ok(id.map(|id| name.map_or_else(|| id.clone(), |name| format!("{name} ({id})"))))
    }

    /// The registered address with the session's id; none where there is none (any more).
    async fn registered_return(&self, session: &ConnectSession) -> Option<Url> {
        let row = self.store.return_address(&session.tenant, session.return_to.as_ref()?).await.ok()?;
        let mut address = Url::parse(&row.address).ok()?;
        address.query_pairs_mut().append_pair("session", session.id.as_str());
        Some(address)
    }

    /// Who sent the browser that opened this session, whether or not it can still be used. Others are told nothing.
    pub async fn sender(&self, session: &SessionId, browser: &Browser) -> Option<Sender> {
        let session = self.browsers_session(session, browser).await.ok()?;
        self.sender_of(&session).await.ok()
    }

    /// The same for whoever has the address of a session that nobody else has opened.
    pub async fn sender_behind(&self, token: &str, browser: &Browser) -> Option<Sender> {
        let session = self.store.session_by_token(hash(token)).await.ok()??;
        let given = browser.login.as_ref().map(|cookie| hash(cookie.expose()));
        if session.browser_hash.is_some_and(|owner| given != Some(owner)) {
            return None;
        }
        self.portal_of(&session, browser).await.ok()?;
        self.sender_of(&session).await.ok()
    }
}
