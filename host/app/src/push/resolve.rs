//! Finding out about a write whose answer was lost.
//!
//! The connector's `find` is asked no sooner than `settle` after the last byte, because a provider may
//! list what it accepted only after a while. One "it is there" is believed; "it is not there" only when
//! it is said twice, a minute apart, and then the step is opened and the push is sent again. A
//! connector that cannot look leaves the push `unknown` for a person.

use std::{sync::Arc, time::Duration};

use patchbay_model::{
    Failure, PushResult, PushState,
    manifest::{self, Idempotency},
};
use patchbay_store::{Absent, Push, PushEnd};
use tokio::sync::watch;

use crate::{
    App,
    push::deliver::{found, item, unanswered, unknown},
    work::stored,
};

/// How long a provider may need until it lists what it accepted, when the manifest says nothing.
const STANDARD_SETTLE: Duration = Duration::from_secs(120);

impl App {
    /// How long after the last byte something is done about a lost answer; none when only a person can.
    pub(super) async fn look_up_wait(self: &Arc<Self>, push: &Push) -> Option<Duration> {
        let release = self.release_for_push(push).await.ok()?;
        let action = release.manifest.action(&push.action)?;
        let asked = action.settle.as_deref().and_then(|text| manifest::parse_duration(text).ok());
        let settle = asked.unwrap_or(STANDARD_SETTLE).min(self.settings.settle_at_most);
        match action.idempotency {
            Idempotency::Find => Some(settle),
            // The same bytes may simply go again, at once.
            Idempotency::Key | Idempotency::Upsert => Some(Duration::ZERO),
            Idempotency::None => None,
        }
    }

    /// Looks for the object of a push that is `unknown`.
    pub(super) async fn look_up(self: &Arc<Self>, push: &Push, stop: watch::Receiver<bool>) -> Option<PushEnd> {
        match self.look(push, stop).await {
            Ok(end) => Some(end),
            Err(Failure::StaleEpoch) => None,
            // A look that failed proves nothing: it is unknown still, and looked for again.
            Err(failure) => {
                let mut end = unknown();
                end.operator = failure.operator().or_else(|| Some(failure.person()));
                end.next_at = Some(self.clock.now().plus(self.settings.settle_again));
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
        let release = self.release_for_push(push).await?;
        let kind = release.manifest.action(&push.action).map(|action| action.idempotency);
        if matches!(kind, Some(Idempotency::Key | Idempotency::Upsert)) {
            return Ok(again());
        }
        let steps = self.store.push_steps(&push.id).await.map_err(stored)?;
        let Some(step) = unanswered(&steps) else { return Ok(again()) };
        let (mut instance, context) = self.open_for_push(push, stop).await?;
        let sent_ms = u64::try_from(step.sent_at.as_millis()).unwrap_or_default();
        if let Some(object) = instance.find(&context, &item(push), &step.step, sent_ms).await? {
            return Ok(found(PushResult::Created, object));
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
