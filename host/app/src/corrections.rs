//! What an operator corrects of a connector's `[config]`, without a new build.
//!
//! A correction belongs to the connector, and outlives its releases: every release that is used is read together with
//! it ([`App::release_facts`]), so that whatever works with a manifest works with the corrected one, and the connector is
//! told the same. Addresses may stand in the config too. To change one is a change of power, in whichever release that was
//! ever used; so is a correction that a kept release does not take. It is refused until the operator says that this is
//! what was meant, and what was approved is written down like the asks of a release.
//!
//! A correction is judged with the active release. Where none is (it was set aside, and none was before it) it is judged with
//! the one that waits, so that it never keeps the fix from being approved. It grants nothing then: whoever approves that
//! release grants what it asks together with the correction.
//!
//! Each node keeps corrections in memory. Where a database is shared by several, it looks again after [`FRESH`].

use std::{collections::HashMap, sync::Arc, time::Duration};

use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState, Timestamp,
    contract::FieldError,
    manifest::{Asks, Manifest},
};
use patchbay_store::{Correction, NewApproval, NewCorrection, Release as ReleaseRow};
use serde_json::{Value, json};

use crate::App;

/// How long another node may not have heard of a correction.
const FRESH: Duration = Duration::from_secs(2);

/// The config of a connector: what its release says, and what the operator made of it.
pub struct ConnectorConfig {
    /// The release that says it.
    pub release: ReleaseId,
    /// JSON Schema of the config; none where nothing can be corrected.
    pub schema: Option<Value>,
    /// What holds when the operator says nothing.
    pub defaults: Value,
    /// What the operator laid over it; none where nothing was said.
    pub correction: Option<Value>,
    /// What holds, and what the connector is told.
    pub config: Value,
    /// Names at the top level that are addresses: to change one needs an approval.
    pub addresses: Vec<String>,
    /// When it was corrected last.
    pub updated_at: Option<Timestamp>,
    /// Who corrected it.
    pub updated_by: Option<String>,
}

/// What holds for a connector, as it was last looked up.
#[derive(Clone)]
pub(crate) struct Held {
    /// 0 where nothing was ever said.
    pub(crate) revision: i64,
    /// What is laid over the defaults.
    pub(crate) said: Arc<Value>,
    at: Timestamp,
}

/// By connector.
pub(crate) type Corrections = HashMap<String, Held>;

impl App {
    /// The correction that holds for a connector.
    pub(crate) async fn correction(&self, connector: &str) -> Result<Held, Fault> {
        let now = self.clock.now();
        let stale = |held: &Held| self.store.is_shared() && now.since(held.at) >= FRESH;
        if let Some(held) = self.releases.corrections().get(connector).filter(|held| !stale(held)) {
            return Ok(held.clone());
        }
        let row = self.store.correction(connector).await?;
        let held = match row {
            None => Held { revision: 0, said: Arc::new(json!({})), at: now },
            Some(row) => Held { revision: row.revision, said: Arc::new(said(&row)?), at: now },
        };
        let mut all = self.releases.corrections();
        // Whoever wrote meanwhile knows better than what was read before.
        let newer = all.get(connector).is_some_and(|there| there.revision > held.revision);
        if !newer {
            all.insert(connector.to_owned(), held.clone());
        }
        Ok(held)
    }

    /// The config of a connector, and what was corrected of it.
    pub async fn connector_config(&self, connector: &str) -> Result<ConnectorConfig, Fault> {
        let base = self.judged_with(connector).await?;
        let written = written(&base)?;
        let row = self.store.correction(connector).await?;
        let correction = row.as_ref().map(said).transpose()?.filter(|said| *said != json!({}));
        let addresses = written.addresses_in_config().into_iter().collect();
        let corrected = match &correction {
            None => written.clone(),
            Some(said) => written.corrected(said).map_err(|fields| unfit(&base.version, &fields))?,
        };
        let nothing = || json!({});
        let (schema, defaults) = match written.config {
            Some(config) => (Some(config.schema), config.defaults),
            None => (None, nothing()),
        };
        let config = corrected.config.map_or_else(nothing, |config| config.defaults);
        let (updated_at, updated_by) = row.map(|row| (row.updated_at, row.updated_by)).unzip();
        Ok(ConnectorConfig {
            release: base.id,
            schema,
            defaults,
            correction,
            config,
            addresses,
            updated_at,
            updated_by,
        })
    }

