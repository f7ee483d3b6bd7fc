//! The switches of a connection: one for each function that its connector serves.
//!
//! Off, an action's items are recorded as skipped and its streams are not extracted. `connections.off` lists the
//! functions that are off and, beside them, the syncs that went off with one: switched on again, exactly those are
//! extracted as before, and a stream that somebody had switched off by itself stays off.

use std::collections::BTreeMap;

use patchbay_model::{
    Code, Fault, SyncId, TenantId,
    manifest::{Function, Manifest},
};
use patchbay_store::Connection;

use crate::{App, KnownStream};

/// A function of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSwitch {
    /// Which.
    pub function: Function,
    /// Whether it is on.
    pub enabled: bool,
    /// The streams that belong to it.
    pub streams: Vec<String>,
    /// The actions that belong to it.
    pub actions: Vec<String>,
}

/// The switches that a connection has.
pub(crate) fn of(connection: &Connection, manifest: &Manifest, found: &[KnownStream]) -> Vec<FunctionSwitch> {
    let mut switches: BTreeMap<Function, FunctionSwitch> = BTreeMap::new();
    let found = found.iter().filter(|known| known.gone_at.is_none()).map(|known| &known.stream);
    let streams = manifest.streams.iter().chain(found).map(|stream| (stream.function, Some(&stream.name), None));
    // It has the switch before anything was found.
    let discovers = manifest.discovered.iter().map(|asked| (asked.function, None, None));
    let actions = manifest.actions.iter().map(|action| (action.function, None, Some(&action.name)));
    for (function, stream, action) in streams.chain(discovers).chain(actions) {
        let switch = switches.entry(function).or_insert_with(|| FunctionSwitch {
            function,
            enabled: !is_off(connection, function),
            streams: Vec::new(),
            actions: Vec::new(),
        });
        switch.streams.extend(stream.cloned());
        switch.actions.extend(action.cloned());
    }
    switches.into_values().collect()
}

/// Whether a function is switched off for a connection.
pub(crate) fn is_off(connection: &Connection, function: Function) -> bool {
    connection.off.iter().any(|off| off == function.word())
}

/// The function that a stream of this name belongs to, declared or discovered.
pub(crate) fn function_of(manifest: &Manifest, stream: &str) -> Option<Function> {
    let discovered = || manifest.discovered.as_ref().filter(|asked| asked.names(stream)).map(|asked| asked.function);
    manifest.stream(stream).map(|stream| stream.function).or_else(discovered)
}

/// What turning switches comes to.
pub(crate) struct Turned {
    /// What is off besides afterwards, and what not any more; to be stored first, so that a crash leaves syncs that are
    /// found there.
    pub(crate) add: Vec<String>,
    pub(crate) remove: Vec<String>,
    /// Syncs to be switched afterwards.
    syncs: Vec<(SyncId, bool)>,
}

impl App {
    /// What turning these switches comes to. Asking for what is so already makes up for what a crash left undone.
    pub(crate) async fn turn(
        &self,
        tenant: &TenantId,
        row: &Connection,
        asked: &BTreeMap<Function, bool>,
    ) -> Result<Turned, Fault> {
        let release = self.release_of(row).await?;
        let served = of(row, &release.manifest, &[]);
        for function in asked.keys() {
            if served.iter().all(|switch| switch.function != *function) {
                let known: Vec<&str> = served.iter().map(|switch| switch.function.word()).collect();
                let text = format!("is none of this connector; it has {}", known.join(", "));
                return Err(Fault::new(Code::BodyInvalid).field(format!("/functions/{}", function.word()), text));
            }
        }
        let (mut add, mut remove, mut turned) = (Vec::new(), Vec::new(), Vec::new());
        let syncs = self.store.syncs(tenant, &row.id).await?;
        let accounts = self.store.accounts(tenant, &row.id).await?;
        let chosen = |id: &str| id.is_empty() || accounts.iter().any(|a| a.provider_id == id && a.selected);
        for (function, on) in asked {
            if *on { &mut remove } else { &mut add }.push(function.word().to_owned());
            let of_function = |stream: &str| function_of(&release.manifest, stream) == Some(*function);
            for sync in syncs.iter().filter(|sync| of_function(&sync.stream)) {
                let went_off = row.off.iter().any(|there| there == sync.id.as_str());
                if *on && went_off {
                    remove.push(sync.id.to_string());
                    if chosen(&sync.account) {
                        turned.push((sync.id.clone(), true));
                    }
                } else if !*on && sync.enabled {
                    turned.push((sync.id.clone(), false));
                    add.push(sync.id.to_string());
                }
            }
        }
        Ok(Turned { add, remove, syncs: turned })
    }

    /// The second half: what is extracted follows the switches.
    pub(crate) async fn extract_as_turned(&self, tenant: &TenantId, turned: Turned, actor: &str) -> Result<(), Fault> {
        for (sync, on) in turned.syncs {
            self.store.set_sync_enabled(tenant, &sync, on, actor).await?;
        }
        // What only pickers saw until now is told to everybody, the first of it at once.
        self.upkeep_due.notify_one();
        Ok(())
    }
}
