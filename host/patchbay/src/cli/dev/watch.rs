//! What changes in a project, and when its author has had enough.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::{exit::Stop, lifecycle};

/// How long nothing must happen before a round begins: an editor writes several files.
const QUIET: Duration = Duration::from_millis(300);
/// Folders that builds and tools write to. Whatever begins with a dot is a tool's too, but for [`WRITTEN`].
const NOT_OURS: &[&str] = &["target", "node_modules", "__pycache__", "dist", "venv"];
/// What an author writes although its name begins with a dot.
const WRITTEN: &[&str] = &[".cargo", ".npmrc"];

/// Files that are named when a round begins.
const NAMED: usize = 3;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// These files of the project changed; their paths below it.
    Changed(BTreeSet<PathBuf>),
    /// Ctrl-C.
    Stop,
}

/// Tells what happens. The watcher lives as long as this.
pub(super) struct Events {
    heard: Receiver<Event>,
    stopped: Arc<AtomicBool>,
    _watcher: RecommendedWatcher,
}

/// Watches a project.
pub(super) fn watch(dir: &Path) -> Result<Events, Stop> {
    let (tell, heard) = mpsc::channel();
    let unwatched = |error: notify::Error| Stop::failed(format!("{} is not watched: {error}", dir.display()));
    let (root, changed) = (dir.to_owned(), tell.clone());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let ours: BTreeSet<PathBuf> = event.paths.iter().filter_map(|path| ours(&root, path)).collect();
        if !event.kind.is_access() && !ours.is_empty() {
            // Nobody listens any more: the command is ending.
            let _ = changed.send(Event::Changed(ours));
        }
    })
    .map_err(unwatched)?;
    watcher.watch(dir, RecursiveMode::Recursive).map_err(unwatched)?;
    let stopped = Arc::new(AtomicBool::new(false));
    let stops = Arc::clone(&stopped);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let Ok(mut stop) = lifecycle::stop_signal() else { return };
            let _ = stop.wait_for(|stop| *stop).await;
            stops.store(true, Ordering::SeqCst);
            let _ = tell.send(Event::Stop);
            // The second signal ends the process, so somebody has to listen for it.
            std::future::pending::<()>().await;
        });
    });
    Ok(Events { heard, stopped, _watcher: watcher })
}

/// The path of a file below the project, where it is one that the author writes.
fn ours(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty())?;
    let packed = below.extension().is_some_and(|end| end == "wasm" || end == "part" || end == "sig");
    let own = |part: std::path::Component<'_>| {
        let name = part.as_os_str().to_string_lossy();
        WRITTEN.contains(&&*name) || !(NOT_OURS.contains(&&*name) || is_an_editors(&name))
    };
    let written = !packed && below != Path::new("Cargo.lock") && below.components().all(own);
    written.then(|| below.to_owned())
}

/// Whether a name is what an editor or a tool keeps beside what is written: `.a.py.swp`, `.mypy_cache`, `a.py~`, `#a.py#`, and
/// vim's `4913`, by which it looks whether it may write.
fn is_an_editors(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~') || name == "4913"
}

impl Events {
    /// The next event; changes that come together are one.
    pub(super) fn next(&self) -> Event {
        let mut all = match self.heard.recv() {
            Ok(Event::Changed(files)) => files,
            Ok(Event::Stop) | Err(_) => return Event::Stop,
        };
        loop {
            match self.heard.recv_timeout(QUIET) {
                Ok(Event::Changed(files)) => all.extend(files),
                Ok(Event::Stop) => return Event::Stop,
                Err(_) => return Event::Changed(all),
            }
        }
    }

    /// Whether Ctrl-C was pressed, while a round was at work too: the tools of a terminal's group hear it as well and end.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

/// Which files these are, in a line.
pub(super) fn named(files: &BTreeSet<PathBuf>) -> String {
    let shown: Vec<String> = files.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = files.len().saturating_sub(NAMED);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{rest} changed", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes_begins_no_round() {
        let ours = |path: &str| ours(Path::new("/p"), &Path::new("/p").join(path)).is_some();
        for path in ["src/lib.rs", "connector.toml", "fixtures/streams/notes.json", ".cargo/config.toml"] {
            assert!(ours(path), "{path}");
        }
        for path in ["target/debug/x", ".patchbay/component.wasm", "acme.wasm", "node_modules/a/b.js", "Cargo.lock"] {
            assert!(!ours(path), "{path}");
        }
        for path in
            [".connector.py.swp", "src/.#lib.rs", "src/#lib.rs#", "a.py~", "4913", ".mypy_cache/x", "venv/bin/x"]
        {
            assert!(!ours(path), "{path}");
        }
    }

    #[test]
    fn files_that_are_written_together_begin_one_round_which_names_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let events = watch(&root).expect("watched");
        std::fs::write(root.join("one.rs"), "1").expect("written");
        std::fs::write(root.join("two.rs"), "2").expect("written");
        let Event::Changed(files) = events.next() else { panic!("it changed") };
        assert_eq!(named(&files), "one.rs, two.rs changed");
        assert!(events.heard.try_recv().is_err() && !events.stopped());
        let many = (1..=5).map(|n| PathBuf::from(format!("{n}.rs"))).collect();
        assert_eq!(named(&many), "1.rs, 2.rs, 3.rs and 2 more changed");
    }
}
