//! What every piece of work on a connection needs: its door, its context, its limits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use patchbay_egress::{CredentialError, CredentialSource, Door, DoorScope, Grant, Values, Writes};
use patchbay_model::{
    Code, Failure, Fault,
    contract::Context,
    manifest::{Auth, Manifest},
};
use patchbay_store::{Account, Connection, StoreError};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use crate::{
    App,
    connectors::Release,
    facts::{self, Facts},
    tokens::LiveCredential,
};

impl App {
    /// The gate's door for work on a connection: what it may reach, and whose credential is filled in. The
    /// credential tells afterwards which version of it was used.
    pub(crate) async fn door(
        self: &Arc<Self>,
        connection: &Connection,
        account: Option<&Account>,
        release: &Release,
        writes: Writes,
        deadline: Instant,
        stop: watch::Receiver<bool>,
    ) -> Result<(Door, Arc<LiveCredential>), Failure> {
        let source = Ahead::not_asked(self, connection);
        self.door_by(source, connection, account, release, writes, deadline, stop).await
    }

    /// The same with a credential that was asked for before.
    #[expect(clippy::too_many_arguments, reason = "what a door is made of, and each of another kind")]
    pub(crate) async fn door_by(
        self: &Arc<Self>,
        source: Arc<Ahead>,
        connection: &Connection,
        account: Option<&Account>,
        release: &Release,
        writes: Writes,
        deadline: Instant,
        stop: watch::Receiver<bool>,
    ) -> Result<(Door, Arc<LiveCredential>), Failure> {
        if matches!(writes, Writes::Journal(_)) {
            self.check_may_push()?;
        }
        let Some(auth) = release.manifest.auth(&connection.auth) else { return Err(self.no_way_in(connection).await) };
        let grant = Grant {
            tenant: connection.tenant.to_string(),
            connector: release.manifest.id.clone(),
            connection: Some(connection.id.to_string()),
            account: account.map(|account| account.provider_id.clone()),
            hosts: release.manifest.hosts.clone(),
            slots: auth.slots.clone(),
            expired: auth.expired.clone(),
            rates: release.manifest.rates.clone(),
            placeholders: auth.placeholders(&Facts::read(&connection.facts).login),
            customer_origins: self.origins_for(&release.manifest).await.map_err(unusable)?,
            ceiling: self.settings.connectors.ceiling.hosts.clone(),
        };
        let credential = Arc::clone(&source.live);
        Ok((self.gate.door(Arc::new(grant), source, DoorScope { writes, deadline, stop }), credential))
    }

    /// What becomes of work on a connection whose way of logging in the release does not have: its owner has to
    /// choose another one, unless that was done a moment ago.
    pub(crate) async fn no_way_in(self: &Arc<Self>, connection: &Connection) -> Failure {
        match LiveCredential::of(self, connection).current().await {
            Err(CredentialError::Dead(text)) => Failure::CredentialDead(text),
            Err(CredentialError::Busy(text)) => Failure::CredentialBusy(text),
            Ok(_) => Failure::CredentialBusy(format!("the release of {} was changed meanwhile", connection.id)),
        }
    }

    /// What the manifest asks, never more than the operator's ceiling.
    pub(crate) fn memory_for(&self, release: &Release) -> usize {
        let limits = self.settings.connectors.ceiling.limits(release.manifest.limits);
        let asked = usize::try_from(limits.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        asked.min(self.settings.memory_bytes)
    }

    /// The time of a run, likewise.
    pub(crate) fn run_time_for(&self, release: &Release) -> Duration {
        let limits = self.settings.connectors.ceiling.limits(release.manifest.limits);
        self.settings.run_time.min(Duration::from_secs(u64::from(limits.run_minutes) * 60))
    }
}

/// A credential that may be asked for before the door that needs it is made: then it is there when the first request
/// leaves. That answer is handed out once, and only while it is young; after that the credential is asked as always.
pub(crate) struct Ahead<C = LiveCredential> {
    pub(crate) live: Arc<C>,
    asked: Mutex<Option<(Instant, Asked)>>,
}

type Asked = JoinHandle<Result<Arc<Values>, CredentialError>>;

/// How old an answer may be: writing a push down takes a hundredth of it, and somebody who disconnects meanwhile comes as
/// late as with a request that is on its way.
const YOUNG: Duration = Duration::from_millis(200);

impl Ahead {
    /// Asks when somebody needs it.
    pub(crate) fn not_asked(app: &Arc<App>, connection: &Connection) -> Arc<Self> {
        Arc::new(Self { live: Arc::new(LiveCredential::of(app, connection)), asked: Mutex::default() })
    }

