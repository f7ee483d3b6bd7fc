//! The folder of connectors: a packaged component that is dropped there is installed, with the approval
//! of whoever may write to the folder. A manifest without code, `NAME.toml`, announces a connector that is to come, as
//! long as it lies there.
//!
//! Every event leads to one look at the whole folder after a moment of quiet, so that a file that is
//! still being written is not taken for a broken one, and events that were lost do not matter.
//!
//! What was refused before, or was not brought to an end, is left aside at the start: compiling it once more may take minutes,
//! during which nobody would be served. It is tried again once the host serves, since the host, or its limits, may be others
//! now; and what is refused, only once by each process.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use notify::{RecursiveMode, Watcher};
use patchbay_app::{App, Approval, Offer, Source};
use patchbay_model::{
    ReleaseState,
    manifest::{self, Availability, Manifest},
};
use tokio::{
    io::AsyncReadExt as _,
    sync::{mpsc, watch},
};

/// How long nothing must happen before the folder is looked at.
const QUIET: Duration = Duration::from_millis(300);

/// Bytes that a manifest without code may have, and its logo.
const MANIFEST_BYTES: u64 = 1024 * 1024;

/// Bytes of a signature that are read: one more than it may have, so that a longer one is seen to be longer.
const SIGNATURE_BYTES: usize = 8 * 1024 + 1;

/// What a file, and the signature beside it, looked like when it was last installed or refused.
type Seen = HashMap<PathBuf, (State, Option<State>)>;

/// When a file was written, and how long it is.
type State = (SystemTime, u64);

/// Installs what lies there at the start; returns what came to no good end before and is left.
pub(crate) async fn install_all(app: &Arc<App>, dir: &Path) -> Vec<PathBuf> {
    let left = look(app, dir, &mut Seen::new()).await;
    for path in &left {
        tracing::warn!("{} was not installed before; it is tried again once the host serves", path.display());
    }
    left
}

/// Tries again what was left, one after the other.
pub(crate) fn try_again(app: &Arc<App>, left: Vec<PathBuf>, stop: watch::Receiver<bool>) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        for path in left {
            if *stop.borrow() {
                return;
            }
            install(&app, &path, true).await;
        }
    });
}

/// Watches the folder until the host stops, and tries again what was left at the start. What is returned has to be kept.
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
        // Also what was dropped since the first look, before there was a watcher.
        let left = look(&app, &dir, &mut seen).await;
        try_again(&app, left, stop.clone());
        loop {
            tokio::select! {
                news = told.recv() => if news.is_none() { return },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            while tokio::time::timeout(QUIET, told.recv()).await.is_ok() {}
            let left = look(&app, &dir, &mut seen).await;
            // Each may take minutes, and whatever is dropped meanwhile does not wait for them.
            try_again(&app, left, stop.clone());
        }
    });
    Some(watcher)
}

fn is_closed(kind: notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// Announces what has a manifest only, and installs each packaged component that is new or changed, the oldest first; returns
/// those that came to no good end before.
async fn look(app: &Arc<App>, dir: &Path, seen: &mut Seen) -> Vec<PathBuf> {
    let announced = files(dir, "toml").into_iter().filter_map(|(modified, len, path)| {
        let new = seen.insert(path.clone(), ((modified, len), None)) != Some(((modified, len), None));
        // Told once for each state of the file; read each time, because the list is announced whole.
        announced(&path, len)
            .map_err(|why| {
                if new {
                    tracing::error!("{} is not announced: {why}", path.display())
                }
            })
            .ok()
    });
    app.announce(announced.collect());
    let mut left = Vec::new();
    for (modified, len, path) in files(dir, "wasm") {
        // A signature that comes after its component is a reason to look again.
        let state = ((modified, len), state(&beside(&path)));
        if seen.insert(path.clone(), state) != Some(state) && install(app, &path, false).await {
            left.push(path);
        }
    }
    left
}

/// Installs a file, and tells what came of it. One that came to no good end before is tried `again`, or is left; whether it is.
async fn install(app: &Arc<App>, path: &Path, again: bool) -> bool {
    // One byte more than it may have, so that a longer one is seen to be longer and is never held.
    let bytes = match start_of(path, app.component_bytes().saturating_add(1)).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!("{} cannot be read: {error}", path.display());
            return false;
        }
    };
    let signature = match signature(path).await {
        Ok(signature) => signature,
        Err(error) => {
            tracing::error!("the signature of {} cannot be read: {error}", path.display());
            return false;
        }
    };
    let approval = Approval { actor: format!("folder {}", path.display()), approves: true, trust_key: None };
    let offer = Offer { bytes, signature, source: Source::Folder { path: path.to_owned(), again } };
    match app.install(offer, approval).await {
        Ok(installed) if installed.known && !is_finished(installed.release.state) => {
            if again && installed.release.state == ReleaseState::Refused {
                // By this very process, which said so then.
                let reason = installed.release.reason.unwrap_or_default();
                tracing::error!("{} is not installed, as before: {reason:?}", path.display());
            }
            return !again;
        }
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
    false
}

/// Whether an installation ended well once, whatever became of the release since.
fn is_finished(state: ReleaseState) -> bool {
    match state {
        ReleaseState::Fetched
        | ReleaseState::Verified
        | ReleaseState::Compiled
        | ReleaseState::Probed
        | ReleaseState::Refused => false,
        ReleaseState::Ready
        | ReleaseState::Active
        | ReleaseState::Retained
        | ReleaseState::Quarantined
        | ReleaseState::Dropped => true,
    }
}

/// Where the signature of a component lies.
fn beside(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

fn state(path: &Path) -> Option<State> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((meta.modified().ok()?, meta.len()))
}

/// What stands in `NAME.wasm.sig` beside the component; none where there is no such file.
async fn signature(component: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match start_of(&beside(component), SIGNATURE_BYTES).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// So many bytes of a file, or all where it has fewer.
async fn start_of(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Files that end so, the oldest first: when they were written, how long they are, where.
fn files(dir: &Path, extension: &str) -> Vec<(SystemTime, u64, PathBuf)> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|found| found == extension))
        .filter_map(|entry| {
            let (modified, len) = state(&entry.path())?;
            Some((modified, len, entry.path()))
        })
        .collect();
    files.sort();
    files
}

/// The manifest of a connector that is to come; its logo stands in it, or beside it.
fn announced(path: &Path, len: u64) -> Result<Manifest, String> {
    if len > MANIFEST_BYTES {
        return Err(format!("it has {len} bytes, and {MANIFEST_BYTES} are the most"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let beside = |name: &str| {
        // A name, and no way to somewhere else.
        let logo = path.with_file_name(Path::new(name).file_name().filter(|file| *file == name)?);
        let fits = std::fs::metadata(&logo).is_ok_and(|meta| meta.is_file() && meta.len() <= MANIFEST_BYTES);
        std::fs::read_to_string(logo).ok().filter(|_| fits)
    };
    let parsed = manifest::parse::parse(&text, &beside).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("; ")
    })?;
    if parsed.availability == Availability::ComingSoon {
        return Ok(parsed);
    }
    Err("a manifest without code says `availability = \"coming-soon\"`; with code, run `patchbay package`".to_owned())
}
