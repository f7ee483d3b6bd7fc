//! The portal: a tenant's backend, which knows its own logged-in user, sends that user to `/app`.

use std::time::Duration;

use patchbay_model::{BrowserSessionId, Code, Fault, Secret, TenantId};
use patchbay_store::{NewSignInToken, OpeningBy, SessionKind, Whose};

use super::{IDLE, LONGEST, SignInAddress, SignedIn, Visitor, hash};
use crate::{
    App, Caller, Language,
    access::{NAME, check_text},
};

/// What a token of the portal starts with.
const TOKEN: &str = "pbe_";
/// How long it is good: the browser goes there at once.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);
/// The page that takes the token.
const PAGE: &str = "app/enter";

/// Who is sent to the portal.
pub struct PortalRequest {
    /// The user, in the tenant's own words.
    pub user: String,
    /// What to call the user on the pages.
    pub name: Option<String>,
    /// The language of the pages; the browser's when left out.
    pub language: Option<Language>,
}

impl App {
    /// An address that signs one user of a tenant in to the portal.
    pub async fn open_portal(
        &self,
        tenant: &TenantId,
        request: PortalRequest,
        caller: &Caller,
    ) -> Result<SignInAddress, Fault> {
        check_text("/user", &request.user, NAME)?;
        if let Some(name) = &request.name {
            check_text("/name", name, NAME)?;
        }
        let (session, token) = (BrowserSessionId::fresh(&*self.clock, &*self.random), self.fresh_secret(TOKEN));
        let address = self.address_with(PAGE, &token)?;
        let expires_at = self.clock.now().plus(GOOD_FOR);
        let new = NewSignInToken {
            session: session.clone(),
            token_hash: hash(&token),
            kind: SessionKind::Portal,
            first_run: false,
            key: caller.key().cloned(),
            tenant: Some(tenant.clone()),
            user: Some(request.user),
            name: request.name,
            language: request.language.map(|language| language.as_str().to_owned()),
            expires_at,
            actor: caller.actor(),
        };
        self.store.keep_sign_in_token(new).await?;
        Ok(SignInAddress { session, address, expires_at })
    }

    /// Signs a user in to the portal with the token of an address.
    pub async fn enter_portal(&self, token: &Secret, visitor: &Visitor) -> Result<SignedIn, Fault> {
        let ours = token.len() <= LONGEST && token.expose().starts_with(TOKEN);
        self.open_session(SessionKind::Portal, ours.then(|| OpeningBy::Token(hash(token))), visitor).await
    }

    /// Ends all sessions of a tenant's user in the portal at once, with what they began, and the addresses that would open
    /// another one; how many browsers were signed in.
    pub async fn end_portal_sessions(&self, tenant: &TenantId, user: &str, caller: &Caller) -> Result<u64, Fault> {
        if check_text("/user", user, NAME).is_err() {
            let why = format!("user must have 1 to {NAME} bytes of printable characters: your own id of the user.");
            return Err(Fault::because(Code::ParameterInvalid, why));
        }
        let whose = Whose { kind: SessionKind::Portal, tenant: Some(tenant.clone()), user: Some(user.to_owned()) };
        Ok(self.store.end_browser_sessions(whose, IDLE, &caller.actor(), tenant.as_str()).await?)
    }
}
