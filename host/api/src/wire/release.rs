//! Connectors and their releases on the wire, as operators see them.

use patchbay_app::Installed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Canary, Time, words::ReleaseState};

/// One immutable version of a connector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Release {
    /// Its id, `rel_…`.
    id: String,
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// Its semantic version.
    #[schema(example = "1.4.0")]
    version: String,
    /// SHA-256 of the component, hex.
    digest: String,
    /// Size of the component, bytes.
    size: u64,
    /// Version of the contract that it was built against.
    #[schema(example = "0.1.0")]
    contract: String,
    /// Fingerprint of the publisher's key that signed it; null for one that is not signed.
    #[schema(example = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")]
    signed_by: Option<String>,
    /// Where it came from: `upload`, `folder`, or a reference of a registry with its digest.
    #[schema(example = "upload")]
    source: String,
    /// How far it is.
    state: ReleaseState,
    /// Why it waits, is refused or was set aside.
    reason: Option<String>,
    /// Since when it is here.
    created_at: Time,
    /// Since when it is in this state.
    state_at: Time,
    /// When new runs began to use it last; null for one that never was active.
    activated_at: Option<Time>,
    /// Who said so: a key, `host` (a trial that went well) or `breaker` (the one before it broke down).
    activated_by: Option<String>,
    /// Since when another one is used because somebody, or the host, went back from it.
    set_back_at: Option<Time>,
    /// Until when nothing of it begins, because it broke down again and again and there was none to go back to. Once that is
    /// over one run at a time tries, until one goes well.
    rest_until: Option<Time>,
}

/// A release of a connector, and who runs it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseStanding {
    /// The release.
    #[serde(flatten)]
    release: Release,
    /// How many connections run it now: all that are pinned to nothing run the active one.
    connections: u64,
    /// How far its trial is; null where nothing tries it.
    canary: Option<Canary>,
}

impl From<patchbay_app::ReleaseStanding> for ReleaseStanding {
    fn from(standing: patchbay_app::ReleaseStanding) -> Self {
        Self {
            release: standing.release.into(),
            connections: standing.connections,
            canary: standing.canary.map(Into::into),
        }
    }
}

impl From<patchbay_app::Release> for Release {
    fn from(row: patchbay_app::Release) -> Self {
        Self {
            id: row.id.to_string(),
            connector: row.connector,
            version: row.version,
            digest: row.digest,
            size: row.size,
            contract: row.contract,
            signed_by: row.signed_by,
            source: row.source,
            state: row.state.into(),
            reason: row.reason,
            created_at: row.created_at.into(),
            state_at: row.state_at.into(),
            activated_at: row.activated_at.map(Into::into),
            activated_by: row.activated_by,
            set_back_at: row.set_back_at.map(Into::into),
            rest_until: row.rest_until.map(Into::into),
        }
    }
}

/// What came of an installation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstalledRelease {
    /// The release.
    release: Release,
    /// What it asks for beyond what was approved, in plain words, one line each. Empty when it is active;
    /// else it waits in state `ready` for `POST /v1/releases/{id}/approve`.
    asks_beyond: Vec<String>,
}

impl From<Installed> for InstalledRelease {
    fn from(installed: Installed) -> Self {
        Self { release: installed.release.into(), asks_beyond: installed.beyond }
    }
}

/// A connector that is installed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connector {
    /// Its id, `publisher.name`.
    #[schema(example = "acme.books")]
    id: String,
    /// What people call the provider.
    name: String,
    /// The release that new runs use; null when none was approved.
    active: Option<Release>,
    /// The release that was installed last; where it is not the active one, it may wait for approval.
    latest: Release,
}

impl Connector {
    /// Releases, newest first within each connector, gathered by connector.
    pub(crate) fn gather(releases: Vec<patchbay_app::Release>) -> Vec<Self> {
        let mut connectors: Vec<Self> = Vec::new();
        for row in releases {
            let active = row.state == patchbay_model::ReleaseState::Active;
            match connectors.last_mut().filter(|last| last.id == row.connector) {
                Some(last) if active => last.active = Some(row.into()),
                Some(_) => {}
                None => connectors.push(Self {
                    id: row.connector.clone(),
                    name: name(&row),
                    active: active.then(|| row.clone().into()),
                    latest: row.into(),
                }),
            }
        }
        connectors
    }
}

/// The provider's name, out of a manifest that was checked when it was installed.
fn name(row: &patchbay_app::Release) -> String {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    serde_json::from_str::<Named>(&row.manifest).map_or_else(|_| row.connector.clone(), |manifest| manifest.name)
}

#[cfg(test)]
mod tests {
    use patchbay_model::{ManualClock, ReleaseId, ReleaseState, SeededRandom, Timestamp};

    use super::*;

    fn row(connector: &str, version: &str, state: ReleaseState) -> patchbay_app::Release {
        patchbay_app::Release {
            id: ReleaseId::fresh(&ManualClock::at(Timestamp::from_millis(0)), &SeededRandom::new(1)),
            connector: connector.to_owned(),
            version: version.to_owned(),
            digest: String::new(),
            size: 0,
            contract: String::new(),
            manifest: format!(r#"{{"id":"{connector}","name":"Name of {connector}"}}"#),
            asks: String::new(),
            signed_by: None,
            source: String::new(),
            state,
            reason: None,
            created_at: Timestamp::default(),
            state_at: Timestamp::default(),
            activated_at: None,
            activated_by: None,
            set_back_at: None,
            rest_until: None,
        }
    }

    #[test]
    fn a_connector_shows_its_newest_release_beside_the_active_one() {
        let found = Connector::gather(vec![
            row("a.one", "2.0.0", ReleaseState::Ready),
            row("a.one", "1.0.0", ReleaseState::Active),
            row("b.two", "1.0.0", ReleaseState::Refused),
        ]);
        let shown: Vec<_> = found
            .iter()
            .map(|c| (c.id.as_str(), c.latest.version.as_str(), c.active.as_ref().map(|a| a.version.as_str())))
            .collect();
        assert_eq!(found[0].name, "Name of a.one");
        assert_eq!(shown, [("a.one", "2.0.0", Some("1.0.0")), ("b.two", "1.0.0", None)]);
    }
}
