//! What opens a browser session: an address that somebody was given, known by the hash of its token.
//!
//! A token is deleted in the transaction that opens its session, so of two browsers that come with the same one at
//! the same time one gets in. What a token opens is decided when it is made, down to the id of the session.

use patchbay_model::{BrowserSessionId, KeyId, TenantId, Timestamp};

use crate::{
    SessionKind, Store, StoreError,
    audit::{NewAudit, append},
};

/// Set once an operator signed in: from then on no token of a start is made or taken.
pub(crate) const SIGNED_IN: &str = "operator_signed_in";

/// A token to keep.
#[derive(Debug, Clone)]
pub struct NewSignInToken {
    /// The id that the session will have.
    pub session: BrowserSessionId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// What it opens.
    pub kind: SessionKind,
    /// Whether it is one that a start prints: good until an operator signed in.
    pub first_run: bool,
    /// The key by which it was asked for; the token and its session are void with it.
    pub key: Option<KeyId>,
    /// Of a portal session: whose.
    pub tenant: Option<TenantId>,
    /// Of a portal session: the tenant's own id of the user.
    pub user: Option<String>,
    /// Of a portal session: what the user is called.
    pub name: Option<String>,
    /// Of a portal session: the language of the pages.
    pub language: Option<String>,
    /// Until when it opens something.
    pub expires_at: Timestamp,
    /// Who made it.
    pub actor: String,
}

impl Store {
    /// Keeps a token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant or key that does not exist.
    pub async fn keep_sign_in_token(&self, new: NewSignInToken) -> Result<(), StoreError> {
        let action = match (new.kind, new.first_run) {
            (SessionKind::Portal, _) => "portal_session.created",
            (SessionKind::Operator, true) => "operator_session.first_run",
            (SessionKind::Operator, false) => "operator_session.invited",
        };
        let detail = serde_json::json!({ "user": new.user, "expires_at": new.expires_at });
        let line = NewAudit::of(new.tenant.as_ref(), &new.actor, action, &new.session).detail(&detail);
        let line = self.audit_line(line);
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO sign_in_tokens (token_hash, session, kind, first_run, api_key, tenant, end_user, name, \
                     language, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                )
                .bind(new.token_hash.to_vec())
                .bind(new.session.as_str())
                .bind(new.kind.as_str())
                .bind(new.first_run)
                .bind(new.key.as_ref().map(KeyId::as_str))
                .bind(new.tenant.as_ref().map(TenantId::as_str))
                .bind(new.user)
                .bind(new.name)
                .bind(new.language)
                .bind(new.expires_at.as_micros())
                .execute(&mut *tx)
                .await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// Whether a token is kept, without using it up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_sign_in_token(&self, kind: SessionKind, token_hash: [u8; 32]) -> Result<bool, StoreError> {
        let statement = sqlx::query("SELECT 1 FROM sign_in_tokens WHERE token_hash = $1 AND kind = $2");
        let statement = statement.bind(token_hash.to_vec()).bind(kind.as_str());
        Ok(statement.fetch_optional(self.read()).await?.is_some())
    }

    /// Whether an operator has ever signed in with a browser.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn operator_signed_in(&self) -> Result<bool, StoreError> {
        Ok(self.meta(SIGNED_IN).await?.is_some())
    }
}
