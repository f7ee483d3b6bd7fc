//! Which addresses of customers' own a connector may reach: the operator's word, for each connector.

use serde::{Deserialize, Serialize};

/// What an operator grants to a connector that asks for customers' own addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomerOrigins {
    /// None.
    #[default]
    None,
    /// These: scheme, host and port, e.g. `https://erp.example.com`.
    Listed(Vec<String>),
    /// Any that is public: https, port 443 or one of the manifest's, an address that the whole internet sees.
    AnyPublic,
}

impl CustomerOrigins {
    /// Whether this origin (scheme, host, port; lower case) is granted. Whether its addresses are public is
    /// the gate's to judge, each time it connects.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::None => false,
            Self::Listed(origins) => origins.iter().any(|one| one == origin),
            Self::AnyPublic => true,
        }
    }
}
