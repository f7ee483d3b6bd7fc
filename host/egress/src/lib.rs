//! The egress gate: the only way out of the process.
//!
//! **Nothing leaves that was not granted, nothing is connected to that was not judged, and no guest
//! ever holds a credential.** A guest says what it wants ([`Request`]); the gate decides where that
//! goes, opens the connection itself and puts the credential on at the last moment. What comes back is
//! bounded, unpacked here, and loses every trace of the credential before anybody reads it.
//!
//! One address, read once: [`target`] parses into its own types, and that value is what the grant is
//! asked about, what is resolved, what the request line and `Host` are made of. A name is resolved
//! once for each connection; every address of the answer is judged and only those are connected to, so
//! a name server that changes its mind changes nothing. Redirects are answers like any other: a guest
//! that follows one asks again, from the top.
//!
//! A host that is down is left alone (`breaker`), and a provider that asks for a pause gets it (`rate`):
//! both hold for every run, and the application carries them to other nodes.
//!
//! [`Gate`] is the process's; [`Door`] is one run's, and its file shows the layers in their order.
//! [`Gate::exchange`] is for the host's own requests. Nothing here reads the environment: there is no
//! proxy that could be set from outside.

mod address;
mod answer;
mod attempt;
mod blob;
mod body;
mod breaker;
mod config;
mod credential;
mod dial;
mod door;
mod exchange;
mod gate;
mod grant;
mod headers;
mod journal;
mod json;
mod message;
mod order;
mod origin;
mod outflow;
mod payload;
mod pool;
mod rate;
mod redact;
mod refusals;
mod rehearsal;
mod resolve;
mod retry;
mod rewrite;
mod scope;
mod slots;
mod spelling;
mod tape;
mod target;
mod template;
mod tls;
mod traffic;
mod wire;

pub use blob::{AnswerSink, BlobBody, BlobSource};
pub use breaker::BreakerState;
pub use config::{EgressConfig, EgressError, Rewrite, Timeouts};
pub use credential::{CredentialError, CredentialSource, NoCredential, Values};
pub use door::Door;
pub use exchange::{Allowance, ExchangeError};
pub use gate::Gate;
pub use grant::{DoorScope, Grant, Writes};
pub use journal::{Begin, Journal, JournalError, StoredAnswer};
pub use message::{Body, Content, Incident, Part, Request, Response, SendError, Usage};
pub use refusals::Refusals;
pub use rehearsal::{Rehearsal, WouldSend};
pub use resolve::{Resolve, SystemResolver};
pub use tape::{Asked, Player, Recorder, Tape};
