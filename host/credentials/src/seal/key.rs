//! What one key does: it derives, seals and opens. The format stands in the room's essay.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use patchbay_model::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KeyNumber, SealContext, SealError};

pub(super) const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// A root key and its number; what it does, it does with keys derived from it.
pub(super) struct Key {
    pub(super) root: Zeroizing<[u8; 32]>,
    pub(super) number: KeyNumber,
}

impl Key {
    pub(super) fn of(root: Zeroizing<[u8; 32]>) -> Self {
        let number = KeyNumber(*derive(&root, "number"));
        Self { root, number }
    }

    pub(super) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.root, label)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.derive("sealing")).into())
    }

    pub(super) fn seal(
        &self,
        place: &SealContext<'_>,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: &place.bytes(self.number) };
        let body = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLong)?;
        Ok([&[FORMAT], &self.number.0[..], &nonce, &body].concat())
    }

    pub(super) fn open(&self, place: &SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let parts = Parts::read(sealed)?;
        if parts.number != self.number {
            return Err(SealError::UnknownKey(parts.number));
        }
        let payload = Payload { msg: parts.body, aad: &place.bytes(self.number) };
        let plain = self.cipher().decrypt(&XNonce::from(parts.nonce), payload).map_err(|_| SealError::Refused)?;
        Ok(Zeroizing::new(plain))
    }
}

fn derive<const N: usize>(root: &[u8; 32], label: &str) -> Zeroizing<[u8; N]> {
    let mut key = Zeroizing::new([0; N]);
    let info = ["patchbay/v1 ", label].concat();
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes; we ask for 8 or 32")]
    Hkdf::<Sha256>::new(None, root).expand(info.as_bytes(), key.as_mut_slice()).expect("a short key");
    key
}

/// The header and the rest of a sealed value.
pub(super) struct Parts<'a> {
    pub(super) number: KeyNumber,
    nonce: [u8; NONCE_BYTES],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn read(sealed: &'a [u8]) -> Result<Self, SealError> {
        let short = SealError::Short(sealed.len());
        let (format, rest) = sealed.split_first().ok_or(short)?;
        if *format != FORMAT {
            return Err(SealError::UnknownFormat(*format));
        }
        let (number, rest) = rest.split_first_chunk().ok_or(short)?;
        let (nonce, body) = rest.split_first_chunk().ok_or(short)?;
        if body.len() < TAG_BYTES {
            return Err(short);
        }
        Ok(Self { number: KeyNumber(*number), nonce: *nonce, body })
    }
}
