//! Named moments at which a test may stop the host to kill it there.
//!
//! Only in builds with debug assertions, and only when the binary installed a hook; a release build has
//! neither the names nor the hook.

#[cfg(debug_assertions)]
use std::sync::OnceLock;

/// Says whether the host has to stand still at this moment, for ever.
#[cfg(debug_assertions)]
pub type Hook = Box<dyn Fn(&'static str) -> bool + Send + Sync>;

#[cfg(debug_assertions)]
static HOOK: OnceLock<Hook> = OnceLock::new();

/// Installs what decides; the first one counts.
#[cfg(debug_assertions)]
pub fn install(hook: Hook) {
    let _ = HOOK.set(hook);
}

/// Passes, unless a test wants the host to stand still here.
#[cfg(debug_assertions)]
pub async fn failpoint(name: &'static str) {
    if HOOK.get().is_some_and(|stops| stops(name)) {
        std::future::pending::<()>().await;
    }
}

/// Passes.
#[cfg(not(debug_assertions))]
pub async fn failpoint(_: &'static str) {}
