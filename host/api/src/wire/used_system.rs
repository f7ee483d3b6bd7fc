//! Used systems on the wire: functions, and the connections that serve them.

use serde::Serialize;
use utoipa::ToSchema;

use super::words::{ConnectionStatus, Function};

/// Something that can be done, and by what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsedFunction {
    /// Which function.
    function: Function,
    /// Connections that serve it, by name; at most a hundred.
    systems: Vec<UsedSystem>,
    /// How many there are, with those that are not listed.
    total: u64,
    /// Connectors that can be connected for it, by the provider's name; also those that are connected already.
    available: Vec<AvailableSystem>,
}

/// A connection that serves a function.
#[derive(Debug, Serialize, ToSchema)]
struct UsedSystem {
    /// The connection, `con_…`.
    #[schema(example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    connection: String,
    /// What the tenant calls it.
    name: String,
    /// Its connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// What people call the provider.
    #[schema(example = "Acme Books")]
    provider: String,
    /// How it stands.
    status: ConnectionStatus,
    /// The switch of the connection. Off, nothing is read or written by it.
    enabled: bool,
    /// The switch of this function of it.
    function_enabled: bool,
}

/// A connector that can be connected.
#[derive(Debug, Serialize, ToSchema)]
struct AvailableSystem {
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// What people call the provider.
    #[schema(example = "Acme Books")]
    provider: String,
    /// The logo, SVG text; show it as an image (`data:image/svg+xml`), not inside your own page.
    logo: Option<String>,
}

impl From<patchbay_app::UsedFunction> for UsedFunction {
    fn from(used: patchbay_app::UsedFunction) -> Self {
        Self {
            function: used.function.into(),
            systems: used.systems.into_iter().map(Into::into).collect(),
            total: used.total,
            available: used.available.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<patchbay_app::UsedSystem> for UsedSystem {
    fn from(system: patchbay_app::UsedSystem) -> Self {
        Self {
            connection: system.connection.to_string(),
            name: system.name,
            connector: system.connector,
            provider: system.provider,
            status: system.status.into(),
            enabled: system.enabled,
            function_enabled: system.function_enabled,
        }
    }
}

impl From<patchbay_app::Provider> for AvailableSystem {
    fn from(provider: patchbay_app::Provider) -> Self {
        Self { connector: provider.connector, provider: provider.name, logo: provider.logo }
    }
}
