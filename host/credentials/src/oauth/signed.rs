//! Signatures of the login's slots, for requests of the login itself: `{slot.ID}`.
//!
//! A provider that wants every request of a token signed wants it of the one that gives the token back, too. The gate
//! signs what a connector asks for; here it is the host that asks.

use base64::{Engine, engine::general_purpose::STANDARD};
use hkdf::hmac::{Hmac, KeyInit, Mac};
use patchbay_model::manifest::{Signature, SignatureEncoding};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{fill, grant::Ask, grant::Identity};

/// Every signature that this login can make now, by the name of its placeholder. `own` are the host's own values.
pub(super) fn signatures(
    ask: &Ask<'_>,
    identity: Option<Identity<'_>>,
    own: &[(&str, &str)],
) -> Vec<(String, Zeroizing<String>)> {
    let mut keys = own.to_vec();
    // It may sign where it may not be sent.
    if let Some(secret) = identity.and_then(|identity| identity.secret)
        && !keys.iter().any(|(name, _)| *name == "client_secret")
    {
        keys.push(("client_secret", secret.expose()));
    }
    let values = ask.auth.placeholders(ask.facts);
    let signed = ask.auth.slots.iter().filter_map(|slot| {
        let signature = slot.signature.as_ref()?;
        let message = fill::parameter(&slot.value, own, &values).ok()?;
        let key = fill::parameter(&signature.key, &keys, &values).ok().filter(|key| !key.is_empty())?;
        Some((format!("slot.{}", slot.id), sign(signature, &key, &message)))
    });
    signed.collect()
}

/// HMAC-SHA256 (RFC 2104), as the gate makes it.
fn sign(signature: &Signature, key: &str, message: &str) -> Zeroizing<String> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(message.as_bytes());
    let bytes = mac.finalize().into_bytes();
    Zeroizing::new(match signature.encoding {
        SignatureEncoding::Hex => {
            bytes.iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}"))
        }
        SignatureEncoding::Base64 => STANDARD.encode(bytes),
    })
}
