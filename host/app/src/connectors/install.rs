//! From bytes that nobody trusts to a release that can be used, one guard after the other.

use std::sync::Arc;

use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState,
    package::{self, Inspected, Limits},
};
use patchbay_store::{NewRelease, Release as ReleaseRow};

use super::{
    Approval, Installed, Offer, Source,
    judge::{ANOTHER_KEY, Judged},
    version_taken,
};
use crate::App;

impl App {
    /// Installs a packaged component. Each guard returns early; nothing of a refused component stays
    /// but, for one that could be read, its row with the reason.
    pub async fn install(self: &Arc<Self>, offer: Offer, approval: Approval) -> Result<Installed, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.install_now(offer, &approval).await }).await
    }

    async fn install_now(self: &Arc<Self>, offer: Offer, approval: &Approval) -> Result<Installed, Fault> {
        let limits = Limits { component_bytes: self.settings.component_bytes };
        let (inspected, offer) = &inspected(offer, limits).await?;
        let known = self.store.release_by_digest(&inspected.manifest.id, &inspected.digest).await?;
        let vouched = self.vouch(inspected, offer, approval, known.as_ref()).await?;
        let judged = self.judge(&inspected.manifest).await?.with(vouched.publisher_growth);

        // Known bytes change nothing, but for a file that was lost or damaged: a restart finds all files of the folder
        // again, and must not bring back a release that another has replaced. `approve` is the way back.
        if let Some(known) = &known
            && matches!(
                known.state,
                ReleaseState::Active | ReleaseState::Ready | ReleaseState::Retained | ReleaseState::Quarantined
            )
        {
            self.mend(&known.digest, &offer.bytes).await?;
            let granted = self.granted(&known.connector).await?;
            let beyond = granted.map(|granted| judged.beyond(&granted.asks)).unwrap_or_default();
            if let Some(signed) = self.signed_anew(known, vouched.key.as_deref(), &judged, approval).await? {
                return match signed.reason {
                    None => self.activate_if_allowed(signed, &judged, approval).await,
                    Some(_) => Ok(Installed { release: signed, known: true, beyond }),
                };
            }
            // A crash between `ready` and `active` leaves a release that nothing keeps waiting: it has no reason, and is
            // judged now. One that waits for approval has one, and goes on waiting whatever was approved since.
            let left = known.state == ReleaseState::Ready
                && known.reason.is_none()
                && self.store.canary(&known.id).await?.is_none();
            if !left {
                return Ok(Installed { release: known.clone(), known: true, beyond });
            }
        }
        self.check_ceiling(&judged.asks)?;
        let new = NewRelease {
            connector: inspected.manifest.id.clone(),
            version: inspected.manifest.version.clone(),
            digest: inspected.digest.clone(),
            size: u64::try_from(offer.bytes.len()).unwrap_or(u64::MAX),
            contract: inspected.contract.clone(),
            manifest: serde_json::to_string(&inspected.manifest)
                .map_err(|error| Fault::new(Code::Internal).operator(error))?,
            asks: serde_json::to_string(&judged.asks).map_err(|error| Fault::new(Code::Internal).operator(error))?,
            signed_by: vouched.key,
            source: offer.source.written(),
            state: ReleaseState::Verified,
        };
        // The row comes first, because it refuses another digest under a known version.
        let row = match known {
            Some(dropped) if dropped.state == ReleaseState::Dropped => {
                return self.take_dropped(dropped, offer, &judged).await;
            }
            // It is compiled and probed already.
            Some(left) if left.state == ReleaseState::Ready => {
                self.keep_everywhere(&left.digest, &offer.bytes).await?;
                return self.activate_if_allowed(left, &judged, approval).await;
            }
            Some(left) if self.is_left(&left, &offer.source) => {
                return self.moved_on(&left.id, &judged).await;
            }
            Some(begun) => {
                // Else the upkeep could remove the file of one that was refused between these two.
                let _alone = self.releases.unkept_files.lock().await;
                let (key, source) = (new.signed_by.as_deref(), new.source.as_str());
                if !self.store.begin_release_again(&begun.id, key, source).await? {
                    return self.moved_on(&begun.id, &judged).await;
                }
                self.keep_everywhere(&begun.digest, &offer.bytes).await?;
                self.store.release(&begun.id).await?
            }
            None => {
                let row = self.store.insert_release(new, &approval.actor).await.map_err(version_taken)?;
                self.keep_everywhere(&row.digest, &offer.bytes).await?;
                row
            }
        };
        // Another installation of the same bytes may have brought another signature.
        let growth = self.publisher_growth(&row).await?;
        let judged = judged.with(growth);
        match self.compile_and_probe(&row, &offer.bytes).await {
            Ok(true) => self.activate_if_allowed(row, &judged, approval).await,
            Ok(false) => self.moved_on(&row.id, &judged).await,
            Err(fault) => {
                if is_its_own(fault.code) {
                    self.releases.refuse(&row.digest);
                    let reason = fault.operator.clone().unwrap_or_else(|| fault.person.clone());
                    self.store.advance_release(&row.id, ReleaseState::Refused, Some(&reason)).await?;
                }
                Err(fault)
            }
        }
    }

    /// Whether it became ready by this; false where the release has moved on meanwhile.
    async fn compile_and_probe(&self, row: &ReleaseRow, bytes: &[u8]) -> Result<bool, Fault> {
        let component = self.engine.load(&row.digest, bytes).await.map_err(|error| error.fault())?;
        if !self.store.advance_release(&row.id, ReleaseState::Compiled, None).await? {
            return Ok(false);
        }
        self.engine.probe(&component).await.map_err(|error| error.fault())?;
        Ok(self.store.advance_release(&row.id, ReleaseState::Probed, None).await?
            && self.store.advance_release(&row.id, ReleaseState::Ready, None).await?)
    }

    /// Another installation of the same bytes was faster, or somebody used or set aside the release: it is as it is.
    pub(super) async fn moved_on(&self, release: &ReleaseId, judged: &Judged) -> Result<Installed, Fault> {
        let release = self.store.release(release).await?;
        let granted = self.granted(&release.connector).await?;
        let beyond = granted.map(|granted| judged.beyond(&granted.asks)).unwrap_or_default();
        Ok(Installed { release, known: true, beyond })
    }

    /// The release that waits, once a trusted key signed it in place of one that is not.
    async fn signed_anew(
        &self,
        known: &ReleaseRow,
        key: Option<&str>,
        judged: &Judged,
        approval: &Approval,
    ) -> Result<Option<ReleaseRow>, Fault> {
        match key {
            Some(key) if known.state == ReleaseState::Ready && known.signed_by.as_deref() != Some(key) => {
                self.check_ceiling(&judged.asks)?;
                // Whose bytes they are is answered by that, and nothing else: one that its trial gave up, or that waits for an
                // approval, goes on waiting for a person.
                Ok(self.store.sign_release_anew(&known.id, key, ANOTHER_KEY, &approval.actor).await?)
            }
            _ => Ok(None),
        }
    }

    /// Whether bytes that were refused, or whose installation was cut short, are left as they are. The folder has all its files
    /// at each start, which is nobody's wish to try one again, and trying may take minutes: also those that ended the host the
    /// last time. Another start may be one of another host, which could use them.
    fn is_left(&self, known: &ReleaseRow, source: &Source) -> bool {
        let Source::Folder { again, .. } = source else { return false };
        !again || known.state == ReleaseState::Refused && self.releases.has_refused(&known.digest)
    }

    /// Bytes that were kept no longer come again: one can go back to them, and nothing uses them by itself. The folder has
    /// all its files at each start, and that is nobody's wish.
    async fn take_dropped(&self, row: ReleaseRow, offer: &Offer, judged: &Judged) -> Result<Installed, Fault> {
        if !matches!(offer.source, Source::Folder { .. }) {
            let component = self.engine.load(&row.digest, &offer.bytes).await.map_err(|error| error.fault())?;
            self.engine.probe(&component).await.map_err(|error| error.fault())?;
            // Else the upkeep could remove the file between these two.
            let _alone = self.releases.unkept_files.lock().await;
            self.keep_everywhere(&row.digest, &offer.bytes).await?;
            self.store.retain_dropped(&row.id).await?;
        }
        self.moved_on(&row.id, judged).await
    }
}

/// What is in a component, and the offer again. A stranger's takes its time to be walked, and its schemas to be compiled: not
/// on a thread on which something else waits.
pub(crate) async fn inspected(offer: Offer, limits: Limits) -> Result<(Inspected, Offer), Fault> {
    let inspect = move || package::inspect(&offer.bytes, limits).map(|inspected| (inspected, offer));
    tokio::task::spawn_blocking(inspect).await.map_err(|error| Fault::new(Code::Internal).operator(error))?
}

/// Whether it is the component that cannot be used, and not this node that could not try it: the same bytes would fail
/// again.
fn is_its_own(code: Code) -> bool {
    matches!(
        code,
        Code::NotAComponent
            | Code::CoreModule
            | Code::CompiledCode
            | Code::ComponentTooLarge
            | Code::ContractUnsupported
            | Code::CompileFailed
            | Code::ProbeFailed
    )
}
