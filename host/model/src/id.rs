//! Identifiers: a prefix that says what it names, then 26 characters of a UUIDv7.
//!
//! The characters are lower-case base32 with the extended hex alphabet (RFC 4648, section 7), which
//! keeps the order of the bytes: ids of one kind sort by the time at which they were made. The same
//! text stands in the API, in a log line and in a table.

use std::{fmt, str::FromStr};

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

use crate::{Clock, Random};

/// Length of an id behind its prefix.
const BODY: usize = 26;

/// Why a text is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {prefix} and 26 characters of 0-9 a-v")]
pub struct InvalidId {
    prefix: &'static str,
}

fn encoding() -> Encoding {
    static ENCODING: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(|| {
        let mut spec = Specification::new();
        spec.symbols.push_str("0123456789abcdefghijklmnopqrstuv");
        spec.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
    });
    ENCODING.clone()
}

/// The 26 characters of a fresh UUIDv7 (RFC 9562, section 5.7).
fn fresh(clock: &dyn Clock, random: &dyn Random) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let millis = u64::try_from(clock.now().as_millis()).unwrap_or(0).to_be_bytes();
    let (_, time) = millis.split_at(2);
    for (to, from) in bytes.iter_mut().zip(time) {
        *to = *from;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x70;
    *variant = (*variant & 0x3f) | 0x80;
    encoding().encode(&bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What the text of such an id starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id that nobody has.
            #[must_use]
            pub fn fresh(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(format!("{}{}", $prefix, fresh(clock, random)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix($prefix) {
                    Some(body) if body.len() == BODY && body.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v')) => {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(InvalidId { prefix: $prefix }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// A customer of the operator.
    TenantId = "ten_";
    /// An API key (the key's name, not the key).
    KeyId = "key_";
    /// One authorised business account of a tenant at a provider.
    ConnectionId = "con_";
    /// Something selectable under a connection.
    AccountId = "acc_";
    /// A short-lived right to make or repair one connection.
    SessionId = "ses_";
    /// A browser that is signed in: an operator's, or a tenant user's in the portal.
    BrowserSessionId = "bse_";
    /// The standing arrangement to read one stream of one account.
    SyncId = "syn_";
    /// One execution of a sync.
    RunId = "run_";
    /// One item to be written to a provider.
    PushId = "psh_";
    /// Bytes that the host keeps for a push.
    BlobId = "blb_";
    /// A registration of an OAuth client with a provider.
    ClientId = "cli_";
    /// One immutable version of a connector.
    ReleaseId = "rel_";
    /// An address that a tenant's end users return to.
    ReturnId = "ret_";
    /// A line of the audit log.
    AuditId = "aud_";
    /// An address of a tenant that is told what happens.
    WebhookId = "whk_";
    /// Something that happened and that webhooks are told.
    EventId = "evt_";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, SeededRandom, Timestamp};

    #[test]
    fn an_id_reads_back_as_itself_and_sorts_by_time() {
        let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
        let random = SeededRandom::new(1);
        let first = ConnectionId::fresh(&clock, &random);
        clock.advance(std::time::Duration::from_millis(1));
        let second = ConnectionId::fresh(&clock, &random);
        assert_eq!(first.as_str().len(), 30);
        assert_eq!(first.as_str().parse::<ConnectionId>(), Ok(first.clone()));
        assert!(first < second, "{first} {second}");
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let id = TenantId::fresh(&clock, &SeededRandom::new(2));
        assert!(id.as_str().parse::<ConnectionId>().is_err());
        assert!("con_short".parse::<ConnectionId>().is_err());
        assert!("con_ABCDEFGHIJKLMNOPQRSTUVWXYZ".parse::<ConnectionId>().is_err());
    }
}
