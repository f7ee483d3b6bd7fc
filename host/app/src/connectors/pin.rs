//! Connections that stay on one release, and what such a release may do.
//!
//! A pin does not go round an approval: it takes a release whose asks are within what is granted to the connector, or one
//! that an operator approved by its own name, as it is corrected now. An approval that comes later and covers less is one of
//! another release, and takes nothing from this one; what holds for every release at every moment is the deployment's
//! ceiling. What was approved for a trial is no such approval: it ends with the trial, and a pin would outlast it. So only
//! operators pin: a tenant that could would choose between powers.

use patchbay_model::{Code, ConnectionId, Fault, ReleaseId, TenantId};
use patchbay_store::{Approval, Release as ReleaseRow, StoreError};

use super::judge::Judged;
use crate::{App, corrections::written};

impl App {
    /// Pins a connection to a release of its connector, or lets it follow the active one again.
    pub(crate) async fn pin(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        release: Option<&ReleaseId>,
        actor: &str,
    ) -> Result<(), Fault> {
        if let Some(id) = release {
            let row = self.store.release(id).await.map_err(|_| refused("It is not one that is known here."))?;
            let judged = self.judge_usable(&row).await?;
            let beyond = self.beyond_approved(&row, &judged).await?;
            if !beyond.is_empty() {
                let fault =
                    Fault::because(Code::ApprovalNeeded, format!("Nobody approved what {} asks for.", row.version));
                return Err(beyond.into_iter().fold(fault, |fault, line| fault.field("/release", line)));
            }
            self.vouch_again(&row, actor).await?;
        }
        let pinned = self.store.pin_connection(tenant, connection, release, actor).await;
        pinned.map(drop).map_err(|error| match error {
            StoreError::Conflict(_) => refused("Name a release of the connector that is active, ready or retained."),
            other => other.into(),
        })
    }

    /// What a release asks, where the deployment allows it and it takes the operator's correction.
    pub(super) async fn judge_usable(&self, row: &ReleaseRow) -> Result<Judged, Fault> {
        let judged = self.judge(&written(row)?).await?.with(self.publisher_growth(row).await?);
        if let Some(why) = &judged.unfit {
            let text = format!("Version {} does not take the operator's correction: {why}", row.version);
            return Err(Fault::because(Code::CorrectionUnfit, text));
        }
        self.check_ceiling(&judged.asks)?;
        Ok(judged)
    }

    /// What a release asks beyond what was approved: for its connector, or for itself by name.
    pub(super) async fn beyond_approved(&self, row: &ReleaseRow, judged: &Judged) -> Result<Vec<String>, Fault> {
        let beyond = judged.beyond(&self.granted(&row.connector).await?.unwrap_or_default().asks);
        if beyond.is_empty() {
            return Ok(beyond);
        }
        match self.covers(self.store.approval_of(&row.id).await?, judged).await? {
            Some(_) => Ok(Vec::new()),
            None => Ok(beyond),
        }
    }

    /// An approval, where it covers all that a release asks.
    pub(super) async fn covers(&self, own: Option<Approval>, judged: &Judged) -> Result<Option<Approval>, Fault> {
        let Some(own) = own else { return Ok(None) };
        let granted = self.granted_by(&own).await?;
        Ok(Some(own).filter(|_| judged.beyond(&granted).is_empty()))
    }
}

fn refused(why: &str) -> Fault {
    Fault::new(Code::PinRefused).field("/release", why)
}
