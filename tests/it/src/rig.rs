//! A host with everything around it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use patchbay_test_support::{
    Answer, Api, HostProcess, HostSetup, OidcProvider, Result, TestTime, Trouble,
    fakes::{Fakes, FakesConfig},
    packaged, wait_until,
};
use serde_json::json;

use crate::{
    EchoServer, Tenant, Variant,
    tenant::{at, items},
};

/// Short waits, so that a test of what comes after a wait is quick; everything else as it is.
pub const BRISK: &str =
    "[jobs]\nlease_seconds = 3\npoll_millis = 50\nsettle_seconds = 1\nsettle_again_seconds = 1\nworkers = 32\n";

/// How long what is begun may take before a test moves the clock on ([`Rig::advance_until`]).
const MOMENT: Duration = Duration::from_secs(2);

/// Names the database to the host; a secret, so not in its file.
pub(crate) const DATABASE: &str = "PATCHBAY_DATABASE__URL";

/// What a rig is made of; the rest is as usual.
#[derive(Default)]
pub struct RigSetup {
    /// The providers of `plugins/` and the fake of all logins; few records when left out.
    pub fakes: Option<FakesConfig>,
    /// `[jobs]` and what follows from it, instead of [`BRISK`].
    pub jobs: Option<String>,
    /// TOML after the section `[jobs]`.
    pub more: String,
    /// The clock of host and providers stands in the test's hand ([`Rig::advance`]).
    pub test_clock: bool,
    /// Where the host stands still, from its first start on.
    pub failpoint: Option<String>,
    /// The certified OpenID provider runs too.
    pub oidc: bool,
    /// Origins of customers' own, served by the fake of all logins.
    pub customers: Vec<String>,
    /// Environment of the host, e.g. where its keys are.
    pub variables: Vec<(String, String)>,
    /// The address of a PostgreSQL database ([`crate::ServerDatabase`]); a file of SQLite when left out.
    pub database: Option<String>,
}

/// A running host, its providers, and the operator's key.
pub struct Rig {
    /// The real binary.
    pub host: HostProcess,
    /// The providers of `plugins/`.
    pub fakes: Fakes,
    /// The provider of the guests.
    pub echo: EchoServer,
    /// The API with the operator's key.
    pub operator: Api,
    time: TestTime,
    oidc: Option<OidcProvider>,
    /// As the host was started.
    setup: HostSetup,
}

impl RigSetup {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// Something did not start.
    pub fn start(self) -> Result<Rig> {
        let time = TestTime::default();
        let mut config = self.fakes.unwrap_or_else(FakesConfig::small);
        if self.test_clock {
            config.clock = Arc::new(time.clone());
        }
        let fakes = Fakes::start(config)?;
        let echo = EchoServer::start()?;
        let oidc = if self.oidc { Some(OidcProvider::start()?) } else { None };
        let mut setup = HostSetup {
            more: format!("{}\n{}", self.jobs.as_deref().unwrap_or(BRISK), self.more),
            test_clock: self.test_clock,
            failpoint: self.failpoint,
            variables: self.variables,
            ..HostSetup::with(&fakes)
        };
        setup.variables.extend(self.database.map(|url| (DATABASE.to_owned(), url)));
        setup.rewrites.push(echo.rewrite());
        setup.rewrites.extend(oidc.as_ref().map(OidcProvider::rewrite));
        setup.rewrites.extend(self.customers.iter().map(|origin| fakes.customer(origin)));
        let host = HostProcess::start(setup.clone())?;
        let operator = host.operator()?;
        Ok(Rig { host, fakes, echo, operator, time, oidc, setup })
    }
}

impl Rig {
    /// A host with few records at its providers.
    ///
    /// # Errors
    ///
    /// Something did not start.
    pub fn start() -> Result<Self> {
        RigSetup::default().start()
    }

    /// A host with these providers; `more` is TOML after the section `[jobs]`.
    ///
    /// # Errors
    ///
    /// Something did not start.
    pub fn with(config: FakesConfig, more: &str) -> Result<Self> {
        RigSetup { fakes: Some(config), more: more.to_owned(), ..RigSetup::default() }.start()
    }

    /// The OpenID provider of [`RigSetup::oidc`].
    ///
    /// # Errors
    ///
    /// It was not asked for.
    pub fn oidc(&self) -> Result<&OidcProvider> {
        self.oidc.as_ref().ok_or_else(|| Trouble::new("this rig has no OpenID provider: RigSetup::oidc is not set"))
    }

