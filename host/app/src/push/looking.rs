//! Finding out about a write whose answer was lost.
//!
//! The connector's `find` is asked no sooner than `settle` after the last byte, because a provider may
//! list what it accepted only after a while. One "it is there" is believed; "it is not there" only when
//! it is said twice, a minute apart, and then the step is opened and the push is sent again. A
//! connector that cannot look leaves the push `unknown` for a person; and so does a write that was lost
//! again after it was sent once more, and one for which looking itself failed a dozen times.
//!
//! Of an action with several steps only the one in doubt is looked for. What was found is noted at the step and told to
//! the connector, which goes on behind it.

use std::{sync::Arc, time::Duration};

use patchbay_model::{
    Failure, PushResult, PushState, Timestamp,
    manifest::{self, Action, Idempotency},
};
use patchbay_store::{Absent, Push, PushEnd, PushStep};
use tokio::sync::watch;

use crate::{
    App,
    push::deliver::{FILES_TIME, found, known_action, unanswered, unknown},
    work::stored,
};

/// How long a provider may need until it lists what it accepted, when the manifest says nothing.
const STANDARD_SETTLE: Duration = Duration::from_secs(120);

/// Attempts with a lost answer before a person has to look.
const ATTEMPTS: u32 = 10;
/// Looks that may fail before a person has to look.
const LOOKS: u32 = 12;
/// Longest pause between two of them.
const LONGEST_LOOK: Duration = Duration::from_secs(3_600);
/// First pause before a repeatable write goes again; doubled with each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// For how long a provider is trusted to know a key where the manifest says nothing: one day, as most of them say.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3_600);

impl App {
    /// When something is done about a lost answer; none when only a person can. Each attempt waits twice as
    /// long as the one before, so that a provider in trouble is not written to as fast as it fails.
    pub(super) async fn next_look(self: &Arc<Self>, push: &Push, step: &PushStep) -> Option<Timestamp> {
        let now = self.clock.now();
        let goes_by = match self.work_of(push).await {
            Ok(work) => work,
            // Nothing can be said just now; that is no reason to leave it to a person.
            Err(_) => return Some(now.plus(self.settings.settle_again)),
        };
        let action = goes_by.release.manifest.action(&push.action)?;
        if push.attempts >= ATTEMPTS {
            return None;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << push.attempts.saturating_sub(1).min(12));
        match action.idempotency {
            Idempotency::Find if step.reopened > 0 => None,
            // It was noted a moment ago, if at all: the row at hand may be of before that.
            Idempotency::Find => Some(self.settled(push, action, step).max(now)),
            Idempotency::Key if is_forgotten(step, key_life(action), now) => None,
            Idempotency::Key | Idempotency::Upsert => Some(now.plus(doubled)),
            Idempotency::None => None,
        }
    }

    /// From when on the provider lists what it took: so long after the last byte. When that was is known where an attempt
    /// noted that no answer came; of a step that a worker left behind it is as late as a write may take.
    fn settled(&self, push: &Push, action: &Action, step: &PushStep) -> Timestamp {
        let asked = action.settle.as_deref().and_then(|text| manifest::parse_duration(text).ok());
        let settle = asked.unwrap_or(STANDARD_SETTLE);
        let moves_files = push.attachments != "[]";
        let (from, wait) = match step.lost_at {
            Some(lost_at) => (lost_at, settle),
            None if moves_files => (step.sent_at, settle + FILES_TIME),
            None => (step.sent_at, settle),
        };
        from.plus(wait.min(self.settings.settle_at_most))
    }

    /// Looks for the object of a push that is `unknown`.
    pub(super) async fn look_up(self: &Arc<Self>, push: &Push, stop: watch::Receiver<bool>) -> Option<PushEnd> {
        match self.look(push, stop).await {
            Ok(end) => Some(end),
            Err(Failure::StaleEpoch) => None,
            // A look that failed proves nothing: it is unknown still, and looked for again, ever more seldom.
            Err(failure) => {
                let mut end = unknown();
                end.operator = failure.operator().or_else(|| Some(failure.person()));
                let doubled = self.settings.settle_again.saturating_mul(1 << push.looks.min(12)).min(LONGEST_LOOK);
                end.next_at = (push.looks + 1 < LOOKS).then(|| self.clock.now().plus(doubled));
                end.looked = true;
                Some(end)
            }
        }
    }

    async fn look(self: &Arc<Self>, push: &Push, stop: watch::Receiver<bool>) -> Result<PushEnd, Failure> {
        let now = self.clock.now();
        let again = || {
            let mut end = unknown();
            end.state = PushState::Planned;
            end.next_at = Some(now);
            end
        };
        let goes_by = self.work_of(push).await?;
        let action = known_action(&goes_by.release, push)?;
        let steps = self.store.push_steps(&push.id).await.map_err(stored)?;
        let Some(step) = unanswered(&steps) else { return Ok(again()) };
        match action.idempotency {
            Idempotency::Key if is_forgotten(step, key_life(action), now) => return Ok(unknown()),
            Idempotency::Key | Idempotency::Upsert => return Ok(again()),
            Idempotency::Find | Idempotency::None => {}
        }
        let settled = self.settled(push, action, step);
        if settled > now {
            // Somebody asked for a look; what it does not find now proves nothing.
            let mut end = unknown();
            end.next_at = Some(settled);
            return Ok(end);
        }
        let mut opened = self.open_for_push(push, &steps, &goes_by, false, stop).await?;
        // The first time that it may have left: a later one may have found it there.
        let sent_ms = u64::try_from(step.first_sent_at.as_millis()).unwrap_or_default();
        if let Some(object) = opened.instance.find(&opened.context, &opened.item, &step.step, sent_ms).await? {
            if !action.multi_step {
                // Under a second content it is the object of the first one that was looked for.
                let result = if push.revision > 1 { PushResult::Updated } else { PushResult::Created };
                return Ok(found(result, object));
            }
            let url = object.url.as_deref();
            self.store.step_found(&push.id, push.epoch, &step.step, &object.id, url).await.map_err(stored)?;
            return Ok(again());
        }
        let apart = self.settings.settle_again;
        match self.store.step_absent(&push.id, push.epoch, &step.step, apart).await.map_err(stored)? {
            Absent::Once => {
                let mut end = unknown();
                end.looked = true;
                end.next_at = Some(now.plus(apart));
                Ok(end)
            }
            Absent::TooSoon => {
                let mut end = unknown();
                end.next_at = Some(step.absent_at.unwrap_or(now).plus(apart).max(now));
                Ok(end)
            }
            // It was sent once more already, and is not there again: somebody has to look why.
            Absent::Never => Ok(unknown()),
            // It never arrived: the step is open again.
            Absent::Twice => Ok(again()),
        }
    }
}

/// Whether a provider may have forgotten the key of this step: then the same bytes may be a second object.
pub(super) fn is_forgotten(step: &PushStep, life: Duration, now: Timestamp) -> bool {
    now.since(step.first_sent_at) >= life
}

/// How long the provider of this action knows a key.
pub(super) fn key_life(action: &Action) -> Duration {
    let said = action.key_life.as_deref().and_then(|text| manifest::parse_duration(text).ok());
    said.unwrap_or(KEY_LIFE)
}
