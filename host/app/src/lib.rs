//! The use cases of Patchbay: the only room where store, credentials, egress and engine meet.
//!
//! Each module is one journey: [`connectors`](App::install) installs, `connect` authorises, `tokens`
//! keeps credentials fresh, `run` reads a stream, `push` writes an item, `jobs` does what is due.
//!
//! **Work of several steps runs in a task that this room owns** ([`App::own`]): a browser that closes its
//! tab drops the handler's future, and nothing else.

mod access;
mod activity;
mod announced;
mod audit;
mod blobs;
mod brand;
mod breakers;
mod catalog;
mod connect;
mod connections;
mod connectors;
mod corrections;
mod discover;
mod events;
mod facts;
mod health;
mod identities;
mod index;
mod jobs;
mod keys;
mod live;
mod oci;
mod picker;
mod progress;
mod publishers;
mod push;
mod records;
mod retention;
mod revocations;
mod run;
mod runlog;
mod settings;
mod sign_in;
mod stall;
mod standing;
mod switches;
mod syncs;
mod tokens;
mod upkeep;
mod used_systems;
mod vault;
mod webhooks;
mod work;

use std::{future::Future, sync::Arc};

use patchbay_egress::Gate;
use patchbay_engine::Engine;
use patchbay_model::{Clock, Code, Fault, Random};
use patchbay_store::Store;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::task::TaskTracker;

pub use access::{Caller, IssuedKey};
pub use activity::{Activity, ActivityPoint, Span};
pub use blobs::Upload;
pub use brand::{Accent, Brand, BrandChange, Logo, LogoKind, NewLogo};
pub use breakers::NodeStatus;
pub use catalog::{Card, CatalogEntry};
pub use connect::{
    Authorise, Authorising, Browser, Choice, Confirm, Connected, FieldsConnect, Import, Journey, Landing, Language,
    LoginFailed, LoginReturned, Opened, Reached, RegisterClient, ReturnedLogin, Review, Sender, SessionRequest,
    SessionStarted, Shared, Stage,
};
pub use connections::{ConnectionChange, ConnectionDetail, ConnectionList};
pub use connectors::{
    Approval, CanaryAsked, CanaryProgress, Installed, Offer, ReleaseDetail, ReleaseStanding, Source, UpgradePolicy,
};
pub use corrections::ConnectorConfig;
pub use discover::{Discovered, KnownStream};
pub use events::Following;
pub use health::DeploymentHealth;
pub use index::{
    FollowedIndex, Found as FoundInIndex, Index, IndexError, IndexStatus, ListedConnector, ListedVersion,
    Publisher as ListedPublisher, Update,
};
pub use keys::{KeyRotation, KeySource, RotationState};
pub use oci::{
    Kind as ArtifactKind, Place as RegistryPlace, Publication, Published, Reference, Registries, RegistryLogin, publish,
};
pub use picker::{PickAsked, Picked};
pub use progress::Progress;
pub use push::{
    AttachmentAsked, MeetingItem, MeetingNote, MeetingReport, MeetingRequest, MeetingTodo, PushAnswer, PushChange,
    PushDetail, PushRequest, Rehearsed, Resolution, SendAsked,
};
pub use settings::{ConnectorPolicy, Settings};
pub use sign_in::{Peer, PortalRequest, SignInAddress, SignedIn, Visitor};
pub use standing::{Standing, Warning};
pub use switches::FunctionSwitch;
pub use syncs::RecordSchema;
pub use used_systems::{Provider, UsedFunction, UsedSystem};
pub use vault::has_key;
pub use webhooks::{IssuedWebhook, NewEndpoint, WEBHOOK_RETRIES};

// The rows that use cases answer with; `api` turns them into its own types.
pub use patchbay_store::{
    Account, ActivityCount, ApiKey, AuditLine, AuditVerdict, Blob, BreakerRow, BrowserSession, Change, ConnectSession,
    Connection, ConnectionFilter, ConnectionSort, DeadLetter, Delivery, Drift, Event, EventFilter, FeedFilter, LogLine,
    NodeRow, OauthClient, Operation, Page, PublisherKey, Push, PushFilter, PushMove, PushStep, Record, RecordFilter,
    RefusalRow, Release, ReturnAddress, Run, RunFilter, SessionKind, SyncRow, Tenant, Trigger, Webhook, WebhookUpdate,
    Workload,
};

