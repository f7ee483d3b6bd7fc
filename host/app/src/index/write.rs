//! Writing an index, for who runs one: a version added, a version withdrawn.

use patchbay_model::{
    Timestamp,
    package::{
        Inspected,
        signature::{Document, Signed, publisher},
    },
};

use super::{Index, ListedConnector, ListedVersion, Publisher};

impl Index {
    /// One that lists nothing yet.
    #[must_use]
    pub fn empty() -> Self {
        Self { serial: 0, expires_at: Timestamp::default(), publishers: Vec::new(), connectors: Vec::new() }
    }

    /// Lists a component that lies at `source`. Its publisher's key comes with the signature.
    ///
    /// # Errors
    /// A sentence for the person: the signature is of something else, or this version is listed with other bytes.
    pub fn add(
        &mut self,
        inspected: &Inspected,
        source: &str,
        signature: Option<Document>,
        published_at: Timestamp,
    ) -> Result<(), String> {
        let manifest = &inspected.manifest;
        if let Some(document) = &signature {
            let is = Signed { connector: &manifest.id, version: &manifest.version, sha256: &inspected.digest };
            let key = document.verify(is).map_err(|error| error.to_string())?.to_string();
            let id = publisher(&manifest.id);
            match self.publishers.iter_mut().find(|publisher| publisher.id == id) {
                Some(known) if known.keys.contains(&key) => {}
                Some(known) => known.keys.push(key),
                None => self.publishers.push(Publisher { id: id.to_owned(), keys: vec![key] }),
            }
        }
        let category = serde_json::to_value(manifest.category).map_err(|error| error.to_string())?;
        let listed = match self.connectors.iter_mut().position(|listed| listed.id == manifest.id) {
            Some(place) => self.connectors.get_mut(place),
            None => {
                let (id, name, summary) = (manifest.id.clone(), String::new(), String::new());
                let (category, versions) = (String::new(), Vec::new());
                self.connectors.push(ListedConnector { id, name, summary, category, versions });
                self.connectors.last_mut()
            }
        };
        let Some(listed) = listed else { return Ok(()) };
        if let Some(known) = listed.versions.iter().find(|known| known.version == manifest.version) {
            if known.sha256 == inspected.digest {
                return Err(format!("{} {} is listed already", manifest.id, manifest.version));
            }
            return Err(format!("{} {} is listed with other bytes; raise the version", manifest.id, manifest.version));
        }
        listed.versions.push(ListedVersion {
            version: manifest.version.clone(),
            source: source.to_owned(),
            sha256: inspected.digest.clone(),
            size: u64::try_from(inspected.size).unwrap_or(u64::MAX),
            contract: inspected.contract.clone(),
            signature,
            published_at,
            yanked: false,
        });
        listed.versions.sort_by_key(|version| std::cmp::Reverse(version.semver()));
        // The newest version says how the connector is described.
        if listed.versions.first().is_some_and(|first| first.version == manifest.version) {
            listed.name.clone_from(&manifest.name);
            listed.summary = manifest.summary.split_whitespace().collect::<Vec<_>>().join(" ");
            listed.category = category.as_str().unwrap_or_default().to_owned();
        }
        Ok(())
    }

    /// Withdraws a version: it stays listed, and nobody takes it any more.
    ///
    /// # Errors
    /// A sentence for the person: it is not listed.
    pub fn yank(&mut self, connector: &str, version: &str) -> Result<(), String> {
        let listed = self.connectors.iter_mut().find(|listed| listed.id == connector);
        let found = listed.and_then(|listed| listed.versions.iter_mut().find(|one| one.version == version));
        let found = found.ok_or_else(|| format!("{connector} {version} is not listed"))?;
        found.yanked = true;
        Ok(())
    }
}
