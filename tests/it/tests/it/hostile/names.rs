//! The name server of the hostile ones, and who would be found inside.

use std::{
    fs,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use patchbay_test_support::{Result, Trouble};
use tempfile::TempDir;

/// The name that leads where the test says.
pub(super) const TURNS: &str = "turns.example";
/// The only address of this machine that the host may connect to ([`Names::variables`]).
pub(super) const ALLOWED: &str = "127.0.0.1";
/// Others at which somebody listens.
pub(super) const INSIDE: [&str; 2] = ["127.0.0.2", "::1"];

/// What the host is told of names, and listeners on one port of several addresses: they count who comes, and hang up.
pub(super) struct Names {
    folder: TempDir,
    pub(super) port: u16,
    allowed: Arc<AtomicUsize>,
    inside: Arc<AtomicUsize>,
}

impl Names {
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("names"), "")?;
        let listener = TcpListener::bind((ALLOWED, 0))?;
        let port = listener.local_addr()?.port();
        let names = Self { folder, port, allowed: Arc::default(), inside: Arc::default() };
        count(listener, &names.allowed);
        for address in INSIDE {
            let listener = TcpListener::bind((address, port));
            count(listener.map_err(|error| Trouble::new(format!("{address}: {error}")))?, &names.inside);
        }
        Ok(names)
    }

    /// Environment of the host.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let file = self.folder.path().join("names").to_string_lossy().into_owned();
        let allowed = format!("{ALLOWED}:{}", self.port);
        vec![("PATCHBAY_TEST_NAMES".to_owned(), file), ("PATCHBAY_EGRESS__ALLOW_PRIVATE".to_owned(), allowed)]
    }

    /// From now on [`TURNS`] leads there: one answer for each look, in turns.
    pub(super) fn say(&self, answers: &[&str]) -> Result<()> {
        let lines: String = answers.iter().map(|answer| format!("{TURNS} {answer}\n")).collect();
        let part = self.folder.path().join("part");
        fs::write(&part, lines)?;
        Ok(fs::rename(part, self.folder.path().join("names"))?)
    }

    /// How many came to the allowed address, and how many to one inside.
    pub(super) fn came(&self) -> (usize, usize) {
        (self.allowed.load(Ordering::SeqCst), self.inside.load(Ordering::SeqCst))
    }
}

fn count(listener: TcpListener, came: &Arc<AtomicUsize>) {
    let came = Arc::clone(came);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            came.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
}
