//! What changes in a project, and when its author has had enough.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::{exit::Stop, lifecycle};

/// How long nothing must happen before a round begins: an editor writes several files.
const QUIET: Duration = Duration::from_millis(300);
/// Folders that builds and tools write to.
const NOT_OURS: &[&str] =
    &["target", "node_modules", "__pycache__", ".patchbay", ".git", ".pytest_cache", "dist", ".venv"];

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A file of the project changed.
    Changed,
    /// Ctrl-C.
    Stop,
}

/// Tells what happens. The watcher lives as long as this.
pub(super) struct Events {
    heard: Receiver<Event>,
    _watcher: RecommendedWatcher,
}

/// Watches a project.
pub(super) fn watch(dir: &Path) -> Result<Events, Stop> {
    let (tell, heard) = mpsc::channel();
    let unwatched = |error: notify::Error| Stop::failed(format!("{} is not watched: {error}", dir.display()));
    let (root, changed) = (dir.to_owned(), tell.clone());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_ours(&root, path))) {
            // Nobody listens any more: the command is ending.
            let _ = changed.send(Event::Changed);
        }
    })
    .map_err(unwatched)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(unwatched)?;
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let Ok(mut stop) = lifecycle::stop_signal() else { return };
            let _ = stop.wait_for(|stop| *stop).await;
            let _ = tell.send(Event::Stop);
            // The second signal ends the process, so somebody has to listen for it.
            std::future::pending::<()>().await;
        });
    });
    Ok(Events { heard, _watcher: watcher })
}

/// Whether a file is one that the author writes.
fn is_ours(root: &Path, path: &Path) -> bool {
    let below: PathBuf = path.strip_prefix(root).map(Path::to_owned).unwrap_or_default();
    let packed = below.extension().is_some_and(|end| end == "wasm" || end == "part" || end == "sig");
    let own = |part: std::path::Component<'_>| !NOT_OURS.iter().any(|other| part.as_os_str() == *other);
    !packed && below != Path::new("Cargo.lock") && below.components().all(own)
}

impl Events {
    /// The next event; changes that come together are one.
    pub(super) fn next(&self) -> Event {
        let mut event = self.heard.recv().unwrap_or(Event::Stop);
        while event == Event::Changed {
            match self.heard.recv_timeout(QUIET) {
                Ok(next) => event = next,
                Err(_) => return Event::Changed,
            }
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes_begins_no_round() {
        let ours = |path: &str| is_ours(Path::new("/p"), &Path::new("/p").join(path));
        for path in ["src/lib.rs", "connector.toml", "fixtures/streams/notes.json"] {
            assert!(ours(path), "{path}");
        }
        for path in ["target/debug/x", ".patchbay/component.wasm", "acme.wasm", "node_modules/a/b.js", "Cargo.lock"] {
            assert!(!ours(path), "{path}");
        }
    }

    #[test]
    fn a_file_that_is_written_is_noticed_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let events = watch(&root).expect("watched");
        std::fs::write(root.join("one.rs"), "1").expect("written");
        std::fs::write(root.join("two.rs"), "2").expect("written");
        assert_eq!(events.next(), Event::Changed);
        assert!(events.heard.try_recv().is_err());
    }
}
