//! Asking an index: by itself every hour, by one node, and at once when an operator wants it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header};
use patchbay_egress::{Allowance, ExchangeError};
use patchbay_model::{Code, Fault, Timestamp};
use patchbay_store::{IndexRead, IndexRow, ReadVersion, StoreError};
use url::Url;

use super::{FollowedIndex, Index, IndexError, IndexStatus, document::LONGEST};
use crate::App;

/// Longer than an index may take, and what comes of it; after that another node asks.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// What an index may be. Its envelope repeats each quote of the body.
const ALLOWANCE: Allowance = Allowance { bytes: LONGEST, time: Duration::from_secs(30) };
/// Bytes of an `ETag` that is kept.
const LONGEST_ETAG: usize = 200;

impl App {
    /// Asks the indexes that are due, and takes what may be taken by itself.
    pub(crate) async fn follow_indexes(self: &Arc<Self>) -> Result<(), Fault> {
        for followed in &self.settings.indexes {
            let key = followed.key.to_string();
            let Some(row) = self.store.claim_index(&followed.name, &key, LEASE, false).await? else { continue };
            if let Err(fault) = self.follow(followed, row).await {
                tracing::warn!(index = followed.name, "index {} is not believed: {fault:?}", followed.name);
            }
            self.take_updates(followed).await?;
        }
        Ok(())
    }