    /// Lays a correction over the defaults of a connector's config; an empty one takes back what was said. It holds for
    /// work that begins from now on.
    pub async fn correct_config(
        self: &Arc<Self>,
        connector: &str,
        correction: Value,
        approves: bool,
        actor: &str,
    ) -> Result<ConnectorConfig, Fault> {
        let (app, connector, actor) = (Arc::clone(self), connector.to_owned(), actor.to_owned());
        self.own(async move {
            app.correct(&connector, &correction, approves, &actor).await?;
            app.connector_config(&connector).await
        })
        .await
    }

    async fn correct(&self, connector: &str, said: &Value, approves: bool, actor: &str) -> Result<(), Fault> {
        let base = self.judged_with(connector).await?;
        let is_active = base.state == ReleaseState::Active;
        let corrected = written(&base)?.corrected(said).map_err(|fields| {
            let fields = fields.into_iter();
            fields.fold(Fault::new(Code::CorrectionInvalid), |fault, field| {
                fault.field(format!("/config{}", field.pointer), field.message)
            })
        })?;
        // Of all nodes, this one must not judge by what it remembers.
        let before = self.store.correction(connector).await?;
        let asks = corrected.asks();
        let mut powers = self.effects(connector, before.as_ref(), said).await?;
        // What one that is not in use asks is judged by whoever takes it into use.
        if is_active {
            self.check_ceiling(&asks)?;
            let granted = self.granted(connector).await?.unwrap_or_default().asks;
            powers.extend(asks.beyond(&granted).into_iter().map(|line| (None, line)));
        }
        if !powers.is_empty() && !approves {
            return Err(powers.into_iter().fold(Fault::new(Code::CorrectionWidens), |fault, (name, line)| {
                let pointer = name.map_or_else(|| "/config".to_owned(), |name| format!("/config/{name}"));
                fault.field(pointer, line)
            }));
        }
        let approval = match is_active && !powers.is_empty() {
            true => Some(approval_of(&base, &asks, actor)?),
            false => None,
        };
        let new = NewCorrection {
            connector: connector.to_owned(),
            config: said.to_string(),
            release: base.id,
            is_active,
            replaces: before.map_or(0, |row| row.revision),
            powers: powers.into_iter().map(|(_, line)| line).collect(),
            approval,
            actor: actor.to_owned(),
        };
        let row = self.store.put_correction(new).await?;
        let held = Held { revision: row.revision, said: Arc::new(said.clone()), at: self.clock.now() };
        self.releases.corrections().insert(connector.to_owned(), held);
        tracing::info!(connector, revision = row.revision, "the config of {connector} was corrected by {actor}");
        Ok(())
    }

    /// What becomes of the releases that were ever used ([`was_used`]): of their addresses, and which of them could not
    /// be used any more.
    async fn effects(
        &self,
        connector: &str,
        before: Option<&Correction>,
        after: &Value,
    ) -> Result<Vec<(Option<String>, String)>, Fault> {
        let before = before.map(said).transpose()?.unwrap_or_else(|| json!({}));
        let mut lines: Vec<(Option<String>, String)> = Vec::new();
        // Also one that a connection tries, or is pinned to, before it was ever active.
        let run = self.store.connections_by_release(connector).await?;
        let is_run = |id: &ReleaseId| run.iter().any(|(release, count)| release == id && *count > 0);
        let releases = self.store.releases(Some(connector)).await?;
        for row in releases.iter().filter(|row| was_used(row.state) || is_run(&row.id)) {
            let manifest = match written(row) {
                Ok(manifest) => manifest,
                // Nothing is done with it either: it is read in the same way wherever it is used.
                Err(_) if row.state != ReleaseState::Active => continue,
                Err(fault) => return Err(fault),
            };
            if manifest.corrected(&before).is_ok()
                && let Err(fields) = manifest.corrected(after)
            {
                let (version, why) = (&row.version, because(&fields));
                lines.push((None, format!("version {version}, which is kept, could not be used any more: {why}")));
            }
            for (name, line) in manifest.addresses_changed(&before, after) {
                if !lines.iter().any(|(_, there)| *there == line) {
                    lines.push((Some(name), line));
                }
            }
        }
        Ok(lines)
    }

