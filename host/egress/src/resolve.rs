//! Names to addresses, once for each connection.

use std::{io, net::IpAddr};

use async_trait::async_trait;

/// Where a name is looked up. Each connection asks once and connects to what it was told, so an
/// answer that changes between check and use changes nothing.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of a host name.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 443)).await?.map(|address| address.ip()).collect())
    }
}
