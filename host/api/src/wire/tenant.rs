//! A tenant on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// A customer of the operator. It owns connections; nothing crosses between two tenants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// Its id, `ten_…`.
    #[schema(example = "ten_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// What people call it.
    #[schema(example = "Kantoor Vermeulen")]
    name: String,
    /// Its industry, for Recommended; null when nobody said.
    #[schema(example = "accounting")]
    industry: Option<String>,
    /// Since when it exists.
    created_at: Time,
}

impl From<patchbay_app::Tenant> for Tenant {
    fn from(row: patchbay_app::Tenant) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            industry: (!row.industry.is_empty()).then_some(row.industry),
            created_at: row.created_at.into(),
        }
    }
}
