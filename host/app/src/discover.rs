//! Streams that only a connection can name: asked of its connector, and kept.
//!
//! A connector whose manifest has `[discovered]` is asked after connecting, whenever the connection was identified, and
//! when somebody wants to know. What it says is a stranger's: names begin as the manifest announced, there are only so
//! many, and what is wrong is left out and told. Nothing is read of what was found before somebody switches it on, and
//! nothing that the manifest declares changes by it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use patchbay_egress::Writes;
use patchbay_engine::{NoSteps, RunScope};
use patchbay_model::{
    Code, ConnectionId, ConnectionState, Failure, Fault, Schedule, TenantId, Timestamp,
    contract::StreamInfo,
    manifest::{Found, Manifest, Stream, schema_of},
};
use patchbay_store::{Connection, DiscoveredStream, Discovery, NewDiscovery};
use tokio::{
    sync::SemaphorePermit,
    time::{Instant, timeout},
};

use crate::{
    App,
    blobs::RunBlobs,
    connectors::Release,
    runlog::RunLog,
    work::{context_of, refused},
};

/// Connections that are asked in a round of the upkeep; how many at the same time.
const DISCOVERIES: u32 = 20;
pub(crate) const AT_ONCE: usize = 4;
/// When one is asked again that did not answer.
const AGAIN: Duration = Duration::from_secs(3_600);
/// How long a connection is somebody's own, beyond the waiting for a place and the call.
const SPARE: Duration = Duration::from_secs(60);
/// Bytes of all schemas of a connection.
const SCHEMAS: usize = 4 * 1024 * 1024;
/// Remarks about what was left out.
const TOLD: usize = 20;
/// How often a stream is read whose schedule cannot be read (the manifest check lets none through).
const EVERY: Duration = Duration::from_secs(3_600);

/// A stream of a connection: the manifest's, or one that was discovered.
pub struct KnownStream {
    /// What it is.
    pub stream: Stream,
    /// Whether it was discovered.
    pub discovered: bool,
    /// Since when it is not there any more.
    pub gone_at: Option<Timestamp>,
}

/// What a connector discovered.
pub struct Discovered {
    /// All streams of the connection, as they are now.
    pub streams: Vec<KnownStream>,
    /// What became of it.
    pub discovery: Discovery,
    /// What was said and cannot be kept, and why; for the operator.
    pub left_out: Vec<String>,
}

