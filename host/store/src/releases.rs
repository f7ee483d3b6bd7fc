//! Releases: immutable versions of connectors. Their bytes are files; this is what is known of them.

use patchbay_model::{ReleaseId, ReleaseState, Timestamp};
use sqlx::AnyConnection;

use crate::{
    JudgedWith, NewApproval, Store, StoreError, activation,
    audit::{NewAudit, append},
    publishers::is_trusted,
    row::{Reader, Row, int, many, maybe, one, select},
};

/// One version of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// The connector, `publisher.name`.
    pub connector: String,
    /// Its version, semver.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The contract version it speaks.
    pub contract: String,
    /// The manifest, JSON.
    pub manifest: String,
    /// What it asks for, JSON; compared with what was approved.
    pub asks: String,
    /// The publisher's key that signed it; none for an unsigned one.
    pub signed_by: Option<String>,
    /// Where it came from: `upload`, `folder`, or a reference with its digest.
    pub source: String,
    /// How far it is.
    pub state: ReleaseState,
    /// Why it is refused or set aside.
    pub reason: Option<String>,
    /// Since when it is here.
    pub created_at: Timestamp,
    /// Since when it is in this state.
    pub state_at: Timestamp,
    /// When new runs began to use it last; none for one that never was active.
    pub activated_at: Option<Timestamp>,
    /// Who said so.
    pub activated_by: Option<String>,
    /// Since when another one is used because somebody, or the host, went back from it.
    pub set_back_at: Option<Timestamp>,
    /// It trapped again and again and there was none to go back to: until when no run of it begins. From then on one at a
    /// time.
    pub rest_until: Option<Timestamp>,
}

/// A release to keep.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The connector, `publisher.name`.
    pub connector: String,
    /// Its version, semver.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The contract version it speaks.
    pub contract: String,
    /// The manifest, JSON.
    pub manifest: String,
    /// What it asks for, JSON.
    pub asks: String,
    /// The publisher's key that signed it; none for an unsigned one.
    pub signed_by: Option<String>,
    /// Where it came from: `upload`, `folder`, or a reference with its digest.
    pub source: String,
    /// How far it is.
    pub state: ReleaseState,
}

impl Row for Release {
    const TABLE: &'static str = "releases";
    const FROM: &'static str = "releases rel";
    const COLUMNS: &'static str = "rel.id, rel.connector, rel.version, rel.digest, rel.size, rel.contract, \
        rel.manifest, rel.asks, rel.signed_by, rel.source, rel.state, rel.reason, rel.created_at, \
        rel.state_at, rel.activated_at, rel.activated_by, rel.set_back_at, rel.rest_until";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            connector: r.next("connector")?,
            version: r.next("version")?,
            digest: r.next("digest")?,
            size: r.next("size")?,
            contract: r.next("contract")?,
            manifest: r.next("manifest")?,
            asks: r.next("asks")?,
            signed_by: r.next("signed_by")?,
            source: r.next("source")?,
            state: r.next("state")?,
            reason: r.next("reason")?,
            created_at: r.next("created_at")?,
            state_at: r.next("state_at")?,
            activated_at: r.next("activated_at")?,
            activated_by: r.next("activated_by")?,
            set_back_at: r.next("set_back_at")?,
            rest_until: r.next("rest_until")?,
        })
    }
}

