//! Signatures that the provider asks for beside a token, so that a guest needs no signing key.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use patchbay_model::manifest::SignatureEncoding;
use sha2::Sha256;

/// HMAC-SHA256 (RFC 2104) of `message` under `key`.
pub(super) fn sign(key: &str, message: &str, encoding: SignatureEncoding) -> String {
    mac(key.as_bytes(), message.as_bytes(), encoding)
}

fn mac(key: &[u8], message: &[u8], encoding: SignatureEncoding) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    let bytes = mac.finalize().into_bytes();
    match encoding {
        SignatureEncoding::Hex => {
            bytes.iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}"))
        }
        SignatureEncoding::Base64 => STANDARD.encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_rfc_4231() {
        for (key, message, expected) in [
            (vec![0x0b; 20], b"Hi There".to_vec(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (vec![0xaa; 20], vec![0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(mac(&key, &message, SignatureEncoding::Hex), expected);
        }
        let base64 = mac(b"Jefe", b"what do ya want for nothing?", SignatureEncoding::Base64);
        assert_eq!(base64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }
}
