//! Publishers, and the keys by which their connectors are known.

use patchbay_model::{Code, Fault, package::signature::PublicKey};
use patchbay_store::{PublisherKey, StoreError};

use crate::App;

/// Letters of a publisher's name, as a connector's id takes them.
const NAME: usize = 40;

impl App {
    /// The keys of a publisher, or of all: trusted ones, revoked ones, and those that were only seen.
    pub async fn publisher_keys(&self, publisher: Option<&str>) -> Result<Vec<PublisherKey>, Fault> {
        Ok(self.store.publisher_keys(publisher).await?)
    }

    /// Trusts a key of a publisher from now on, also one that was revoked: whoever says the whole key means it.
    pub async fn trust_publisher_key(&self, publisher: &str, key: &str, actor: &str) -> Result<PublisherKey, Fault> {
        check_name(publisher)?;
        let key = PublicKey::from_text(key).map_err(|error| {
            let text = format!("This is no publisher's key: {error}. `patchbay publishers keygen` prints one.");
            Fault::because(Code::KeyInvalid, text)
        })?;
        let (fingerprint, text) = (key.fingerprint(), key.to_string());
        let trusted = self.store.trust_publisher_key(publisher, &fingerprint, &text, true, actor).await?;
        tracing::info!(publisher, fingerprint, "the key {fingerprint} of {publisher} is trusted, says {actor}");
        Ok(trusted)
    }

    /// Takes nothing any more that this key signed. What is in use stays so, and is shown as signed by a revoked key.
    pub async fn revoke_publisher_key(
        &self,
        publisher: &str,
        fingerprint: &str,
        actor: &str,
    ) -> Result<PublisherKey, Fault> {
        match self.store.revoke_publisher_key(publisher, fingerprint, actor).await {
            Ok(key) => {
                tracing::warn!(publisher, fingerprint, "the key {fingerprint} of {publisher} is revoked, says {actor}");
                Ok(key)
            }
            Err(StoreError::NotFound) => Err(Fault::new(Code::KeyUnknown)),
            Err(other) => Err(other.into()),
        }
    }
}

/// What stands before the dot of a connector's id, as manifests may write it.
fn check_name(publisher: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=NAME).contains(&publisher.len()) && publisher.bytes().all(plain) {
        return Ok(());
    }
    let text = "A publisher is what stands before the dot of a connector's id: a-z, 0-9 and -.";
    Err(Fault::because(Code::ParameterInvalid, text))
}
