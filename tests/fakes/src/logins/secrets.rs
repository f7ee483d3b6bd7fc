//! What is entered: credentials of the accounts and of the registered client, each long enough to be
//! searched for. Passwords hold signs that JSON, percent-encoding and HTML write in another way.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::REGIONS;
use crate::{login::Client, seed};

/// What one business account can log in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// User name; no secret.
    pub user: String,
    /// Its password, 24 bytes.
    pub password: String,
    /// A key, 24 letters and digits.
    pub api_key: String,
    /// What belongs to the key where a provider asks for both.
    pub api_secret: String,
    /// The name of its database; no secret.
    pub database: String,
    /// A client of its own, for client credentials.
    pub client: Client,
}

/// Accounts that exist.
pub(crate) const ACCOUNTS: [&str; 2] = ["one", "two"];

/// The credentials of an account.
pub(crate) fn of(seed: u64, account: &str) -> Credentials {
    let secret = |what: &str, length: usize| seed::secret(seed, &format!("logins/{account}/{what}"), length);
    Credentials {
        user: format!("{account}@office.example"),
        password: format!("{}\"\\+/%&", secret("password", 18)),
        api_key: secret("key", 24),
        api_secret: secret("secret", 24),
        database: format!("db-{account}"),
        client: Client { id: format!("machine-{account}"), secret: secret("client", 24) },
    }
}

/// The client that an operator registers.
pub(crate) fn client(seed: u64) -> Client {
    Client { id: "logins-client".to_owned(), secret: seed::secret(seed, "logins/client", 24) }
}

/// Its secrets where each region has one.
pub(crate) fn by_region(seed: u64) -> BTreeMap<String, String> {
    let one = |region: &&str| ((*region).to_owned(), seed::secret(seed, &format!("logins/client/{region}"), 24));
    REGIONS.iter().map(one).collect()
}

/// HMAC-SHA256 (RFC 2104).
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let short: [u8; 32];
    let key = if key.len() > block.len() {
        short = Sha256::digest(key).into();
        &short[..]
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_rfc_4231() {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let second = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(second), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_password_is_a_canary_of_24_bytes() {
        assert_eq!(of(1, "one").password.len(), 24);
        assert_ne!(of(1, "one").password, of(1, "two").password);
    }
}