    /// The name of the host's process; another one after each start.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub fn node(&self) -> Result<String> {
        self.operator.get("/v1/node")?.expect(200)?.text_at("/node")
    }

    /// How many runs of a tenant a dead process left behind, as nobody has taken them over yet.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn left_by(&self, node: &str, tenant: &Tenant) -> Result<usize> {
        let running = items(&self.operator_of(tenant), "/v1/runs?state=running&limit=200")?;
        Ok(running.iter().filter(|run| *at(run, "node") == json!(node)).count())
    }

    /// Moves the clocks of the host, of the fakes and of the OpenID provider on.
    ///
    /// # Errors
    ///
    /// The rig was made without a test clock.
    pub fn advance(&self, by: Duration) -> Result<()> {
        self.advance_with(by, &[])
    }

    /// The same, with other hosts on its database.
    pub(crate) fn advance_with(&self, by: Duration, others: &[HostProcess]) -> Result<()> {
        self.time.advance_with(by, || {
            others.iter().chain([&self.host]).try_for_each(|host| host.advance(by))?;
            self.oidc.as_ref().map_or(Ok(()), |oidc| oidc.advance(by))
        })
    }

    /// Moves the clocks on, by so much at a time, until there is an answer. What is begun at one moment has time to end before the
    /// next one comes: else its lease would lapse again and again, on a machine that is slow enough.
    ///
    /// # Errors
    ///
    /// As [`wait_until`]; or the rig was made without a test clock.
    pub fn advance_until<T>(
        &self,
        what: &str,
        by: Duration,
        limit: Duration,
        mut ask: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let mut moved: Option<Instant> = None;
        wait_until(what, limit, || {
            if moved.is_none_or(|moved| moved.elapsed() > MOMENT) {
                self.advance(by)?;
                moved = Some(Instant::now());
            }
            ask()
        })
    }

    /// Another host with the same providers and settings, in a folder of its own, on this database.
    pub(crate) fn another(&self, database: &str) -> Result<HostProcess> {
        let mut setup = self.setup.clone();
        setup.variables.retain(|(name, _)| name != DATABASE);
        setup.variables.push((DATABASE.to_owned(), database.to_owned()));
        HostProcess::start(setup)
    }

    /// The API without a key.
    #[must_use]
    pub fn stranger(&self) -> Api {
        Api::new(&self.host.base())
    }

    /// A tenant with a key.
    ///
    /// # Errors
    ///
    /// It was not made.
    pub fn tenant(&self, name: &str) -> Result<Tenant> {
        let made = self.operator.post("/v1/tenants", &json!({ "name": name }))?.expect(201)?;
        let id = made.text_at("/id")?;
        let made = self.operator.post(&format!("/v1/tenants/{id}/keys"), &json!({ "name": "test" }))?.expect(201)?;
        let key = made.text_at("/key")?;
        Ok(Tenant { api: self.stranger().with_key(&key), id, key })
    }

    /// Posts a packaged file.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn post(&self, packaged: Vec<u8>) -> Result<Answer> {
        self.operator.send("POST", "/v1/connectors", Some("application/wasm"), packaged)
    }

    /// Posts a packaged file that becomes active; its release.
    ///
    /// # Errors
    ///
    /// It does not become active.
    pub fn install(&self, packaged: Vec<u8>) -> Result<String> {
        let answer = self.post(packaged)?.expect(201)?;
        match answer.text_at("/release/state")?.as_str() {
            "active" => answer.text_at("/release/id"),
            _ => Err(Trouble::new(format!("it is not active: {}", answer.text()))),
        }
    }

    /// Installs a version that asks for more than was approved, and approves it; its release.
    ///
    /// # Errors
    ///
    /// It does not wait for an approval, or does not become active by it.
    pub fn install_and_approve(&self, packaged: Vec<u8>) -> Result<String> {
        let answer = self.post(packaged)?.expect(201)?;
        if answer.text_at("/release/state")? != "ready" {
            return Err(Trouble::new(format!("it does not wait: {}", answer.text())));
        }
        let release = answer.text_at("/release/id")?;
        self.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;
        Ok(release)
    }

    /// Installs connectors of `plugins/`.
    ///
    /// # Errors
    ///
    /// One is not packaged, or does not become active.
    pub fn install_connectors(&self, names: &[&str]) -> Result<()> {
        for name in names {
            self.install(std::fs::read(packaged(name)?)?)?;
        }
        Ok(())
    }

    /// Installs the guests as this version; their release.
    ///
    /// # Errors
    ///
    /// They are not built, or do not become active.
    pub fn install_guests(&self, version: &str) -> Result<String> {
        self.install(Variant::of_guests(version)?.pack()?)
    }

    /// The operator's view of a tenant.
    #[must_use]
    pub fn operator_of(&self, tenant: &Tenant) -> Api {
        self.operator.for_tenant(&tenant.id)
    }
}
