//! Publishers and their keys on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// A publisher of connectors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Publisher {
    /// What stands before the dot of its connectors' ids.
    #[schema(example = "acme")]
    id: String,
    /// Its keys, in the order in which they came.
    keys: Vec<PublisherKey>,
}

/// A key of a publisher.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublisherKey {
    /// What names it, and what people compare.
    #[schema(example = "SHA256:If4x36FUomFia/hUBG/SJxt77UtqvkWqWId+9H+XIbk")]
    fingerprint: String,
    /// The key, Base64 of 32 bytes.
    #[schema(example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    key: String,
    /// Whether what it signs is taken.
    state: KeyState,
    /// When it came here.
    seen_at: Time,
    /// Since when it is trusted; null for one that was only seen.
    trusted_at: Option<Time>,
    /// Who trusted it, as in the audit log.
    trusted_by: Option<String>,
    /// Since when it is revoked.
    revoked_at: Option<Time>,
    /// Who revoked it, as in the audit log.
    revoked_by: Option<String>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// It signed a release of a publisher whose key is another one. Approving that release trusts it.
    Seen,
    /// What it signs is taken.
    Trusted,
    /// Nothing that it signed is taken into use for the first time.
    Revoked,
}

impl From<&patchbay_app::PublisherKey> for KeyState {
    fn from(key: &patchbay_app::PublisherKey) -> Self {
        match (key.revoked_at, key.trusted_at) {
            (Some(_), _) => Self::Revoked,
            (None, Some(_)) => Self::Trusted,
            (None, None) => Self::Seen,
        }
    }
}

impl From<patchbay_app::PublisherKey> for PublisherKey {
    fn from(key: patchbay_app::PublisherKey) -> Self {
        Self {
            state: (&key).into(),
            fingerprint: key.fingerprint,
            key: key.public_key,
            seen_at: key.seen_at.into(),
            trusted_at: key.trusted_at.map(Into::into),
            trusted_by: key.trusted_by,
            revoked_at: key.revoked_at.map(Into::into),
            revoked_by: key.revoked_by,
        }
    }
}

impl Publisher {
    /// Keys, by publisher, gathered.
    pub(crate) fn gather(keys: Vec<patchbay_app::PublisherKey>) -> Vec<Self> {
        let mut publishers: Vec<Self> = Vec::new();
        for key in keys {
            match publishers.last_mut().filter(|last| last.id == key.publisher) {
                Some(last) => last.keys.push(key.into()),
                None => publishers.push(Self { id: key.publisher.clone(), keys: vec![key.into()] }),
            }
        }
        publishers
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::Timestamp;

    use super::*;

    #[test]
    fn keys_are_gathered_by_publisher_and_each_says_how_it_stands() {
        let key = |publisher: &str, trusted: bool, revoked: bool| patchbay_app::PublisherKey {
            publisher: publisher.to_owned(),
            fingerprint: "SHA256:x".to_owned(),
            public_key: "x".to_owned(),
            seen_at: Timestamp::default(),
            trusted_at: trusted.then(Timestamp::default),
            trusted_by: None,
            revoked_at: revoked.then(Timestamp::default),
            revoked_by: None,
        };
        let all = Publisher::gather(vec![key("a", true, false), key("a", true, true), key("b", false, false)]);
        let states: Vec<Vec<KeyState>> =
            all.iter().map(|publisher| publisher.keys.iter().map(|key| key.state).collect()).collect();
        assert_eq!(states, [vec![KeyState::Trusted, KeyState::Revoked], vec![KeyState::Seen]]);
    }
}
