//! Operators: the first one by what the console shows, the others by invitation or with a key.

use std::time::Duration;

use patchbay_model::{BrowserSessionId, Code, Fault, Secret};
use patchbay_store::{NewSignInToken, OpeningBy, SessionKind};

use super::{LONGEST, SignInAddress, SignedIn, Visitor, hash};
use crate::{App, Caller};

/// What an operator's sign-in token starts with.
const TOKEN: &str = "pbs_";
/// How long an invitation is good.
const INVITED: Duration = Duration::from_secs(15 * 60);
/// How long the address is good that a start prints.
const PRINTED: Duration = Duration::from_secs(24 * 3_600);
/// The page that takes the token.
const PAGE: &str = "admin/sign-in";

impl App {
    /// The address for the console of this start; none once an operator has ever signed in with a browser.
    pub async fn first_sign_in(&self) -> Result<Option<SignInAddress>, Fault> {
        if self.store.operator_signed_in().await? {
            return Ok(None);
        }
        self.operator_address(None, true, PRINTED).await.map(Some)
    }

    /// An address for another browser, or another operator.
    pub async fn invite_operator(&self, caller: &Caller) -> Result<SignInAddress, Fault> {
        self.operator_address(Some(caller), false, INVITED).await
    }

    async fn operator_address(
        &self,
        caller: Option<&Caller>,
        first_run: bool,
        good_for: Duration,
    ) -> Result<SignInAddress, Fault> {
        let (session, token) = (BrowserSessionId::fresh(&*self.clock, &*self.random), self.fresh_secret(TOKEN));
        let address = self.address_with(PAGE, &token)?;
        let expires_at = self.clock.now().plus(good_for);
        let new = NewSignInToken {
            session: session.clone(),
            token_hash: hash(&token),
            kind: SessionKind::Operator,
            first_run,
            key: caller.and_then(Caller::key).cloned(),
            tenant: None,
            user: None,
            name: None,
            language: None,
            expires_at,
            actor: caller.map_or_else(|| "host".to_owned(), Caller::actor),
        };
        self.store.keep_sign_in_token(new).await?;
        Ok(SignInAddress { session, address, expires_at })
    }

    /// Signs an operator in, with a token of an address or with a key.
    pub async fn sign_in_operator(&self, proof: &Secret, visitor: &Visitor) -> Result<SignedIn, Fault> {
        let by = if proof.len() > LONGEST {
            None
        } else if proof.expose().starts_with(TOKEN) {
            Some(OpeningBy::Token(hash(proof)))
        } else {
            self.operator_key(proof).await?
        };
        self.open_session(SessionKind::Operator, by, visitor).await
    }

    /// The key, if it is an operator's that counts.
    async fn operator_key(&self, proof: &Secret) -> Result<Option<OpeningBy>, Fault> {
        match self.authenticate(proof.expose()).await {
            Ok(Caller::Operator { key }) => {
                Ok(Some(OpeningBy::Key(BrowserSessionId::fresh(&*self.clock, &*self.random), key)))
            }
            Ok(_) => Ok(None),
            Err(fault) if fault.code == Code::Unauthenticated => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
