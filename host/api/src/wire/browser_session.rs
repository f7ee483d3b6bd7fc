//! Browsers that are signed in, on the wire.

use patchbay_app::{BrowserSession, SignInAddress, Tenant};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Time,
    words::{Language, SessionKind},
};

/// Who is signed in with this browser.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Whether it is an operator's, or that of a tenant's user in the portal.
    kind: SessionKind,
    /// Of the portal: the tenant. Null for operators, who name one in `Patchbay-Tenant`.
    tenant: Option<SessionTenant>,
    /// Of the portal: the user, in the tenant's own words.
    #[schema(example = "user-4711")]
    user: Option<String>,
    /// Of the portal: what to call the user; null when the tenant's backend did not say.
    #[schema(example = "Ann de Vries")]
    name: Option<String>,
    /// Of the portal: the language of the pages; null for the browser's.
    language: Option<Language>,
    /// When it ends, however much it is used; it ends an hour after it was used last, too.
    expires_at: Time,
}

/// The tenant that a portal belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionTenant {
    /// Its id, `ten_…`.
    id: String,
    /// What people call it.
    name: String,
    /// Its industry, for Recommended; null when nobody said.
    industry: Option<String>,
}

impl Session {
    /// A session, with its tenant where it has one.
    pub(crate) fn of(session: BrowserSession, tenant: Option<Tenant>) -> Self {
        let language = session.language.as_deref().and_then(patchbay_app::Language::from_word);
        Self {
            kind: session.kind.into(),
            tenant: tenant.map(|tenant| SessionTenant {
                id: tenant.id.to_string(),
                name: tenant.name,
                industry: (!tenant.industry.is_empty()).then_some(tenant.industry),
            }),
            user: session.user,
            name: session.name,
            language: language.map(Into::into),
            expires_at: session.expires_at.into(),
        }
    }
}

/// An address that signs one browser in to the portal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewPortalSession {
    /// The id that the session will have, `bse_…`, for the audit log.
    #[schema(example = "bse_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// Where to send the user's browser, by a redirect. It is in this answer and never again.
    #[schema(example = "https://hub.example.com/app/enter#pbe_…")]
    url: String,
    /// Until when it opens a session, once.
    expires_at: Time,
}

/// How many sessions of a user ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedPortalSessions {
    /// Browsers that were signed in as that user and are not any more.
    #[schema(example = 2)]
    ended: u64,
}

impl From<u64> for EndedPortalSessions {
    fn from(ended: u64) -> Self {
        Self { ended }
    }
}

/// An address that signs one browser in as an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorInvitation {
    /// What the other operator opens. It is in this answer and never again.
    #[schema(example = "https://hub.example.com/admin/sign-in#pbs_…")]
    url: String,
    /// Until when it opens a session, once.
    expires_at: Time,
}

impl From<SignInAddress> for NewPortalSession {
    fn from(made: SignInAddress) -> Self {
        let (id, url) = (made.session.to_string(), made.address.expose().to_owned());
        Self { id, url, expires_at: made.expires_at.into() }
    }
}

impl From<SignInAddress> for OperatorInvitation {
    fn from(made: SignInAddress) -> Self {
        Self { url: made.address.expose().to_owned(), expires_at: made.expires_at.into() }
    }
}