    /// Asks all indexes now. What is wrong with one stands in its status.
    pub async fn refresh_indexes(self: &Arc<Self>) -> Result<Vec<IndexStatus>, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            for followed in &app.settings.indexes {
                let key = followed.key.to_string();
                let Some(row) = app.store.claim_index(&followed.name, &key, LEASE, true).await? else { continue };
                if let Err(fault) = app.follow(followed, row).await {
                    tracing::warn!(index = followed.name, "index {} is not believed: {fault:?}", followed.name);
                }
            }
            app.indexes().await
        })
        .await
    }

    async fn follow(&self, followed: &FollowedIndex, row: IndexRow) -> Result<(), Fault> {
        let next = self.clock.now().plus(self.settings.update_check);
        let asked = self.ask_index(followed, &row).await;
        let refused = match asked {
            Ok(Some((etag, bytes))) => match self.believe(followed, &row, etag, &bytes, next).await? {
                None => return Ok(()),
                Some(error) => Fault::because(Code::IndexRefused, format!("{}: {error}", followed.name)),
            },
            Ok(None) => {
                self.store.index_asked(&followed.name, None, next).await?;
                return Ok(());
            }
            Err(fault) => fault,
        };
        self.store.index_asked(&followed.name, Some(refused.person.clone()), next).await?;
        Err(refused)
    }

    /// Keeps what came, if it can be believed; else why not.
    async fn believe(
        &self,
        followed: &FollowedIndex,
        row: &IndexRow,
        etag: Option<String>,
        bytes: &[u8],
        next: Timestamp,
    ) -> Result<Option<IndexError>, Fault> {
        let index = match Index::open(bytes, &followed.key, row.serial, self.clock.now()) {
            Ok(index) => index,
            Err(error) => return Ok(Some(error)),
        };
        let body = serde_json::to_string(&index).map_err(|error| Fault::new(Code::Internal).operator(error))?;
        if row.serial == index.serial && row.body.as_ref().is_some_and(|known| *known != body) {
            return Ok(Some(IndexError::TwoFaced(index.serial)));
        }
        let versions = open_versions(self.indexes.parsed(row).as_deref(), &index);
        let read = IndexRead { serial: index.serial, etag, body, expires_at: index.expires_at, versions };
        match self.store.keep_index(&followed.name, &followed.key.to_string(), read, next).await {
            // Another node has read a later one meanwhile, which is as good.
            Ok(()) | Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The index with its `ETag`; none where it is what is known.
    async fn ask_index(
        &self,
        followed: &FollowedIndex,
        row: &IndexRow,
    ) -> Result<Option<(Option<String>, Bytes)>, Fault> {
        let failed = |why: String| Fault::because(Code::RegistryFailed, format!("{}: {why}", followed.name));
        let mut request = http::Request::get(&followed.url).header(header::ACCEPT, "application/json");
        if let Some(etag) = &row.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request.body(Bytes::new()).map_err(|error| failed(error.to_string()))?;
        let port = Url::parse(&followed.url).ok().and_then(|url| url.port_or_known_default()).unwrap_or(443);
        let answer = match self.gate.fetch(request, &[port], ALLOWANCE).await {
            Ok(answer) => answer,
            Err(ExchangeError::TooLarge(bytes)) => {
                let why = format!("{}: it is larger than {bytes} bytes", followed.name);
                return Err(Fault::because(Code::IndexRefused, why));
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        match answer.status() {
            StatusCode::NOT_MODIFIED if row.etag.is_some() => Ok(None),
            StatusCode::OK => {
                let etag = answer.headers().get(header::ETAG).and_then(|value| value.to_str().ok());
                let etag = etag.filter(|etag| etag.len() <= LONGEST_ETAG).map(str::to_owned);
                Ok(Some((etag, answer.into_body())))
            }
            status => Err(failed(format!("its server answers {status}"))),
        }
    }
}

/// What of an index grows older: what is not withdrawn. Where it is not what it was before, or is somewhere else, it
/// begins anew; else an index could let a version grow old where nobody is able to fetch it.
fn open_versions(before: Option<&Index>, now: &Index) -> Vec<ReadVersion> {
    let connectors = before.into_iter().flat_map(|index| &index.connectors);
    let before: HashMap<(&str, &str), &str> = connectors
        .flat_map(|connector| connector.versions.iter().map(move |version| (connector, version)))
        .map(|(connector, version)| ((connector.id.as_str(), version.version.as_str()), version.source.as_str()))
        .collect();
    let all = now.connectors.iter().flat_map(|connector| {
        connector.versions.iter().filter(|version| !version.yanked).map(move |version| (connector, version))
    });
    all.map(|(connector, version)| {
        let source = before.get(&(connector.id.as_str(), version.version.as_str()));
        ReadVersion {
            connector: connector.id.clone(),
            version: version.version.clone(),
            sha256: version.sha256.clone(),
            moved: source.is_some_and(|source| *source != version.source),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{ListedConnector, ListedVersion};

    fn index(versions: &[(&str, &str, bool)]) -> Index {
        let versions = versions.iter().map(|&(version, source, yanked)| ListedVersion {
            version: version.to_owned(),
            source: source.to_owned(),
            sha256: "ab".to_owned(),
            size: 1,
            contract: "0.1.0".to_owned(),
            signature: None,
            published_at: Timestamp::default(),
            yanked,
        });
        let listed = ListedConnector {
            id: "acme.books".to_owned(),
            name: String::new(),
            summary: String::new(),
            category: "accounting".to_owned(),
            versions: versions.collect(),
        };
        Index { connectors: vec![listed], ..Index::empty() }
    }

    #[test]
    fn what_is_withdrawn_grows_no_older_and_what_moves_begins_anew() {
        let before = index(&[("1.0.0", "there", false), ("1.1.0", "there", false), ("1.2.0", "there", true)]);
        let now = index(&[("1.0.0", "there", false), ("1.1.0", "elsewhere", false), ("1.3.0", "there", true)]);
        let open = |before: Option<&Index>, now: &Index| -> Vec<(String, bool)> {
            open_versions(before, now).into_iter().map(|one| (one.version, one.moved)).collect()
        };
        let of = |version: &str, moved| (version.to_owned(), moved);
        assert_eq!(open(Some(&before), &now), [of("1.0.0", false), of("1.1.0", true)]);
        assert_eq!(open(None, &before), [of("1.0.0", false), of("1.1.0", false)]);
    }
}
