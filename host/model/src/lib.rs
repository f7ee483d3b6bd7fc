//! Plain types that every room of Patchbay shares: ids, moments, secrets, states, failures, the
//! contract's records and the manifest. No I/O, no runtime, no database.

mod blame;
mod ceiling;
pub mod choice;
mod clock;
mod code;
pub mod contract;
pub mod cursor;
mod event;
pub mod failpoint;
mod fault;
mod id;
pub mod manifest;
mod origins;
mod outcome;
pub mod package;
pub mod page;
pub mod policy;
mod random;

mod scan;
mod schedule;
mod secret;
mod shape;
mod state;

pub use blame::Blame;
pub use ceiling::{Ceiling, HostPatterns, OriginsCeiling};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use code::{Code, Kind};
pub use event::EventKind;
pub use fault::Fault;
pub use id::{
    AccountId, AuditId, BlobId, BrowserSessionId, ClientId, ConnectionId, EventId, InvalidId, KeyId, PushId, ReleaseId,
    ReturnId, RunId, SessionId, SyncId, TenantId, WebhookId,
};
pub use origins::CustomerOrigins;
pub use outcome::{Budget, Failure, Outcome};
pub use policy::{Unsigned, Upgrades};
pub use random::{Random, SeededRandom, SystemRandom};
pub use schedule::{Schedule, phase_of};
pub use secret::Secret;
pub use shape::{ChangeKind, Shape, ShapeChange};
pub use state::{
    CardStatus, ConnectionState, ConnectionStatus, Industry, PushResult, PushState, ReleaseState, RunState,
};
