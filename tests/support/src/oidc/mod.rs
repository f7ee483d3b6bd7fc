//! The certified OpenID provider of `tests/oidc` (npm `oidc-provider`) as a process: PKCE required, access
//! tokens of 20 seconds, refresh tokens that rotate and whose second use ends the whole family.
//!
//! The host knows it as [`ISSUER`] and reaches it by `egress.rewrite`. A machine without node cannot run
//! these tests, and then they fail: none of them is skipped.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use patchbay_fakes::Rewrite;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answer, Api, Result, Trouble, npm, wait_until};

/// Its issuer, which is also the origin that manifests name.
pub const ISSUER: &str = "https://oidc.example";
/// The host of the issuer, as requests say it.
pub const HOST: &str = "oidc.example";
const READY: Duration = Duration::from_secs(30);

/// A running provider; ends with this value.
pub struct OidcProvider {
    child: Child,
    said: Said,
    desk: Api,
}

/// A client that is registered at the provider; it proves itself by HTTP Basic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OidcClient {
    /// `client_id`.
    #[serde(rename = "client_id")]
    pub id: String,
    /// `client_secret`.
    #[serde(rename = "client_secret")]
    pub secret: String,
}

/// What the provider counted at its token and revocation addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OidcJournal {
    /// All calls, in the order in which they came.
    pub calls: Vec<OidcCall>,
    /// Codes that were exchanged.
    pub exchanges: u32,
    /// Refreshes that gave a new pair.
    pub refreshes: u32,
    /// Calls that were answered with an error.
    pub refused: u32,
    /// Tokens given for client credentials.
    pub client_credentials: u32,
    /// Revocations that were accepted.
    pub revocations: u32,
    /// Families that ended because a code or refresh token was used twice.
    pub families_revoked: u32,
    /// Calls that are held now.
    pub held: u32,
}

/// One call of the token or revocation address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OidcCall {
    /// Counts from 1.
    pub number: u32,
    /// `authorization_code`, `refresh_token`, `client_credentials` or `revocation`.
    pub grant: String,
    /// Name of the refresh token that was sent, e.g. `refresh:3`.
    pub refresh: Option<String>,
    /// Name of the refresh token that was given.
    #[serde(default)]
    pub gave: Option<String>,
    /// Status; none while there is no answer yet.
    pub status: Option<u16>,
    /// `error` of the answer.
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    origin: String,
    control: String,
    clients: BTreeMap<String, OidcClient>,
    users: BTreeMap<String, User>,
}

#[derive(Deserialize)]
struct User {
    password: String,
}

impl OidcProvider {
    /// Installs it where that was not done yet, starts it, and waits until it listens.
    ///
    /// # Errors
    ///
    /// There is no node or npm, or the provider did not say that it listens.
    pub fn start() -> Result<Self> {
        let folder = npm::install("tests/oidc")?;
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(&folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| Trouble::new(format!("node does not start: {error}")))?;
        match first_line(&mut child).and_then(|line| Ok(serde_json::from_str::<Said>(&line)?)) {
            Ok(said) => Ok(Self { desk: Api::new(&said.control), child, said }),
            Err(error) => {
                // It may have ended by itself.
                drop(child.kill());
                drop(child.wait());
                Err(Trouble::new(format!("the OpenID provider did not start: {error}")))
            }
        }
    }

    /// Where it really is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.said.origin
    }

    /// The entry of `egress.rewrite` that leads to it.
    #[must_use]
    pub fn rewrite(&self) -> Rewrite {
        let origin = self.said.origin.clone();
        Rewrite { origin: ISSUER.to_owned(), connect: origin.clone(), browser: Some(origin) }
    }

    /// The client of people's logins: code with PKCE, and refresh tokens.
    ///
    /// # Errors
    ///
    /// The provider did not name it.
    pub fn code_client(&self) -> Result<OidcClient> {
        self.client("code")
    }

    /// The client that logs in by itself: `client_credentials`, scope `records:read`.
    ///
    /// # Errors
    ///
    /// The provider did not name it.
    pub fn machine_client(&self) -> Result<OidcClient> {
        self.client("machine")
    }

    fn client(&self, name: &str) -> Result<OidcClient> {
        self.said.clients.get(name).cloned().ok_or_else(|| Trouble::new(format!("no client {name}")))
    }

    /// The password of `els`, `piet` or `an`; the business account of each is their own: `business-els`.
    #[must_use]
    pub fn password(&self, login: &str) -> String {
        self.said.users.get(login).map(|user| user.password.clone()).unwrap_or_default()
    }

    /// Lets the code client send people back to this address.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn allow_redirect(&self, uri: &str) -> Result<()> {
        self.control("/redirects", &json!({ "uri": uri })).map(drop)
    }

    /// What it counted so far.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn journal(&self) -> Result<OidcJournal> {
        Ok(serde_json::from_value(self.desk.get("/journal")?.expect(200)?.json)?)
    }

    /// The values of all tokens that it ever gave, for the search for leaks.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn values(&self) -> Result<Vec<String>> {
        let values = self.desk.get("/values")?.expect(200)?.array_at("/values")?;
        Ok(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Ends what a person granted (everybody when left out), as they can at the provider; how many grants.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn revoke_grants(&self, login: Option<&str>) -> Result<u64> {
        let ended = self.control("/revoke", &json!({ "account": login }))?;
        Ok(ended.json.get("ended").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Ends all access tokens; refresh tokens stay good.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn expire_access(&self) -> Result<()> {
        self.control("/expire", &json!({})).map(drop)
    }

    /// The life of access tokens from now on, seconds.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn set_access_life(&self, seconds: u32) -> Result<()> {
        self.control("/life", &json!({ "seconds": seconds })).map(drop)
    }

    /// Moves its clock on.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn advance(&self, by: Duration) -> Result<()> {
        self.control("/advance", &json!({ "ms": u64::try_from(by.as_millis())? })).map(drop)
    }

    /// Holds the next call with this grant until [`OidcProvider::release`]: `applied` when it was done and
    /// only its answer waits, else before anything is done.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn hold(&self, grant: &str, applied: bool) -> Result<()> {
        self.control("/hold", &json!({ "grant": grant, "applied": applied })).map(drop)
    }

    /// Makes the next `times` calls with this grant late; `applied` as in [`OidcProvider::hold`].
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn delay(&self, grant: &str, by: Duration, applied: bool, times: u32) -> Result<()> {
        let ms = u64::try_from(by.as_millis())?;
        let rule = json!({ "grant": grant, "ms": ms, "applied": applied, "times": times });
        self.control("/delay", &rule).map(drop)
    }

    /// Waits until a call is held.
    ///
    /// # Errors
    ///
    /// `limit` passed.
    pub fn wait_until_held(&self, limit: Duration) -> Result<()> {
        wait_until("a call that the OpenID provider holds", limit, || Ok((self.journal()?.held > 0).then_some(())))
    }

    /// Lets go of what is held, and forgets what was still to be held or late.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub fn release(&self) -> Result<()> {
        self.control("/release", &json!({})).map(drop)
    }

    fn control(&self, path: &str, body: &Value) -> Result<Answer> {
        self.desk.post(path, body)?.expect(200)
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        // Only its own process; it may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The line that says where it is; what comes after it is read and dropped.
fn first_line(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().ok_or_else(|| Trouble::new("its standard output is not ours"))?;
    let (send, ready) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            // Nobody waits for a second line.
            drop(send.send(line));
        }
    });
    ready.recv_timeout(READY).map_err(|error| Trouble::new(format!("it did not say where it listens: {error}")))
}

#[cfg(test)]
mod tests;