impl App {
    /// Streams of a connection: those of the manifest, then those that were discovered.
    pub async fn streams(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<KnownStream>, Fault> {
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let declared = release.manifest.streams.iter().filter(|stream| stream.read_by(&row.auth)).cloned();
        let declared = declared.map(|stream| KnownStream { stream, discovered: false, gone_at: None });
        let found = self.discovered_of(&row.id, &release.manifest).await?;
        Ok(declared.chain(found).collect())
    }

    /// Those that were discovered and that the release still takes.
    pub(crate) async fn discovered_of(
        &self,
        connection: &ConnectionId,
        manifest: &Manifest,
    ) -> Result<Vec<KnownStream>, Fault> {
        if manifest.discovered.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.store.discovered_streams(connection).await?;
        Ok(rows.into_iter().filter_map(|row| known(manifest, row)).collect())
    }

    /// The stream of this name, as this connection has it.
    pub(crate) async fn stream_of(
        &self,
        connection: &ConnectionId,
        manifest: &Manifest,
        name: &str,
    ) -> Result<Option<KnownStream>, Fault> {
        if let Some(stream) = manifest.stream(name) {
            return Ok(Some(KnownStream { stream: stream.clone(), discovered: false, gone_at: None }));
        }
        if !manifest.discovered.as_ref().is_some_and(|asked| asked.names(name)) {
            return Ok(None);
        }
        let row = self.store.discovered_stream(connection, name).await?;
        Ok(row.and_then(|row| known(manifest, row)))
    }

    /// Asks a connection's connector which streams there are.
    pub async fn discover(
        self: &Arc<Self>,
        tenant: TenantId,
        connection: ConnectionId,
        actor: String,
    ) -> Result<Discovered, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let row = app.store.connection(&tenant, &connection).await?;
            let Some((discovery, left_out)) = app.discover_alone(&row, &actor, None).await? else {
                return Err(Fault::because(Code::Conflict, "The connection is being asked for its streams just now."));
            };
            Ok(Discovered { streams: app.streams(&tenant, &connection).await?, discovery, left_out })
        })
        .await
    }

    /// Sees that a connection is asked soon, where its release wants that or something of it was discovered before.
    pub(crate) async fn discover_soon(&self, connection: &ConnectionId, manifest: &Manifest) -> Result<(), Fault> {
        let was_there = || async { Ok::<_, Fault>(!self.store.discovered_streams(connection).await?.is_empty()) };
        if manifest.discovered.is_some() || was_there().await? {
            self.store.discover_from(connection, self.clock.now()).await?;
            self.upkeep_due.notify_one();
        }
        Ok(())
    }

    /// Asks connections whose time has come; each in a task of its own, so that one that is slow holds up nothing.
    pub(crate) async fn discover_due(self: &Arc<Self>) -> Result<(), Fault> {
        let again = self.clock.now().plus(AGAIN);
        for (tenant, connection) in self.store.claim_discoveries(again, DISCOVERIES).await? {
            let app = Arc::clone(self);
            self.tasks.spawn(async move {
                let Ok(place) = app.discoveries.acquire().await else { return };
                if *app.stop.borrow() {
                    return;
                }
                let asked = async {
                    let row = app.store.connection(&tenant, &connection).await?;
                    app.discover_alone(&row, "host", Some(place)).await
                };
                if let Err(fault) = asked.await {
                    tracing::warn!(connection.id = %connection, "connection {connection} did not say its streams: {fault:?}");
                }
            });
        }
        Ok(())
    }

    /// Asks, unless somebody is asking already (none then): one at a time of a connection, and few of all of them.
    /// Whoever has no place among those waits for one like everybody else, and not for long.
    async fn discover_alone(
        self: &Arc<Self>,
        row: &Connection,
        actor: &str,
        place: Option<SemaphorePermit<'_>>,
    ) -> Result<Option<(Discovery, Vec<String>)>, Fault> {
        let wait = self.settings.call_timeout;
        let until = self.clock.now().plus(wait.saturating_mul(2).saturating_add(SPARE));
        let Some(claim) = self.store.claim_discovery(&row.id, until).await? else { return Ok(None) };
        let asked = async {
            let _place = match place {
                Some(place) => place,
                None => timeout(wait, self.discoveries.acquire()).await.ok().and_then(Result::ok).ok_or_else(|| {
                    let why = "Too many connections are being asked for their streams just now.";
                    Fault::because(Code::Conflict, why)
                })?,
            };
            self.discover_connection(row, actor).await
        };
        let asked = asked.await;
        if asked.is_err() {
            self.store.unclaim_discovery(claim).await?;
        }
        asked.map(Some)
    }

    async fn discover_connection(
        self: &Arc<Self>,
        row: &Connection,
        actor: &str,
    ) -> Result<(Discovery, Vec<String>), Fault> {
        if matches!(row.state, ConnectionState::Pending | ConnectionState::Deleted) {
            return Err(Fault::because(Code::Conflict, "The connection is not made yet."));
        }
        let release = self.release_of(row).await?;
        let manifest = &release.manifest;
        let asks = manifest.discovered.is_some() || !manifest.streams.is_empty();
        let infos = if asks { self.ask_streams(row, &release).await? } else { Vec::new() };
        let before = self.store.discovered_streams(&row.id).await?;
        let (streams, mut left_out) = sorted(manifest, infos, &before);
        let limit = manifest.discovered.as_ref().map_or(0, |asked| asked.limit);
        let schedule = manifest.discovered.as_ref().and_then(|asked| Schedule::parse(&asked.schedule).ok());
        let schedule = schedule.unwrap_or(Schedule::Every(EVERY));
        let remembered = limit.saturating_mul(2);
        let new = NewDiscovery { authorized_at: row.authorized_at, schedule, streams, remembered };
        let discovery = self.store.put_discovery(&row.tenant, &row.id, new, actor).await?;
        if discovery.roomless > 0 {
            left_out.insert(0, format!("{} syncs are more than one connection may have", discovery.roomless));
        }
        if let Some(first) = left_out.first() {
            tracing::warn!(connection.id = %row.id, "of what connection {} discovered, {} left out: {first}", row.id, left_out.len());
        }
        self.due.notify_one();
        Ok((discovery, left_out))
    }

    async fn ask_streams(self: &Arc<Self>, row: &Connection, release: &Release) -> Result<Vec<StreamInfo>, Fault> {
        let (release, component) = self.release(&release.id).await?;
        let deadline = Instant::now() + self.settings.call_timeout;
        let door = self.door(row, None, &release, Writes::Forbidden, deadline, self.stop.clone()).await;
        let (door, credential) = door.map_err(|failure| refused(&failure))?;
        let run = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_connect(&release.manifest.id)),
            steps: Arc::new(NoSteps),
            blobs: RunBlobs::none(self),
        };
        let context = context_of(row, None, &release.manifest);
        let asked = async {
            let mut instance = self.engine.open(&component, run).await?;
            instance.discover(&context).await
        };
        match asked.await {
            Ok(infos) => Ok(infos),
            Err(failure) => {
                let fault = refused(&failure);
                // One that was never handed out was found dead before, and is said to be already.
                let used = credential.used().filter(|_| fault.code == Code::CredentialRefused);
                if used.is_some() && !matches!(failure, Failure::CredentialDead(_)) {
                    self.break_connection(&row.tenant, &row.id, used, &fault.person).await;
                }
                Err(fault)
            }
        }
    }
}

