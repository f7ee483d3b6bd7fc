//! The gate's journal of one push, over the store.
//!
//! Each write of the connector is a step. The step is committed before its first byte leaves and its
//! answer before the connector sees it, so after a crash it is known of each step whether it was not
//! sent, was answered, or may have arrived.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use patchbay_egress::{Begin, Journal, JournalError, StoredAnswer};
use patchbay_engine::Steps;
use patchbay_model::{PushId, manifest::Idempotency};
use patchbay_store::{StepAnswer, StepBegin, StoreError};
use sha2::{Digest, Sha256};

use super::looking::is_forgotten;
use crate::App;

/// The steps of one push under one epoch.
pub(super) struct PushSteps {
    pub(super) app: Arc<App>,
    pub(super) push: PushId,
    pub(super) epoch: i64,
    pub(super) revision: u32,
    pub(super) idempotency: Idempotency,
    /// How long the provider knows a key.
    pub(super) key_life: Duration,
    /// Whether the action takes several steps.
    pub(super) several: bool,
}

fn failed(error: StoreError) -> JournalError {
    JournalError(error.to_string())
}

impl PushSteps {
    /// Whether the provider does nothing twice, so that it may get the same bytes again: one that takes keys, as long as it
    /// knows this one.
    async fn may_repeat(&self, step: &str) -> Result<bool, JournalError> {
        match self.idempotency {
            Idempotency::Find | Idempotency::None => Ok(false),
            Idempotency::Upsert => Ok(true),
            Idempotency::Key => {
                let steps = self.app.store.push_steps(&self.push).await.map_err(failed)?;
                let now = self.app.now();
                Ok(steps.iter().any(|there| there.step == step && !is_forgotten(there, self.key_life, now)))
            }
        }
    }
}

#[async_trait]
impl Journal for PushSteps {
    async fn begin(&self, step: &str, request_hash: [u8; 32]) -> Result<Begin, JournalError> {
        let store = &self.app.store;
        let begun = store.step_begin(&self.push, self.epoch, step, request_hash, self.several).await.map_err(failed)?;
        Ok(match begun {
            StepBegin::Unknown if self.may_repeat(step).await? => {
                store.step_repeat(&self.push, self.epoch, step).await.map_err(failed)?;
                Begin::Send
            }
            StepBegin::Send => Begin::Send,
            StepBegin::Replay(answer) => {
                let StepAnswer { status, headers, body, whole } = answer;
                Begin::Replay(StoredAnswer { status, headers, body, whole })
            }
            StepBegin::Unknown => Begin::Unknown,
            StepBegin::Found { id, .. } => Begin::Found { id },
            StepBegin::InDoubt { step } => Begin::InDoubt { step },
            StepBegin::Single { step } => Begin::Single { step },
            StepBegin::Mismatch => Begin::Mismatch,
        })
    }

    async fn answered(&self, step: &str, answer: &StoredAnswer, opens_again: bool) -> Result<(), JournalError> {
        let StoredAnswer { status, headers, body, whole } = answer.clone();
        let answer = StepAnswer { status, headers, body, whole };
        self.app.store.step_answered(&self.push, self.epoch, step, &answer, opens_again).await.map_err(failed)
    }

    async fn not_sent(&self, step: &str) -> Result<(), JournalError> {
        self.app.store.step_not_sent(&self.push, self.epoch, step).await.map_err(failed)
    }

    async fn lost(&self, step: &str) -> Result<(), JournalError> {
        self.app.store.step_lost(&self.push, self.epoch, step).await.map_err(failed)
    }

    /// A write that is to be repeated because the provider knows its key has to carry it.
    fn key(&self, step: &str) -> Option<String> {
        (self.idempotency == Idempotency::Key).then(|| step_key(&self.push, self.revision, step))
    }
}

#[async_trait]
impl Steps for PushSteps {
    async fn refused(&self, step: &str) {
        if let Err(error) = self.app.store.step_refused(&self.push, self.epoch, step).await {
            let fault = patchbay_model::Fault::from(error);
            tracing::error!(push.id = %self.push, step, "a refused step of {} could not be opened: {fault:?}", self.push);
        }
    }

    fn key(&self, step: &str) -> String {
        step_key(&self.push, self.revision, step)
    }
}

/// The steps of a dry run: nothing is ever refused, and a key is shown as what it is.
pub(super) struct RehearsedSteps;

#[async_trait]
impl Steps for RehearsedSteps {
    async fn refused(&self, _step: &str) {}

    fn key(&self, step: &str) -> String {
        format!("key-of-{step}")
    }
}

/// The idempotency key of a step: the same for ever, different for any two steps and for each revision of the item.
fn step_key(push: &PushId, revision: u32, step: &str) -> String {
    let mut hash = Sha256::new().chain_update(push.as_str()).chain_update([0]).chain_update(step);
    if revision > 1 {
        hash = hash.chain_update([0]).chain_update(revision.to_be_bytes());
    }
    let digest = hash.finalize();
    let mut key = data_encoding::BASE32_NOPAD.encode(&digest).to_lowercase();
    key.truncate(26);
    key
}
