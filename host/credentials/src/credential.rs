//! What proves a connection, between the moment it is had and the moment it is sealed.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{
    Code, Fault, Secret, Timestamp,
    manifest::{Auth, Renewal},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The name under which an access token stands in [`Credential::secrets`].
pub const ACCESS_TOKEN: &str = "access_token";
/// The name under which a refresh token stands in [`Credential::secrets`].
pub const REFRESH_TOKEN: &str = "refresh_token";

/// How long before its end a token is refreshed at the latest, unless it lives too short for that.
const MARGIN: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(86_400);

/// What proves a connection. It has no `Serialize`: the only way out is [`to_bytes`](Self::to_bytes),
/// for sealing.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Id of the manifest's auth method.
    pub auth: String,
    /// By name: the ids of entered secret fields, `access_token` and `refresh_token`, and the manifest's
    /// further tokens.
    pub secrets: BTreeMap<String, Secret>,
    /// What the provider says that it granted, where it does.
    pub scopes: Option<Vec<String>>,
    /// When it was asked for, or entered.
    pub obtained_at: Timestamp,
    /// When the access token ends, where the provider says so.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends, where that is known.
    pub refresh_ends: Option<Timestamp>,
}

impl Credential {
    /// A credential of entered fields, which does not end by itself.
    #[must_use]
    pub fn entered(auth: &str, secrets: BTreeMap<String, Secret>, now: Timestamp) -> Self {
        Self { auth: auth.to_owned(), secrets, scopes: None, obtained_at: now, expires_at: None, refresh_ends: None }
    }

    /// A credential that was had elsewhere, e.g. by another hub; its life is counted from now on.
    #[must_use]
    pub fn imported(
        auth: &str,
        secrets: BTreeMap<String, Secret>,
        expires_at: Option<Timestamp>,
        scopes: Option<Vec<String>>,
        now: Timestamp,
    ) -> Self {
        Self { expires_at, scopes, ..Self::entered(auth, secrets, now) }
    }

    /// How it is renewed without a person.
    pub(crate) fn renewal(&self, auth: &Auth) -> Renewal {
        auth.renewal(self.secrets.contains_key(REFRESH_TOKEN))
    }

    /// Whether it can be renewed without a person. The end of a refresh token is not asked: the provider
    /// knows it, and its word is what ends a connection.
    #[must_use]
    pub fn renewable(&self, auth: &Auth) -> bool {
        self.renewal(auth) != Renewal::Never
    }

    /// Whether it is time to refresh. Never for what cannot be renewed, or does not end by itself.
    #[must_use]
    pub fn refresh_due(&self, auth: &Auth, now: Timestamp) -> bool {
        self.renewable(auth) && self.due(auth).is_some_and(|due| now >= due)
    }

    /// When it has to be renewed even if nobody uses the connection: every day where the provider drops
    /// what is idle (however short an access token lives), and before its end where the access token
    /// renews itself. None where its next use is early enough.
    #[must_use]
    pub fn next_refresh(&self, auth: &Auth) -> Option<Timestamp> {
        if !self.renewable(auth) {
            return None;
        }
        let daily = auth.idle_days.map(|_| self.obtained_at.plus(DAY));
        let before_end = self.due(auth).filter(|_| self.renewal(auth) == Renewal::AccessToken);
        daily.into_iter().chain(before_end).min()
    }

    /// 15 minutes or a third of its life before its end, whichever is less, or the days that the manifest
    /// says.
    fn due(&self, auth: &Auth) -> Option<Timestamp> {
        let end = self.expires_at?;
        let life = end.since(self.obtained_at);
        let third = life / 3;
        let margin = match auth.renew_days_ahead {
            // A token that lives shorter than that would be renewed at every use.
            Some(days) => Some(DAY * days).filter(|ahead| *ahead < life).unwrap_or(third),
            None => MARGIN.min(third),
        };
        Some(end.minus(margin))
    }

    /// The bytes to seal: JSON, wiped when dropped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = StoredRef {
            v: 1,
            auth: &self.auth,
            secrets: self.secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect(),
            scopes: self.scopes.as_deref(),
            obtained_us: self.obtained_at.as_micros(),
            expires_us: self.expires_at.map(Timestamp::as_micros),
            refresh_ends_us: self.refresh_ends.map(Timestamp::as_micros),
        };
        // Room for the worst of escaping (`\u0000`), so that no growing buffer leaves copies behind.
        let texts = self.secrets.iter().map(|(name, secret)| name.len() + secret.len() + 8).sum::<usize>()
            + self.scopes.iter().flatten().map(|scope| scope.len() + 8).sum::<usize>()
            + self.auth.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(256 + 6 * texts));
        #[expect(clippy::expect_used, reason = "text keys and a vector: neither JSON nor the writer can fail")]
        serde_json::to_writer(&mut *bytes, &stored).expect("a credential is always JSON");
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote and a seal kept.
    ///
    /// # Errors
    /// `SealBroken` when it is something else, e.g. of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        // serde_json's own message may quote a value.
        let broken = |why: &str| Fault::new(Code::SealBroken).operator(format_args!("opened, but {why}"));
        let stored: Stored = serde_json::from_slice(bytes).map_err(|_| broken("not a credential"))?;
        if stored.v != 1 {
            return Err(broken("of a version that this host does not know"));
        }
        Ok(Self {
            auth: stored.auth,
            secrets: stored.secrets.into_iter().map(|(name, text)| (name, Secret::new(text))).collect(),
            scopes: stored.scopes,
            obtained_at: Timestamp::from_micros(stored.obtained_us),
            expires_at: stored.expires_us.map(Timestamp::from_micros),
            refresh_ends: stored.refresh_ends_us.map(Timestamp::from_micros),
        })
    }
}

#[derive(Serialize)]
struct StoredRef<'a> {
    v: u32,
    auth: &'a str,
    secrets: BTreeMap<&'a str, &'a str>,
    scopes: Option<&'a [String]>,
    obtained_us: i64,
    expires_us: Option<i64>,
    refresh_ends_us: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    v: u32,
    auth: String,
    secrets: BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    obtained_us: i64,
    expires_us: Option<i64>,
    refresh_ends_us: Option<i64>,
}

#[cfg(test)]
mod tests;
