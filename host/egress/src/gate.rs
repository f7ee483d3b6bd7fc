//! The gate: one per process, shared by everything that goes out.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use patchbay_model::{Clock, Code};
use tokio::time::Instant;
use url::Url;

use crate::{
    Allowance, BreakerState, CredentialSource, Door, DoorScope, EgressConfig, EgressError, ExchangeError, Grant,
    Refusals, Resolve, SystemResolver, Tape, Timeouts, address::AddressPolicy, breaker::Breakers, dial::Dialer,
    exchange, exchange::Reach, pool::Pool, rate::Rates, refusals::Refused, rewrite::Rewrites, tls,
};

/// The only way out of the process.
pub struct Gate {
    dialer: Dialer,
    pool: Pool,
    rates: Rates,
    breakers: Breakers,
    refused: Refused,
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
            public: AddressPolicy::parse(&[])?,
            rewrites: Rewrites::parse(&config.rewrite)?,
            tls: tls::connector(&config.extra_ca)?,
            timeouts: config.timeouts,
        };
        let pool = Pool::keeping(config.timeouts.idle);
        let (rates, breakers, refused) = (Rates::default(), Breakers::default(), Refused::default());
        Ok(Arc::new(Self { dialer, pool, rates, breakers, refused, clock, ports: config.allowed_ports }))
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
        exchange::run(self, request, &[], Reach::Granted, Allowance::usual(self)).await
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
        exchange::run(self, request, extra_ports, Reach::Granted, Allowance::usual(self)).await
    }

    /// As [`Gate::exchange_at`], for a larger answer or a longer wait: what comes from a registry of connectors.
    ///
    /// # Errors
    /// See [`ExchangeError`]; an answer of any status is no error.
    pub async fn fetch(
        &self,
        request: http::Request<Bytes>,
        extra_ports: &[u16],
        allowance: Allowance,
    ) -> Result<http::Response<Bytes>, ExchangeError> {
        exchange::run(self, request, extra_ports, Reach::Granted, allowance).await
    }

    /// As [`Gate::exchange`], to public addresses only, whatever private ones the operator opened for connectors: for
    /// addresses that a tenant enters, such as those of webhooks.
    ///
    /// # Errors
    /// See [`ExchangeError`]; an answer of any status is no error.
    pub async fn exchange_public(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, ExchangeError> {
        exchange::run(self, request, &[], Reach::Public, Allowance::usual(self)).await
    }

    /// The gate bound to one run.
    #[must_use]
    pub fn door(self: &Arc<Self>, grant: Arc<Grant>, credential: Arc<dyn CredentialSource>, scope: DoorScope) -> Door {
        Door::bind(Arc::clone(self), grant, credential, scope)
    }

    /// As [`Gate::door`], with a tape that plays the provider's part or keeps the conversation: for connectors that are
    /// tried and recorded by their authors.
    #[must_use]
    pub fn taped_door(
        self: &Arc<Self>,
        grant: Arc<Grant>,
        credential: Arc<dyn CredentialSource>,
        scope: DoorScope,
        tape: Tape,
    ) -> Door {
        Door::bind_taped(Arc::clone(self), grant, credential, scope, tape)
    }

    /// The circuits that are not plainly closed: open, half open, or with failures of late.
    #[must_use]
    pub fn breakers(&self) -> Vec<BreakerState> {
        self.breakers.states(Instant::now())
    }

    /// The circuits that this process opened or closed since it was asked last; a closed one has
    /// `opened` 0. What [`Gate::apply_breakers`] brought is not among them.
    #[must_use]
    pub fn changed_breakers(&self) -> Vec<BreakerState> {
        self.breakers.changed(Instant::now())
    }

    /// Takes in what another node knows, or what was known before a restart. It opens circuits and ends
    /// what was only known from others; what this process saw itself is never shortened.
    pub fn apply_breakers(&self, states: Vec<BreakerState>) {
        self.breakers.apply(states, Instant::now());
    }

    /// Closes a circuit by an operator's word, whatever was known.
    pub fn close_breaker(&self, tenant: &str, origin: &str) {
        self.breakers.close(tenant, origin);
    }

    /// What was refused since this was asked last, by kind and connector.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<Refusals> {
        self.refused.take()
    }

    /// Counts a refusal; of the host's own requests where there is no connector.
    pub(crate) fn refused(&self, code: Code, connector: Option<&str>) {
        self.refused.count(code, connector, self.clock.now());
    }

    /// The longest pause that holds a connection back now, at whatever origin the provider asked for it,
    /// learnt here or told by [`Gate::pause`].
    #[must_use]
    pub fn paused(&self, tenant: &str, connection: &str) -> Option<Duration> {
        self.rates.pauses().longest(tenant, connection)
    }

    /// Holds a connection back at every origin, because another node was told to; at most a day, and
    /// never shorter than what is known already.
    pub fn pause(&self, tenant: &str, connection: &str, length: Duration) {
        self.rates.pauses().tell(tenant, connection, length);
    }

    pub(crate) fn circuits(&self) -> &Breakers {
        &self.breakers
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
