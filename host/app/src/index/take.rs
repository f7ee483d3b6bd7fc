//! Taking a version that an index lists.

use std::sync::Arc;

use patchbay_model::{
    Code, Fault,
    package::{self, Limits},
};
use url::Url;

use super::{FollowedIndex, ListedVersion, latest};
use crate::{
    App, Reference,
    connectors::{Approval, Installed, Offer, Source, inspected},
    oci::{Pulled, fetch_address, pull},
};

impl App {
    /// Installs a connector by its id, in the highest version that the index lists or in one that is named.
    pub async fn install_from_index(
        self: &Arc<Self>,
        connector: &str,
        version: Option<&str>,
        approval: Approval,
    ) -> Result<Installed, Fault> {
        let (app, connector, version) = (Arc::clone(self), connector.to_owned(), version.map(str::to_owned));
        self.own(async move {
            let (index, listed) = app.index_of(&connector).await?;
            let chosen = match &version {
                None => latest(&listed).cloned(),
                Some(version) => listed.versions.iter().find(|one| one.version == *version && !one.yanked).cloned(),
            };
            let chosen = chosen.ok_or_else(|| {
                let named = version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
                let text =
                    format!("The index {} lists no{named} version of {connector} that could be taken.", index.name);
                Fault::because(Code::NotInIndex, text)
            })?;
            app.take(index, &connector, &chosen, approval).await
        })
        .await
    }

    /// Fetches a version, compares it with what the index says, and offers it like any other.
    pub(super) async fn take(
        self: &Arc<Self>,
        index: &FollowedIndex,
        connector: &str,
        version: &ListedVersion,
        approval: Approval,
    ) -> Result<Installed, Fault> {
        let most = self.settings.component_bytes;
        let wrong = |why: String| {
            Fault::because(Code::ArtifactWrong, format!("{connector} {} of {}: {why}", version.version, index.name))
        };
        if usize::try_from(version.size).map_or(true, |size| size > most) {
            return Err(wrong(format!(
                "the index says that it has {} bytes; limits.component_bytes is {most}",
                version.size
            )));
        }
        let registries = &self.settings.registries;
        let (bytes, beside, digest) = if version.source.starts_with("https://") {
            // An index may list what lies beside it.
            let mut registries = registries.clone();
            let home = Url::parse(&index.url).ok().map(|url| crate::oci::authority(&url));
            registries.also.extend(home);
            let size = usize::try_from(version.size).unwrap_or(most);
            let bytes = fetch_address(&self.gate, &registries, &version.source, size).await?;
            let digest = format!("sha256:{}", package::digest(&bytes));
            (bytes.into(), None, digest)
        } else {
            let reference = Reference::parse(&version.source)?;
            let Pulled { bytes, signature, digest } = pull(&self.gate, registries, &reference, most).await?;
            (bytes, signature, digest)
        };
        let bytes: Vec<u8> = bytes;
        let is = package::digest(&bytes);
        if is != version.sha256 {
            return Err(wrong(format!("what came has the SHA-256 {is}, and the index names {}", version.sha256)));
        }
        let written = version.signature.as_ref().map(|document| document.to_json().into_bytes());
        let source = Source::Index { index: index.name.clone(), reference: version.source.clone(), digest };
        let offer = Offer { bytes, signature: written.or(beside), source };
        // What is inside is what counts, and before anything is kept of it: an index that lists a connector under the name
        // or the version of another could else have the one replaced by whatever approves of the other.
        let (inspected, offer) = inspected(offer, Limits { component_bytes: most }).await?;
        let inside = inspected.manifest;
        if inside.id != connector || inside.version != version.version {
            return Err(wrong(format!("what came is {} {}", inside.id, inside.version)));
        }
        self.install(offer, approval).await
    }
}
