//! The gate: one per process, shared by everything that goes out.

use std::sync::Arc;

use bytes::Bytes;
use patchbay_model::Clock;
use url::Url;

use crate::{
    CredentialSource, Door, DoorScope, EgressConfig, EgressError, ExchangeError, Grant, Resolve, SystemResolver,
    Timeouts, address::AddressPolicy, dial::Dialer, exchange, pool::Pool, rate::Rates, rewrite::Rewrites, tls,
};

/// The only way out of the process.
pub struct Gate {
    dialer: Dialer,
    pool: Pool,
    rates: Rates,
    clock: Arc<dyn Clock>,
    ports: Vec<u16>,
}

impl Gate {
    /// A gate with the system's resolver.
    ///
    /// # Errors
    /// A configuration that cannot be used; the text names the key.
    pub fn build(config: EgressConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>, EgressError> {
        Self::build_with(config, clock, Arc::new(SystemResolver))
    }

    /// A gate with another resolver.
    ///
    /// # Errors
    /// A configuration that cannot be used; the text names the key.
    pub fn build_with(
        config: EgressConfig,
        clock: Arc<dyn Clock>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Arc<Self>, EgressError> {
        let dialer = Dialer {
            resolver,
            policy: AddressPolicy::parse(&config.allow_private)?,
            rewrites: Rewrites::parse(&config.rewrite)?,
            tls: tls::connector(&config.extra_ca)?,
            timeouts: config.timeouts,
        };
        let pool = Pool::keeping(config.timeouts.idle);
        Ok(Arc::new(Self { dialer, pool, rates: Rates::default(), clock, ports: config.allowed_ports }))
    }

    /// The authorize address as a browser has to open it (rewrite applied).
    #[must_use]
    pub fn browser_address(&self, url: &Url) -> Url {
        self.dialer.rewrites.browser(url)
    }

    /// One request of the host itself (a token address, a logo): `https` only, addresses judged, no
    /// redirects followed, an answer of at most 64 KiB within [`Timeouts::exchange`].
    ///
    /// # Errors
    /// See [`ExchangeError`]; an answer of any status is no error.
    pub async fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, ExchangeError> {
        exchange::run(self, request, &[]).await
    }

    /// As [`Gate::exchange`], for an address of a customer's own: these ports of its `[[host]]` are
    /// allowed besides. Whether the operator grants the address is for whoever asks to check first;
    /// where it leads is judged here as ever.
    ///
    /// # Errors
    /// See [`ExchangeError`]; an answer of any status is no error.
    pub async fn exchange_at(
        &self,
        request: http::Request<Bytes>,
        extra_ports: &[u16],
    ) -> Result<http::Response<Bytes>, ExchangeError> {
        exchange::run(self, request, extra_ports).await
    }

    /// The gate bound to one run.
    #[must_use]
    pub fn door(self: &Arc<Self>, grant: Arc<Grant>, credential: Arc<dyn CredentialSource>, scope: DoorScope) -> Door {
        Door::bind(Arc::clone(self), grant, credential, scope)
    }

    pub(crate) fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.dialer.timeouts
    }

    /// The ports besides 443 that the operator allows.
    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }
}
