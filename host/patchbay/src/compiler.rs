//! What compiles a component: this program itself, as a child (`patchbay_engine::compile_worker`).

use std::{ffi::OsString, io};

/// The first argument of the compile child; `main` looks for it before anything else runs.
pub(crate) const WORKER: &str = "compile-worker";

/// The command that the engine starts, with the component on its stdin.
///
/// # Errors
///
/// The system does not say where this program is.
pub(crate) fn command() -> io::Result<Vec<OsString>> {
    let program = std::env::current_exe()?;
    #[cfg(debug_assertions)]
    if let Some(command) = crate::hooks::compiler(&program) {
        return Ok(command);
    }
    Ok(vec![program.into_os_string(), WORKER.into()])
}
