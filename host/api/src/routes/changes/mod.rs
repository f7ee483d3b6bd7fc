//! The feed of changes: for the tenant's backend, as the export is. It brings every record there is, which is more than
//! a user in the portal looks at.

pub(crate) mod list;
pub(crate) mod of_connection;
