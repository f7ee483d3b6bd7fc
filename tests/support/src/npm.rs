//! `npm ci`, once for each lock file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, Trouble};

/// Says for which lock file `node_modules` was made.
const MARK: &str = "node_modules/.patchbay-lock";

/// Installs what the `package-lock.json` of a folder names (from the root of the tree, e.g. `tests/oidc`), where that
/// was not done yet; the folder.
///
/// Several processes may call it at once: the first installs, the others wait.
///
/// # Errors
///
/// There is no npm, or it failed.
pub fn install(folder: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).canonicalize()?;
    let path = folder.join("package-lock.json");
    let wanted = fs::read(&path)?;
    let lock = File::open(&path)?;
    lock.lock()?;
    if fs::read(folder.join(MARK)).is_ok_and(|made| made == wanted) {
        return Ok(folder);
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let output = Command::new("npm").args(arguments).current_dir(&folder).output();
    let output = output.map_err(|error| Trouble::new(format!("npm is needed for these tests: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Trouble::new(format!("npm ci in {}: {}\n{said}", folder.display(), output.status)));
    }
    fs::write(folder.join(MARK), wanted)?;
    Ok(folder)
}
