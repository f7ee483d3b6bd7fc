//! Keys of publishers: the secret one in a file of its own, the public one as text that people compare.

use std::fmt;

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use ed25519_dalek::{Signer, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::SignatureError;
use crate::Random;

/// The first line of a key file.
const HEADER: &str = "patchbay-signing-key 1";

/// Why a text is no key. It never quotes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not Base64 of 32 bytes.
    #[error("it is not Base64 of 32 bytes")]
    Shape,
    /// 32 bytes that are no point of the curve, or one of the few for which anything is signed.
    #[error("these 32 bytes are no Ed25519 key that can be trusted")]
    Weak,
    /// A key file without its first line.
    #[error("it does not begin with the line `patchbay-signing-key 1`")]
    Header,
}

/// A publisher's public key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads Base64 of 32 bytes.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let decoded = BASE64_STANDARD.decode(text).map_err(|_| KeyError::Shape)?;
        let bytes: [u8; 32] = decoded.try_into().map_err(|_| KeyError::Shape)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Weak)?;
        // One key has one spelling: a second one would be another fingerprint of the same publisher.
        let canonical = key.to_edwards().compress().to_bytes() == bytes;
        if key.is_weak() || !canonical { Err(KeyError::Weak) } else { Ok(Self(bytes)) }
    }

    /// What people compare: `SHA256:` and Base64 of its SHA-256, as ssh shows keys.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(self.0)))
    }

    /// Whether it signed these bytes. Their first line says what they are, so that a signature of one thing is never
    /// taken for one of another.
    ///
    /// # Errors
    /// [`SignatureError::Shape`] for what is not Base64 of 64 bytes, [`SignatureError::Wrong`].
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), SignatureError> {
        let bytes = BASE64_STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let signature = ed25519_dalek::Signature::from_bytes(&bytes.ok_or(SignatureError::Shape)?);
        let wrong = |_| SignatureError::Wrong(self.fingerprint());
        // Strictly: one signature has one spelling, and no key signs everything.
        VerifyingKey::from_bytes(&self.0).and_then(|key| key.verify_strict(message, &signature)).map_err(wrong)
    }
}

/// Base64 of its bytes, as [`PublicKey::from_text`] takes it.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// A publisher's secret key. No `Debug`, no `Display`, wiped when it is dropped.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new one.
    #[must_use]
    pub fn fresh(random: &dyn Random) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill(&mut *seed);
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if lines.next() != Some(HEADER) {
            return Err(KeyError::Header);
        }
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(KeyError::Shape) };
        let mut seed = Zeroizing::new([0; 32]);
        match BASE64_STANDARD.decode_slice(line, &mut *seed) {
            Ok(32) => Ok(Self(ed25519_dalek::SigningKey::from_bytes(&seed))),
            _ => Err(KeyError::Shape),
        }
    }

    /// The text of a key file. It is the key: a file of its own, mode 0600, and a copy in a safe place.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.0.to_bytes());
        let line = Zeroizing::new(BASE64_STANDARD.encode(*seed));
        Zeroizing::new(format!("{HEADER}\n{}\n", *line))
    }

    /// What others check its signatures with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes whose first line says what they are: Base64 of 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        BASE64_STANDARD.encode(self.0.sign(message).to_bytes())
    }
}
