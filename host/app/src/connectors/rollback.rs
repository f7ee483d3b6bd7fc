//! Going back to a release that was active before: one command, one transaction.
//!
//! It takes less than a second because nothing has to be made: the bytes are here, their code is in the cache, and the one
//! that was active last stays mapped. The release that is left behind is kept and known as one that was gone back from: the
//! folder and the indexes do not bring it back by themselves, and the next way back does not lead to it.

use std::sync::Arc;

use patchbay_model::{Code, Fault, ReleaseState};
use patchbay_store::{GoBack, JudgedWith, Release as ReleaseRow};

use crate::{App, corrections::approval_of};

impl App {
    /// Goes back to the release that was active before, or to the one of a version. That is an operator's word, and grants
    /// exactly what that release asks, as approving it does: what only the one that is left behind was granted is taken
    /// back, so that a release that asks for it again waits.
    pub async fn roll_back(
        self: &Arc<Self>,
        connector: &str,
        version: Option<&str>,
        reason: Option<String>,
        actor: &str,
    ) -> Result<ReleaseRow, Fault> {
        let (app, actor) = (Arc::clone(self), actor.to_owned());
        let (connector, version) = (connector.to_owned(), version.map(str::to_owned));
        self.own(async move {
            let to = app.way_back(&connector, version.as_deref()).await?;
            let judged = app.judge_usable(&to).await?;
            let approval = Some(approval_of(&to, &judged.asks, &actor)?);
            let reason = reason.unwrap_or_else(|| format!("{actor} went back to {}", to.version));
            let back =
                GoBack { to: to.id.clone(), judged: JudgedWith::revision(judged.revision), approval, actor, reason };
            let active = app.store.go_back(back).await?;
            app.now_active(&active);
            Ok(active)
        })
        .await
    }

    async fn way_back(&self, connector: &str, version: Option<&str>) -> Result<ReleaseRow, Fault> {
        let Some(version) = version else {
            let before = self.store.release_before(connector).await?;
            return match before {
                Some(before) => Ok(before),
                None if self.store.releases(Some(connector)).await?.is_empty() => {
                    Err(Fault::new(Code::ConnectorUnknown))
                }
                None => Err(Fault::new(Code::NothingBefore)),
            };
        };
        let named = self.store.release_of_version(connector, version).await?;
        let named = named.ok_or_else(|| nothing(format!("There is no version {version} of {connector} here.")))?;
        match named.state {
            ReleaseState::Retained => Ok(named),
            ReleaseState::Dropped => Err(nothing(format!("Version {version} is kept no longer: install it again."))),
            ReleaseState::Active => Err(nothing(format!("Version {version} is the active one."))),
            other => {
                Err(nothing(format!("Version {version} is {}: it is approved, not gone back to.", other.as_str())))
            }
        }
    }
}

fn nothing(why: String) -> Fault {
    Fault::because(Code::NothingBefore, why)
}
