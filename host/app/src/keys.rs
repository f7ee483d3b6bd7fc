//! Changing the key-encryption key while the host serves.
//!
//! 1. The source of the key is read again; its first key becomes the one that wraps. The one before has to
//!    be in it still.
//! 2. Every owner gets a new data key, which seals from then on. The old one goes on opening.
//! 3. All data keys are wrapped anew, in one transaction with the value by which the key is known at start.
//! 4. Whatever is sealed with an old data key is opened and sealed again, each row by compare-and-swap: one
//!    that changes meanwhile is sealed with the new key already.
//! 5. An old data key is dropped once nothing carries its number and it has been out of use for a while.
//!
//! A kill between any two of these leaves a database that opens: until step 3 the check value is the old
//! one, so the next start knows that the rotation has to go on, and owners whose data key is wrapped with the
//! new key have theirs already; after it, data keys out of use say that there is something to seal again. A
//! row that cannot be opened is counted, named in the log, and keeps its old data key alive; it stops
//! nothing else.

mod rotating;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use patchbay_credentials::KeyRing;
use patchbay_model::{Code, Fault, Timestamp};
use patchbay_store::SealedRow;

use crate::App;
use rotating::Rotating;

/// Where the key-encryption key comes from.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Reads it, every time anew.
    async fn read(&self) -> Result<KeyRing, Fault>;
}

/// How a rotation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RotationState {
    /// There was none since the host started.
    #[default]
    None,
    /// It is under way.
    Running,
    /// Everything is sealed with the new keys.
    Finished,
    /// It stopped; it goes on by itself after a while.
    Failed,
}

impl RotationState {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

/// A rotation, as far as it has come.
#[derive(Debug, Clone, Default)]
pub struct KeyRotation {
    /// How it stands.
    pub state: RotationState,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended, well or not.
    pub finished_at: Option<Timestamp>,
    /// The number of the key that wraps now.
    pub key: String,
    /// Data keys there are.
    pub data_keys_total: u64,
    /// Those wrapped with the new key.
    pub data_keys_rewrapped: u64,
    /// Values that were sealed with old data keys.
    pub values_total: u64,
    /// Those sealed again.
    pub values_resealed: u64,
    /// Those that cannot be opened. Each is named in the log.
    pub values_unreadable: u64,
    /// Data keys out of use that are not dropped yet.
    pub retiring: u64,
    /// Why it stopped.
    pub error: Option<Code>,
}

/// What this process knows of rotations.
#[derive(Default)]
pub(crate) struct Rotation {
    progress: Mutex<KeyRotation>,
    /// Sealed values that could not be opened; each is named in the log once.
    unreadable: Mutex<HashSet<Vec<u8>>>,
}

impl Rotation {
    fn progress(&self) -> MutexGuard<'_, KeyRotation> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one, unless one is under way.
    fn begin(&self, now: Timestamp) -> Result<(), Fault> {
        let mut progress = self.progress();
        if progress.state == RotationState::Running {
            return Err(Fault::because(Code::Conflict, "A rotation is under way already."));
        }
        *progress = KeyRotation { state: RotationState::Running, started_at: Some(now), ..KeyRotation::default() };
        Ok(())
    }

    fn end(&self, now: Timestamp, outcome: &Result<(), Fault>) {
        let mut progress = self.progress();
        progress.finished_at = Some(now);
        progress.error = outcome.as_ref().err().map(|fault| fault.code);
        progress.state = if outcome.is_ok() { RotationState::Finished } else { RotationState::Failed };
    }

    /// Whether this value is known to be unreadable; notes that it is.
    fn note_unreadable(&self, row: &SealedRow, fault: &Fault) {
        if self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(row.sealed.clone()) {
            tracing::error!("{} of {} cannot be opened, and stays as it is: {fault:?}", row.field, row.subject);
        }
    }

    fn is_unreadable(&self, row: &SealedRow) -> bool {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).contains(&row.sealed)
    }

    fn unreadable(&self) -> usize {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Which data keys are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renew {
    /// All: somebody asked for it.
    All,
    /// Those that are wrapped with another key than the current one.
    Behind,
}

impl App {
    /// Begins a rotation to the first key of the source. It runs by itself; [`key_rotation`](Self::key_rotation)
    /// says how far it is.
    pub async fn rotate_keys(self: &Arc<Self>, actor: String) -> Result<KeyRotation, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            app.rotation.begin(app.clock.now())?;
            let accepted = match app.vault.read_source().await {
                Ok(ring) => app.rotating().accept(ring).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = accepted {
                app.rotation.end(app.clock.now(), &Err(fault.clone()));
                return Err(fault);
            }
            let rotating = Arc::clone(&app);
            app.tasks.spawn(async move { rotating.rotating().run(Renew::All, &actor).await });
            Ok(app.key_rotation())
        })
        .await
    }

    /// How the last rotation stands.
    #[must_use]
    pub fn key_rotation(&self) -> KeyRotation {
        let mut progress = self.rotation.progress().clone();
        progress.key = self.vault.ring().current_number().to_string();
        progress
    }

    /// Goes on with a rotation that an earlier process began.
    pub(crate) async fn resume_rotation(&self) {
        let rotating = self.rotating();
        match rotating.unfinished().await {
            Ok(false) => {}
            Ok(true) if self.rotation.begin(self.clock.now()).is_ok() => rotating.run(Renew::Behind, "host").await,
            Ok(true) => {}
            Err(fault) => tracing::error!("it is not known whether a rotation was finished: {fault:?}"),
        }
    }

    /// Seals again what was sealed with a data key just before it went out of use, and drops such keys.
    pub(crate) async fn retire_keys(self: &Arc<Self>) -> Result<(), Fault> {
        let state = self.rotation.progress().state;
        match state {
            RotationState::Running => Ok(()),
            RotationState::Failed => {
                let app = Arc::clone(self);
                self.tasks.spawn(async move { app.resume_rotation().await });
                Ok(())
            }
            RotationState::None | RotationState::Finished => self.rotating().retire().await,
        }
    }

    fn rotating(&self) -> Rotating<'_> {
        Rotating {
            vault: &self.vault,
            store: &self.store,
            clock: &*self.clock,
            rotation: &self.rotation,
            stop: self.stop.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