    /// The release that a correction is judged with, and whose config is shown: the active one. Where none is, the newest of
    /// those that wait, because that is the one which has to take the correction; else the newest that was used.
    async fn judged_with(&self, connector: &str) -> Result<ReleaseRow, Fault> {
        if let Some(active) = self.store.active_release(connector).await? {
            return Ok(active);
        }
        let releases = self.store.releases(Some(connector)).await?;
        let waits = releases.iter().find(|row| row.state == ReleaseState::Ready);
        let found = waits.or_else(|| releases.iter().find(|row| was_used(row.state))).cloned();
        found.ok_or_else(|| {
            let text = format!("No release of {connector} is active here, and none waits.");
            Fault::because(Code::ConnectorUnknown, text)
        })
    }
}

/// Whether a correction has to fit a release because it was used, if only by a connection that tried it. (Whether it was
/// the active one once, and so is its own proof, is said by `activated_at`.) Connections may be pinned to one that is kept, and credentials that it brought
/// are given back as it says, whatever became of it since: one that was set aside is not started, and its addresses are
/// still asked.
fn was_used(state: ReleaseState) -> bool {
    match state {
        ReleaseState::Active | ReleaseState::Retained | ReleaseState::Quarantined | ReleaseState::Dropped => true,
        ReleaseState::Fetched
        | ReleaseState::Verified
        | ReleaseState::Compiled
        | ReleaseState::Probed
        | ReleaseState::Ready
        | ReleaseState::Refused => false,
    }
}

/// The manifest of a release, as its author wrote it.
pub(crate) fn written(row: &ReleaseRow) -> Result<Manifest, Fault> {
    serde_json::from_str(&row.manifest).map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))
}

/// A release that does not take the correction that holds.
pub(crate) fn unfit(version: &str, fields: &[FieldError]) -> Fault {
    let because = because(fields);
    let text = format!("The operator's correction of the connector's configuration does not fit version {version}.");
    let fault = Fault::because(Code::CorrectionUnfit, text).operator(format!("the correction does not fit: {because}"));
    fields.iter().fold(fault, |fault, field| fault.field(format!("/config{}", field.pointer), field.message.clone()))
}

/// The same in one line.
pub(crate) fn because(fields: &[FieldError]) -> String {
    let told = |field: &FieldError| match field.pointer.as_str() {
        "" => field.message.clone(),
        pointer => format!("{pointer}: {}", field.message),
    };
    fields.iter().map(told).collect::<Vec<_>>().join("; ")
}

pub(crate) fn approval_of(row: &ReleaseRow, asks: &Asks, actor: &str) -> Result<NewApproval, Fault> {
    Ok(NewApproval {
        release: row.id.clone(),
        connector: row.connector.clone(),
        digest: row.digest.clone(),
        asks: serde_json::to_string(asks).map_err(|error| Fault::new(Code::Internal).operator(error))?,
        approved_by: actor.to_owned(),
    })
}

fn said(row: &Correction) -> Result<Value, Fault> {
    let broken = |error| Fault::new(Code::StorageFailed).operator(format!("correction of {}: {error}", row.connector));
    serde_json::from_str(&row.config).map_err(broken)
}

#[cfg(test)]
mod tests;
