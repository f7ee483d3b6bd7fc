//! One file of the cache, byte by byte, and every reason not to take it.
//!
//! ```text
//! "patchbay-cwasm-2"      16 bytes
//! component               32   SHA-256 of the component's code
//! wasmtime                32   its whole version, filled up with zeros
//! settings                32   wasmtime's compatibility hash: settings and processor
//! key                     16   which key seals it: an HMAC of fixed words under it
//! length                   8   of the compiled code, little endian
//! seal                    32   HMAC-SHA-256 under the host's key, over all of the above and the code
//! compiled code
//! ```
//!
//! **The seal alone decides.** What stands in clear before it is there to say *why* a file is not taken: whoever forges a
//! file can choose what is said about it, and never that it is taken.

use std::io;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const MAGIC: &[u8; 16] = b"patchbay-cwasm-2";
const SEAL: usize = 32;
/// Everything before the compiled code.
pub(super) const HEADER: usize = SEALED + SEAL;
/// Everything before the seal.
const SEALED: usize = 16 + 32 + 32 + 32 + 16 + 8;
/// What an HMAC under a key says of which key it is.
const WHICH_KEY: &[u8] = b"patchbay: the key of the compile cache";

/// What a host seals its entries with, and for what.
pub(super) struct Sealer {
    pub(super) key: [u8; 32],
    /// The version of wasmtime, filled up with zeros.
    pub(super) wasmtime: [u8; 32],
    /// wasmtime's compatibility hash.
    pub(super) settings: [u8; 32],
}

/// Why a file of the cache is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the folder was open for others to write")]
    OpenFolder,
    #[error("it is no plain file, but a link, a folder or a pipe in the place of one")]
    NoFile,
    #[error("another user owns it, or may write to it")]
    Foreign,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it is no entry of this cache")]
    NoEntry,
    #[error("it was cut off or lengthened: it has {found} bytes and says {said}")]
    Length { found: u64, said: u64 },
    #[error("it was written for another component ({0}) and put in the place of this one")]
    OtherComponent(String),
    #[error("it was made by wasmtime {0}")]
    OtherVersion(String),
    #[error("it was made with other settings or for another processor")]
    OtherSettings,
    #[error("it is sealed with a key that is not this host's")]
    OtherKey,
    #[error("it was changed after it was written: its seal does not fit")]
    Changed,
}

/// How long the code is that a header announces.
pub(super) fn length(header: &[u8; HEADER]) -> Result<u64, Refusal> {
    let length = header.get(SEALED - 8..SEALED).and_then(|bytes| bytes.first_chunk::<8>());
    match (header.starts_with(MAGIC), length) {
        (true, Some(length)) => Ok(u64::from_le_bytes(*length)),
        _ => Err(Refusal::NoEntry),
    }
}

impl Sealer {
    /// What stands before this code.
    pub(super) fn header(&self, component: &[u8; 32], code: &[u8]) -> Option<Vec<u8>> {
        let length = u64::try_from(code.len()).ok()?.to_le_bytes();
        let mut header = Vec::with_capacity(HEADER);
        let fields: [&[u8]; 6] = [MAGIC, component, &self.wasmtime, &self.settings, &self.which_key()?, &length];
        fields.iter().for_each(|field| header.extend_from_slice(field));
        let seal = self.seal(&header, code)?.finalize().into_bytes();
        header.extend_from_slice(&seal);
        Some(header)
    }

    /// Whether this code was sealed by this host, for this component and this engine; else the first reason why not.
    pub(super) fn check(&self, component: &[u8; 32], header: &[u8; HEADER], code: &[u8]) -> Result<(), Refusal> {
        let (fields, seal) = header.split_at(SEALED);
        let field = |from: usize, to: usize| fields.get(from..to).unwrap_or_default();
        if field(16, 48) != component {
            return Err(Refusal::OtherComponent(HEXLOWER.encode(field(16, 48))));
        }
        if field(48, 80) != self.wasmtime {
            let version: String = String::from_utf8_lossy(field(48, 80)).chars().take_while(|c| *c != '\0').collect();
            return Err(Refusal::OtherVersion(crate::log::one_line(&version, 32)));
        }
        if field(80, 112) != self.settings {
            return Err(Refusal::OtherSettings);
        }
        if self.which_key().is_none_or(|ours| field(112, 128) != ours) {
            return Err(Refusal::OtherKey);
        }
        let right = self.seal(fields, code).ok_or(Refusal::Changed)?;
        right.verify_slice(seal).map_err(|_| Refusal::Changed)
    }

    fn seal(&self, fields: &[u8], code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(fields);
        mac.update(code);
        Some(mac)
    }

    fn which_key(&self) -> Option<[u8; 16]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(WHICH_KEY);
        mac.finalize().into_bytes().first_chunk::<16>().copied()
    }
}
