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
    manifest::{self, Idempotency},
};
use patchbay_store::{Absent, Push, PushEnd, PushStep};
use tokio::sync::watch;

use crate::{
    App,
    push::deliver::{found, known_action, unanswered, unknown},
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

impl App {
    /// When something is done about a lost answer; none when only a person can. Each attempt waits twice as
    /// long as the one before, so that a provider in trouble is not written to as fast as it fails.
    pub(super) async fn next_look(self: &Arc<Self>, push: &Push, step: &PushStep) -> Option<Timestamp> {
        let now = self.clock.now();
        let (_, release) = match self.work_of(push).await {
            Ok(work) => work,
            // Nothing can be said just now; that is no reason to leave it to a person.
            Err(_) => return Some(now.plus(self.settings.settle_again)),
        };
        let action = release.manifest.action(&push.action)?;
        if push.attempts >= ATTEMPTS {
            return None;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << push.attempts.saturating_sub(1).min(12));
        let asked = action.settle.as_deref().and_then(|text| manifest::parse_duration(text).ok());
        let settle = asked.unwrap_or(STANDARD_SETTLE).min(self.settings.settle_at_most);
        match action.idempotency {
            Idempotency::Find if step.reopened > 0 => None,
            Idempotency::Find => Some(step.sent_at.plus(settle)),
            Idempotency::Key | Idempotency::Upsert => Some(now.plus(doubled)),
            Idempotency::None => None,
        }
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
        let (connection, release) = self.work_of(push).await?;
        let action = known_action(&release, push)?;
        if matches!(action.idempotency, Idempotency::Key | Idempotency::Upsert) {
            return Ok(again());
        }
        let steps = self.store.push_steps(&push.id).await.map_err(stored)?;
        let Some(step) = unanswered(&steps) else { return Ok(again()) };
        let mut opened = self.open_for_push(push, &steps, &connection, &release, false, stop).await?;
        let sent_ms = u64::try_from(step.sent_at.as_millis()).unwrap_or_default();
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
        match self.store.step_absent(&push.id, push.epoch, &step.step).await.map_err(stored)? {
            Absent::Once => {
                let mut end = unknown();
                end.next_at = Some(now.plus(self.settings.settle_again));
                Ok(end)
            }
            // It never arrived: the step is open again.
            Absent::Twice => Ok(again()),
        }
    }
}