impl Store {
    /// Keeps a release. The same version with the same bytes is the one that is there.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this version is there with other bytes, or these bytes under another version.
    pub async fn insert_release(&self, new: NewRelease, actor: &str) -> Result<Release, StoreError> {
        let (id, now) = (ReleaseId::fresh(&*self.clock, &*self.random), self.now());
        let line = self.audit_line(NewAudit::of(None, actor, "release.fetched", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.version = $2"));
                let there: Option<Release> =
                    maybe(&mut *tx, statement.bind(new.connector.as_str()).bind(new.version.as_str())).await?;
                if let Some(there) = there {
                    if there.digest == new.digest {
                        return Ok(there);
                    }
                    if !gives_way(&mut *tx, &there, &new).await? {
                        return Err(StoreError::Conflict("version with other bytes"));
                    }
                    let gone = sqlx::query("DELETE FROM releases WHERE id = $1").bind(there.id.as_str());
                    gone.execute(&mut *tx).await.map_err(|error| match StoreError::from(error) {
                        // Something refers to it: a connection, an approval.
                        StoreError::NotFound => StoreError::Conflict("version with other bytes"),
                        other => other,
                    })?;
                }
                sqlx::query(
                    "INSERT INTO releases (id, connector, version, digest, size, contract, manifest, asks, signed_by, \
                     source, state, created_at, state_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
                )
                .bind(id.as_str())
                .bind(new.connector)
                .bind(new.version)
                .bind(new.digest)
                .bind(int(new.size))
                .bind(new.contract)
                .bind(new.manifest)
                .bind(new.asks)
                .bind(new.signed_by)
                .bind(new.source)
                .bind(new.state.as_str())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                append(tx, &line).await?;
                load(tx, &id).await
            })
        })
        .await
    }

    /// One release.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn release(&self, id: &ReleaseId) -> Result<Release, StoreError> {
        one(self.read(), sqlx::query(select::<Release>("WHERE rel.id = $1")).bind(id.as_str())).await
    }

    /// The release of these bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_by_digest(&self, connector: &str, digest: &str) -> Result<Option<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.digest = $2"));
        maybe(self.read(), statement.bind(connector).bind(digest)).await
    }

    /// Releases of a connector, or of all; newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn releases(&self, connector: Option<&str>) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE $1 IS NULL OR rel.connector = $1 ORDER BY rel.connector, rel.id DESC LIMIT 1000";
        many(self.read(), sqlx::query(select::<Release>(rest)).bind(connector)).await
    }

    /// Begins the installation of known bytes again that came to no end, or were refused; a key that is trusted stays the
    /// one that signed them. False where the release has moved on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_release_again(
        &self,
        id: &ReleaseId,
        signed_by: Option<&str>,
        source: &str,
    ) -> Result<bool, StoreError> {
        let (id, now) = (id.clone(), self.now());
        let (signed_by, source) = (signed_by.map(str::to_owned), source.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                let there = load(&mut *tx, &id).await?;
                let trusted = is_trusted(&mut *tx, &there.connector, there.signed_by.as_deref()).await?;
                let statement = sqlx::query(
                    "UPDATE releases SET state = 'verified', reason = NULL, state_at = $4, signed_by = $2, source = $3 \
                     WHERE id = $1 AND activated_at IS NULL \
                     AND state IN ('fetched', 'verified', 'compiled', 'probed', 'refused')",
                );
                let signed_by = if trusted { there.signed_by } else { signed_by };
                let statement = statement.bind(id.as_str()).bind(signed_by).bind(source).bind(now.as_micros());
                Ok(statement.execute(tx).await?.rows_affected() > 0)
            })
        })
        .await
    }

    /// Notes how far an installation is. False where the release has moved on: another installation of the same bytes was
    /// faster, or somebody used, replaced or set aside the release meanwhile. Nothing is written then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Conflict`] for `active`.
    pub async fn advance_release(
        &self,
        id: &ReleaseId,
        state: ReleaseState,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        if state == ReleaseState::Active {
            return Err(StoreError::Conflict("a release becomes active by being activated"));
        }
        let (id, reason, now) = (id.clone(), reason.map(str::to_owned), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                // One that is ready and waits for nothing may still be told what it waits for.
                let statement = sqlx::query(
                    "UPDATE releases SET state = $2, reason = $3, state_at = $4 WHERE id = $1 AND activated_at IS NULL \
                     AND (state IN ('fetched', 'verified', 'compiled', 'probed') \
                     OR (state = 'ready' AND reason IS NULL AND $2 = 'ready'))",
                );
                let statement = statement.bind(id.as_str()).bind(state.as_str()).bind(reason).bind(now.as_micros());
                Ok(statement.execute(tx).await?.rows_affected() > 0)
            })
        })
        .await
    }

    /// Notes that a trusted key signed a release that waits and was never used, in place of one that is not trusted: it
    /// waits for nothing by that, unless what it waits for is something else than `waited`. None where that does not fit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn sign_release_anew(
        &self,
        id: &ReleaseId,
        signed_by: &str,
        waited: &str,
        actor: &str,
    ) -> Result<Option<Release>, StoreError> {
        let (id, signed_by, waited, now) = (id.clone(), signed_by.to_owned(), waited.to_owned(), self.now());
        let detail = serde_json::json!({ "fingerprint": signed_by });
        let line = self.audit_line(NewAudit::of(None, actor, "release.signed_anew", &id).detail(&detail));
        self.write(move |tx| {
            Box::pin(async move {
                let there = load(&mut *tx, &id).await?;
                if is_trusted(&mut *tx, &there.connector, there.signed_by.as_deref()).await?
                    || !is_trusted(&mut *tx, &there.connector, Some(&signed_by)).await?
                {
                    return Ok(None);
                }
                let statement = sqlx::query(
                    "UPDATE releases SET signed_by = $2, reason = nullif(reason, $4), state_at = $3 \
                     WHERE id = $1 AND state = 'ready' AND activated_at IS NULL \
                     AND NOT EXISTS (SELECT 1 FROM canaries y WHERE y.release = $1)",
                );
                let statement = statement.bind(id.as_str()).bind(signed_by).bind(now.as_micros()).bind(waited);
                if statement.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Ok(None);
                }
                append(&mut *tx, &line).await?;
                load(tx, &id).await.map(Some)
            })
        })
        .await
    }

    /// Makes a release active that was just installed, with what is approved by that, if anything; none where it has moved
    /// on, or waits for something, and nothing is approved then.
    ///
    /// # Errors
    /// As [`Store::activate_corrected`].
    pub async fn activate_installed(
        &self,
        id: &ReleaseId,
        judged: JudgedWith,
        approval: Option<NewApproval>,
        actor: &str,
    ) -> Result<Option<Release>, StoreError> {
        let (store, id, actor) = (self.clone(), id.clone(), actor.to_owned());
        let active = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = load(&mut *tx, &id).await?;
                    if there.state != ReleaseState::Ready || there.reason.is_some() {
                        return Ok(None);
                    }
                    activation::activate(tx, &store, &id, Some(judged), approval.as_ref(), &actor).await.map(Some)
                })
            })
            .await?;
        self.woke();
        Ok(active)
    }

    /// Keeps a release again whose bytes were dropped and came once more. It is not used by that. False where it was not
    /// dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retain_dropped(&self, id: &ReleaseId) -> Result<bool, StoreError> {
        let statement = "UPDATE releases SET state = 'retained', state_at = $2 WHERE id = $1 AND state = 'dropped'";
        self.change_release(id, statement).await
    }

    async fn change_release(&self, id: &ReleaseId, statement: &'static str) -> Result<bool, StoreError> {
        let (id, now) = (id.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(statement).bind(id.as_str()).bind(now.as_micros());
                Ok(statement.execute(tx).await?.rows_affected() > 0)
            })
        })
        .await
    }

    /// Puts a release into a state whatever it is in, for tests: work uses the transitions above.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] for `active`.
    pub async fn set_release_state(
        &self,
        id: &ReleaseId,
        state: ReleaseState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        if state == ReleaseState::Active {
            return Err(StoreError::Conflict("a release becomes active by being activated"));
        }
        let (id, reason, now) = (id.clone(), reason.map(str::to_owned), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query("UPDATE releases SET state = $2, reason = $3, state_at = $4 WHERE id = $1");
                let statement = statement.bind(id.as_str()).bind(state.as_str()).bind(reason).bind(now.as_micros());
                if statement.execute(tx).await?.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                Ok(())
            })
        })
        .await
    }

    /// The release that new runs of a connector use.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_release(&self, connector: &str) -> Result<Option<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.state = 'active'"));
        maybe(self.read(), statement.bind(connector)).await
    }

    /// The id of the same: whoever knows what stands in a release asks no more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_release_id(&self, connector: &str) -> Result<Option<ReleaseId>, StoreError> {
        let statement = sqlx::query("SELECT id FROM releases WHERE connector = $1 AND state = 'active'");
        let row = statement.bind(connector).fetch_optional(self.read()).await?;
        row.map(|row| Reader::of(&row, "releases").next("id")).transpose()
    }

    /// The active release of each connector that has one, by connector.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_release_ids(&self) -> Result<Vec<(String, ReleaseId)>, StoreError> {
        let statement = sqlx::query("SELECT connector, id FROM releases WHERE state = 'active' ORDER BY connector");
        let rows = statement.fetch_all(self.read()).await?;
        let read = |row| {
            let mut reader = Reader::of(row, "releases");
            Ok((reader.next("connector")?, reader.next("id")?))
        };
        rows.iter().map(read).collect()
    }

    /// One release of each connector, by connector: the active one, else the newest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connectors(&self) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE rel.id = (SELECT x.id FROM releases x WHERE x.connector = rel.connector \
            ORDER BY (x.state = 'active') DESC, x.id DESC LIMIT 1) ORDER BY rel.connector";
        many(self.read(), sqlx::query(select::<Release>(rest))).await
    }
}

/// Whether a release that never was used gives its version to other bytes: those that were refused (a damaged copy must not
/// keep the version from the whole one), and those that no trusted key signed, where one signed the new ones (whoever is
/// first with a version must not keep it from its publisher).
async fn gives_way(tx: &mut AnyConnection, there: &Release, new: &NewRelease) -> Result<bool, StoreError> {
    if there.activated_at.is_some() {
        return Ok(false);
    }
    if there.state == ReleaseState::Refused {
        return Ok(true);
    }
    let waits = matches!(
        there.state,
        ReleaseState::Fetched
            | ReleaseState::Verified
            | ReleaseState::Compiled
            | ReleaseState::Probed
            | ReleaseState::Ready
    );
    Ok(waits
        && is_trusted(&mut *tx, &new.connector, new.signed_by.as_deref()).await?
        && !is_trusted(tx, &there.connector, there.signed_by.as_deref()).await?)
}

pub(crate) async fn load(tx: &mut AnyConnection, id: &ReleaseId) -> Result<Release, StoreError> {
    one(tx, sqlx::query(select::<Release>("WHERE rel.id = $1")).bind(id.as_str())).await
}

#[cfg(test)]
mod tests;
