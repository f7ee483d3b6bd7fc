//! Plain types that every room of Patchbay shares: ids, moments, secrets, states, failures, the
//! contract's records and the manifest. No I/O, no runtime, no database.

mod clock;
mod code;
pub mod contract;
pub mod failpoint;
mod fault;
mod id;
pub mod manifest;
mod origins;
mod outcome;
pub mod package;
mod random;
mod secret;
mod state;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use code::{Code, Kind};
pub use fault::Fault;
pub use id::{
    AccountId, AuditId, BlobId, ClientId, ConnectionId, InvalidId, KeyId, PushId, ReleaseId, ReturnId, RunId,
    SessionId, SyncId, TenantId,
};
pub use origins::CustomerOrigins;
pub use outcome::{Failure, Outcome};
pub use random::{Random, SeededRandom, SystemRandom};
pub use secret::Secret;
pub use state::{CardStatus, ConnectionState, Industry, PushResult, PushState, ReleaseState, RunState};
