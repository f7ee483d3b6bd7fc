//! A connector's config with the operator's correction, on the wire.

use patchbay_model::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What an operator may correct of a connector: assumed paths, names of fields, addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorConfig {
    /// The active release, `rel_…`, whose manifest says it.
    release: String,
    /// JSON Schema of the config; null where nothing can be corrected.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    /// What holds when you say nothing.
    #[schema(value_type = Object)]
    defaults: Value,
    /// What you laid over the defaults (JSON Merge Patch, RFC 7396); null where you said nothing.
    #[schema(value_type = Option<Object>)]
    correction: Option<Value>,
    /// What holds: the defaults with the correction laid over. The connector is told this.
    #[schema(value_type = Object)]
    config: Value,
    /// Names at the top level that are addresses. To change one of them needs `approve_powers`.
    addresses: Vec<String>,
    /// When it was corrected last; null for never.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    /// Who corrected it last, as in the audit log; null for nobody.
    updated_by: Option<String>,
}

impl From<patchbay_app::ConnectorConfig> for ConnectorConfig {
    fn from(config: patchbay_app::ConnectorConfig) -> Self {
        Self {
            release: config.release.to_string(),
            schema: config.schema,
            defaults: config.defaults,
            correction: config.correction,
            config: config.config,
            addresses: config.addresses,
            updated_at: config.updated_at,
            updated_by: config.updated_by,
        }
    }
}
