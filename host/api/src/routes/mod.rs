//! One folder per resource, one file per endpoint.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod changes;
pub(crate) mod circuit_breakers;
pub(crate) mod connect_sessions;
pub(crate) mod connections;
pub(crate) mod connectors;
pub(crate) mod dead_letters;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod key_rotation;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod node;
pub(crate) mod pickers;
pub(crate) mod progress;
pub(crate) mod pushes;
pub(crate) mod records;
pub(crate) mod releases;
pub(crate) mod return_addresses;
pub(crate) mod runs;
pub(crate) mod syncs;
pub(crate) mod tenants;
pub(crate) mod webhooks;