    /// Asks now, in a task of its own: whoever goes away changes nothing about a refresh that was begun.
    pub(crate) fn asked(app: &Arc<App>, connection: &Connection) -> Arc<Self> {
        let live = Arc::new(LiveCredential::of(app, connection));
        let asks = Arc::clone(&live);
        let task = app.tasks.spawn(async move { asks.current().await });
        Arc::new(Self { live, asked: Mutex::new(Some((Instant::now(), task))) })
    }
}

#[async_trait]
impl<C: CredentialSource> CredentialSource for Ahead<C> {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((at, task)) = asked
            && at.elapsed() < YOUNG
            && let Ok(answer @ (Ok(_) | Err(CredentialError::Dead(_)))) = task.await
        {
            // What is dead is not asked once more: a dead refresh token would be spent twice.
            return answer;
        }
        self.live.current().await
    }

    async fn renew(&self, refused: &Values) -> Result<Arc<Values>, CredentialError> {
        self.live.renew(refused).await
    }
}

/// What a connector is told about the connection it works for.
pub(crate) fn context_of(connection: &Connection, account: Option<&Account>, manifest: &Manifest) -> Context {
    Context {
        auth: connection.auth.clone(),
        account: account.map(|account| account.provider_id.clone()),
        facts: Facts::read(&connection.facts).told(),
        account_facts: account
            .map(|account| facts::of_account(&account.facts))
            .unwrap_or_default()
            .into_iter()
            .collect(),
        settings: connection.settings.clone().into_bytes(),
        config: config_of(manifest),
    }
}

/// The manifest's defaults as the operator corrected them, for the connector.
pub(crate) fn config_of(manifest: &Manifest) -> Vec<u8> {
    manifest.config.as_ref().map_or_else(|| b"{}".to_vec(), |config| config.defaults.to_string().into_bytes())
}

pub(crate) fn auth_of<'r>(release: &'r Release, id: &str) -> Result<&'r Auth, Failure> {
    release
        .manifest
        .auth(id)
        .ok_or_else(|| Failure::ReleaseUnusable(format!("release {} has no auth method {id}", release.id)))
}

/// A failure of the store, as the end of work.
pub(crate) fn stored(error: StoreError) -> Failure {
    error.into()
}

/// A release that cannot be used, as the end of work; or that could not be had just now.
pub(crate) fn unusable(fault: Fault) -> Failure {
    let code = fault.code;
    let text = fault.operator.unwrap_or(fault.person);
    if code == Code::StorageFailed { Failure::Storage(text) } else { Failure::ReleaseUnusable(text) }
}

/// A failure of a connector, as the answer to somebody who waits for it.
pub(crate) fn refused(failure: &Failure) -> Fault {
    let mut fault = Fault::because(failure.code(), failure.person());
    fault.operator = failure.operator();
    if let Failure::Connector(error) = failure {
        fault.fields.clone_from(&error.info().fields);
        fault.retry_after = error.info().retry_after;
    }
    fault
}

/// A failure of a list: its place to go on is the only thing that can conflict.
pub(crate) fn listed(error: StoreError) -> Fault {
    match error {
        StoreError::Conflict(_) => {
            Fault::because(Code::ParameterInvalid, "`after` is not the `next` of an earlier answer.")
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use patchbay_model::Timestamp;

    use super::*;

    /// Hands out a new generation whenever it is asked.
    #[derive(Default)]
    struct Counted(AtomicU64);

    fn values(generation: u64) -> Arc<Values> {
        let obtained_at = Timestamp::from_millis(0);
        Arc::new(Values { secrets: [].into(), obtained_at, generation, renewable: false, after_refusal: false })
    }

    #[async_trait]
    impl CredentialSource for Counted {
        async fn current(&self) -> Result<Arc<Values>, CredentialError> {
            Ok(values(10 + self.0.fetch_add(1, Ordering::Relaxed)))
        }

        async fn renew(&self, _: &Values) -> Result<Arc<Values>, CredentialError> {
            Ok(values(99))
        }
    }

    async fn generations(asked: Option<(Instant, Asked)>) -> Vec<u64> {
        let ahead = Ahead { live: Arc::new(Counted::default()), asked: Mutex::new(asked) };
        let mut found = Vec::new();
        for _ in 0..2 {
            found.push(ahead.current().await.expect("a credential").generation);
        }
        found.push(ahead.renew(&values(1)).await.expect("a credential").generation);
        found
    }

    #[tokio::test]
    async fn what_was_asked_ahead_is_handed_out_once_and_never_when_it_is_old_or_failed() {
        let asked = || tokio::spawn(async { Ok(values(1)) });
        assert_eq!(generations(None).await, [10, 11, 99]);
        assert_eq!(generations(Some((Instant::now(), asked()))).await, [1, 10, 99]);
        let old = Instant::now().checked_sub(YOUNG).expect("the machine has run for so long");
        assert_eq!(generations(Some((old, asked()))).await, [10, 11, 99]);
        let failed = tokio::spawn(async { Err(CredentialError::Busy("just now".to_owned())) });
        assert_eq!(generations(Some((Instant::now(), failed))).await, [10, 11, 99]);
        assert_eq!(
            generations(Some((Instant::now(), tokio::spawn(async { panic!("on purpose") })))).await,
            [10, 11, 99]
        );
    }
}
