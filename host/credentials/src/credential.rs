//! What proves a connection, between the moment it is had and the moment it is sealed.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{Code, Fault, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The name under which an access token stands in [`Credential::secrets`].
pub const ACCESS_TOKEN: &str = "access_token";
/// The name under which a refresh token stands in [`Credential::secrets`].
pub const REFRESH_TOKEN: &str = "refresh_token";

/// How long before its end a token is refreshed at the latest, unless it lives too short for that.
const MARGIN: Duration = Duration::from_secs(15 * 60);

/// What proves a connection. It has no `Serialize`: the only way out is [`to_bytes`](Self::to_bytes),
/// for sealing.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Id of the manifest's auth method.
    pub auth: String,
    /// By name: the ids of entered secret fields, or `access_token` and `refresh_token`.
    pub secrets: BTreeMap<String, Secret>,
    /// What the provider says that it granted, where it does.
    pub scopes: Option<Vec<String>>,
    /// When it was had.
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

    /// Whether it is time to refresh: 15 minutes or a third of its life before its end, whichever is less.
    #[must_use]
    pub fn refresh_due(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| {
            let margin = MARGIN.min(end.since(self.obtained_at) / 3);
            now >= end.minus(margin)
        })
    }

    /// Whether there is a refresh token. Its end is not asked: the provider knows it, and its word is what
    /// ends a connection.
    #[must_use]
    pub fn refreshable(&self) -> bool {
        self.secrets.contains_key(REFRESH_TOKEN)
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lasting(seconds: i64) -> Credential {
        Credential {
            expires_at: Some(Timestamp::from_millis(seconds * 1_000)),
            ..Credential::entered("oauth", BTreeMap::new(), Timestamp::from_millis(0))
        }
    }

    #[test]
    fn a_token_is_refreshed_15_minutes_or_a_third_of_its_life_before_its_end() {
        for (life, due) in [(7_200, 6_300), (2_700, 1_800), (900, 600), (60, 40), (0, 0)] {
            let credential = lasting(life);
            assert!(!credential.refresh_due(Timestamp::from_millis(due * 1_000 - 1)), "life {life}");
            assert!(credential.refresh_due(Timestamp::from_millis(due * 1_000)), "life {life}");
        }
    }

    #[test]
    fn a_token_without_an_end_is_never_due() {
        let credential = Credential::entered("token", BTreeMap::new(), Timestamp::from_millis(0));
        assert!(!credential.refresh_due(Timestamp::from_micros(i64::MAX)));
    }

    #[test]
    fn a_credential_is_refreshable_by_its_refresh_token_alone() {
        let mut credential = lasting(60);
        assert!(!credential.refreshable());
        credential.secrets.insert(REFRESH_TOKEN.to_owned(), Secret::new("r"));
        credential.refresh_ends = Some(Timestamp::from_millis(-1));
        assert!(credential.refreshable());
    }

    #[test]
    fn a_credential_does_not_print_its_secrets_nor_do_errors_quote_them() {
        let secrets = BTreeMap::from([("token".to_owned(), Secret::new("ghp_canary0123456789"))]);
        let credential = Credential::entered("token", secrets, Timestamp::from_millis(0));
        let bytes = credential.to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        assert!(text.contains("canary"));
        assert!(!format!("{credential:?}").contains("canary"));
        for broken in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace("{\"token\":\"ghp_canary0123456789\"}", "\"ghp_canary0123456789\""),
            text.replace("}}", "}").replace("},", ","),
            format!("{text} x"),
            text.replace("\"v\"", "\"canary\""),
        ] {
            let fault = Credential::from_bytes(broken.as_bytes()).expect_err("not ours");
            assert_eq!(fault.code, Code::SealBroken);
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        }
    }

    proptest! {
        #[test]
        fn a_credential_comes_back_as_it_was(
            auth in ".{0,10}", name in ".{1,10}", text in ".{0,200}", scope in ".{0,10}",
            obtained: i64, expires: Option<i64>, ends: Option<i64>,
        ) {
            let credential = Credential {
                auth,
                secrets: BTreeMap::from([(name, Secret::new(text))]),
                scopes: Some(vec![scope]),
                obtained_at: Timestamp::from_micros(obtained),
                expires_at: expires.map(Timestamp::from_micros),
                refresh_ends: ends.map(Timestamp::from_micros),
            };
            let bytes = credential.to_bytes();
            let again = Credential::from_bytes(&bytes).expect("read");
            prop_assert_eq!(again.to_bytes(), bytes);
            prop_assert_eq!(again.obtained_at, credential.obtained_at);
            prop_assert_eq!(again.expires_at, credential.expires_at);
            prop_assert_eq!(again.refresh_ends, credential.refresh_ends);
            let read = |from: &Credential| from.secrets.values().map(|s| s.expose().to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(read(&again), read(&credential));
        }
    }
}
