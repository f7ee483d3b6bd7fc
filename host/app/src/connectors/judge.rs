//! What a release asks for beyond what was approved, and the approval that lets it.

use std::sync::Arc;

use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState,
    manifest::{Asks, Manifest},
};
use patchbay_store::{Approval as ApprovalRow, JudgedWith, Release as ReleaseRow, StoreError};

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

/// What is granted to a connector; nothing, where nobody ever approved a release of it.
#[derive(Default)]
pub(crate) struct Granted {
    /// The number of the approval; 0 for none.
    pub(crate) no: i64,
    /// All of it.
    pub(crate) asks: Asks,
}

/// How often a release is judged again that is taken into use just while something else is decided.
const TRIES: u32 = 3;

/// Why a release waits that asks for nothing but its key to be trusted.
pub(super) const ANOTHER_KEY: &str = "is signed with another key of its publisher";

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
        let mut again = None;
        for _ in 0..TRIES {
            match self.try_to_activate(row.clone(), again.as_ref().unwrap_or(judged), approval).await? {
                Ok(installed) => return Ok(installed),
                // Somebody corrected the connector, or took back what was granted, in this very moment.
                Err(why) => {
                    tracing::info!(release = %row.id, "release {} is judged again: {why}", row.id);
                    again = Some(self.judge(&written(&row)?).await?.with(judged.publisher.clone()));
                }
            }
        }
        Err(Fault::because(Code::Conflict, "What is granted to the connector changes just now: try again."))
    }

    /// The same once; why not, where what it was judged with does not hold any more.
    async fn try_to_activate(
        &self,
        row: ReleaseRow,
        judged: &Judged,
        approval: &Approval,
    ) -> Result<Result<Installed, &'static str>, Fault> {
        let granted = self.granted(&row.connector).await?;
        // A first release is approved by whoever installs it; a later one only for what was approved
        // before, because an upgrade is where a trusted publisher turns into an attacker.
        let beyond = match &granted {
            None if approval.approves && judged.unfit.is_none() && judged.publisher.is_empty() => Vec::new(),
            None => judged.beyond(&Asks::default()),
            Some(granted) => judged.beyond(&granted.asks),
        };
        let with = JudgedWith { revision: judged.revision, granted: Some(granted.as_ref().map_or(0, |row| row.no)) };
        let held = if granted.is_some() { self.held_by_policy(&row).await? } else { None };
        if let (true, Some(why)) = (beyond.is_empty(), &held) {
            return self.wait(&row, judged, why, beyond).await.map(Ok);
        }
        if beyond.is_empty() {
            let first = match granted {
                None => Some(approval_of(&row, &judged.asks, &approval.actor)?),
                Some(_) => None,
            };
            let active = match self.store.activate_installed(&row.id, with, first, &approval.actor).await {
                Err(StoreError::Outdated(why)) => return Ok(Err(why)),
                active => active?,
            };
            let Some(release) = active else { return self.moved_on(&row.id, judged).await.map(Ok) };
            self.now_active(&release);
            return Ok(Ok(Installed { release, known: false, beyond }));
        }
        let reason = match &judged.unfit {
            None if beyond == judged.publisher => ANOTHER_KEY.to_owned(),
            None => "asks for more than was approved".to_owned(),
            Some(why) => format!("does not take the operator's correction of its config: {why}"),
        };
        self.wait(&row, judged, &reason, beyond).await.map(Ok)
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

    /// What is granted to a connector; none where nobody ever approved a release of it.
    pub(crate) async fn granted(&self, connector: &str) -> Result<Option<Granted>, Fault> {
        let Some(row) = self.store.latest_approval(connector).await? else { return Ok(None) };
        Ok(Some(Granted { no: row.no, asks: self.granted_by(&row).await? }))
    }

    /// What an approval grants.
    pub(crate) async fn granted_by(&self, approval: &ApprovalRow) -> Result<Asks, Fault> {
        let kept = serde_json::from_str(&approval.asks);
        let mut granted: Asks = kept.map_err(|error| Fault::new(Code::StorageFailed).operator(error))?;
        if granted.settings.is_none() {
            // It was stored before settings were noted: what its release led people to type is what was approved. One that
            // cannot be read says nothing, and the next one asks for all of it.
            let before = written(&self.store.release(&approval.release).await?).ok();
            granted.settings = Some(before.and_then(|manifest| manifest.asks().settings).unwrap_or_default());
        }
        Ok(granted)
    }

    /// Approves exactly what a waiting release asks, and makes it active. Also the way back to a
    /// retained one, and to one that was set aside. Of the active one it takes back what was granted beyond what it asks.
    pub async fn approve(self: &Arc<Self>, release: &ReleaseId, actor: &str) -> Result<ReleaseRow, Fault> {
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move {
            let row = app.store.release(&release).await?;
            match row.state {
                ReleaseState::Active | ReleaseState::Ready | ReleaseState::Retained | ReleaseState::Quarantined => {
                    let judged = app.judge(&written(&row)?).await?;
                    if let Some(why) = judged.unfit {
                        let text = format!("Version {} does not take the operator's correction: {why}", row.version);
                        return Err(Fault::because(Code::CorrectionUnfit, text));
                    }
                    app.check_ceiling(&judged.asks)?;
                    let granted = app.granted(&row.connector).await?;
                    if row.state == ReleaseState::Active && granted.is_some_and(|granted| granted.asks == judged.asks) {
                        return Ok(row);
                    }
                    app.vouch_again(&row, &actor).await?;
                    let approval = approval_of(&row, &judged.asks, &actor)?;
                    let with = JudgedWith::revision(judged.revision);
                    let active = match row.state {
                        ReleaseState::Active => app.store.approve_active(with, approval).await?,
                        _ => app.store.activate_corrected(&release, with, Some(approval), &actor).await?,
                    };
                    app.now_active(&active);
                    Ok(active)
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
