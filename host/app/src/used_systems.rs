//! Used systems: what a tenant can have done, and by which of its connections it is done. One group for each function
//! that an installed connector serves, with the switch of the connection and the one of the function.

use std::collections::{BTreeMap, HashMap};

use patchbay_model::{ConnectionId, ConnectionStatus, Fault, ReleaseState, TenantId, manifest::Function};
use patchbay_store::{Connection, ConnectionFilter, ConnectionSort};

use crate::{App, switches};

/// Systems of one function that are listed; who has more looks for them in the list of connections.
const SYSTEMS: u32 = 100;

/// What can be done, and by what.
pub struct UsedFunction {
    /// Which function.
    pub function: Function,
    /// Connections that serve it, by name; at most a hundred.
    pub systems: Vec<UsedSystem>,
    /// How many there are, with those that are not listed.
    pub total: u64,
    /// Connectors that can be connected for it, by the provider's name.
    pub available: Vec<Provider>,
}

/// A connection that serves a function.
pub struct UsedSystem {
    /// The connection.
    pub connection: ConnectionId,
    /// What the tenant calls it.
    pub name: String,
    /// Its connector.
    pub connector: String,
    /// What people call the provider.
    pub provider: String,
    /// How it stands.
    pub status: ConnectionStatus,
    /// Whether the connection is switched on.
    pub enabled: bool,
    /// Whether the function is, for this connection.
    pub function_enabled: bool,
}

/// A connector that can be connected.
#[derive(Clone)]
pub struct Provider {
    /// The connector.
    pub connector: String,
    /// What people call the provider.
    pub name: String,
    /// Its logo, SVG text.
    pub logo: Option<String>,
}

/// Who serves a function.
#[derive(Default)]
struct Serving {
    available: Vec<Provider>,
    /// Connectors that the tenant is connected to, and how often.
    used: BTreeMap<String, u64>,
}

impl App {
    /// Every function that an installed connector serves, in the order of the closed list.
    pub async fn used_systems(&self, tenant: &TenantId) -> Result<Vec<UsedFunction>, Fault> {
        let (rows, tallies) = tokio::try_join!(self.store.connectors(), self.store.tally(tenant, None))?;
        let connections: HashMap<&str, u64> =
            tallies.iter().map(|tally| (tally.connector.as_str(), tally.connections)).collect();
        let (mut names, mut functions) = (HashMap::new(), BTreeMap::<Function, Serving>::new());
        for row in &rows {
            let used = connections.get(row.connector.as_str()).copied().unwrap_or_default();
            let active = row.state == ReleaseState::Active;
            if !active && used == 0 {
                continue;
            }
            // One that cannot be read serves nothing; its connections say so themselves.
            let Ok(release) = self.release_read(&row.id).await else { continue };
            let manifest = &release.manifest;
            names.insert(row.connector.clone(), manifest.name.clone());
            for function in manifest.functions() {
                let serving = functions.entry(function).or_default();
                if active {
                    let (connector, name) = (row.connector.clone(), manifest.name.clone());
                    serving.available.push(Provider { connector, name, logo: manifest.logo.clone() });
                }
                if used > 0 {
                    serving.used.insert(row.connector.clone(), used);
                }
            }
        }
        let mut groups = Vec::with_capacity(functions.len());
        for (function, mut serving) in functions {
            serving.available.sort_by(|one, other| one.name.cmp(&other.name));
            let total = serving.used.values().sum();
            let connected = self.serving(tenant, serving.used.into_keys().collect()).await?;
            let standings = self.standings_of(tenant, &connected).await?;
            let systems = connected.into_iter().zip(standings).map(|(row, standing)| UsedSystem {
                provider: names.get(&row.connector).cloned().unwrap_or_default(),
                status: standing.status,
                enabled: row.enabled,
                function_enabled: !switches::is_off(&row, function),
                connection: row.id,
                name: row.name,
                connector: row.connector,
            });
            groups.push(UsedFunction { function, systems: systems.collect(), total, available: serving.available });
        }
        Ok(groups)
    }

    async fn serving(&self, tenant: &TenantId, connectors: Vec<String>) -> Result<Vec<Connection>, Fault> {
        if connectors.is_empty() {
            return Ok(Vec::new());
        }
        let filter =
            ConnectionFilter { connectors, sort: ConnectionSort::Name, limit: SYSTEMS, ..ConnectionFilter::default() };
        Ok(self.store.connections(tenant, &filter).await?.items)
    }
}
