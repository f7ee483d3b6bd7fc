//! The journal of a push that is tried: it remembers the answers, as the host's does, and forgets them with the check.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use patchbay_egress::{Begin, Journal, JournalError, Rehearsal, StoredAnswer, WouldSend};
use patchbay_engine::Steps;
use sha2::{Digest as _, Sha256};

/// The steps of one item over its attempts.
#[derive(Debug)]
pub(crate) struct Diary {
    /// Whether the action writes several steps.
    several: bool,
    /// Whether each write has to carry its key.
    by_key: bool,
    /// What keys are made of where they have to be new at a provider; those of fixtures when left out.
    seed: Option<String>,
    steps: Mutex<BTreeMap<String, Step>>,
    /// Steps that a rehearsal would have written.
    rehearsed: Mutex<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Step {
    hash: [u8; 32],
    state: Known,
}

#[derive(Debug, Clone)]
enum Known {
    Begun,
    Answered(StoredAnswer),
    Open,
    Lost,
}

impl Diary {
    pub(crate) fn of(several: bool, by_key: bool) -> Self {
        Self { several, by_key, seed: None, steps: Mutex::default(), rehearsed: Mutex::default() }
    }

    /// For a live provider, which must not know the keys from an earlier time.
    pub(crate) fn live(several: bool, by_key: bool, seed: &str) -> Self {
        Self { seed: Some(seed.to_owned()), ..Self::of(several, by_key) }
    }

    /// The steps that a rehearsal came to.
    pub(crate) fn rehearsed(&self) -> Vec<String> {
        self.rehearsed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn key_of(&self, step: &str) -> String {
        self.seed.as_ref().map_or_else(|| step_key(step), |seed| live_key(seed, step))
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<String, Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, step: &str, state: Known) {
        if let Some(known) = self.steps().get_mut(step) {
            known.state = state;
        }
    }
}

/// The same that the SDK's test host gives, so that one fixture fits both: letters of the step, 26 in all.
pub(crate) fn step_key(step: &str) -> String {
    let name: String = step.chars().filter(char::is_ascii_lowercase).take(26).collect();
    format!("{name:2<26}")
}

/// A key of the host's shape, of this seed.
pub(crate) fn live_key(seed: &str, step: &str) -> String {
    let digest = Sha256::new().chain_update(seed).chain_update([0]).chain_update(step).finalize();
    let mut key = data_encoding::BASE32_NOPAD.encode(&digest).to_lowercase();
    key.truncate(26);
    key
}

#[async_trait]
impl Journal for Diary {
    async fn begin(&self, step: &str, hash: [u8; 32]) -> Result<Begin, JournalError> {
        let mut steps = self.steps();
        if let Some(known) = steps.get(step) {
            if known.hash != hash && !matches!(known.state, Known::Open) {
                return Ok(Begin::Mismatch);
            }
            match &known.state {
                Known::Answered(answer) => return Ok(Begin::Replay(answer.clone())),
                Known::Begun | Known::Lost => return Ok(Begin::Unknown),
                Known::Open => {}
            }
        }
        let written = |known: &Step| !matches!(known.state, Known::Open);
        if !self.several
            && let Some((other, _)) = steps.iter().find(|(name, known)| *name != step && written(known))
        {
            return Ok(Begin::Single { step: other.clone() });
        }
        steps.insert(step.to_owned(), Step { hash, state: Known::Begun });
        Ok(Begin::Send)
    }

    async fn answered(&self, step: &str, answer: &StoredAnswer, opens_again: bool) -> Result<(), JournalError> {
        self.note(step, if opens_again { Known::Open } else { Known::Answered(answer.clone()) });
        Ok(())
    }

    async fn not_sent(&self, step: &str) -> Result<(), JournalError> {
        self.note(step, Known::Open);
        Ok(())
    }

    async fn lost(&self, step: &str) -> Result<(), JournalError> {
        self.note(step, Known::Lost);
        Ok(())
    }

    fn key(&self, step: &str) -> Option<String> {
        self.by_key.then(|| self.key_of(step))
    }
}

impl Rehearsal for Diary {
    fn would_send(&self, request: WouldSend) {
        self.rehearsed.lock().unwrap_or_else(PoisonError::into_inner).extend(request.step);
    }

    fn key(&self, step: &str) -> Option<String> {
        Journal::key(self, step)
    }
}

#[async_trait]
impl Steps for Diary {
    async fn refused(&self, step: &str) {
        self.note(step, Known::Open);
    }

    fn key(&self, step: &str) -> String {
        self.key_of(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> StoredAnswer {
        StoredAnswer { status: 201, headers: Vec::new(), body: b"{}".to_vec(), whole: true }
    }

    #[tokio::test]
    async fn an_answered_step_is_replayed_and_another_request_under_its_name_refused() {
        let diary = Diary::of(false, false);
        assert_eq!(diary.begin("note", [1; 32]).await.expect("a word"), Begin::Send);
        diary.answered("note", &answer(), false).await.expect("noted");
        assert_eq!(diary.begin("note", [1; 32]).await.expect("a word"), Begin::Replay(answer()));
        assert_eq!(diary.begin("note", [2; 32]).await.expect("a word"), Begin::Mismatch);
        assert_eq!(diary.begin("file", [3; 32]).await.expect("a word"), Begin::Single { step: "note".to_owned() });
    }

    #[tokio::test]
    async fn a_refused_step_may_be_sent_again_and_a_lost_one_not() {
        let diary = Diary::of(true, false);
        for (step, again) in [("refused", Begin::Send), ("lost", Begin::Unknown), ("not-sent", Begin::Send)] {
            assert_eq!(diary.begin(step, [1; 32]).await.expect("a word"), Begin::Send);
            match step {
                "refused" => diary.answered(step, &answer(), true).await.expect("noted"),
                "lost" => diary.lost(step).await.expect("noted"),
                _ => diary.not_sent(step).await.expect("noted"),
            }
            assert_eq!(diary.begin(step, [1; 32]).await.expect("a word"), again, "{step}");
        }
    }
}