fn known(manifest: &Manifest, row: DiscoveredStream) -> Option<KnownStream> {
    let asked = manifest.discovered.as_ref().filter(|asked| !row.declared && asked.names(&row.name))?;
    let DiscoveredStream { name, title, key, schema, per_account, gone_at, .. } = row;
    let stream = asked.stream(&Found { name, title, key, schema, per_account });
    Some(KnownStream { stream, discovered: true, gone_at })
}

/// What was said, as far as it can be kept, and what was left out. Where there are too many, those that are there
/// already stay.
fn sorted(
    manifest: &Manifest,
    infos: Vec<StreamInfo>,
    before: &[DiscoveredStream],
) -> (Vec<DiscoveredStream>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut declared = BTreeMap::new();
    let (mut known, mut fresh) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for info in infos {
        if let Some(stream) = manifest.stream(&info.name) {
            if !info.key.is_empty() && (stream.key != info.key || stream.per_account != info.per_account) {
                left_out.push(format!("{}: the key and the accounts that the manifest names hold", stream.name));
            }
            declared.insert(info.name.clone(), row_of(stream, schema_of(&info.schema)));
            continue;
        }
        let Some(asked) = &manifest.discovered else { continue };
        match asked.take(info) {
            Ok(found) if !names.insert(found.name.clone()) => left_out.push(format!("{} is there twice", found.name)),
            Ok(found) => {
                let there = before.iter().any(|row| row.name == found.name && row.gone_at.is_none());
                if there { &mut known } else { &mut fresh }.push(found);
            }
            Err(why) => left_out.push(why),
        }
    }
    let limit = manifest.discovered.as_ref().map_or(0, |asked| usize::try_from(asked.limit).unwrap_or(usize::MAX));
    let all = known.into_iter().chain(fresh);
    let found: Vec<Found> = all.collect();
    if found.len() > limit {
        left_out.push(format!("{} streams are more than {limit}", found.len()));
    }
    let mut room = SCHEMAS;
    let rows = found.into_iter().take(limit).map(|found| {
        let schema = found.schema.filter(|text| {
            let fits = text.len() <= room;
            room = room.saturating_sub(text.len());
            fits
        });
        DiscoveredStream {
            name: found.name,
            title: found.title,
            key: found.key,
            schema,
            per_account: found.per_account,
            declared: false,
            gone_at: None,
        }
    });
    let rows = rows.chain(declared.into_values()).collect();
    left_out.truncate(TOLD);
    (rows, left_out)
}

