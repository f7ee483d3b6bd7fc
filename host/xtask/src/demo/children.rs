//! Programs that the demo has started. However it ends (last step, failed step, ctrl-c, SIGTERM), each is
//! ended by its own id; nothing is looked for by name.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::Result;

const INTERRUPTED: i32 = 130;

/// The ids of what runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Children(Arc<Mutex<BTreeSet<u32>>>);

impl Children {
    /// Remembers a program that was started.
    pub(super) fn started(&self, id: u32) {
        self.ids().insert(id);
    }

    /// Forgets one that was waited for: its id may soon be another's.
    pub(super) fn ended(&self, id: u32) {
        self.ids().remove(&id);
    }

    /// Ends all that still run.
    pub(super) fn end_all(&self) {
        for id in std::mem::take(&mut *self.ids()) {
            if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
                // One that has ended already is no failure.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// From now on ctrl-c and SIGTERM end everything and then this program.
    pub(super) fn end_with_us(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime for signals: {error}"))?;
        let children = self.clone();
        let (ready, listening) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listened = signal(SignalKind::interrupt())
                    .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
                let (mut interrupt, mut terminate) = match listened {
                    Ok(both) => both,
                    Err(error) => {
                        let _ = ready.send(Err(format!("signals cannot be listened for: {error}")));
                        return;
                    }
                };
                let _ = ready.send(Ok(()));
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                children.end_all();
                eprintln!("\nstopped");
                std::process::exit(INTERRUPTED);
            });
        });
        listening.recv().unwrap_or_else(|_| Err("signals cannot be listened for".to_owned()))
    }

    fn ids(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt, process::Command};

    use super::*;

    #[test]
    fn what_still_runs_is_ended_and_what_was_waited_for_is_left_alone() {
        let children = Children::default();
        let mut child = Command::new("sleep").arg("1000").spawn().expect("a program that stays");
        children.started(child.id());
        children.started(1);
        children.ended(1);
        children.end_all();
        assert_eq!(child.wait().expect("it ends").signal(), Some(9));
    }
}
