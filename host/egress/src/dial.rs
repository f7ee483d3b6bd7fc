//! Opens a connection: the name is resolved once, every address is judged, and only what was judged
//! is connected to.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    Resolve, Timeouts,
    address::{AddressPolicy, is_metadata},
    rewrite::Rewrites,
    target::Origin,
    traffic::{Counted, Traffic},
    wire::Wire,
};

/// Addresses of one name that are tried in turn.
const TRIED: usize = 4;

/// Why there is no connection; nothing of the request has left.
#[derive(Debug)]
pub(crate) enum DialError {
    /// An address that may not be connected to.
    Denied(String),
    /// The other side could not prove its name, or speaks no TLS that is good enough. Asking again
    /// brings the same.
    Untrusted(String),
    /// Name or network.
    Failed(String),
}

pub(crate) struct Dialer {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) policy: AddressPolicy,
    /// The same without what the operator opened for connectors: for addresses that tenants enter.
    pub(crate) public: AddressPolicy,
    pub(crate) rewrites: Rewrites,
    pub(crate) tls: TlsConnector,
    pub(crate) timeouts: Timeouts,
}

impl Dialer {
    pub(crate) async fn open(&self, origin: &Origin) -> Result<Wire, DialError> {
        self.open_where(origin, &self.policy).await
    }

    /// As [`Dialer::open`], to addresses that this policy lets pass.
    pub(crate) async fn open_where(&self, origin: &Origin, policy: &AddressPolicy) -> Result<Wire, DialError> {
        let (addresses, tls) = match self.rewrites.of(origin) {
            Some(there) => (self.look_up(&there.host, there.port).await?, there.tls),
            None => (self.look_up(&origin.host, origin.port).await?, true),
        };
        let rewritten = self.rewrites.of(origin).is_some();
        for address in &addresses {
            // A rewrite is the operator's own word for a test, but no test needs a metadata service.
            let denied = if rewritten {
                is_metadata(address.ip()).then(|| "a cloud's metadata service is always denied".to_owned())
            } else {
                policy.denies(*address)
            };
            if let Some(reason) = denied {
                return Err(DialError::Denied(format!("{} may not be connected to: {reason}", origin.host)));
            }
        }
        let mut last = DialError::Failed(format!("{} has no address", origin.host));
        for address in addresses.into_iter().take(TRIED) {
            match self.connect(address, origin, tls).await {
                Ok(wire) => return Ok(wire),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let failed = |reason: String| DialError::Failed(format!("the name {host} was not found: {reason}"));
        match timeout(self.timeouts.connect, self.resolver.resolve(host)).await {
            Ok(Ok(ips)) if ips.is_empty() => Err(failed("it has no address".to_owned())),
            Ok(Ok(ips)) => Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed(too_slow(self.timeouts.connect))),
        }
    }

    async fn connect(&self, address: SocketAddr, origin: &Origin, tls: bool) -> Result<Wire, DialError> {
        match timeout(self.timeouts.connect, self.handshake(address, origin, tls)).await {
            Ok(opened) => opened,
            Err(_) => Err(failed(origin, too_slow(self.timeouts.connect))),
        }
    }

    async fn handshake(&self, address: SocketAddr, origin: &Origin, tls: bool) -> Result<Wire, DialError> {
        let tcp = TcpStream::connect(address).await.map_err(|error| failed(origin, error))?;
        // Requests are written whole; waiting to fill a packet only delays the last one.
        let _ = tcp.set_nodelay(true);
        let traffic = Traffic::default();
        if !tls {
            let wire = Wire::http1(Counted::on(tcp, traffic.clone()), traffic).await;
            return wire.map_err(|error| failed(origin, error));
        }
        let name = ServerName::try_from(origin.host.clone()).map_err(|error| failed(origin, error))?;
        let stream = self.tls.connect(name, tcp).await.map_err(|error| match error.kind() {
            // How the TLS library reports everything that is about TLS and not about the socket.
            io::ErrorKind::InvalidData => DialError::Untrusted(format!("{}: TLS: {error}", origin.authority())),
            _ => failed(origin, format!("TLS: {error}")),
        })?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = Counted::on(stream, traffic.clone());
        let wire = if http2 { Wire::http2(stream, traffic).await } else { Wire::http1(stream, traffic).await };
        wire.map_err(|error| failed(origin, error))
    }
}

fn failed(origin: &Origin, reason: impl fmt::Display) -> DialError {
    DialError::Failed(format!("no connection to {}: {reason}", origin.authority()))
}

fn too_slow(limit: Duration) -> String {
    format!("it took longer than {} s", limit.as_secs_f32())
}
