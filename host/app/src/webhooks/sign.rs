//! Signatures after Standard Webhooks 1.0.0, symmetric: whoever knows the secret sees that a request is ours,
//! that its body is whole, and that it is not an old one sent again.
//!
//! ```text
//! webhook-id: evt_…                       the event; the same at every attempt
//! webhook-timestamp: 1795190400           seconds; of this attempt
//! webhook-signature: v1,BASE64 v1,BASE64  HMAC-SHA256(secret, "{id}.{timestamp}.{body}"), one for each secret
//! ```
//!
//! There are two signatures for a day after a secret was replaced, so that the receiver may take the new one in
//! use whenever it likes.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, header::InvalidHeaderValue};
use patchbay_model::{Random, Secret, Timestamp};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Bytes of a secret; the specification asks for 24 to 64.
const BYTES: usize = 32;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What signs.
pub(crate) struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// One that nobody has.
    pub(crate) fn fresh(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0; BYTES]);
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// One that was kept.
    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// What is sealed and kept of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the receiver's library takes it.
    pub(crate) fn text(&self) -> Secret {
        // Whole from the start: a text that grows leaves pieces of itself behind.
        let mut text = String::with_capacity(PREFIX.len() + BASE64.encode_len(self.0.len()));
        text.push_str(PREFIX);
        BASE64.encode_append(&self.0, &mut text);
        Secret::new(text)
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
    }
}

/// The headers of one attempt: one signature for each secret, in this order.
pub(crate) fn headers(
    secrets: &[SigningSecret],
    id: &str,
    at: Timestamp,
    body: &[u8],
) -> Result<HeaderMap, InvalidHeaderValue> {
    let timestamp = at.as_millis().div_euclid(1_000);
    let signatures: Vec<String> = secrets.iter().filter_map(|secret| secret.sign(id, timestamp, body)).collect();
    Ok(HeaderMap::from_iter([
        (ID, HeaderValue::from_str(id)?),
        (TIMESTAMP, HeaderValue::from(timestamp)),
        (SIGNATURE, HeaderValue::from_str(&signatures.join(" "))?),
    ]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{Clock as _, SeededRandom, SystemClock};
    use standardwebhooks::Webhook;

    use super::*;

    const EVENT: &str = "evt_0123456789abcdefghijklmnop";
    const BODY: &[u8] = br#"{"type":"run.failed","data":{}}"#;

    fn secrets(count: u64) -> Vec<SigningSecret> {
        (0..count).map(|seed| SigningSecret::fresh(&SeededRandom::new(seed))).collect()
    }

    /// Whether the specification's own verifier takes it.
    fn accepted(secret: &SigningSecret, headers: &HeaderMap, body: &[u8]) -> bool {
        let verifier = Webhook::new(secret.text().expose()).expect("it reads our secrets");
        verifier.verify(body, headers).is_ok()
    }

    #[test]
    fn the_verifier_of_the_specification_accepts_what_we_sign() {
        let [secret] = secrets(1).try_into().ok().expect("one");
        let signed = headers(std::slice::from_ref(&secret), EVENT, SystemClock.now(), BODY).expect("headers");
        assert!(accepted(&secret, &signed, BODY));
        assert_eq!(signed[&ID], EVENT);
        let empty = headers(std::slice::from_ref(&secret), EVENT, SystemClock.now(), b"").expect("headers");
        assert!(accepted(&secret, &empty, b""));
    }

    #[test]
    fn another_body_id_time_or_secret_is_refused() {
        let all = secrets(2);
        let (ours, other) = (&all[..1], &all[1]);
        let now = SystemClock.now();
        let signed = headers(ours, EVENT, now, BODY).expect("headers");
        assert!(!accepted(&ours[0], &signed, b"{}"));
        assert!(!accepted(other, &signed, BODY));
        for (name, value) in
            [(ID, HeaderValue::from_static("evt_x")), (TIMESTAMP, HeaderValue::from(now.as_millis() / 1_000 + 1))]
        {
            let mut changed = signed.clone();
            changed.insert(name, value);
            assert!(!accepted(&ours[0], &changed, BODY));
        }
        let old = headers(ours, EVENT, now.minus(Duration::from_secs(600)), BODY).expect("headers");
        assert!(!accepted(&ours[0], &old, BODY), "an old request sent again");
        let none = headers(&[], EVENT, now, BODY).expect("headers");
        assert!(!accepted(&ours[0], &none, BODY));
    }

    #[test]
    fn while_a_secret_is_replaced_both_are_good() {
        let all = secrets(3);
        let signed = headers(&all[..2], EVENT, SystemClock.now(), BODY).expect("headers");
        assert!(accepted(&all[0], &signed, BODY) && accepted(&all[1], &signed, BODY));
        assert!(!accepted(&all[2], &signed, BODY));
    }

    /// The example of the reference library.
    #[test]
    fn a_known_signature_comes_out_to_the_byte() {
        let bytes = BASE64.decode(b"C2FVsBQIhrscChlQIMV+b5sSYspob7oD").expect("base64");
        let secret = SigningSecret::from_bytes(Zeroizing::new(bytes));
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signed = secret.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(signed.as_deref(), Some("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="));
        assert_eq!(secret.text().expose(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    }

    #[test]
    fn a_secret_has_the_length_of_the_specification() {
        let [one, other] = secrets(2).try_into().ok().expect("two");
        assert!((24..=64).contains(&one.bytes().len()));
        assert_ne!(one.bytes(), other.bytes());
    }
}
