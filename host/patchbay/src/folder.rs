//! The folder of connectors: a packaged component that is dropped there is installed, with the approval
//! of whoever may write to the folder.
//!
//! Every event leads to one look at the whole folder after a moment of quiet, so that a file that is
//! still being written is not taken for a broken one, and events that were lost do not matter.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use notify::{RecursiveMode, Watcher};
use patchbay_app::{App, Approval};
use tokio::sync::{mpsc, watch};

/// How long nothing must happen before the folder is looked at.
const QUIET: Duration = Duration::from_millis(300);

/// What a file looked like when it was last installed or refused.
type Seen = HashMap<PathBuf, (SystemTime, u64)>;

/// Installs what lies there at the start.
pub(crate) async fn install_all(app: &Arc<App>, dir: &Path) {
    look(app, dir, &mut Seen::new()).await;
}

/// Watches the folder until the host stops. What is returned has to be kept.
pub(crate) fn watch(app: &Arc<App>, dir: &Path, mut stop: watch::Receiver<bool>) -> Option<notify::RecommendedWatcher> {
    let (tell, mut told) = mpsc::channel::<()>(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access() || event.kind.is_modify() || is_closed(event.kind)) {
            // A full channel already holds the news.
            let _ = tell.try_send(());
        }
    });
    let watching = std::fs::create_dir_all(dir)
        .map_err(notify::Error::io)
        .and(watcher)
        .and_then(|mut watcher| watcher.watch(dir, RecursiveMode::NonRecursive).map(|()| watcher));
    let watcher = match watching {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::error!("{} is not watched: {error}", dir.display());
            return None;
        }
    };
    let (app, dir) = (Arc::clone(app), dir.to_owned());
    tokio::spawn(async move {
        let mut seen = Seen::new();
        // What was dropped since the first look, before there was a watcher.
        look(&app, &dir, &mut seen).await;
        loop {
            tokio::select! {
                news = told.recv() => if news.is_none() { return },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            while tokio::time::timeout(QUIET, told.recv()).await.is_ok() {}
            look(&app, &dir, &mut seen).await;
        }
    });
    Some(watcher)
}

fn is_closed(kind: notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// Installs each packaged component that is new or changed, the oldest first.
async fn look(app: &Arc<App>, dir: &Path, seen: &mut Seen) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "wasm"))
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    files.sort();
    for (modified, len, path) in files {
        if seen.insert(path.clone(), (modified, len)) == Some((modified, len)) {
            continue;
        }
        let bytes = match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!("{} cannot be read: {error}", path.display());
                continue;
            }
        };
        let approval = Approval { actor: format!("folder {}", path.display()), approves: true };
        match app.install(bytes, approval).await {
            Ok(installed) if installed.known => {}
            Ok(installed) => {
                let release = installed.release;
                tracing::info!(
                    release = %release.id,
                    "{}: {} {} is {}",
                    path.display(),
                    release.connector,
                    release.version,
                    release.state.as_str()
                );
            }
            Err(fault) => tracing::error!(code = fault.code.id(), "{} is not installed: {fault:?}", path.display()),
        }
    }
}
