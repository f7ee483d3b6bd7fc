//! What the operator may say about the way out.

use std::time::Duration;

/// The gate's configuration. The default allows nothing private and rewrites nothing.
#[derive(Debug, Clone, Default)]
pub struct EgressConfig {
    /// Private places that may be reached: `127.0.0.1:8080` (that port only), an address or a CIDR.
    /// Metadata addresses of clouds stay denied whatever stands here.
    pub allow_private: Vec<String>,
    /// Origins whose connections are opened elsewhere (tests and the demo).
    pub rewrite: Vec<Rewrite>,
    /// Certificates (PEM) that are trusted besides the public roots.
    pub extra_ca: Vec<Vec<u8>>,
    /// Ports besides 443 that the host's own requests (token addresses, logos) and addresses of
    /// customers' own may have. A connector's ports stand in its manifest.
    pub allowed_ports: Vec<u16>,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// Changes where a connection to `origin` is opened, and nothing else: allow-list, `Host`, SNI and
/// the name in the certificate stay the original's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The origin as the connector knows it: `https://api.example.com`.
    pub origin: String,
    /// Where the connection is opened: `http://127.0.0.1:8080` or `https://127.0.0.1:8443`.
    pub connect: String,
    /// The origin that a browser is sent to instead; none leaves the original.
    pub browser: Option<String>,
}

/// Time limits of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For looking up a name, and again for opening one connection including TLS.
    pub connect: Duration,
    /// From the last byte sent to the first of the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of an answer's body.
    pub progress: Duration,
    /// For one attempt as a whole.
    pub total: Duration,
    /// For one request of the host itself ([`Gate::exchange`](crate::Gate::exchange)).
    pub exchange: Duration,
    /// For which an unused connection is kept.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            progress: Duration::from_secs(15),
            total: Duration::from_secs(120),
            exchange: Duration::from_secs(15),
            idle: Duration::from_secs(60),
        }
    }
}

/// Why a configuration cannot be used; each text names the key.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// An entry of `egress.allow_private` is neither an address, nor address and port, nor a CIDR.
    #[error("egress.allow_private: `{0}` is not an address, an address with a port or a CIDR")]
    AllowPrivate(String),
    /// An entry of `egress.rewrite` cannot be read.
    #[error("egress.rewrite: `{value}` {reason}")]
    Rewrite {
        /// What stands there.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An entry of `egress.extra_ca` is no certificate.
    #[error("egress.extra_ca: entry {0} (counted from 1) holds no usable PEM certificate")]
    ExtraCa(usize),
    /// The TLS library refused its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
