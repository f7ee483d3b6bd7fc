//! Signing in with a browser: operators to `/admin`, a tenant's users to the portal `/app`.
//!
//! Somebody who is trusted already says who may come: the console of a first start, an operator, a tenant's backend.
//! What they hand out is an address with a token that opens one session, once, within minutes; the token stands behind
//! the `#`, where no server, no log and no `Referer` sees it. Opening a session gives the browser a cookie that nobody
//! had before, so that a cookie which was planted earlier is worth nothing. Token and cookie are 256 random bits each,
//! and only their SHA-256 is stored.
//!
//! A session ends by itself (absolutely, and when it is not used), by signing out, with the key that opened it, and in the
//! portal when the tenant's backend says so: it knows first that somebody left, or lost a laptop.
//! Sign-ins that are refused are counted ([`Attempts`]) and told in the audit log.

mod attempts;
mod operators;
mod portals;

use std::{net::IpAddr, time::Duration};

use patchbay_model::{BrowserSessionId, Code, Fault, Secret, Timestamp};
use patchbay_store::{BrowserSession, NewAudit, Opening, OpeningBy, SessionKind, Whose};
use serde_json::json;
use sha2::{Digest, Sha256};

pub(crate) use attempts::Attempts;
pub use attempts::Peer;
pub use portals::PortalRequest;

use crate::{App, Caller};

/// After how long without use a session is over.
const IDLE: Duration = Duration::from_secs(3_600);
/// How exactly it is known when a session was used last.
const EXACTLY: Duration = Duration::from_secs(60);
/// Longest cookie or token that is looked at; ours are shorter.
const LONGEST: usize = 128;

/// How long a session lasts, however much it is used.
const fn life(kind: SessionKind) -> Duration {
    match kind {
        SessionKind::Operator => Duration::from_secs(12 * 3_600),
        SessionKind::Portal => Duration::from_secs(8 * 3_600),
    }
}

/// The browser that wants to sign in.
pub struct Visitor {
    /// The cookie of the same kind that it sent; its session ends when another one is opened.
    pub cookie: Option<Secret>,
    /// Where it is.
    pub peer: Peer,
}

/// An address that opens a session, once: the only moment at which it exists here.
pub struct SignInAddress {
    /// The id that the session will have.
    pub session: BrowserSessionId,
    /// The address, with its token.
    pub address: Secret,
    /// Until when it opens something.
    pub expires_at: Timestamp,
}

/// A session that was just opened.
pub struct SignedIn {
    /// The session.
    pub session: BrowserSession,
    /// The value of its cookie: the only moment at which it exists here.
    pub cookie: Secret,
    /// How long the browser keeps it.
    pub life: Duration,
}

fn hash(secret: &Secret) -> [u8; 32] {
    Sha256::digest(secret.expose().as_bytes()).into()
}

impl App {
    /// The session of a cookie, if it still counts; it was used now.
    pub async fn signed_in(&self, kind: SessionKind, cookie: &Secret) -> Result<Option<BrowserSession>, Fault> {
        if cookie.len() > LONGEST {
            return Ok(None);
        }
        let Some(session) = self.store.browser_session(kind, hash(cookie), IDLE).await? else { return Ok(None) };
        if self.clock.now().since(session.used_at) > EXACTLY
            && let Err(error) = self.store.touch_browser_session(&session.id).await
        {
            // Whoever reads can go on reading while nothing can be written.
            tracing::warn!(%error, "it could not be noted that a browser session was used");
        }
        Ok(Some(session))
    }

    /// Whether whoever asked may still be answered, for answers that go on for a long time: the key is not revoked, the
    /// session not over. A session is not used by that.
    pub async fn still_counts(&self, caller: &Caller) -> Result<bool, Fault> {
        Ok(match caller {
            Caller::Operator { key } | Caller::Tenant { key, .. } => self.store.api_key_counts(key).await?,
            Caller::OperatorSession { session, .. } | Caller::Portal { session, .. } => {
                self.counting_session(session).await?.is_some()
            }
        })
    }

    /// The session with this id, as long as it counts; it is not used by that.
    pub(crate) async fn counting_session(&self, id: &BrowserSessionId) -> Result<Option<BrowserSession>, Fault> {
        Ok(self.store.browser_session_by_id(id, IDLE).await?)
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &BrowserSession) -> Result<(), Fault> {
        Ok(self.store.end_browser_session(session).await?)
    }

    /// Ends all sessions of whoever has this one: of all operators, or of the same user of the same tenant.
    pub async fn sign_out_everywhere(&self, session: &BrowserSession) -> Result<u64, Fault> {
        let (whose, actor) = (Whose::has(session), session.actor());
        Ok(self.store.end_browser_sessions(whose, IDLE, &actor, session.id.as_str()).await?)
    }

    /// An address of the web app with a token behind the `#`.
    fn address_with(&self, path: &str, token: &Secret) -> Result<Secret, Fault> {
        let mut address =
            self.settings.public_url.join(path).map_err(|error| Fault::new(Code::Internal).operator(error))?;
        address.set_fragment(Some(token.expose()));
        Ok(Secret::new(String::from(address)))
    }

    /// Opens a session for this proof; refused sign-ins are counted and told.
    async fn open_session(
        &self,
        kind: SessionKind,
        by: Option<OpeningBy>,
        visitor: &Visitor,
    ) -> Result<SignedIn, Fault> {
        let counted = self.may_try(kind, visitor, by.as_ref()).await?;
        let (cookie, life) = (self.fresh_secret(""), life(kind));
        let opened = match by {
            None => None,
            Some(by) => {
                let opening = Opening {
                    kind,
                    by,
                    cookie_hash: hash(&cookie),
                    replaces: visitor.cookie.as_ref().map(hash),
                    expires_at: self.clock.now().plus(life),
                    peer: visitor.peer.to_string(),
                };
                self.store.open_browser_session(opening).await?
            }
        };
        if let Some(session) = opened {
            if counted {
                self.attempts.was_right(kind, visitor.peer);
            }
            return Ok(SignedIn { session, cookie, life });
        }
        let line = NewAudit::of(None, "nobody", "sign_in.refused", &kind.as_str());
        self.store.append_audit(line.detail(&json!({ "peer": visitor.peer.to_string() }))).await?;
        Err(Fault::new(Code::SignInRefused))
    }

    /// Takes one try of this browser, unless too many were refused; whether one was taken.
    ///
    /// A proof that is right is let in all the same. Its 256 bits cannot be guessed, so the limit is there for what
    /// refusals cost (a transaction, a line in the audit log), and must not be a way to keep others out: behind a proxy
    /// everybody is in one place.
    async fn may_try(&self, kind: SessionKind, visitor: &Visitor, by: Option<&OpeningBy>) -> Result<bool, Fault> {
        let Err(wait) = self.attempts.begin(kind, visitor.peer, self.clock.now()) else { return Ok(true) };
        let right = match by {
            None => false,
            Some(OpeningBy::Key(..)) => true,
            Some(OpeningBy::Token(token)) => self.store.has_sign_in_token(kind, *token).await?,
        };
        if right {
            return Ok(false);
        }
        tracing::warn!(peer = %visitor.peer, "a sign-in is not looked at: too many were refused");
        let mut fault = Fault::new(Code::SignInsExhausted);
        fault.retry_after = Some(wait);
        Err(fault)
    }
}

impl Peer {
    /// Who is at this address. Neighbours that share a network of IPv6 (/64) are one, since each of them can take
    /// any address of it.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::new(IpAddr::V4(address)),
            IpAddr::V6(address) => Self::new(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
        }
    }
}
