//! Registered return addresses on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// An address of your application to which browsers return at the end of a connect session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnAddress {
    /// Its id: what `return_to` of a session names.
    #[schema(example = "ret_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// What you call it.
    name: String,
    /// The address; `session` and `code` are added to its query.
    #[schema(example = "https://app.example.com/integrations/done")]
    address: String,
    /// Since when it is registered.
    created_at: Time,
}

impl From<patchbay_app::ReturnAddress> for ReturnAddress {
    fn from(row: patchbay_app::ReturnAddress) -> Self {
        Self { id: row.id.to_string(), name: row.name, address: row.address, created_at: row.created_at.into() }
    }
}
