//! Newer versions: which there are, and which are taken without anybody asking.
//!
//! An index may renew only what it lists itself: the bytes that are used now have to be among its own versions, by their
//! digest. A connector that somebody uploaded is never replaced because a list on the internet knows its name.
//!
//! By itself the host takes the highest version that the policy lets through (`connectors.upgrades`), that has been
//! public and known here for `updates.age_hours`, and that it does not know: one that was ever installed, refused, set
//! aside or gone back from has had its turn (one that was begun and never judged, because the host stopped, has not). The age is for others to find out first; it counts from when **this** host
//! saw the version, because what an index says of its age is the index's word. What asks for more waits, as ever.

use std::{collections::HashMap, sync::Arc};

use patchbay_model::{Code, Fault, ReleaseState, Timestamp};
use patchbay_store::Release;
use semver::Version as Semver;

use super::{FollowedIndex, ListedConnector, ListedVersion, latest};
use crate::{App, connectors::Approval};

/// A connector for which there is something newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Which.
    pub connector: String,
    /// What is used.
    pub from: String,
    /// The newest there is.
    pub to: String,
    /// Who lists it.
    pub index: String,
    /// The version that is taken by itself at the next look; none where a person has to ask.
    pub by_itself: Option<String>,
    /// Why the newest one is not taken by itself.
    pub waits: Option<String>,
}

/// A newer version, and why it is not taken by itself.
struct Candidate {
    version: ListedVersion,
    waits: Option<String>,
}

impl App {
    /// What there is newer than what is used; of one connector, or of all.
    pub async fn updates(&self, connector: Option<&str>) -> Result<Vec<Update>, Fault> {
        let mut updates = Vec::new();
        for release in self.store.active_releases(connector).await? {
            let Some((followed, listed)) = self.renewing(&release).await? else { continue };
            let candidates = self.candidates(followed, &listed, &release).await?;
            let Some(newest) = candidates.first() else { continue };
            updates.push(Update {
                connector: release.connector.clone(),
                from: release.version.clone(),
                to: newest.version.version.clone(),
                index: followed.name.clone(),
                by_itself: by_itself(&candidates).map(|version| version.version.clone()),
                waits: newest.waits.clone(),
            });
        }
        Ok(updates)
    }

    /// Takes what may be taken by itself, of what this index renews.
    pub(super) async fn take_updates(self: &Arc<Self>, followed: &FollowedIndex) -> Result<(), Fault> {
        for release in self.store.active_releases(None).await? {
            if *self.stop.borrow() {
                break;
            }
            let Some((renews, listed)) = self.renewing(&release).await? else { continue };
            if renews.name != followed.name {
                continue;
            }
            let candidates = self.candidates(followed, &listed, &release).await?;
            let Some(version) = by_itself(&candidates) else { continue };
            let (id, to) = (&release.connector, &version.version);
            let approval = Approval { actor: "host".to_owned(), approves: false, trust_key: None };
            match self.take(followed, id, version, approval).await {
                Ok(installed) => {
                    let state = installed.release.state.as_str();
                    tracing::info!(
                        connector = id,
                        version = to,
                        "{id} {to} came from {} and is {state}",
                        followed.name
                    );
                }
                Err(fault) => {
                    tracing::warn!(connector = id, version = to, "{id} {to} was not taken: {fault:?}");
                }
            }
        }
        Ok(())
    }

    /// The index that speaks for a connector, if the release that is used is one of its own.
    async fn renewing(&self, release: &Release) -> Result<Option<(&FollowedIndex, ListedConnector)>, Fault> {
        let (followed, listed) = match self.index_of(&release.connector).await {
            Ok(found) => found,
            // One that has expired says so in its status.
            Err(fault) if matches!(fault.code, Code::NotInIndex | Code::IndexRefused) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let its_own = listed.versions.iter().any(|version| version.sha256 == release.digest);
        Ok(its_own.then_some((followed, listed)))
    }

    /// What is newer, the newest first.
    async fn candidates(
        &self,
        followed: &FollowedIndex,
        listed: &ListedConnector,
        release: &Release,
    ) -> Result<Vec<Candidate>, Fault> {
        let Ok(from) = Semver::parse(&release.version) else { return Ok(Vec::new()) };
        if latest(listed).is_none_or(|latest| latest.semver() <= from) {
            return Ok(Vec::new());
        }
        let id = &release.connector;
        let policy = self.upgrade_policy(id).await?.holds;
        let seen = self.store.first_seen(&followed.name, id).await?;
        let seen: HashMap<(String, String), Timestamp> =
            seen.into_iter().map(|seen| ((seen.version, seen.sha256), seen.at)).collect();
        let known: HashMap<String, Release> =
            self.store.releases(Some(id)).await?.into_iter().map(|row| (row.version.clone(), row)).collect();
        let now = self.clock.now();
        let newer = listed.versions.iter().filter(|version| {
            let number = version.semver();
            !version.yanked && number.pre.is_empty() && number > from
        });
        let mut candidates: Vec<Candidate> = newer
            .map(|version| {
                let since = seen.get(&(version.version.clone(), version.sha256.clone())).copied().unwrap_or(now);
                let open_at = since.max(version.published_at).plus(self.settings.update_age);
                let waits = match known.get(&version.version).filter(|known| !is_left(known, version)) {
                    Some(known) => Some(format!("it was installed before and is {}", known.state.as_str())),
                    None if open_at > now => Some(format!("it is too young, until {open_at}")),
                    None => policy.holds(&release.version, &version.version),
                };
                Candidate { version: version.clone(), waits }
            })
            .collect();
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.version.semver()));
        Ok(candidates)
    }
}

fn by_itself(candidates: &[Candidate]) -> Option<&ListedVersion> {
    candidates.iter().find(|candidate| candidate.waits.is_none()).map(|candidate| &candidate.version)
}

/// Whether these very bytes were begun and never judged: the host stopped meanwhile. What waits for an approval has a
/// reason.
fn is_left(known: &Release, version: &ListedVersion) -> bool {
    let begun = match known.state {
        ReleaseState::Fetched | ReleaseState::Verified | ReleaseState::Compiled | ReleaseState::Probed => true,
        ReleaseState::Ready => known.reason.is_none(),
        _ => false,
    };
    begun && known.digest == version.sha256
}