use announced::Announced;
use connectors::Releases;
use index::Indexes;
use keys::Rotation;
use live::LiveRuns;
use picker::Answers;
use sign_in::Attempts;
use tokens::Refreshes;
use vault::Vault;

/// Everything a use case needs; made once by the binary, shared by all handlers and workers.
pub struct App {
    settings: Settings,
    store: Store,
    vault: Vault,
    gate: Arc<Gate>,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    releases: Releases,
    announced: Announced,
    refreshes: Refreshes,
    live: LiveRuns,
    /// The indexes that are followed, as they were read.
    indexes: Indexes,
    /// What connectors answered a moment ago.
    answers: Answers,
    /// Sign-ins that were refused lately.
    attempts: Attempts,
    rotation: Rotation,
    tasks: TaskTracker,
    /// One for each run or push that this node works on at the same time.
    places: Arc<Semaphore>,
    /// One for each connection that is asked for its streams at the same time.
    discoveries: Semaphore,
    stop: watch::Receiver<bool>,
    due: Arc<Notify>,
    /// Wakes the upkeep: something is to be given back, renewed or cleaned up.
    upkeep_due: Notify,
    /// Wakes whoever delivers webhooks.
    webhooks_due: Notify,
}

/// What the binary hands over.
pub struct Parts {
    /// Limits, lengths and addresses.
    pub settings: Settings,
    /// The database.
    pub store: Store,
    /// The key-encryption key.
    pub keys: patchbay_credentials::KeyRing,
    /// Where it comes from, for a rotation while the host serves.
    pub key_source: Arc<dyn KeySource>,
    /// The way out.
    pub gate: Arc<Gate>,
    /// The sandbox.
    pub engine: Arc<Engine>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Turns true when the host is to stop.
    pub stop: watch::Receiver<bool>,
}

impl App {
    /// Bytes that a component may have.
    #[must_use]
    pub fn component_bytes(&self) -> usize {
        self.settings.component_bytes
    }

    /// Puts the rooms together. Refuses a key that does not belong to the database.
    pub async fn build(parts: Parts) -> Result<Arc<Self>, Fault> {
        let vault = Vault::open(parts.keys, parts.key_source, parts.store.clone(), Arc::clone(&parts.random)).await?;
        // What is put off is put off by the clock of the queue that it waits in.
        let clock = if parts.store.is_shared() { parts.store.clock() } else { parts.clock };
        let live = LiveRuns::since(clock.now());
        Ok(Arc::new(Self {
            places: Arc::new(Semaphore::new(parts.settings.workers)),
            settings: parts.settings,
            due: parts.store.wake(),
            store: parts.store,
            vault,
            gate: parts.gate,
            engine: parts.engine,
            clock,
            random: parts.random,
            releases: Releases::default(),
            announced: Announced::default(),
            refreshes: Refreshes::default(),
            live,
            indexes: Indexes::default(),
            answers: Answers::default(),
            attempts: Attempts::default(),
            rotation: Rotation::default(),
            tasks: TaskTracker::new(),
            discoveries: Semaphore::new(discover::AT_ONCE),
            stop: parts.stop,
            upkeep_due: Notify::new(),
            webhooks_due: Notify::new(),
        }))
    }

    /// Runs `work` to its end in a task of the host, whatever becomes of the caller.
    pub async fn own<T, F>(self: &Arc<Self>, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        match self.tasks.spawn(work).await {
            Ok(result) => result,
            Err(error) => Err(Fault::new(Code::Internal).operator(error)),
        }
    }

    /// The moment it is, for answers that depend on it.
    #[must_use]
    pub fn now(&self) -> patchbay_model::Timestamp {
        self.clock.now()
    }

    /// Whether the database answers: what `/readyz` asks.
    pub async fn ready(&self) -> Result<(), Fault> {
        self.store.ready().await.map_err(Into::into)
    }

    /// Waits until everything that was begun has ended; to be called after `stop` turned true.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
