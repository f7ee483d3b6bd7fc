//! Where `cargo xtask connectors` puts what it makes.

use std::path::{Path, PathBuf};

use crate::{Result, Trouble};

/// The packaged component of a connector, by the name of its folder under `plugins/`.
///
/// # Errors
///
/// It is not there: `cargo xtask connectors` was not run.
pub fn packaged(connector: &str) -> Result<PathBuf> {
    let path = target_dir()?.join("connectors").join(format!("{connector}.wasm"));
    if path.is_file() {
        Ok(path)
    } else {
        Err(Trouble::new(format!("{} is not there; run `cargo xtask connectors` first", path.display())))
    }
}

/// The target folder that the running test or task was built into.
///
/// # Errors
///
/// The running program is in none.
pub fn target_dir() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    // target/<profile>/deps/<test> or target/<profile>/<task>
    let built = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let target = built.and_then(Path::parent).map(Path::to_owned);
    target.ok_or_else(|| Trouble::new(format!("{} is in no target folder", program.display())))
}
