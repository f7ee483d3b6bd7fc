//! API keys on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// An API key, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    /// Its id, `key_…`; not the key.
    id: String,
    /// What people call it.
    #[schema(example = "production backend")]
    name: String,
    /// Since when it exists.
    created_at: Time,
    /// When it was used last, to the minute.
    last_used_at: Option<Time>,
    /// Since when it is void; null while it works.
    revoked_at: Option<Time>,
}

impl From<patchbay_app::ApiKey> for Key {
    fn from(row: patchbay_app::ApiKey) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
        }
    }
}

/// A key that was just made. Its text is in this answer and never again: only a hash of it is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    /// Its id, `key_…`.
    id: String,
    /// The key itself, for `Authorization: Bearer …`.
    #[schema(example = "pbt_… or pbo_…")]
    key: String,
    /// What people call it.
    name: String,
    /// When it was made.
    created_at: Time,
}

impl NewKey {
    /// A key that was just issued under a name.
    pub(crate) fn of(issued: &patchbay_app::IssuedKey, name: String) -> Self {
        Self {
            id: issued.id.to_string(),
            key: issued.key.expose().to_owned(),
            name,
            created_at: issued.created_at.into(),
        }
    }
}