fn row_of(stream: &Stream, schema: Option<String>) -> DiscoveredStream {
    DiscoveredStream {
        name: stream.name.clone(),
        title: stream.title.clone(),
        key: stream.key.clone(),
        schema,
        per_account: stream.per_account,
        declared: true,
        gone_at: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(limit: u32) -> Manifest {
        serde_json::from_value(json!({
            "id": "acme.books", "version": "1.0.0", "contract": "0.1.0", "name": "Books", "category": "accounting",
            "summary": "Books.",
            "stream": [{ "name": "invoices", "title": "Invoices", "key": ["/id"], "schedule": "1h",
                "function": "accounting", "meaning": "all" }],
            "discovered": { "prefix": "model.", "schedule": "6h", "function": "relations", "meaning": "models",
                "limit": limit },
        }))
        .expect("a manifest")
    }

    fn info(name: &str) -> StreamInfo {
        let (title, key) = (format!("Title of {name}"), vec!["/id".to_owned()]);
        StreamInfo { name: name.to_owned(), title, key, schema: b"{}".to_vec(), per_account: false }
    }

    fn names(rows: &[DiscoveredStream]) -> Vec<&str> {
        rows.iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn what_the_manifest_declares_is_not_changed_by_what_is_said_of_it() {
        let said = StreamInfo { key: vec!["/other".to_owned()], per_account: true, ..info("invoices") };
        let (rows, left_out) = sorted(&manifest(10), vec![said], &[]);
        assert_eq!(
            (rows[0].declared, rows[0].key.as_slice(), rows[0].per_account),
            (true, &["/id".to_owned()][..], false)
        );
        assert_eq!(rows[0].schema.as_deref(), Some("{}"));
        assert!(left_out[0].contains("invoices"), "{left_out:?}");
    }

    #[test]
    fn what_cannot_be_kept_is_left_out_and_told_and_the_rest_stays() {
        let wrong = StreamInfo { key: Vec::new(), ..info("model.keyless") };
        let said = vec![info("model.a"), info("other"), wrong, info("model.a"), info("model.b")];
        let (rows, left_out) = sorted(&manifest(10), said, &[]);
        assert_eq!(names(&rows), ["model.a", "model.b"]);
        assert_eq!(left_out.len(), 3, "{left_out:?}");
    }

    #[test]
    fn where_there_are_too_many_those_that_are_there_already_stay() {
        let before: Vec<DiscoveredStream> = sorted(&manifest(10), vec![info("model.z")], &[]).0;
        let said = vec![info("model.a"), info("model.b"), info("model.z")];
        let (rows, left_out) = sorted(&manifest(2), said, &before);
        assert_eq!(names(&rows), ["model.z", "model.a"]);
        assert!(left_out[0].contains("3 streams are more than 2"), "{left_out:?}");
    }

    #[test]
    fn all_schemas_together_are_bounded() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(60_000)).into_bytes();
        let said = (0..100).map(|n| StreamInfo { schema: long.clone(), ..info(&format!("model.m{n}")) }).collect();
        let (rows, _) = sorted(&manifest(200), said, &[]);
        let bytes: usize = rows.iter().filter_map(|row| row.schema.as_ref()).map(String::len).sum();
        assert!(rows.len() == 100 && bytes <= SCHEMAS && bytes > SCHEMAS / 2, "{bytes}");
    }
}
