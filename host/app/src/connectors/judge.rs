//! What a release asks for beyond what was approved, and the approval that lets it.

use std::sync::Arc;

use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState,
    manifest::{Asks, Manifest},
};
use patchbay_store::Release as ReleaseRow;

use super::{Approval, Installed};
use crate::{
    App,
    corrections::{approval_of, because, written},
};

/// What a release asks for together with the operator's correction.
pub(super) struct Judged {
    pub(super) asks: Asks,
    /// Why it does not take the correction, where it does not.
    pub(super) unfit: Option<String>,
    /// What it asks of the trust in its publisher: another key.
    publisher: Vec<String>,
    /// The revision of the correction.
    pub(super) revision: i64,
}

impl Judged {
    /// The same, with what is asked of the trust in the publisher.
    pub(super) fn with(mut self, publisher: Vec<String>) -> Self {
        self.publisher = publisher;
        self
    }

    /// What stands between the release and being used, in plain words.
    pub(super) fn beyond(&self, granted: &Asks) -> Vec<String> {
        let lines =
            self.unfit.iter().map(|why| format!("does not take the operator's correction of its config: {why}"));
        lines.chain(self.publisher.iter().cloned()).chain(self.asks.beyond(granted)).collect()
    }
}

impl App {
    pub(super) async fn judge(&self, written: &Manifest) -> Result<Judged, Fault> {
        let correction = self.correction(&written.id).await?;
        let revision = correction.revision;
        Ok(match written.corrected(&correction.said) {
            Ok(manifest) => Judged { asks: manifest.asks(), unfit: None, publisher: Vec::new(), revision },
            Err(fields) => {
                Judged { asks: written.asks(), unfit: Some(because(&fields)), publisher: Vec::new(), revision }
            }
        })
    }

    /// An approval by this caller, or one that covers everything asked, makes it active; else it waits.
    pub(super) async fn activate_if_allowed(
        &self,
        row: ReleaseRow,
        judged: &Judged,
        approval: &Approval,
    ) -> Result<Installed, Fault> {
        let granted = self.granted(&row.connector).await?;
        // A first release is approved by whoever installs it; a later one only for what was approved
        // before, because an upgrade is where a trusted publisher turns into an attacker.
        let beyond = match &granted {
            None if approval.approves && judged.unfit.is_none() && judged.publisher.is_empty() => Vec::new(),
            None => judged.beyond(&Asks::default()),
            Some(granted) => judged.beyond(granted),
        };
        let held = if granted.is_some() { self.held_by_policy(&row).await? } else { None };
        if let (true, Some(why)) = (beyond.is_empty(), &held) {
            return self.wait(&row, judged, why, beyond).await;
        }
        if beyond.is_empty() {
            if granted.is_none() {
                self.store.insert_approval(approval_of(&row, &judged.asks, &approval.actor)?).await?;
            }
            let active = self.store.activate_installed(&row.id, judged.revision, &approval.actor).await?;
            let Some(release) = active else { return self.moved_on(&row.id, judged).await };
            self.now_active(&release);
            return Ok(Installed { release, known: false, beyond });
        }
        let reason = match &judged.unfit {
            None if beyond == judged.publisher => "is signed with another key of its publisher".to_owned(),
            None => "asks for more than was approved".to_owned(),
            Some(why) => format!("does not take the operator's correction of its config: {why}"),
        };
        self.wait(&row, judged, &reason, beyond).await
    }

    /// It waits, and is told for what, unless it has moved on.
    async fn wait(
        &self,
        row: &ReleaseRow,
        judged: &Judged,
        reason: &str,
        beyond: Vec<String>,
    ) -> Result<Installed, Fault> {
        if !self.store.advance_release(&row.id, ReleaseState::Ready, Some(reason)).await? {
            return self.moved_on(&row.id, judged).await;
        }
        Ok(Installed { release: self.store.release(&row.id).await?, known: false, beyond })
    }

    pub(crate) async fn granted(&self, connector: &str) -> Result<Option<Asks>, Fault> {
        let Some(row) = self.store.latest_approval(connector).await? else { return Ok(None) };
        serde_json::from_str(&row.asks).map(Some).map_err(|error| Fault::new(Code::StorageFailed).operator(error))
    }

    pub(super) async fn activate(
        &self,
        row: &ReleaseRow,
        judged: &Judged,
        approves: bool,
        actor: &str,
    ) -> Result<ReleaseRow, Fault> {
        // The approval first: a crash in between leaves a release that waits, never one that nobody approved.
        if approves {
            self.store.insert_approval(approval_of(row, &judged.asks, actor)?).await?;
        }
        let active = self.store.activate_corrected(&row.id, judged.revision, actor).await?;
        self.now_active(&active);
        Ok(active)
    }

    /// Approves exactly what a waiting release asks, and makes it active. Also the way back to a
    /// retained one, and to one that was set aside.
    pub async fn approve(self: &Arc<Self>, release: &ReleaseId, actor: &str) -> Result<ReleaseRow, Fault> {
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move {
            let row = app.store.release(&release).await?;
            match row.state {
                ReleaseState::Active => Ok(row),
                ReleaseState::Ready | ReleaseState::Retained | ReleaseState::Quarantined => {
                    let judged = app.judge(&written(&row)?).await?;
                    if let Some(why) = judged.unfit {
                        let text = format!("Version {} does not take the operator's correction: {why}", row.version);
                        return Err(Fault::because(Code::CorrectionUnfit, text));
                    }
                    app.check_ceiling(&judged.asks)?;
                    app.vouch_again(&row, &actor).await?;
                    if row.state == ReleaseState::Quarantined {
                        // Somebody has looked at why it was set aside.
                        app.store.end_quarantine(&release).await?;
                    }
                    app.activate(&row, &judged, true, &actor).await
                }
                other => Err(Fault::because(
                    Code::Conflict,
                    format!("A release that is {} cannot be approved.", other.as_str()),
                )),
            }
        })
        .await
    }
}
