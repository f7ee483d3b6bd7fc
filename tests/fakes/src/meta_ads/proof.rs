//! `appsecret_proof`: the access token, signed with the application's secret (sheet 2.8).

use sha2::{Digest, Sha256};

/// Hex HMAC-SHA256 (RFC 2104).
pub(super) fn of(secret: &str, token: &str) -> String {
    let mut block = [0_u8; 64];
    for (place, byte) in block.iter_mut().zip(secret.bytes()) {
        *place = byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(token).finalize();
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_the_one_of_rfc_4231() {
        let second = of("Jefe", "what do ya want for nothing?");
        assert_eq!(second, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
