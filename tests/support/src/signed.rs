//! Connectors that are signed, by publishers of the tests.

use crate::{Answer, Api, Result, Trouble};
use base64::{Engine, prelude::BASE64_STANDARD};
use patchbay_model::{
    SeededRandom,
    package::{
        self, Limits,
        signature::{self, Document, Signed, SigningKey},
    },
};

/// A key of a publisher; always the same of one number.
#[must_use]
pub fn publisher_key(number: u64) -> SigningKey {
    SigningKey::fresh(&SeededRandom::new(number))
}

/// The signature of a packaged connector.
///
/// # Errors
///
/// It is none.
pub fn signature_of(packaged: &[u8], key: &SigningKey) -> Result<Document> {
    let inspected = package::inspect(packaged, Limits::default())
        .map_err(|fault| Trouble::new(format!("no connector: {fault:?}")))?;
    let (connector, version) = (&inspected.manifest.id, &inspected.manifest.version);
    Ok(signature::sign(key, Signed { connector, version, sha256: &inspected.digest }))
}

/// Posts a packaged connector with a signature, whatever stands in it; `trust` is the fingerprint that the operator
/// confirms.
///
/// # Errors
///
/// There was no answer.
pub fn post_signed(operator: &Api, packaged: &[u8], document: Option<&[u8]>, trust: Option<&str>) -> Result<Answer> {
    let document = document.map(|document| BASE64_STANDARD.encode(document));
    let mut headers: Vec<(&str, &str)> = Vec::new();
    headers.extend(document.as_deref().map(|document| ("patchbay-signature", document)));
    headers.extend(trust.map(|trust| ("patchbay-trust-key", trust)));
    operator.send_with("POST", "/v1/connectors", &headers, Some("application/wasm"), packaged.to_vec())
}
