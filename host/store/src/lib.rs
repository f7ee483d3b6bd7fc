//! The database: SQLite through sqlx, one file per table.
//!
//! - One writer. Every change is a job in the queue of an owned task ([`Store`] sends it there), run
//!   between `BEGIN IMMEDIATE` and `COMMIT`. A caller whose future is dropped leaves no transaction
//!   open, and its work still finishes.
//! - Readers have a read-only pool of their own and hold no transaction.
//! - Whatever belongs to a tenant takes the tenant's id; what belongs to another is not found.
//! - Whatever a run or a push writes carries its epoch; a stale one writes nothing.
//! - What somebody did is told in the audit log, in the same transaction, chained to the line before.
//! - Sealed things are blobs here; nothing in this room can open them.

mod accounts;
mod activation;
mod activity;
mod afresh;
mod api_keys;
mod approvals;
mod attempts;
mod audit;
mod blobs;
#[cfg(test)]
mod both;
mod brands;
mod breakers;
mod broken;
mod browser_sessions;
mod canaries;
mod changes;
mod claims;
mod clock;
mod commit;
mod components;
mod connections;
mod corrections;
mod crashes;
mod credentials;
mod data_keys;
mod database;
mod dead_letters;
mod deletion;
mod deliveries;
mod dialect;
mod discovered;
mod drifts;
mod error;
mod events;
mod grants;
mod identity;
mod indexes;
mod kept;
mod lost;
mod meta;
mod nodes;
mod oauth_clients;
mod pendings;
mod picked;
mod pins;
mod publishers;
mod push_moves;
mod push_queue;
mod push_steps;
mod pushes;
mod records;
mod release_ends;
mod releases;
mod retention;
mod return_addresses;
mod revocations;
mod row;
mod run_end;
mod run_logs;
mod run_queue;
mod runs;
mod schedules;
mod sealed;
mod search;
mod server;
mod sessions;
mod settle;
mod sign_in_tokens;
mod signals;
mod store;
mod syncs;
#[cfg(test)]
mod tables;
mod tenants;
#[cfg(test)]
mod testing;
mod trials;
mod trouble;
mod upgrades;
mod waiting;
mod webhooks;
mod workload;
mod writer;

pub use accounts::{Account, NewAccount};
pub use activation::{GoBack, JudgedWith};
pub use activity::{ActivityCount, ActivityStep, Plot};
pub use api_keys::ApiKey;
pub use approvals::{Approval, NewApproval};
pub use attempts::Attempt;
pub use audit::{AuditLine, AuditVerdict, NewAudit};
pub use blobs::{Blob, NewBlob, PIECE_BYTES};
pub use brands::{BrandLogo, BrandRow, LogoRef, NewBrand};
pub use breakers::BreakerRow;
pub use broken::BreakConnection;
pub use browser_sessions::{BrowserSession, Opening, OpeningBy, SessionKind, Whose, actor as actor_of_session};
pub use canaries::{Canary, NewCanary};
pub use changes::{Change, FeedFilter, Operation};
pub use claims::{ClaimLimits, ClaimedRun};
pub use commit::{PageCommit, PageRecord, PageStored, Step, Sweep};
pub use connections::{Connection, ConnectionFilter, ConnectionSort, ConnectionUpdate};
pub use corrections::{Correction, NewCorrection};
pub use credentials::{CredentialRow, RefreshLease};
pub use data_keys::DataKeyRow;
pub use database::{Location, StoreConfig};
pub use dead_letters::{DeadLetter, NewDeadLetter};
pub use deliveries::{ClaimedDelivery, Delivery, DeliveryEnd, Ended};
pub use discovered::{DiscoveredStream, Discovery, NewDiscovery};
pub use drifts::{Drift, NewDrift};
pub use error::{OpenError, StoreError};
pub use events::{Event, EventFilter};
pub use identity::IdentityUpdate;
pub use indexes::{FirstSeen, IndexRead, IndexRow, ReadVersion};
pub use lost::{LostFate, LostToken, NewLostToken};
pub use nodes::{NodeRow, RefusalRow};
pub use oauth_clients::{OauthClient, PutClient};
pub use pendings::{NewPending, Pending};
pub use publishers::PublisherKey;
pub use push_moves::PushMove;
pub use push_queue::{ClaimedPush, PushEnd, PushLimits, SendPush};
pub use push_steps::{Absent, PushStep, StepAnswer, StepBegin, StepState};
pub use pushes::{Accepted, NewPush, Push, PushFilter, conflicts, ground::Ground};
pub use records::{Record, RecordFilter, StreamCount};
pub use release_ends::{ReleaseEnd, Traps, WINDOW as REST, WentBy};
pub use releases::{NewRelease, Release};
pub use retention::{Forgotten, Retention};
pub use return_addresses::ReturnAddress;
pub use revocations::Revocation;
pub use row::Page;
pub use run_end::{CursorFate, NextRun, RunEnd};
pub use run_logs::LogLine;
pub use run_queue::Heartbeat;
pub use runs::{Run, RunFilter, RunWork, Trigger, Usage};
pub use sealed::{SealedKind, SealedRow};
pub use search::{RecordSearch, RecordsFound};
pub use sessions::{ConnectSession, NewSession};
pub use settle::{Settle, Settled, Through};
pub use sign_in_tokens::NewSignInToken;
pub use store::Store;
pub use syncs::{NewSync, SyncRow};
pub use tenants::Tenant;
pub use trouble::{Tally, Trouble, UnknownPushes};
pub use webhooks::{NewWebhook, Webhook, WebhookSecret, WebhookUpdate};
pub use workload::Workload;
